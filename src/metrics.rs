//! What an operator's monitoring is told: counts, durations and states, by appliance.
//!
//! There is a method for each thing that happens, so that nobody else knows names. The number of
//! series does not grow with the cluster: no label holds an Ingress, and only the certificates that
//! expire first have a series of their own.

mod counts;
mod labels;
mod series;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::cluster::resources::report::Usage;
pub use counts::Counts;
use labels::{
    None as Unlabelled, OfAppliance, OfBuild, OfCertificate, OfEffect, OfRequest, OfStage, OfState,
    OfTurn, OfWatch, of,
};
use series::{Register, Series};

/// Everything that is measured. Clones are one and the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    register: Arc<Register>,
    turns: Series<OfTurn, Counter>,
    stages: Series<OfStage, Histogram>,
    requests: Series<OfRequest, Counter>,
    request_durations: Series<OfEffect, Histogram>,
    drift_found: Series<OfAppliance, Counter>,
    drift_ops: Series<OfAppliance, Counter>,
    ingresses: Series<OfState, Gauge>,
    certificates: Series<OfAppliance, Gauge>,
    certificate_expiry: Series<OfCertificate, Gauge>,
    unsaved_since: Series<OfAppliance, Gauge>,
    pending_deletions: Series<OfAppliance, Gauge>,
    untold: Series<OfAppliance, Gauge>,
    reachable: Series<OfAppliance, Gauge>,
    insecure: Series<OfAppliance, Gauge>,
    last_sync: Series<OfAppliance, Gauge>,
    leader: Series<Unlabelled, Gauge>,
    watch_errors: Series<OfWatch, Counter>,
    events_lost: Series<Unlabelled, Counter>,
}

/// A metric, for its documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its name as queries spell it; names of a histogram's samples go on with `_bucket`, `_sum` and
    /// `_count`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells, without a full stop.
    pub help: &'static str,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There was nothing to do.
    Converged,
    /// All that was planned is done.
    Changed,
    /// Some of it is left to do: the appliance refused it, or something is in the way.
    Unfinished,
    /// It could not be carried through: the cluster or the appliance could not be read or written.
    Failed,
}

/// A part of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the appliance.
    Observe,
    /// From what the cluster holds to what it asks for.
    Translate,
    /// From that to what has to be done.
    Plan,
    /// Doing it.
    Execute,
    /// Telling the cluster.
    Report,
}

/// One HTTP exchange with an appliance. All words are of a fixed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NitroRequest {
    /// The HTTP method.
    pub verb: &'static str,
    /// `read`, `write`, `save` or `session`.
    pub effect: &'static str,
    /// The type that it was about.
    pub kind: &'static str,
    /// `ok`, or what was wrong.
    pub outcome: &'static str,
    /// From sending to the end of the answer.
    pub duration: Duration,
}

/// What a certificate is used for, and what people know it by.
pub type InUse = (Usage, String);

/// The certificates of an appliance that have a series: those that expire first.
pub const MOST_CERTIFICATES: usize = 20;

