//! What the fuzz targets check. `tests/it/fuzzed.rs` runs the same on generated texts, so that
//! none of it rots where nobody fuzzes.

use std::collections::BTreeMap;

use mock_nitro::eval::{self, ClientCertificate, Request, Response};
use nitro_ingress::annotations::{self, ANNOTATIONS};
use nitro_ingress::diagnostic::{Findings, ObjectRef};
use nitro_ingress::model::{Host, ObjectKey, PathMatch, RouteMatch};

/// No text makes the appliance panic when it reads it as a policy expression, nor when it evaluates
/// that, and the same gives the same. The first line is the expression; of the rest, in lines, URL,
/// host, header and subject are made.
pub fn expression(text: &str) {
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (expression, url, host, value) = (line(), line(), line(), line());
    let headers = vec![("X".to_owned(), value.clone()), ("Cookie".to_owned(), value.clone())];
    let certificate = ClientCertificate { subject: value, ..ClientCertificate::default() };
    let request = Request {
        certificate: Some(certificate),
        headers: headers.clone(),
        ..Request::get([192, 0, 2, 1].into(), 80, &host, &url)
    };
    let response = Response { status: 200, headers, ..Response::default() };
    for response in [None, Some(&response)] {
        let given = eval::evaluate(&expression, &request, response);
        if let Err(offset) = given {
            assert!(expression.is_char_boundary(offset), "{expression:?} stops at {offset}");
        }
        assert_eq!(given, eval::evaluate(&expression, &request, response), "{expression:?}");
    }
}

/// No host and no path gets out of its place in a policy expression: what is read back is exactly
/// what was written. The first line of the text is the host, the rest is the path.
pub fn rule(text: &str) {
    let (host, path) = text.split_once('\n').unwrap_or((text, "/"));
    let hosts = [Host::Exact(host.to_owned()), Host::Wildcard(host.to_owned()), Host::Any];
    for host in hosts {
        let paths =
            [PathMatch::Exact(path.to_owned()), PathMatch::prefix(path), PathMatch::Default];
        for path in paths {
            let matches = RouteMatch { host: host.clone(), path };
            let rule = matches.rule();
            assert_eq!(RouteMatch::parse(&rule), Some(matches), "{rule}");
        }
    }
}

/// No expression of somebody else is taken for one of ours unless it is one, letter by letter.
pub fn foreign_rule(text: &str) {
    if let Some(matches) = RouteMatch::parse(text) {
        assert_eq!(matches.rule(), text);
    }
}

/// No value of an annotation makes its reader panic, and what is not understood is told with a
/// remedy. The first character chooses the annotation, the rest is the value.
pub fn annotation(text: &str) {
    let mut characters = text.chars();
    let Some(choice) = characters.next() else { return };
    let row = usize::try_from(u32::from(choice)).unwrap_or_default() % ANNOTATIONS.len();
    let value = characters.as_str().to_owned();
    let key = ObjectKey::new("default", "fuzzed");
    let mut findings = Findings::about(ObjectRef { kind: "Ingress".to_owned(), key });
    annotations::read(&BTreeMap::from([(ANNOTATIONS[row].key.to_owned(), value)]), &mut findings);
    for told in findings.into_diagnostics() {
        assert!(!told.problem.is_empty() && !told.remedy.is_empty(), "{told:?}");
    }
}
