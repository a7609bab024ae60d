//! Two appliances as a high-availability pair.

use jiff::SignedDuration;
use mock_nitro::fault::{Delivery, Fault, Faults};
use mock_nitro::message::Response;
use mock_nitro::server::Server;
use mock_nitro::{Options, Pair};
use tokio::net::TcpListener;

use crate::client::{Client, noon};
use crate::http::{Journal, ask};

const LOGIN: &str = r#"{"login":{"username":"nsroot","password":"nsroot"}}"#;
const FILE: &str = r#"{"systemfile":{"filename":"a.pem","filelocation":"/nsconfig/ssl","filecontent":"aGVsbG8=","fileencoding":"BASE64"}}"#;
const SAVE: (&str, &str) = ("POST nsconfig?action=save", r#"{"nsconfig":{}}"#);

fn pair() -> Pair {
    Pair::new(&Options { now: noon(), ..Options::default() })
}

/// What a node answers to its administrator, or to whoever has this token.
fn answer_to(pair: &mut Pair, node: usize, (line, body): (&str, &str), token: &str) -> Response {
    let mut client = Client::new();
    if !token.is_empty() {
        client.headers = vec![("Cookie".to_owned(), format!("NITRO_AUTH_TOKEN={token}"))];
    }
    let Delivery::Answer(response) = pair.handle(node, &client.request(line, body)) else {
        unreachable!("no answer is lost here");
    };
    response
}

fn ask_node(pair: &mut Pair, node: usize, line: &str, body: &str) -> (u16, String) {
    let response = answer_to(pair, node, (line, body), "");
    (response.status, String::from_utf8(response.body).unwrap())
}

fn add(pair: &mut Pair, node: usize, name: &str) -> u16 {
    let number = name.len();
    let body = format!(r#"{{"server":{{"name":"{name}","ipaddress":"192.0.2.{number}"}}}}"#);
    ask_node(pair, node, "POST server?warning=yes", &body).0
}

/// On which of the nodes there is a server of this name.
fn holders(pair: &mut Pair, name: &str) -> [bool; 2] {
    let line = format!("GET server/{name}");
    [0, 1].map(|node| ask_node(pair, node, &line, "").0 == 200)
}

#[track_caller]
fn shows(pair: &mut Pair, node: usize, line: &str, text: &str) {
    let (_, body) = ask_node(pair, node, line, "");
    assert!(body.contains(text), "node {node}, {line}: no {text:?} in {body}");
}

#[test]
fn the_nodes_say_who_they_are() {
    let mut pair = pair();
    for (node, own, other) in [(0, "Primary", "Secondary"), (1, "Secondary", "Primary")] {
        let address = |id: usize| format!("127.0.0.{}", if id == node { 1 } else { 2 });
        shows(&mut pair, node, "GET hanode/0", &format!(r#""state": "{own}""#));
        shows(&mut pair, node, "GET hanode/0", &format!(r#""ipaddress": "{}""#, address(0)));
        shows(&mut pair, node, "GET hanode/1", &format!(r#""state": "{other}""#));
        shows(&mut pair, node, "GET hanode/1", &format!(r#""ipaddress": "{}""#, address(1)));
        shows(&mut pair, node, "GET hanode?count=yes", r#""__count": 2"#);
        shows(
            &mut pair,
            node,
            "GET /nitro/v1/stat/hanode",
            &format!(r#""hacurmasterstate": "{own}""#),
        );
        shows(&mut pair, node, "GET nsconfig", r#""systemtype": "HA""#);
        shows(&mut pair, node, "GET nsconfig", r#""primaryip": "127.0.0.1""#);
        shows(&mut pair, node, "GET nshardware", &format!(r#""hostid": {}, "#, node + 1));
        shows(&mut pair, node, "GET nshardware", &format!(r#""host": "mock-nitro-{}""#, node + 1));
    }
    let mut alone = Client::new();
    alone.expect(&[
        ("GET hanode?count=yes", "", "200 OK", r#""__count": 1"#),
        ("GET nsconfig", "", "200 OK", r#""systemtype": "Stand-alone""#),
    ]);
}

#[test]
fn what_the_primary_accepts_the_secondary_has_too() {
    let mut pair = pair();
    assert_eq!(add(&mut pair, 0, "a"), 201);
    assert_eq!(ask_node(&mut pair, 0, "POST systemfile", FILE).0, 201);
    assert_eq!(holders(&mut pair, "a"), [true, true]);
    let file = "GET systemfile/a.pem?args=filelocation:%2Fnsconfig%2Fssl";
    shows(&mut pair, 1, file, "aGVsbG8=");
    shows(&mut pair, 1, "GET nsconfig", r#""configchanged": true"#);
    ask_node(&mut pair, 0, SAVE.0, SAVE.1);
    shows(&mut pair, 1, "GET nsconfig", r#""configchanged": false"#);
    let [first, second] = [0, 1].map(|node| pair.node(node).appliance.digest());
    assert_eq!(first, second);
    let clear = r#"{"nsconfig":{"level":"basic"}}"#;
    assert_eq!(ask_node(&mut pair, 0, "POST nsconfig?action=clear", clear).0, 200);
    assert_eq!(holders(&mut pair, "a"), [false, false]);
    shows(&mut pair, 1, "GET hanode?count=yes", r#""__count": 2"#);
}

#[test]
fn what_the_secondary_accepts_is_lost_at_the_next_change_of_the_primary() {
    let mut pair = pair();
    assert_eq!(add(&mut pair, 1, "a"), 209);
    assert_eq!(holders(&mut pair, "a"), [false, true]);
    assert_eq!(ask_node(&mut pair, 0, "POST server", "{}").0, 400);
    assert_eq!(holders(&mut pair, "a"), [false, true], "nothing changed on the primary");
    assert_eq!(add(&mut pair, 0, "bb"), 201);
    assert_eq!(holders(&mut pair, "a"), [false, false]);
    assert_eq!(holders(&mut pair, "bb"), [true, true]);
}

#[test]
fn a_failover_swaps_the_roles_and_ends_the_sessions() {
    let mut pair = pair();
    assert_eq!(add(&mut pair, 0, "a"), 201);
    assert_eq!(add(&mut pair, 1, "bb"), 209);
    let tokens = [0, 1].map(|node| {
        let (_, body) = ask_node(&mut pair, node, "POST login", LOGIN);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["sessionid"].as_str().unwrap().to_owned()
    });
    pair.set_now(noon() + SignedDuration::from_secs(90));
    pair.failover();
    assert_eq!(pair.primary(), 1);
    for (node, token) in tokens.iter().enumerate() {
        let response = answer_to(&mut pair, node, ("GET nsversion", ""), token);
        assert_eq!(response.status, 401);
    }
    assert_eq!(holders(&mut pair, "a"), [true, true]);
    assert_eq!(holders(&mut pair, "bb"), [false, false]);
    shows(&mut pair, 0, "GET hanode/0", r#""state": "Secondary""#);
    shows(&mut pair, 1, "GET nsconfig", r#""primaryip": "127.0.0.2""#);
    let stat = "GET /nitro/v1/stat/hanode";
    shows(&mut pair, 1, stat, r#""transtime": "Sun Mar  1 12:01:30 2026""#);
    pair.set_now(noon() + SignedDuration::from_secs(100));
    shows(&mut pair, 1, "GET hanode/0", r#""masterstatetime": "10""#);
    assert_eq!(add(&mut pair, 0, "bb"), 209);
    assert_eq!(add(&mut pair, 1, "ccc"), 201);
    assert_eq!(holders(&mut pair, "bb"), [false, false]);
    assert_eq!(holders(&mut pair, "ccc"), [true, true]);
}

#[test]
fn the_other_node_takes_over_from_a_primary_that_restarts() {
    let mut pair = pair();
    assert_eq!(add(&mut pair, 0, "a"), 201);
    assert_eq!(ask_node(&mut pair, 0, "POST reboot", r#"{"reboot":{"warm":true}}"#).0, 200);
    assert_eq!(pair.primary(), 1);
    assert_eq!(holders(&mut pair, "a"), [true, true], "unsaved, and yet not lost");
    pair.with(0, |node| node.appliance.reboot());
    assert_eq!(pair.primary(), 1);
    assert_eq!(holders(&mut pair, "a"), [true, true]);
}

#[test]
fn a_fault_may_be_a_failover() {
    let mut pair = pair();
    pair.with(0, |node| node.faults = Faults::none().at(2, Fault::Failover));
    assert_eq!(add(&mut pair, 0, "a"), 201);
    assert_eq!(add(&mut pair, 0, "bb"), 209, "the node is the secondary when it answers");
    assert_eq!(pair.primary(), 1);
    assert_eq!(holders(&mut pair, "bb"), [true, false]);
}

#[test]
fn a_write_may_meet_a_change_of_roles_that_ends_no_session() {
    let mut pair = pair();
    pair.with(0, |node| node.faults = Faults::none().at_write(2, Fault::HandOver));
    let (_, body) = ask_node(&mut pair, 0, "POST login", LOGIN);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let token = body["sessionid"].as_str().unwrap();
    let mut answer = |line, body| answer_to(&mut pair, 0, (line, body), token).status;
    let [a, b] = [("a", 1), ("b", 2)].map(|(name, last)| {
        format!(r#"{{"server":{{"name":"{name}","ipaddress":"192.0.2.{last}"}}}}"#)
    });
    assert_eq!(answer("POST server", &a), 201);
    assert_eq!(answer("GET server", ""), 200);
    assert_eq!(answer("POST server?warning=yes", &b), 209);
    assert_eq!(answer("GET server", ""), 200);
    assert_eq!(pair.primary(), 1);
}

#[test]
fn what_is_changed_by_hand_on_the_primary_reaches_the_secondary() {
    let mut pair = pair();
    let mut hand = Client::new();
    pair.with(0, |node| {
        std::mem::swap(&mut hand.appliance, &mut node.appliance);
        hand.done("POST server", r#"{"server":{"name":"a","ipaddress":"192.0.2.1"}}"#);
        std::mem::swap(&mut hand.appliance, &mut node.appliance);
    });
    assert_eq!(holders(&mut pair, "a"), [true, true]);
}

#[tokio::test]
async fn each_node_has_a_listener_of_its_own() {
    let journals = [Journal::default(), Journal::default()];
    let writers = journals.clone().map(|journal| Some(Box::new(journal) as _));
    let mut addresses = Vec::new();
    for server in Server::pair(pair(), writers, noon) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap().to_string());
        tokio::spawn(server.serve(listener, None));
    }
    let server = r#"{"server":{"name":"a","ipaddress":"192.0.2.1"}}"#;
    let created = ask(&addresses[0], "POST /nitro/v1/config/server", server).await;
    assert!(created.starts_with("HTTP/1.1 201 Created\r\n"), "{created}");
    let seen = ask(&addresses[1], "GET /nitro/v1/config/server/a", "").await;
    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
    ask(&addresses[0], "POST /mock/failover", "").await;
    for (address, role) in addresses.iter().zip(["Secondary", "Primary"]) {
        let stat = ask(address, "GET /nitro/v1/stat/hanode", "").await;
        assert!(stat.contains(&format!(r#""hacurmasterstate": "{role}""#)), "{stat}");
    }
    assert_eq!(journals.map(|journal| journal.text().lines().count()), [2, 2]);
}
