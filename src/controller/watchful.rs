//! Whether somebody else has changed the appliance, told from one cheap read.
//!
//! The appliance says when its configuration was last changed, in seconds. A change that is not
//! ours is one after the moment up to which we know everything.
//!
//! That `lastconfigchangedtime` of `nsconfig` grows with every command that changes something,
//! whoever sends it and however, is assumed; what is documented is its name alone.

use std::time::{Duration, Instant};

use jiff::civil::DateTime;

use crate::nitro::{Client, Error, Request, Row, Transport, row};

/// Up to which change of the appliance we know everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The time of the last change that we know of, as the appliance writes it.
    change: String,
    /// When we first and last wrote, if that was after it.
    written: Option<(Instant, Instant)>,
    /// Whether somebody may have changed something in the same second, after we had read it.
    is_doubtful: bool,
}

/// What a look at the appliance shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// When the configuration was last changed, as the appliance writes it.
    pub(super) change: String,
    /// How long ago that was by the appliance's own clock, if it tells.
    pub(super) age: Option<Duration>,
    /// The number of the hardware.
    pub(super) host: Option<String>,
}

/// What is made of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nobody else changed anything.
    Quiet,
    /// It is too early to tell our own change from others.
    TooEarly,
    /// Somebody else changed something.
    Changed,
}

/// How far the appliance's seconds may be off.
const GRAIN: Duration = Duration::from_millis(1500);

impl Look {
    /// Looks.
    pub(super) async fn take<T: Transport>(client: &Client<T>) -> Result<Self, Error> {
        let config = client.send(&Request::singleton("nsconfig")).await?.rows;
        let hardware = client.send(&Request::singleton("nshardware")).await?.rows;
        Ok(Self::of(config.first(), hardware.first()))
    }

    fn of(config: Option<&Row>, hardware: Option<&Row>) -> Self {
        let text = |row: Option<&Row>, field| row.and_then(|row| row::shown(row, field));
        let change = text(config, "lastconfigchangedtime").unwrap_or_default();
        let now = text(config, "currentsytemtime").and_then(|now| parse(&now));
        let age = parse(&change).zip(now).and_then(|(then, now)| {
            let age = now.duration_since(then);
            Duration::try_from(age).ok()
        });
        Self { change, age, host: text(hardware, "hostid") }
    }
}

/// A date as the appliance writes it, `Tue Dec 19 10:34:02 2023` (seen from clients).
fn parse(date: &str) -> Option<DateTime> {
    let words: Vec<&str> = date.split_whitespace().collect();
    DateTime::strptime("%a %b %d %H:%M:%S %Y", words.join(" ")).ok()
}

impl Known {
    /// Everything was read, and this was the last change before; `is_past` says whether any later
    /// one has another time.
    pub(super) fn observed(&mut self, change: &str, is_past: bool) {
        *self = Self { change: change.to_owned(), written: None, is_doubtful: !is_past };
    }

    /// We wrote, and know what.
    pub(super) fn wrote(&mut self, now: Instant) {
        let first = self.written.map_or(now, |(first, _)| first);
        self.written = Some((first, now));
    }

    /// Whether our own writes have been told apart from those of others.
    pub(super) const fn is_settled(&self) -> bool {
        self.written.is_none()
    }

    /// What a look means. After a write of ours it is known afterwards up to that write.
    /// `settle` is how long after a write it can be told apart, `patience` how long that may be put
    /// off.
    pub(super) fn judge(
        &mut self,
        look: &Look,
        (settle, patience): (Duration, Duration),
        now: Instant,
    ) -> Finding {
        let Some((first, written)) = self.written else {
            let is_known =
                look.change == self.change && !look.change.is_empty() && !self.is_doubtful;
            return if is_known { Finding::Quiet } else { Finding::Changed };
        };
        let since = now.saturating_duration_since(written);
        match look.age {
            Some(age) if age + GRAIN < since => Finding::Changed,
            // Under constant change nothing would ever be told apart.
            Some(_) if now.saturating_duration_since(first) > patience => Finding::Changed,
            Some(_) if since < settle => Finding::TooEarly,
            Some(_) => {
                self.observed(&look.change, true);
                Finding::Quiet
            }
            None => Finding::Changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SETTLE: Duration = Duration::from_secs(2);
    const PATIENCE: Duration = Duration::from_mins(1);

    fn look(change: &str, now: &str) -> Look {
        let config = json!({ "lastconfigchangedtime": change, "currentsytemtime": now });
        let hardware = json!({ "hostid": 42 });
        let row = |json: serde_json::Value| -> Row { json.as_object().unwrap().clone().into() };
        Look::of(Some(&row(config)), Some(&row(hardware)))
    }

    #[test]
    fn a_look_reads_dates_and_numbers_as_the_appliance_writes_them() {
        let look = look("Tue Dec  5 10:34:02 2023", "Tue Dec  5 10:35:03 2023");
        assert_eq!(look.age, Some(Duration::from_secs(61)));
        assert_eq!(look.host.as_deref(), Some("42"));
        assert_eq!(Look::of(None, None), Look::default());
    }

    #[test]
    fn a_change_that_is_not_the_last_known_one_is_somebody_elses() {
        let mut known = Known::default();
        known.observed("Tue Dec  5 10:34:02 2023", true);
        let now = Instant::now();
        let same = look("Tue Dec  5 10:34:02 2023", "Tue Dec  5 10:35:03 2023");
        assert_eq!(known.judge(&same, (SETTLE, PATIENCE), now), Finding::Quiet);
        let other = look("Tue Dec  5 10:34:50 2023", "Tue Dec  5 10:35:03 2023");
        assert_eq!(known.judge(&other, (SETTLE, PATIENCE), now), Finding::Changed);
        // In the second in which all was read, somebody may have changed it afterwards.
        known.observed("Tue Dec  5 10:34:02 2023", false);
        assert_eq!(known.judge(&same, (SETTLE, PATIENCE), now), Finding::Changed);
    }

    #[test]
    fn after_a_write_of_ours_only_a_later_change_is_somebody_elses() {
        let mut known = Known::default();
        let start = Instant::now();
        known.wrote(start);
        let ours = look("Tue Dec  5 10:35:00 2023", "Tue Dec  5 10:35:00 2023");
        assert_eq!(known.judge(&ours, (SETTLE, PATIENCE), start), Finding::TooEarly);
        let later = start + Duration::from_secs(10);
        let others = look("Tue Dec  5 10:35:05 2023", "Tue Dec  5 10:35:10 2023");
        assert_eq!(known.judge(&others, (SETTLE, PATIENCE), later), Finding::Changed);
        let ours = look("Tue Dec  5 10:35:00 2023", "Tue Dec  5 10:35:10 2023");
        assert_eq!(known.judge(&ours, (SETTLE, PATIENCE), later), Finding::Quiet);
        assert!(known.is_settled());
        assert_eq!(known.judge(&others, (SETTLE, PATIENCE), later), Finding::Changed);
    }
}
