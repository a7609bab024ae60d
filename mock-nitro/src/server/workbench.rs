//! What no appliance has: a workbench for tests of any client, under `/mock/`, for loopback only.
//!
//! `GET /mock/config` shows the running configuration; `POST /mock/reboot` restarts the appliance;
//! `POST /mock/begin` and `POST /mock/end` mark a transition, whose unsafe states `end` lists.

use serde_json::{Value, json};

use super::{Server, plain};
use crate::message::{Response, reason};

impl Server {
    /// Answers a request of the workbench.
    pub(super) fn workbench(&self, method: &str, operation: &str) -> Response {
        let mut shared = self.lock();
        let appliance = &mut shared.faulty.appliance;
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
}

fn json(value: &Value) -> Response {
    Response {
        status: 200,
        reason: reason(200),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: format!("{value:#}\n").into_bytes(),
    }
}