impl Metrics {
    /// Nothing measured yet.
    pub fn new() -> Self {
        let mut all = Register::new();
        let build: Series<OfBuild, Gauge> =
            all.add("build_info", "Which version this is; always 1");
        build.at(OfBuild { version: env!("CARGO_PKG_VERSION") }, |one| one.set(1));
        let metrics = Self {
            leader: all.add("leader", "1 if this replica may change appliances, else 0"),
            reachable: all
                .add("reachable", "1 if the appliance answered when it was last asked, else 0"),
            insecure: all.add(
                "insecure",
                "1 if the appliance's certificate is not verified, so that whoever is in between \
                 can read the password, else 0",
            ),
            last_sync: all.add(
                "last_sync_timestamp_seconds",
                "When the appliance was last seen to match the cluster",
            ),
            turns: all.add("turns", "Turns of reconciling, by how they ended"),
            stages: all.add("stage_duration_seconds", "How long each part of a turn took"),
            requests: all.add(
                "nitro_requests",
                "HTTP exchanges with the appliance, by method, NITRO type and outcome",
            ),
            request_durations: all.add(
                "nitro_request_duration_seconds",
                "How long the appliance took to answer, by what the request was to do",
            ),
            ingresses: all.add(
                "ingresses",
                "Ingresses that are for the appliance, by how they stand; each in one state",
            ),
            drift_found: all.add(
                "drift_found",
                "How often objects of ours were found changed by somebody else",
            ),
            drift_ops: all
                .add("drift_ops", "Ops that it would take, or took, to undo such changes"),
            pending_deletions: all.add("pending_deletions", "Deletions that wait for an approval"),
            untold: all.add(
                "untold_ingresses",
                "Ingresses whose report or address could not be written yet",
            ),
            unsaved_since: all.add(
                "unsaved_since_timestamp_seconds",
                "Since when there are changes of ours that are not saved; there is no series where \
                 all are",
            ),
            certificates: all.add(
                "certificates",
                "Certificates in use whose end is known: those that are served or shown, and \
                 authorities",
            ),
            certificate_expiry: all.add(
                "certificate_expiry_timestamp_seconds",
                "When a certificate in use expires; only of the 20 that expire first",
            ),
            watch_errors: all
                .add("watch_errors", "Interruptions of watches, by the kind that is watched"),
            events_lost: all.add("events_lost", "Kubernetes Events that could not be written"),
            register: Arc::new(all),
        };
        metrics.leader(false);
        metrics.events_lost.at(Unlabelled {}, |_| ());
        metrics
    }

    /// What is measured.
    pub fn descriptions(&self) -> &[Description] {
        &self.register.described
    }

    /// There is an appliance. Its counters begin at zero, so that the first increase shows.
    pub fn added(&self, appliance: &str) {
        for turn in Turn::ALL {
            self.turns.at(of_turn(appliance, turn), |_| ());
        }
        self.drift(appliance, 0);
        self.pending_deletions.at(of(appliance), |_| ());
    }

    /// An appliance is gone, and its series with it. Nothing may be told of it any more.
    pub fn removed(&self, appliance: &str) {
        self.forget(|one| one == appliance);
    }

    fn forget(&self, is_gone: impl Fn(&str) -> bool) {
        for series in &self.register.series {
            series.forget(&is_gone);
        }
    }

    /// A turn ended.
    pub fn turn(&self, appliance: &str, turn: Turn) {
        self.turns.at(of_turn(appliance, turn), Counter::inc);
    }

    /// A part of a turn ended.
    pub fn stage(&self, appliance: &str, stage: Stage, duration: Duration) {
        let labels = OfStage { appliance: appliance.to_owned(), stage: stage.name() };
        self.stages.at(labels, |one| one.observe(duration.as_secs_f64()));
    }

    /// A request was sent to an appliance, and answered or not.
    pub fn nitro_request(&self, appliance: &str, request: &NitroRequest) {
        let NitroRequest { verb, effect, kind, outcome, duration } = *request;
        let labels = OfRequest { appliance: appliance.to_owned(), verb, kind, outcome };
        self.requests.at(labels, Counter::inc);
        let labels = OfEffect { appliance: appliance.to_owned(), effect };
        self.request_durations.at(labels, |one| one.observe(duration.as_secs_f64()));
    }

    /// Objects of ours were looked at, and it takes so many ops to undo what others changed.
    pub fn drift(&self, appliance: &str, ops: usize) {
        self.drift_found.at(of(appliance), |one| one.inc_by(u64::from(ops > 0)));
        self.drift_ops.at(of(appliance), |one| one.inc_by(ops.try_into().unwrap_or(u64::MAX)));
    }

    /// How the Ingresses of an appliance stand.
    pub fn ingresses(&self, appliance: &str, counts: &Counts) {
        let states = counts.states().map(|(state, count)| {
            (OfState { appliance: appliance.to_owned(), state }, i64::from(count))
        });
        self.ingresses.set_all(appliance, states);
    }

