//! What the fuzz targets check. `tests/it/fuzzed.rs` runs the same on generated texts, so that
//! none of it rots where nobody fuzzes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mock_nitro::eval::{self, ClientCertificate, Request, Response};
use mock_nitro::{Appliance, Options, message};
use nitro_ingress::annotations::{self, ANNOTATIONS};
use nitro_ingress::diagnostic::{Findings, ObjectRef};
use nitro_ingress::model::{Host, Kind, ObjectKey, PathMatch, Redacted, RouteMatch};
use nitro_ingress::{nitro, tls};

/// No request makes the appliance panic, each is answered, and the next one too. The first line is
/// method and target, the second the body's type, the rest the body.
pub fn request(text: &str) {
    static FRESH: LazyLock<Appliance> = LazyLock::new(|| Appliance::new(Options::default()));
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (content_type, body) = rest.split_once('\n').unwrap_or(("", rest));
    let (method, target) = line.split_once(' ').unwrap_or(("GET", line));
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![header("X-NITRO-USER", "nsroot"), header("X-NITRO-PASS", "nsroot")];
    headers.push(header("Content-Type", content_type));
    let request = message::Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers: headers.clone(),
        body: body.as_bytes().to_vec(),
    };
    let mut appliance = FRESH.clone();
    let response = appliance.handle(&request);
    assert!((200..600).contains(&response.status), "{text:?}: {}", response.status);
    let path = "/nitro/v1/config/nsversion".to_owned();
    let alive = message::Request { method: "GET".to_owned(), path, headers, ..Default::default() };
    assert_eq!(appliance.handle(&alive).status, 200, "after {text:?}");
}

/// No text makes the readers of certificates and keys panic, and no fault repeats a line of it: it
/// may be a key.
pub fn secret(text: &str) {
    let content = || Redacted::new(text.as_bytes().to_vec());
    let names = ["tls.crt", "tls.key", "ca.crt"].map(|name| (name.to_owned(), content()));
    let data = tls::SecretData::from(names);
    let faults = [tls::server_pair(&data).err(), tls::authorities(&data).err()];
    let lines = text.lines().map(str::trim).filter(|line| line.len() > 40);
    let secrets: Vec<&str> = lines.filter(|line| !line.starts_with("-----")).collect();
    for fault in faults.into_iter().flatten() {
        let said = fault.to_string();
        assert!(!secrets.iter().any(|line| said.contains(line)), "{said}");
    }
}

/// No answer of an appliance makes its reader panic. The first line is the status, the rest the
/// body.
pub fn answer(text: &str) {
    let (status, body) = text.split_once('\n').unwrap_or(("200", text));
    let status = status.parse().unwrap_or(200);
    let body = Redacted::new(body.as_bytes().to_vec());
    let response = nitro::HttpResponse { status, body };
    for request in [
        nitro::Request::list(Kind::LBVSERVER, 1, 100),
        nitro::Request::singleton("nsconfig"),
        nitro::Request::all_bindings(Kind::CSVSERVER_CSPOLICY),
        nitro::Request::logout(),
    ] {
        // Either will do: only a panic would not.
        let _read = nitro::Answer::parse(&request, &response);
    }
}

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
