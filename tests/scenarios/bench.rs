//! The simulated appliance of a scenario, with a client of ours before it.

use jiff::Timestamp;
use mock_nitro::message::Request;
use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::{OpOutcome, Outcomes, execute};
use nitro_ingress::model::Mark;
use nitro_ingress::nitro::Client;
use nitro_ingress::observe::observe;
use nitro_ingress::observed::ObservedState;
use nitro_ingress::plan::Plan;
use serde_json::Value;

use super::Failure;
use super::in_process::{InProcess, client, run};

/// An appliance in this process.
pub(crate) struct Bench {
    client: Client<InProcess>,
}

impl Bench {
    /// A fresh one, at that time.
    pub(crate) fn new(now: Timestamp) -> Self {
        let appliance = Appliance::new(Options { now, ..Options::default() });
        Self { client: client(InProcess::new(appliance)) }
    }

    /// Does what others did: a list of `{"method", "path", "body"}`, which must all succeed.
    pub(crate) fn prepare(&self, requests: &str) -> Result<(), Failure> {
        let requests: Vec<Value> = serde_json::from_str(requests)?;
        for request in requests {
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            let target = text("path");
            let (path, query) = match target.split_once('?') {
                Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
                None => (target, None),
            };
            let credentials =
                ["X-NITRO-USER", "X-NITRO-PASS"].map(|name| (name.to_owned(), "nsroot".to_owned()));
            let body = request["body"].to_string().into_bytes();
            let headers = credentials.to_vec();
            let sent = Request { method: text("method"), path, query, headers, body };
            let answer = self.client.transport().faulty().appliance.handle(&sent);
            if answer.status >= 300 {
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                return Err(format!("{request} was refused: {said}").into());
            }
        }
        Ok(())
    }

    /// Reads it.
    pub(crate) fn observe(&self, mark: &Mark) -> Result<ObservedState, Failure> {
        Ok(run(observe(&self.client, mark))?)
    }

    /// Carries a plan out. Every op must succeed, and every state between must be safe.
    pub(crate) fn execute(&self, plan: &Plan) -> Result<(), Failure> {
        self.client.transport().faulty().appliance.begin();
        let Outcomes { ops, .. } = run(execute(&self.client, plan, &mut |_| {}));
        for (planned, outcome) in plan.ops.iter().zip(&ops) {
            if !matches!(outcome, OpOutcome::Done) {
                return Err(format!("{}: {outcome:?}", planned.op).into());
            }
        }
        let appliance = &mut self.client.transport().faulty().appliance;
        let violations: Vec<String> = appliance.end().iter().map(ToString::to_string).collect();
        if !violations.is_empty() {
            return Err(format!("unsafe:\n{}", violations.join("\n")).into());
        }
        assert_eq!(appliance.certificate_gaps(), plan.swaps.len(), "gaps are counted");
        Ok(())
    }

    /// Restarts from the saved configuration.
    pub(crate) fn reboot(&self) {
        self.client.transport().faulty().appliance.reboot();
    }
}
