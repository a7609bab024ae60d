//! What monitoring is told, and the alerts and the dashboard that are made of it: they name what
//! there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use nitro_ingress::cluster::resources::report::Usage;
use nitro_ingress::metrics::{Counts, Description, Metrics, Stage, Turn};
use nitro_ingress::nitro::Effect;
use serde::Deserialize;
use serde_json::Value;

use super::{assert_fresh, documents_lock};
use crate::tidy::top;

const ALERTS: &str = "charts/nitro-ingress/alerts/nitro-ingress.yaml";
const DASHBOARD: &str = "charts/nitro-ingress/dashboards/nitro-ingress.json";

/// Labels that Prometheus adds, and the one of histograms' buckets.
const ADDED: [&str; 3] = ["namespace", "job", "le"];

/// A file of alert rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alerts {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(rename = "name")]
    _name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(rename = "for")]
    lasting: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn alerts() -> Vec<Rule> {
    let text = fs::read_to_string(top().join(ALERTS)).unwrap();
    let alerts: Alerts = serde_saphyr::from_str(&text).unwrap();
    alerts.groups.into_iter().flat_map(|group| group.rules).collect()
}

/// The expressions of the dashboard's panels, and its queries for variables.
fn queries_of_the_dashboard() -> Vec<String> {
    let text = fs::read_to_string(top().join(DASHBOARD)).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        queries.extend(variable["definition"].as_str().map(str::to_owned));
    }
    assert!(queries.len() > 10, "{queries:?}");
    queries
}

/// The names in a query that are ours.
fn named(query: &str) -> BTreeSet<&str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("nitro_ingress_")).collect()
}

/// The metric that a name of a sample belongs to.
fn metric<'a>(metrics: &'a Metrics, sample: &str) -> Option<&'a Description> {
    metrics.descriptions().iter().find(|one| {
        let ending = sample.strip_prefix(one.name.as_str());
        ending.is_some_and(|ending| match one.kind {
            "histogram" => matches!(ending, "_bucket" | "_sum" | "_count"),
            _ => ending.is_empty(),
        })
    })
}

/// The labels that a query may use.
fn labels(metrics: &Metrics, query: &str) -> BTreeSet<&'static str> {
    let own = named(query).into_iter().flat_map(|name| metric(metrics, name).unwrap().labels);
    own.copied().chain(ADDED).collect()
}

/// The labels that a query uses: those it sorts by, and those it selects.
fn labels_in(query: &str) -> BTreeSet<&str> {
    let by = query.split(" by (").skip(1).filter_map(|rest| rest.split(')').next());
    let grouped = by.flat_map(|names| names.split(", "));
    let braces = query.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let selectors = braces.flat_map(|inside| inside.split(", "));
    let selected = selectors.filter_map(|one| one.split(['=', '!']).next());
    grouped.chain(selected).collect()
}

#[track_caller]
fn assert_known(metrics: &Metrics, place: &str, query: &str) {
    let names = named(query);
    assert!(!names.is_empty(), "{place} names no metric of ours: {query}");
    for name in names {
        assert!(metric(metrics, name).is_some(), "{place}: there is no metric {name}: {query}");
    }
    let known = labels(metrics, query);
    for label in labels_in(query) {
        assert!(known.contains(label), "{place}: there is no label {label:?}: {query}");
    }
}

#[test]
fn alerts_name_metrics_and_labels_that_there_are() {
    let metrics = Metrics::new();
    let alerts = alerts();
    let names: BTreeSet<&str> = alerts.iter().map(|alert| alert.alert.as_str()).collect();
    assert_eq!(names.len(), alerts.len(), "two alerts have one name");
    for Rule { alert, expr, lasting, labels: carried, annotations } in &alerts {
        assert_known(&metrics, alert, expr);
        assert!(alert.starts_with("NitroIngress") && lasting.ends_with('m'), "{alert}");
        let severity = carried.get("severity").map(String::as_str);
        assert!(matches!(severity, Some("critical" | "warning")), "{alert}: {severity:?}");
        for name in ["summary", "description"] {
            let text = annotations.get(name).map(String::as_str).unwrap_or_default();
            assert!(text.ends_with('.'), "{alert} has no {name}, or not in sentences");
            let known = labels_in(expr);
            for label in text.split("$labels.").skip(1) {
                let label = label.split(' ').next().unwrap();
                assert!(known.contains(label), "{alert}: the result has no label {label:?}");
            }
        }
        assert_eq!(annotations.len(), 2, "{alert}");
    }
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let metrics = Metrics::new();
    let queries = queries_of_the_dashboard();
    for query in &queries {
        assert_known(&metrics, DASHBOARD, query);
    }
    let shown: BTreeSet<&str> = queries
        .iter()
        .flat_map(|query| named(query))
        .filter_map(|name| metric(&metrics, name).map(|one| one.name.as_str()))
        .collect();
    let missing: Vec<&String> = metrics
        .descriptions()
        .iter()
        .map(|one| &one.name)
        .filter(|name| !shown.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "the dashboard does not show {missing:?}");
}