    /// The certificates that an appliance uses, each with what for, and when they expire.
    pub fn certificates(&self, appliance: &str, certificates: &[(InUse, Timestamp)]) {
        let mut soonest: Vec<&(InUse, Timestamp)> = certificates.iter().collect();
        soonest.sort_by_key(|(in_use, not_after)| (*not_after, in_use));
        let series = soonest.into_iter().take(MOST_CERTIFICATES).map(|(in_use, not_after)| {
            let (usage, certificate) = (in_use.0.name(), in_use.1.clone());
            let appliance = appliance.to_owned();
            (OfCertificate { appliance, usage, certificate }, not_after.as_second())
        });
        // Of two with one name, the one that expires first counts.
        self.certificate_expiry.set_all(appliance, series.rev());
        let count = i64::try_from(certificates.len()).unwrap_or(i64::MAX);
        self.certificates.at(of(appliance), |one| one.set(count));
    }

    /// Since when an appliance has changes of ours that are not saved.
    pub fn unsaved_since(&self, appliance: &str, since: Option<Timestamp>) {
        let since = since.map(|since| (of(appliance), since.as_second()));
        self.unsaved_since.set_all(appliance, since);
    }

    /// How many deletions wait for an approval.
    pub fn pending_deletions(&self, appliance: &str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.pending_deletions.at(of(appliance), |one| one.set(count));
    }

    /// How many Ingresses do not have the report or the address that they should have.
    pub fn untold(&self, appliance: &str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.untold.at(of(appliance), |one| one.set(count));
    }

    /// Whether an appliance answers.
    pub fn reachable(&self, appliance: &str, is_reachable: bool) {
        self.reachable.at(of(appliance), |one| one.set(is_reachable.into()));
    }

    /// Whether an appliance's certificate is not verified.
    pub fn insecure(&self, appliance: &str, is_insecure: bool) {
        self.insecure.at(of(appliance), |one| one.set(is_insecure.into()));
    }

    /// An appliance was seen to match the cluster.
    pub fn last_sync(&self, appliance: &str, at: Timestamp) {
        self.last_sync.at(of(appliance), |one| one.set(at.as_second()));
    }

    /// Whether this replica may change appliances. One that may not knows nothing of them from then
    /// on, so that what it last knew does not stand beside what the leader knows.
    pub fn leader(&self, is_leader: bool) {
        self.leader.at(Unlabelled {}, |one| one.set(is_leader.into()));
        if !is_leader {
            self.forget(|_| true);
        }
    }

    /// The watch of a kind of Kubernetes objects was interrupted.
    pub fn watch_error(&self, kind: &str) {
        self.watch_errors.at(OfWatch { kind: kind.to_owned() }, Counter::inc);
    }

    /// A Kubernetes Event could not be written.
    pub fn event_lost(&self) {
        self.events_lost.at(Unlabelled {}, Counter::inc);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// All series, in the text format of `OpenMetrics`.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::encode(f, &self.register.registry)
    }
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Converged, Self::Changed, Self::Unfinished, Self::Failed];

    /// The value of its label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Changed => "changed",
            Self::Unfinished => "unfinished",
            Self::Failed => "failed",
        }
    }
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Observe, Self::Translate, Self::Plan, Self::Execute, Self::Report];

    /// The value of its label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Translate => "translate",
            Self::Plan => "plan",
            Self::Execute => "execute",
            Self::Report => "report",
        }
    }
}

