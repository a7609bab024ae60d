//! Faults around the appliance.

use std::time::Duration;

use mock_nitro::fault::{Delivery, Fault, Faults, Faulty};

use crate::client::Client;

const SERVER: &str = r#"{"server":{"name":"s","ipaddress":"192.0.2.1"}}"#;

/// What the client sees of a request that meets a fault, and whether the server is there afterwards.
fn meet(fault: Fault, line: &str, body: &str) -> (Delivery, bool) {
    let mut client = Client::new();
    let request = client.request(line, body);
    let mut shaky = Faulty::new(client.appliance.clone(), Faults::none().at(1, fault));
    let delivery = shaky.handle(&request);
    client.appliance = shaky.appliance;
    let there = client.ask("GET server/s", "").response.status == 200;
    (delivery, there)
}

fn answer(delivery: &Delivery) -> (u16, String) {
    match delivery {
        Delivery::Answer(response) => {
            (response.status, String::from_utf8(response.body.clone()).unwrap())
        }
        Delivery::Lost { .. } => (0, String::new()),
    }
}

#[test]
fn a_lost_answer_leaves_open_whether_anything_was_done() {
    let before = meet(Fault::ResetBefore, "POST server", SERVER);
    assert_eq!(before, (Delivery::Lost { carried_out: false }, false));
    let after = meet(Fault::ResetAfter, "POST server", SERVER);
    assert_eq!(after, (Delivery::Lost { carried_out: true }, true));
}

#[test]
fn a_bulk_may_be_carried_out_in_part_without_an_answer() {
    let servers =
        r#"{"server":[{"name":"r","ipaddress":"192.0.2.2"},{"name":"s","ipaddress":"192.0.2.1"}]}"#;
    for (commands, carried_out, last_is_there) in
        [(0, false, false), (1, true, false), (2, true, true), (3, true, true)]
    {
        let met = meet(Fault::ResetWithin(commands), "POST server", servers);
        assert_eq!(met, (Delivery::Lost { carried_out }, last_is_there), "{commands}");
    }
    let single = meet(Fault::ResetWithin(1), "POST server", SERVER);
    assert_eq!(single, (Delivery::Lost { carried_out: true }, true));
}

#[test]
fn an_error_may_come_from_around_the_appliance() {
    for (fault, status, text, done) in [
        (Fault::Unavailable, 503, "<html>", false),
        (Fault::Reboot, 503, "<html>", false),
        (
            Fault::Refused(293),
            599,
            r#"{ "errorcode": 293, "message": "Operation already in progress", "severity": "ERROR" }"#,
            false,
        ),
        (Fault::Refused(446), 599, r#""errorcode": 446"#, false),
        (Fault::Refused(1067), 599, r#""severity": "ERROR""#, false),
        (Fault::HiddenError(1056), 200, r#""errorcode": 1056"#, false),
        (Fault::Fails(0, 1072), 599, r#""errorcode": 1072"#, false),
        (Fault::Truncated, 201, r#"{ "errorcode": 0"#, true),
        (Fault::Latency(Duration::from_secs(9)), 201, "Done", true),
        (Fault::SessionExpired, 201, "Done", true),
    ] {
        let (delivery, there) = meet(fault.clone(), "POST server", SERVER);
        let (got, body) = answer(&delivery);
        assert_eq!(got, status, "{fault:?}");
        assert!(body.contains(text), "{fault:?}: {body}");
        assert_eq!(there, done, "{fault:?}");
        assert_eq!(
            body.ends_with('}'),
            !matches!(fault, Fault::Truncated | Fault::Unavailable | Fault::Reboot)
        );
    }
}

#[test]
fn one_command_of_a_bulk_request_fails() {
    let body =
        r#"{"server":[{"name":"s","ipaddress":"192.0.2.1"},{"name":"t","ipaddress":"192.0.2.2"}]}"#;
    let (delivery, there) = meet(Fault::Fails(1, 1072), "POST server", body);
    let (status, text) = answer(&delivery);
    assert_eq!(status, 207);
    assert!(text.contains(r#"{ "errorcode": 1072, "#) && there, "{text}");
}

#[test]
fn an_expired_session_is_told_at_the_next_request() {
    let mut client = Client { headers: Vec::new(), ..Client::new() };
    let login = client.ask("POST login", r#"{"login":{"username":"nsroot","password":"nsroot"}}"#);
    let token = login.json()["sessionid"].as_str().unwrap().to_owned();
    client.headers = vec![("Cookie".to_owned(), format!("NITRO_AUTH_TOKEN={token}"))];
    let request = client.request("GET nsversion", "");
    let faults = Faults::none().at(2, Fault::SessionExpired);
    let mut shaky = Faulty::new(client.appliance, faults);
    let statuses: Vec<_> = (0..3).map(|_| answer(&shaky.handle(&request)).0).collect();
    assert_eq!(statuses, [200, 401, 401]);
}

#[test]
fn faults_are_replaced_at_any_time() {
    let client = Client::new();
    let request = client.request("GET nsversion", "");
    let mut shaky = Faulty::new(client.appliance, Faults::none());
    let mut statuses = |faults: Faults| {
        shaky.faults = faults;
        [(); 3].map(|()| answer(&shaky.handle(&request)).0)
    };
    assert_eq!(statuses(Faults::always(Fault::Refused(603))), [599, 599, 599]);
    assert_eq!(statuses(Faults::none().at(2, Fault::Unavailable)), [200, 503, 200]);
    assert_eq!(statuses(Faults::unreachable()), [0, 0, 0]);
    assert_eq!(statuses(Faults::none()), [200, 200, 200]);
    assert_eq!(shaky.appliance.journal().len(), 9, "nothing arrived while it was unreachable");
}

#[test]
fn a_seed_decides_and_decides_alike() {
    let client = Client::new();
    let request = client.request("GET nsversion", "");
    let run = |seed| {
        let faults = Faults::seeded(seed, 300, vec![Fault::Unavailable, Fault::ResetAfter]);
        let mut shaky = Faulty::new(client.appliance.clone(), faults);
        (0..200).map(|_| answer(&shaky.handle(&request)).0).collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    let met = run(7).into_iter().filter(|status| *status != 200).count();
    assert!((30..90).contains(&met), "{met} of 200");
}