const PAGE: &str = "# Metrics

What `nitro-ingress` tells monitoring, and how the kubelet asks whether it is well.
This page is made from the source by `make bless`.

One port answers three paths, without authentication; nothing on it is secret, and nothing can be changed there.

| path | answer |
| --- | --- |
| `/healthz` | 200, or 503 and a line when the loop of an appliance has shown no sign of life for too long: a restart may help |
| `/readyz` | 200 once all watches have synced, whether this replica leads or not; before that 503 and a line that says what is missing |
| `/metrics` | everything below, in the text format of OpenMetrics |

## All metrics

`appliance` is the name of a NetScaler object, or empty for the appliance that options name.
The number of series does not grow with the number of Ingresses: which Ingress it is stands in its IngressReport.
Only the replica that leads tells of appliances, and an appliance that is gone takes its series with it.

METRICS

The names of a histogram's samples go on with `_bucket`, `_sum` and `_count`.

## Labels

- `outcome` of turns: `converged` (there was nothing to do), `changed` (all that was planned is done), `unfinished` (some of it is left to do: the appliance refused it, or something is in the way), `failed` (it could not be carried through).
- `stage`: `observe` (reading the appliance), `translate` (what the cluster asks for), `plan` (what has to be done), `execute` (doing it), `report` (telling the cluster).
- `state`: `programmed` (on the appliance as it asks), `waiting` (not all done yet), `refused` (the appliance refused some of it), `held` (not understood: its last good configuration stays), `closed` (not understood: its routes are withdrawn), `not-programmed` (not understood, and never there).
- `verb` and `kind`: the HTTP method and the NITRO type, which is `macroapi` for a series of several types.
- `outcome` of requests: `ok`, `in-part` (of several commands some were refused), what kept an answer away (`not-sent`, `no-answer`, `unavailable`, `decode`), or why the appliance refused (`busy`, `session`, `denied`, `conflict`, `in-use`, `missing`, `invalid`, `feature`, `capacity`, `transient`).
- `effect`: `read`, `write`, `save`, or `session` for login and logout.
- `usage`: what a certificate is used for, in the word of IngressReports: `Server` (clients are served it), `Client` (back ends are shown it), `ClientCA` (clients are verified against it), `BackEndCA` (back ends are verified against it).
- `certificate`: the names that it covers, or else its subject.

## Alerts

`ALERTS_FILE` in the source holds these rules for Prometheus, and `DASHBOARD_FILE` a dashboard for Grafana.

ALERTS
";

#[test]
fn the_reference_of_metrics_is_fresh() {
    let _alone = documents_lock();
    let mut metrics =
        "| metric | type | labels | what it tells |\n| --- | --- | --- | --- |".to_owned();
    for Description { name, kind, labels, help } in Metrics::new().descriptions() {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        write!(metrics, "\n| `{name}` | {kind} | {} | {help} |", labels.join(", ")).unwrap();
    }
    let mut rules = String::new();
    for Rule { alert, expr, lasting, labels, annotations } in alerts() {
        let (severity, summary) = (&labels["severity"], annotations["summary"].trim());
        let description = annotations["description"].trim();
        let heading = format!("### {alert}\n\n> {summary}\n\n{description}\n\n");
        let when = format!("- severity: {severity}\n- after: {lasting}\n- when: `{expr}`\n\n");
        rules.extend([heading, when]);
    }
    let standings = Counts::default().states().map(|(state, _)| state);
    let stages = Stage::ALL.map(Stage::name);
    let usages = Usage::ALL.map(Usage::name);
    let effects = [Effect::Read, Effect::Write, Effect::Save, Effect::Session].map(Effect::name);
    for value in Turn::ALL
        .map(Turn::name)
        .into_iter()
        .chain(stages)
        .chain(standings)
        .chain(effects)
        .chain(usages)
    {
        assert!(PAGE.contains(&format!("`{value}`")), "the page does not explain {value:?}");
    }
    let text = PAGE
        .replacen("\nMETRICS\n", &format!("\n{metrics}\n"), 1)
        .replacen("ALERTS_FILE", ALERTS, 1)
        .replacen("DASHBOARD_FILE", DASHBOARD, 1)
        .replacen("\nALERTS\n", &format!("\n{}\n", rules.trim_end()), 1);
    assert_fresh("docs/metrics.md", &text);
}
