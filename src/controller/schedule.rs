//! When the next turn comes, and what it has to look at. Pure: time is given.

use std::time::{Duration, Instant};

/// How long is waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long nothing may have changed in the cluster before a turn.
    pub debounce: Duration,
    /// After how long a turn comes although it goes on changing.
    pub longest_debounce: Duration,
    /// How often the appliance is asked whether somebody else changed it.
    pub look: Duration,
    /// How often the whole appliance is read at least.
    pub resync: Duration,
    /// How long after a write of ours its time can be told from later ones: the appliance counts
    /// in seconds.
    pub settle: Duration,
    /// How long after a change the configuration is saved.
    pub save: Duration,
    /// The longest wait after a failure.
    pub longest_retry: Duration,
    /// How long after its lease the last request of another controller may still be on its way: as
    /// long as the longest request takes that changes something.
    pub request: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(100),
            longest_debounce: Duration::from_secs(1),
            look: Duration::from_mins(1),
            resync: Duration::from_hours(1),
            settle: Duration::from_secs(2),
            save: Duration::from_secs(10),
            longest_retry: Duration::from_mins(5),
            request: Duration::from_mins(2),
        }
    }
}

/// Changes that follow each other closely, and count as one: the first and the last of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Burst(Option<(Instant, Instant)>);

impl Burst {
    /// Something has changed.
    pub(super) fn changed(&mut self, now: Instant) {
        let first = self.0.map_or(now, |(first, _)| first);
        self.0 = Some((first, now));
    }

    /// When it has been quiet for long enough, if something has changed.
    pub(super) fn quiet_at(self, timing: &Timing) -> Option<Instant> {
        let (first, last) = self.0?;
        Some((last + timing.debounce).min(first + timing.longest_debounce))
    }
}

/// When the next turn comes.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    timing: Timing,
    /// The changes of the cluster since the last turn.
    changes: Burst,
    look: Instant,
    resync: Instant,
    save: Option<Instant>,
    failed_saves: u32,
    /// When what failed is tried again, and whether nothing else may come before.
    retry: Option<(Instant, Blocks)>,
    failures: u32,
}

/// Whether a failure concerns all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    /// The appliance cannot be used.
    All,
    /// It refused something of some Ingresses.
    Some,
}

/// What a turn has to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(super) struct Due {
    /// The cluster has changed.
    pub(super) changes: bool,
    /// It has, perhaps just now: whatever begins a turn, that turn is about it too.
    pub(super) pending: bool,
    /// Whether somebody changed the appliance.
    pub(super) look: bool,
    /// The whole appliance.
    pub(super) observe: bool,
    /// The save is due.
    pub(super) save: bool,
    /// Something failed before.
    pub(super) retry: bool,
}

impl Due {
    /// The first reason for a turn, in a word.
    pub(super) const fn why(self) -> &'static str {
        if self.changes {
            "cluster"
        } else if self.retry {
            "retry"
        } else if self.save {
            "save"
        } else if self.observe {
            "resync"
        } else {
            "look"
        }
    }

    /// Whether there is no other reason than to look whether somebody changed the appliance.
    pub(super) const fn is_look(self) -> bool {
        self.look && !self.pending && !self.observe && !self.save && !self.retry
    }

    /// Whether there is a reason for a turn.
    pub(super) const fn is_any(self) -> bool {
        self.changes || self.look || self.observe || self.save || self.retry
    }
}

impl Schedule {
    /// The first turn comes at once.
    pub(super) fn new(timing: Timing, now: Instant) -> Self {
        let mut changes = Burst::default();
        changes.changed(now);
        Self {
            timing,
            changes,
            look: now,
            resync: now,
            save: None,
            failed_saves: 0,
            retry: None,
            failures: 0,
        }
    }

    /// The cluster has changed.
    pub(super) fn changed(&mut self, now: Instant) {
        self.changes.changed(now);
    }

