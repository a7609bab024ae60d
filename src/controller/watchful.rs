//! Whether somebody else has changed the appliance, told from one cheap read; and whether it still
//! is what it was.
//!
//! The appliance says when its configuration was last changed, in seconds. A change that is not
//! ours is one after the moment up to which we know everything.
//!
//! That `lastconfigchangedtime` of `nsconfig` grows with every command that changes something,
//! whoever sends it and however, is assumed; what is documented is its name alone.
//!
//! That `starttime` of the statistics `ns` is the same text until the appliance is started again is
//! assumed; documented is that it says when it was last started.

use std::time::{Duration, Instant};

use jiff::civil::DateTime;

use crate::nitro::{Class, Client, Error, Request, Row, Transport, is_local_node, row};

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
    /// Whose configuration that is.
    pub(super) running: Running,
}

/// What runs behind an address. What it does not tell is always the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Running {
    /// The number of the hardware.
    pub(super) host: Option<String>,
    /// When it was last started, as it writes it.
    started: Option<String>,
    /// What the node is in its pair, in its own word.
    role: Option<String>,
    /// How many nodes there are.
    pub(super) nodes: usize,
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
        Ok(Self::of(config.first(), Running::read(client).await?))
    }

    fn of(config: Option<&Row>, running: Running) -> Self {
        let text = |field| config.and_then(|row| row::shown(row, field));
        let change = text("lastconfigchangedtime").unwrap_or_default();
        let now = text("currentsytemtime").and_then(|now| parse(&now));
        let age = parse(&change).zip(now).and_then(|(then, now)| {
            let age = now.duration_since(then);
            Duration::try_from(age).ok()
        });
        Self { change, age, running }
    }
}

impl Running {
    /// Asks what runs.
    pub(super) async fn read<T: Transport>(client: &Client<T>) -> Result<Self, Error> {
        let nodes = client.send(&Request::nodes()).await?.rows;
        let hardware = client.send(&Request::singleton("nshardware")).await?.rows;
        let system = match client.send(&Request::system_statistics()).await {
            Ok(answer) => answer.rows,
            Err(error) if is_untold(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self::of(&nodes, hardware.first(), system.first()))
    }

    fn of(nodes: &[Row], hardware: Option<&Row>, system: Option<&Row>) -> Self {
        let text = |row: Option<&Row>, field| row.and_then(|row| row::shown(row, field));
        Self {
            host: text(hardware, "hostid"),
            started: text(system, "starttime"),
            role: text(nodes.iter().find(|row| is_local_node(row)), "state"),
            nodes: nodes.len(),
        }
    }

    /// Whether the node is one of a pair, and not the primary.
    pub(super) fn is_secondary(&self) -> bool {
        let is_primary =
            self.role.as_ref().is_some_and(|role| role.eq_ignore_ascii_case("Primary"));
        self.nodes > 1 && !is_primary
    }

    /// What has happened to it since; nothing if it goes on.
    pub(super) fn turned(&self, now: &Self) -> Option<&'static str> {
        let Self { host, started, role, nodes } = self;
        if *host != now.host {
            Some("it is another box")
        } else if *started != now.started {
            Some("it was started anew")
        } else if (role, nodes) != (&now.role, &now.nodes) {
            Some("it has another role in its pair")
        } else {
            None
        }
    }
}

/// Whether an appliance refuses to tell its statistics: to this user, or to anybody.
fn is_untold(error: &Error) -> bool {
    let is_final = matches!(error.class(), Class::Denied | Class::Invalid | Class::Missing);
    matches!(error, Error::Refused { .. }) && is_final
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
        Look::of(Some(&row(&config)), Running::default())
    }

    fn row(fields: &serde_json::Value) -> Row {
        fields.as_object().unwrap().clone().into()
    }

    fn running(host: u32, started: &str, role: &str) -> Running {
        let nodes = [json!({ "id": "1", "state": "UP" }), json!({ "id": "0", "state": role })];
        let (hardware, system) = (json!({ "hostid": host }), json!({ "starttime": started }));
        Running::of(&nodes.map(|node| row(&node)), Some(&row(&hardware)), Some(&row(&system)))
    }

    #[test]
    fn what_runs_is_another_after_a_start_an_exchange_or_a_change_of_roles() {
        let before = running(42, "Tue Dec  5 10:34:02 2023", "Primary");
        assert_eq!(before.host.as_deref(), Some("42"));
        for (now, turned) in [
            (before.clone(), None),
            (running(7, "Wed Dec  6 00:00:00 2023", "Primary"), Some("it is another box")),
            (running(42, "Wed Dec  6 00:00:00 2023", "Primary"), Some("it was started anew")),
            (
                running(42, "Tue Dec  5 10:34:02 2023", "Secondary"),
                Some("it has another role in its pair"),
            ),
            (Running { nodes: 1, ..before.clone() }, Some("it has another role in its pair")),
        ] {
            assert_eq!(before.turned(&now), turned);
            assert_eq!(turned.is_none(), before == now);
        }
        assert!(!before.is_secondary());
        assert!(running(42, "", "Claiming").is_secondary());
        // What nobody tells is no news.
        let silent = Running::of(&[], None, None);
        assert_eq!((silent.turned(&silent), silent.is_secondary()), (None, false));
    }

    #[test]
    fn a_look_reads_dates_and_numbers_as_the_appliance_writes_them() {
        let look = look("Tue Dec  5 10:34:02 2023", "Tue Dec  5 10:35:03 2023");
        assert_eq!(look.age, Some(Duration::from_secs(61)));
        assert_eq!(Look::of(None, Running::default()), Look::default());
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