fn of_turn(appliance: &str, turn: Turn) -> OfTurn {
    OfTurn { appliance: appliance.to_owned(), outcome: turn.name() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::Programmed;

    const SOON: Timestamp = Timestamp::constant(1_800_000_000, 0);

    /// The samples of a text by their names and labels.
    fn samples(metrics: &Metrics) -> BTreeMap<String, String> {
        let text = metrics.to_string();
        assert!(text.ends_with("# EOF\n"));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut samples = BTreeMap::new();
        for (series, value) in lines.filter_map(|line| line.rsplit_once(' ')) {
            let twice = samples.insert(series.to_owned(), value.to_owned());
            assert_eq!(twice, None, "{series}");
        }
        samples
    }

    fn request(kind: &'static str, outcome: &'static str) -> NitroRequest {
        let duration = Duration::from_millis(30);
        NitroRequest { verb: "POST", effect: "write", kind, outcome, duration }
    }

    fn served(name: &str) -> InUse {
        (Usage::Server, name.to_owned())
    }

    /// One of everything.
    fn busy(metrics: &Metrics, appliance: &str) {
        metrics.added(appliance);
        metrics.turn(appliance, Turn::Changed);
        for stage in Stage::ALL {
            metrics.stage(appliance, stage, Duration::from_millis(30));
        }
        metrics.nitro_request(appliance, &request("lbvserver", "ok"));
        metrics.drift(appliance, 3);
        metrics.ingresses(appliance, &Counts { programmed: 7, held: 1, ..Counts::default() });
        metrics.certificates(appliance, &[(served("web.example"), SOON)]);
        metrics.unsaved_since(appliance, Some(SOON));
        metrics.pending_deletions(appliance, 9);
        metrics.untold(appliance, 4);
        metrics.reachable(appliance, true);
        metrics.insecure(appliance, false);
        metrics.last_sync(appliance, SOON);
        metrics.leader(true);
        metrics.watch_error("Ingress");
        metrics.event_lost();
    }

    #[test]
    fn each_thing_that_happens_has_its_sample() {
        let metrics = Metrics::new();
        busy(&metrics, "edge");
        let samples = samples(&metrics);
        let version = env!("CARGO_PKG_VERSION");
        for (series, value) in [
            (format!(r#"build_info{{version="{version}"}}"#).as_str(), "1"),
            (r#"turns_total{appliance="edge",outcome="changed"}"#, "1"),
            (r#"turns_total{appliance="edge",outcome="failed"}"#, "0"),
            (r#"stage_duration_seconds_sum{appliance="edge",stage="plan"}"#, "0.03"),
            (r#"stage_duration_seconds_bucket{le="0.05",appliance="edge",stage="plan"}"#, "1"),
            (
                r#"nitro_requests_total{appliance="edge",verb="POST",kind="lbvserver",outcome="ok"}"#,
                "1",
            ),
            (r#"nitro_request_duration_seconds_count{appliance="edge",effect="write"}"#, "1"),
            (r#"drift_found_total{appliance="edge"}"#, "1"),
            (r#"drift_ops_total{appliance="edge"}"#, "3"),
            (r#"ingresses{appliance="edge",state="programmed"}"#, "7"),
            (r#"ingresses{appliance="edge",state="closed"}"#, "0"),
            (r#"certificates{appliance="edge"}"#, "1"),
            (
                r#"certificate_expiry_timestamp_seconds{appliance="edge",usage="Server",certificate="web.example"}"#,
                "1800000000",
            ),
            (r#"unsaved_since_timestamp_seconds{appliance="edge"}"#, "1800000000"),
            (r#"pending_deletions{appliance="edge"}"#, "9"),
            (r#"untold_ingresses{appliance="edge"}"#, "4"),
            (r#"reachable{appliance="edge"}"#, "1"),
            (r#"insecure{appliance="edge"}"#, "0"),
            (r#"last_sync_timestamp_seconds{appliance="edge"}"#, "1800000000"),
            ("leader", "1"),
            (r#"watch_errors_total{kind="Ingress"}"#, "1"),
            ("events_lost_total", "1"),
        ] {
            let series = format!("nitro_ingress_{series}");
            assert_eq!(
                samples.get(&series).map(String::as_str),
                Some(value),
                "{series}\n{metrics}"
            );
        }
    }

    #[test]
    fn every_metric_is_described_as_it_prints() {
        let metrics = Metrics::new();
        busy(&metrics, "edge");
        let text = metrics.to_string();
        for Description { name, kind, labels, help } in metrics.descriptions() {
            let family = name.strip_suffix("_total").unwrap_or(name);
            assert!(text.contains(&format!("# HELP {family} {help}.\n")), "{name}");
            assert!(text.contains(&format!("# TYPE {family} {kind}\n")), "{name}");
            let sample = if *kind == "histogram" { format!("{name}_sum") } else { name.clone() };
            let opened = if labels.is_empty() { " " } else { "{" };
            let sample = format!("{sample}{opened}");
            let line = text.lines().find(|line| line.starts_with(&sample)).unwrap();
            let named: Vec<&str> = line
                .split("=\"")
                .map(|part| part.rsplit(['{', ',']).next().unwrap_or_default())
                .collect();
            assert_eq!(named[..named.len() - 1], **labels, "{line}");
        }
        let named = metrics.descriptions().len();
        assert_eq!(text.matches("# TYPE ").count(), named, "{text}");
        let most = format!("of the {MOST_CERTIFICATES} that");
        assert!(metrics.descriptions().iter().any(|one| one.help.contains(&most)));
    }

    #[test]
    fn series_do_not_grow_with_the_cluster() {
        let metrics = Metrics::new();
        busy(&metrics, "edge");
        let mut counts = Counts::default();
        for _ in 0..1000 {
            counts.add(&Programmed::Yes);
            counts.add(&Programmed::Closed("it asks for more".to_owned()));
        }
        metrics.ingresses("edge", &counts);
        let certificate =
            |n: u32| (served(&format!("team/{n}")), SOON + Duration::from_mins(1) * n);
        let certificates: Vec<_> = (0..1000).rev().map(certificate).collect();
        metrics.certificates("edge", &certificates);
        for kind in crate::model::Kind::ALL {
            for outcome in ["ok", "busy"] {
                metrics.nitro_request("edge", &request(kind.name(), outcome));
            }
        }
        let samples = samples(&metrics);
        assert!(samples.len() < 500, "{}", samples.len());
        assert_eq!(samples[r#"nitro_ingress_ingresses{appliance="edge",state="closed"}"#], "1000");
        assert_eq!(samples[r#"nitro_ingress_certificates{appliance="edge"}"#], "1000");
        let named = |n: usize| {
            let name = "nitro_ingress_certificate_expiry_timestamp_seconds";
            let labels = format!(r#"appliance="edge",usage="Server",certificate="team/{n}""#);
            samples.contains_key(&format!("{name}{{{labels}}}"))
        };
        assert!(named(0) && named(MOST_CERTIFICATES - 1) && !named(MOST_CERTIFICATES));
    }

    #[test]
    fn what_is_gone_has_no_series() {
        let metrics = Metrics::new();
        busy(&metrics, "edge");
        let before = samples(&metrics);
        busy(&metrics, "");
        busy(&metrics, "inner");
        metrics.certificates("inner", &[(served("api.example"), SOON)]);
        metrics.unsaved_since("inner", None);
        let text = metrics.to_string();
        assert!(
            !text.contains(r#"appliance="inner",usage="Server",certificate="web.example""#),
            "{text}"
        );
        assert!(!text.contains(r#"unsaved_since_timestamp_seconds{appliance="inner"}"#));
        metrics.removed("inner");
        metrics.removed("");
        let after = samples(&metrics);
        assert!(before.keys().eq(after.keys()), "{metrics}");
    }

    #[test]
    fn who_does_not_lead_tells_nothing_of_appliances() {
        let metrics = Metrics::new();
        busy(&metrics, "edge");
        metrics.leader(false);
        let samples = samples(&metrics);
        assert_eq!(samples["nitro_ingress_leader"], "0");
        assert!(samples.keys().all(|series| !series.contains("appliance=")), "{metrics}");
    }

    #[test]
    fn of_two_certificates_with_one_name_the_earlier_counts() {
        let metrics = Metrics::new();
        let later = SOON + Duration::from_mins(1);
        let web = || served("web.example");
        let authority = (Usage::ClientCa, "web.example".to_owned());
        metrics.certificates(
            "edge",
            &[(web(), later), (web(), SOON), (web(), later), (authority, later)],
        );
        let text = metrics.to_string();
        assert!(text.contains(r#"usage="Server",certificate="web.example"} 1800000000"#), "{text}");
        assert!(text.contains(r#"usage="ClientCA",certificate="web.example"} 1800000060"#));
    }

    #[test]
    fn names_follow_the_conventions() {
        for Description { name, kind, help, .. } in Metrics::new().descriptions() {
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(plain) && name.starts_with("nitro_ingress_"), "{name}");
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{name}");
            assert!(*kind != "histogram" || name.ends_with("_seconds"), "{name}");
            assert!(!help.ends_with('.') && !help.contains('\n'), "{help}");
        }
    }
}
