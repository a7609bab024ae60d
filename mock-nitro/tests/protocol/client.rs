//! A client for tests: requests in one line, answers to be compared.

use jiff::Timestamp;
use mock_nitro::message::{Request, Response};
use mock_nitro::{Appliance, Options};
use serde_json::Value;

/// The start of the clock in tests.
pub(crate) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// An appliance with the default SSL profile enabled, in the hands of its administrator.
pub(crate) struct Client {
    pub(crate) appliance: Appliance,
    pub(crate) headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    request: String,
    pub(crate) response: Response,
}

impl Client {
    pub(crate) fn new() -> Self {
        let options = Options { default_profile: true, now: noon(), ..Options::default() };
        let header = |name: &str| (name.to_owned(), "nsroot".to_owned());
        Self {
            appliance: Appliance::new(options),
            headers: vec![header("X-Nitro-User"), header("X-Nitro-Pass")],
        }
    }

    /// Sends `METHOD path?query` below `/nitro/v1/config/`.
    pub(crate) fn ask(&mut self, line: &str, body: &str) -> Answer {
        let response = self.appliance.handle(&self.request(line, body));
        Answer { request: format!("{line} {body}"), response }
    }

    /// The request that [`Client::ask`] would send.
    pub(crate) fn request(&self, line: &str, body: &str) -> Request {
        let (method, target) = line.split_once(' ').unwrap();
        let target = match target.strip_prefix('/') {
            Some(absolute) => format!("/{absolute}"),
            None => format!("/nitro/v1/config/{target}"),
        };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (target, None),
        };
        Request {
            method: method.to_owned(),
            path,
            query,
            headers: self.headers.clone(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// Sends what must succeed.
    #[track_caller]
    pub(crate) fn done(&mut self, line: &str, body: &str) -> Answer {
        let answer = self.ask(line, body);
        assert!([200, 201].contains(&answer.response.status), "{answer:?} {}", answer.text());
        answer
    }

    /// Sends requests and compares what comes back.
    #[track_caller]
    pub(crate) fn expect(&mut self, cases: &[(&str, &str, &str, &str)]) {
        for (line, body, status, text) in cases {
            let answer = self.ask(line, body);
            answer.is(status, text);
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.response.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap()
    }

    /// The rows under a type.
    #[track_caller]
    pub(crate) fn rows(&self, kind: &str) -> Vec<Value> {
        self.json()[kind].as_array().cloned().unwrap_or_default()
    }

    /// Compares the status line, and looks for a text in the body.
    #[track_caller]
    pub(crate) fn is(&self, status: &str, text: &str) {
        let line = format!("{} {}", self.response.status, self.response.reason);
        assert_eq!(line, status, "{}: {}", self.request, self.text());
        assert!(self.text().contains(text), "{}: no {text:?} in {}", self.request, self.text());
    }
}
