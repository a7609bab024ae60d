//! What no appliance has: a workbench for tests of any client, under `/mock/`, for loopback only.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /mock/journal`, `DELETE` | the requests, secrets masked; forgets them |
//! | `GET /mock/state` | the running configuration, without secrets |
//! | `GET /mock/ui` | the same as a page for people |
//! | `GET /mock/digest` | its SHA-256, with secrets and files |
//! | `POST /mock/reset` | as the program starts without a state file: configuration, files, sessions, journal, faults, clock |
//! | `POST /mock/reboot` | restarts the appliance from the saved configuration |
//! | `POST /mock/failover` | swaps the nodes of a pair, and ends the sessions of a single appliance |
//! | `GET /mock/clock`, `PUT {"now": ...}`, `DELETE` | the time; sets it; follows the machine's again |
//! | `GET /mock/faults`, `PUT [...]`, `DELETE` | what goes wrong; others instead; nothing more |
//! | `POST /mock/check/begin`, `POST /mock/check/end` | marks a transition, whose unsafe states `end` lists |
//!
//! Scripts of other pages in a browser are refused: any that is open on this machine could send such
//! requests.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Server;
use crate::fault::{Faults, Faulty};
use crate::message::{Request, Response, reason};

impl Server {
    /// Answers a request of the workbench.
    pub(super) fn workbench(&self, request: &Request, operation: &str) -> Response {
        if request.header("Origin").is_some() {
            return error(403, "scripts in a browser have no access");
        }
        let done = || json(&json!({}));
        match (request.method.as_str(), operation) {
            ("POST", "failover") => {
                self.failover();
                done()
            }
            ("POST", "reset") => {
                let mut shared = self.lock();
                shared.set_clock(None);
                shared.nodes.reset();
                done()
            }
            ("GET", "ui") => html(self.with(|node| node.appliance.page())),
            ("GET", "clock") => self.clock(),
            ("PUT", "clock") => match serde_json::from_slice(&request.body) {
                Ok(SetClock { now }) => self.set_clock(Some(now)),
                Err(why) => error(400, &format!("the clock takes {{\"now\": TIME}}: {why}")),
            },
            ("DELETE", "clock") => self.set_clock(None),
            (method, _) => self.with(|node| operate(node, (method, operation), &request.body)),
        }
    }

    fn set_clock(&self, time: Option<Timestamp>) -> Response {
        self.lock().set_clock(time);
        self.clock()
    }

    fn clock(&self) -> Response {
        let shared = self.lock();
        json(&json!({ "now": shared.now().to_string(), "is_set": !shared.ahead.is_zero() }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    #[serde(deserialize_with = "time")]
    now: Timestamp,
}

fn time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn operate(node: &mut Faulty, (method, operation): (&str, &str), body: &[u8]) -> Response {
    let appliance = &mut node.appliance;
    let answer = match (method, operation) {
        ("GET", "journal") => json!(appliance.journal()),
        ("DELETE", "journal") => {
            appliance.clear_journal();
            json!({})
        }
        ("GET", "state") => appliance.dump(),
        ("GET", "digest") => json!({ "sha256": appliance.digest() }),
        ("POST", "reboot") => {
            appliance.reboot();
            json!({})
        }
        ("POST", "check/begin") => {
            appliance.begin();
            json!({})
        }
        ("POST", "check/end") if !appliance.is_in_transition() => {
            return error(409, "no transition has begun: POST /mock/check/begin comes first");
        }
        ("POST", "check/end") => {
            let violations = appliance.end();
            json!({ "violations": violations, "gaps": appliance.certificate_gaps() })
        }
        ("GET", "faults") => json!(node.faults.list()),
        ("PUT", "faults") => match Faults::parse(body) {
            Ok(faults) => {
                node.faults = faults;
                json!(node.faults.list())
            }
            Err(why) => return error(400, &why.to_string()),
        },
        ("DELETE", "faults") => {
            node.faults = Faults::none();
            json!([])
        }
        _ => return error(404, "there is no such operation: mock-nitro --help lists them"),
    };
    json(&answer)
}

fn json(value: &Value) -> Response {
    with_status(200, value)
}

fn error(status: u16, why: &str) -> Response {
    with_status(status, &json!({ "error": why }))
}

/// Nothing on the page runs or is loaded from elsewhere, whatever the configuration says.
fn html(page: String) -> Response {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Response {
        status: 200,
        reason: reason(200),
        headers: vec![
            header("Content-Type", "text/html; charset=utf-8"),
            header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
            header("Cache-Control", "no-store"),
        ],
        body: page.into_bytes(),
    }
}

fn with_status(status: u16, value: &Value) -> Response {
    Response {
        status,
        reason: reason(status),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: format!("{value:#}\n").into_bytes(),
    }
}