    /// What is due now.
    pub(super) fn due(&self, now: Instant) -> Due {
        let retry = match self.retry {
            Some((at, Blocks::All)) if now < at => return Due::default(),
            Some((at, _)) => now >= at,
            None => false,
        };
        let quiet_at = self.changes.quiet_at(&self.timing);
        Due {
            changes: quiet_at.is_some_and(|at| now >= at),
            pending: quiet_at.is_some(),
            look: now >= self.look,
            observe: now >= self.resync,
            save: self.save.is_some_and(|at| now >= at),
            retry,
        }
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Instant {
        if let Some((at, Blocks::All)) = self.retry {
            return at;
        }
        let others = [self.changes.quiet_at(&self.timing), self.save, self.retry.map(|(at, _)| at)];
        others.into_iter().flatten().fold(self.look.min(self.resync), Instant::min)
    }

    /// A turn begins: what changes from now on is for the next.
    pub(super) fn begun(&mut self) {
        self.changes = Burst::default();
    }

    /// The whole appliance was read.
    pub(super) fn observed(&mut self, now: Instant, is_certain: bool) {
        self.resync = now + self.timing.resync;
        // What may have changed in the very second in which it was read is looked at soon.
        let soon = self.timing.settle.min(self.timing.look);
        self.look = now + if is_certain { self.timing.look } else { soon };
    }

    /// Nobody else has changed the appliance.
    pub(super) fn looked(&mut self, now: Instant) {
        self.look = now + self.timing.look;
    }

    /// It is too early to tell whether somebody else has.
    pub(super) const fn look_at(&mut self, at: Instant) {
        self.look = at;
    }

    /// There is nothing for us to do: another controller does it.
    pub(super) fn idle(&mut self, now: Instant) {
        (self.look, self.resync) = (now + self.timing.look, now + self.timing.resync);
        (self.retry, self.failures) = (None, 0);
        self.saved();
    }

    /// Nothing comes before that moment.
    pub(super) const fn wait_until(&mut self, at: Instant) {
        self.retry = Some((at, Blocks::All));
    }

    /// We wrote.
    pub(super) fn wrote(&mut self, now: Instant) {
        self.look = self.look.min(now + self.timing.settle);
        self.save.get_or_insert(now + self.timing.save);
    }

    /// There is nothing of ours to save.
    pub(super) const fn saved(&mut self) {
        (self.save, self.failed_saves) = (None, 0);
    }

    /// Whether there is something of ours to save.
    pub(super) const fn awaits_save(&self) -> bool {
        self.save.is_some()
    }

    /// There is something of ours to save, at the latest then.
    pub(super) fn unsaved(&mut self, now: Instant) {
        self.save.get_or_insert(now + self.timing.save);
    }

    /// The save did not come about; it is tried again later and later.
    pub(super) fn save_later(&mut self, now: Instant) {
        self.failed_saves = self.failed_saves.saturating_add(1);
        let wait = self.timing.save.saturating_mul(2_u32.saturating_pow(self.failed_saves));
        let longest = self.timing.longest_retry.max(self.timing.save);
        self.save = Some(now + wait.min(longest));
    }

    /// All went well.
    pub(super) const fn succeeded(&mut self) {
        (self.retry, self.failures) = (None, 0);
    }

    /// Something failed: it is tried again after a random part of a wait that doubles with each
    /// failure. `fraction` is between 0 and 1.
    pub(super) fn failed(
        &mut self,
        (blocks, first): (Blocks, Duration),
        fraction: f64,
        now: Instant,
    ) -> Duration {
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.failures.min(16)));
        let wait = doubled.min(self.timing.longest_retry).mul_f64(fraction.clamp(0.0, 1.0));
        self.failures = self.failures.saturating_add(1);
        self.retry = Some((now + wait, blocks));
        wait
    }

    /// How often something has failed in a row.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// What was in the way may be gone: it is tried at once.
    pub(super) fn try_now(&mut self, now: Instant) {
        (self.retry, self.failures) = (None, 0);
        self.changed(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        debounce: Duration::from_millis(100),
        longest_debounce: Duration::from_secs(1),
        look: Duration::from_mins(1),
        resync: Duration::from_hours(1),
        settle: Duration::from_secs(2),
        save: Duration::from_secs(10),
        longest_retry: Duration::from_mins(5),
        request: Duration::from_mins(1),
    };

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_save_that_fails_is_tried_later_and_later() {
        let now = Instant::now();
        let mut schedule = rested(now);
        schedule.unsaved(now);
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                schedule.save_later(now);
                // A write in between does not hasten it.
                schedule.wrote(now);
                schedule.save.unwrap().duration_since(now).as_secs()
            })
            .collect();
        assert_eq!(waits, [20, 40, 80, 160, 300, 300]);
        schedule.saved();
        schedule.unsaved(now);
        assert_eq!(schedule.save, Some(now + TIMING.save));
    }

    /// A schedule after a turn that read everything and found nothing to do.
    fn rested(now: Instant) -> Schedule {
        let mut schedule = Schedule::new(TIMING, now);
        schedule.begun();
        schedule.observed(now, true);
        schedule
    }

    #[test]
    fn everything_is_due_at_the_start() {
        let now = Instant::now();
        let due = Schedule::new(TIMING, now).due(now + millis(100));
        assert!(due.changes && due.look && due.observe && !due.save);
    }

    #[test]
    fn a_turn_waits_until_the_cluster_is_quiet_but_not_for_ever() {
        let now = Instant::now();
        let mut schedule = rested(now);
        assert_eq!(schedule.next(), now + TIMING.look);
        for step in 0..20 {
            let at = now + millis(90 * step);
            schedule.changed(at);
            let expected = (at + millis(100)).min(now + millis(1000));
            assert_eq!(schedule.next(), expected);
            assert_eq!(schedule.due(at).changes, at >= now + millis(1000));
        }
        schedule.begun();
        assert_eq!(schedule.due(now + millis(5000)), Due::default());
    }

    #[test]
    fn a_look_while_a_change_waits_is_more_than_a_look() {
        let now = Instant::now();
        let mut schedule = rested(now);
        let at = now + TIMING.look;
        assert!(schedule.due(at).is_look());
        schedule.changed(at);
        assert!(!schedule.due(at).is_look() && !schedule.due(at).changes);
    }

    #[test]
    fn a_write_is_looked_at_once_its_time_can_be_told_and_saved_later() {
        let now = Instant::now();
        let mut schedule = rested(now);
        schedule.wrote(now);
        assert_eq!(schedule.next(), now + TIMING.settle);
        schedule.looked(now + TIMING.settle);
        schedule.wrote(now + millis(9000));
        assert!(schedule.due(now + TIMING.save).save, "a later write does not put it off");
        schedule.saved();
        assert!(!schedule.due(now + TIMING.save).save);
    }

    #[test]
    fn waits_double_up_to_a_limit_and_block_all_or_some() {
        let now = Instant::now();
        let mut schedule = rested(now);
        let second = Duration::from_secs(1);
        let waits: Vec<Duration> =
            (0..12).map(|_| schedule.failed((Blocks::All, second), 1.0, now)).collect();
        assert_eq!(waits[..4], [1, 2, 4, 8].map(Duration::from_secs));
        assert_eq!(waits[11], TIMING.longest_retry);
        schedule.changed(now);
        assert_eq!(schedule.next(), now + TIMING.longest_retry);
        assert_eq!(schedule.due(now + second), Due::default());
        schedule.succeeded();
        assert_eq!(schedule.failed((Blocks::Some, second), 0.5, now), millis(500));
        assert!(schedule.due(now + millis(100)).changes);
        assert!(!schedule.due(now + millis(100)).retry && schedule.due(now + second).retry);
    }
}
