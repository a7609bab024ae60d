//! What is told of HTTP exchanges, and with it counted, is what the appliance got.

use std::sync::{Arc, Mutex};

use mock_nitro::fault::{Fault, Faults};
use nitro_ingress::metrics::{Metrics, NitroRequest};
use nitro_ingress::nitro::{Client, Effect, Exchange, Method};
use nitro_ingress::observe::observe;

use crate::fixture::mark;
use crate::in_process::{InProcess, client, run};
use crate::turn;

/// A client that keeps what it is told of, and the place where that is.
fn observed(transport: InProcess) -> (Client<InProcess>, Arc<Mutex<Vec<Exchange>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let client = client(transport)
        .observed_by(move |exchange: &Exchange| keep.lock().unwrap().push(*exchange));
    (client, told)
}

#[test]
fn each_exchange_is_told_once_with_its_outcome() {
    let faults = Faults::none()
        .at(2, Fault::Refused(293))
        .at(3, Fault::ResetAfter)
        .at(4, Fault::Unavailable)
        .at(5, Fault::Truncated)
        .at(6, Fault::SessionExpired);
    let (client, told) = observed(InProcess::with_faults(turn::appliance(), faults));
    run(observe(&client, &mark())).unwrap();
    run(client.logout());
    let told = told.lock().unwrap();
    assert_eq!(told.len() as u64, client.transport().faulty().faults.requests());
    let first: Vec<_> = told.iter().take(8).map(|one| (one.kind, one.outcome)).collect();
    let kind = told[1].kind;
    assert_eq!(
        first,
        [
            ("login", "ok"),
            (kind, "busy"),
            (kind, "no-answer"),
            (kind, "unavailable"),
            (kind, "decode"),
            (told[5].kind, "session"),
            ("login", "ok"),
            (told[5].kind, "ok"),
        ]
    );
    assert_eq!((told[0].method, told[0].effect), (Method::Post, Effect::Session));
    assert_eq!((told[1].method, told[1].effect), (Method::Get, Effect::Read));
    let last = told.last().unwrap();
    assert_eq!((last.kind, last.outcome), ("logout", "ok"));
}

#[test]
fn a_login_that_is_refused_is_told_as_what_it_is() {
    let faults = Faults::none().at(1, Fault::Refused(354));
    let (client, told) = observed(InProcess::with_faults(turn::appliance(), faults));
    let error = run(observe(&client, &mark())).unwrap_err();
    assert!(!error.to_string().is_empty());
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].kind, told[0].outcome), ("login", "session"));
}

#[test]
fn exchanges_become_series_of_their_appliance() {
    let metrics = Metrics::new();
    let counted = metrics.clone();
    let client = client(InProcess::new(turn::appliance())).observed_by(move |exchange| {
        let Exchange { method, kind, effect, outcome, duration } = *exchange;
        let (verb, effect) = (method.as_str(), effect.name());
        counted.nitro_request("edge", &NitroRequest { verb, effect, kind, outcome, duration });
    });
    run(observe(&client, &mark())).unwrap();
    let text = metrics.to_string();
    let sample = r#"nitro_ingress_nitro_requests_total{appliance="edge",verb="POST",kind="login",outcome="ok"} 1"#;
    assert!(text.contains(sample), "{text}");
    let requests = client.transport().faulty().faults.requests();
    let reads = requests - 1;
    let sample = format!(
        r#"nitro_ingress_nitro_request_duration_seconds_count{{appliance="edge",effect="read"}} {reads}"#
    );
    assert!(text.contains(&sample), "{text}");
}
