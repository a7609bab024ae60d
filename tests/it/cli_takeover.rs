//! Taking over what another controller left on the appliance.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::command::{Manifests, Served, nitro_ingress};

const SHOP: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {ingress.citrix.com/frontend-ip: 192.0.2.10}
spec:
  defaultBackend: {service: {name: web, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{port: 80}]
";

/// Adds an object by hand.
fn add(served: &Served, kind: &str, body: &str) {
    let mut stream = TcpStream::connect(served.address).unwrap();
    let request = format!(
        "POST /nitro/v1/config/{kind} HTTP/1.1\r\nHost: mock\r\nX-NITRO-USER: nsroot\r\n\
         X-NITRO-PASS: nsroot\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

#[test]
fn apply_stops_when_it_has_taken_something_over_so_that_people_can_look() {
    let served = Served::start();
    add(
        &served,
        "nsfeature?action=enable",
        r#"{"nsfeature": {"feature": ["CS", "LB", "RESPONDER"]}}"#,
    );
    add(
        &served,
        "csvserver",
        r#"{"csvserver": {"name": "k8s-192.0.2.10_80_http", "servicetype": "HTTP",
            "ipv46": "192.0.2.10", "port": 80}}"#,
    );
    add(&served, "nsconfig?action=save", r#"{"nsconfig": {}}"#);
    let manifests = Manifests::walkthrough("");
    std::fs::remove_file(manifests.path().join("ingress.yaml")).unwrap();
    manifests.write("shop.yaml", SHOP);
    let run =
        |arguments: &[&str]| nitro_ingress(arguments).on(&served).files(&manifests.path()).end();

    let refused = run(&["plan"]);
    assert!(refused.err.contains("or take it over with --takeover"), "{}", refused.err);
    let writes = served.writes();
    let taken = run(&["apply", "--takeover"]).with_status(1);
    assert!(taken.out.contains("\nTaken over: 1. See with `plan`"), "{}", taken.out);
    assert_eq!(served.writes(), writes + 2, "its comment, and a save");

    let next = run(&["plan"]).with_status(0);
    assert!(next.out.contains("~ csvserver k8s-192.0.2.10_80_http"), "{}", next.out);
    run(&["apply"]).with_status(0);
    let rest = run(&["plan", "--takeover", "--detailed-exitcode"]).with_status(0);
    assert!(rest.out.contains("\nno changes\n"), "{}", rest.out);
}
