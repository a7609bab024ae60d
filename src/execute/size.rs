//! How many commands a request may carry. What an appliance takes is not documented, so the first
//! request is small and the next are twice as large, until one meets a limit.

use crate::nitro::Limits;

/// A number of commands that follows what the appliance could take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    first: usize,
    now: usize,
    most: usize,
}

impl Size {
    /// At the start.
    pub(super) fn of(limits: Limits) -> Self {
        let most = limits.commands.max(1);
        let first = limits.first_commands.clamp(1, most);
        Self { first, now: first, most }
    }

    /// How many commands the next request may carry.
    pub(super) const fn commands(self) -> usize {
        self.now
    }

    /// A request of so many commands was answered as it should be.
    pub(super) fn succeeded(&mut self, commands: usize) {
        if commands >= self.now {
            self.now = self.now.saturating_mul(2).min(self.most);
        }
    }

    /// A request of so many commands got no answer: it may have taken too long, unless it was
    /// smaller than any that is known to be small.
    pub(super) fn unanswered(&mut self, commands: usize) {
        if commands >= self.now.min(self.first) {
            self.too_large(commands);
        }
    }

    /// A request of so many commands was too large.
    pub(super) fn too_large(&mut self, commands: usize) {
        self.most = (commands / 2).clamp(1, self.most);
        self.now = self.now.min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_grow_until_one_is_too_large() {
        let limits = Limits { commands: 1000, first_commands: 100, ..Limits::default() };
        let mut size = Size::of(limits);
        let mut grow = |commands| {
            size.succeeded(commands);
            size.commands()
        };
        // One that was not full says nothing about larger ones.
        assert_eq!([99, 100, 200, 400, 800, 1000].map(&mut grow), [100, 200, 400, 800, 1000, 1000]);
        size.unanswered(99);
        assert_eq!(size.commands(), 1000);
        size.unanswered(1000);
        size.succeeded(500);
        assert_eq!(size.commands(), 500);
        size.too_large(1);
        assert_eq!(size.commands(), 1);
        let tight = Limits { commands: 7, first_commands: 100, ..Limits::default() };
        assert_eq!(Size::of(tight).commands(), 7);
    }
}
