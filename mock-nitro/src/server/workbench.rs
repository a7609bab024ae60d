//! What no appliance has: a workbench for tests of any client, under `/mock/`, for loopback only.
//!
//! `GET /mock/config` shows the running configuration; `POST /mock/reboot` restarts the appliance;
//! `POST /mock/failover` swaps the nodes of a pair, and ends the sessions of a single appliance;
//! `POST /mock/begin` and `POST /mock/end` mark a transition, whose unsafe states `end` lists.

use serde_json::{Value, json};

use super::{Server, plain};
use crate::appliance::Appliance;
use crate::message::{Response, reason};

impl Server {
    /// Answers a request of the workbench.
    pub(super) fn workbench(&self, method: &str, operation: &str) -> Response {
        if (method, operation) == ("POST", "failover") {
            self.failover();
            return json(&json!({}));
        }
        self.with(|faulty| operate(&mut faulty.appliance, method, operation))
    }
}

fn operate(appliance: &mut Appliance, method: &str, operation: &str) -> Response {
    match (method, operation) {
        ("GET", "config") => json(&appliance.dump()),
        ("POST", "reboot") => {
            appliance.reboot();
            json(&json!({}))
        }
        ("POST", "begin") => {
            appliance.begin();
            json(&json!({}))
        }
        ("POST", "end") => {
            let violations = appliance.end();
            let violations: Value = violations.iter().map(ToString::to_string).collect();
            json(&json!({ "violations": violations, "gaps": appliance.certificate_gaps() }))
        }
        _ => plain(404),
    }
}

fn json(value: &Value) -> Response {
    Response {
        status: 200,
        reason: reason(200),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: format!("{value:#}\n").into_bytes(),
    }
}
