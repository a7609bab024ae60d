//! How many Ingresses stand how.

use crate::report::Programmed;

/// How many Ingresses of an appliance stand how. Each stands in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// On the appliance as they ask.
    pub programmed: u32,
    /// Understood, and not all done yet.
    pub waiting: u32,
    /// The appliance refused something of them.
    pub refused: u32,
    /// Not understood: their last good configuration stays.
    pub held: u32,
    /// Not understood: their routes are withdrawn.
    pub closed: u32,
    /// Not understood, and never on the appliance.
    pub never: u32,
}

impl Counts {
    /// Counts one that stands so.
    pub const fn add(&mut self, standing: &Programmed) {
        let place = match standing {
            Programmed::Yes => &mut self.programmed,
            Programmed::Waiting | Programmed::Blocked(..) => &mut self.waiting,
            Programmed::Refused(_) => &mut self.refused,
            Programmed::Held => &mut self.held,
            Programmed::Closed(_) => &mut self.closed,
            Programmed::Never => &mut self.never,
        };
        *place = place.saturating_add(1);
    }

    /// The counts by the value of their label.
    pub fn states(self) -> impl Iterator<Item = (&'static str, u32)> {
        let Self { programmed, waiting, refused, held, closed, never } = self;
        [
            ("programmed", programmed),
            ("waiting", waiting),
            ("refused", refused),
            ("held", held),
            ("closed", closed),
            ("not-programmed", never),
        ]
        .into_iter()
    }
}
