//! How many commands a second the appliance takes in process, so that no benchmark of a client
//! measures it by mistake: `cargo bench -p mock-nitro --bench throughput` prints a table.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Instant;

use mock_nitro::message::Request;
use mock_nitro::{Appliance, Options};
use serde_json::{Value, json};

/// How many objects each step adds, and how many steps there are.
const STEP: usize = 10_000;
const STEPS: usize = 5;

fn main() {
    println!("single creates a second, in process, with so many objects there already\n");
    print!("| type |");
    (0..STEPS).for_each(|step| print!(" {} |", step * STEP));
    println!("\n| --- |{}", " --: |".repeat(STEPS));
    for (kind, fields) in KINDS {
        let mut appliance = prepared();
        print!("| {kind} |");
        for step in 0..STEPS {
            let begun = Instant::now();
            for number in step * STEP..(step + 1) * STEP {
                create(&mut appliance, kind, &fields(number));
            }
            let rate = STEP as u128 * 1_000_000 / begun.elapsed().as_micros().max(1);
            print!(" {rate} |");
        }
        println!();
    }
}

type Kind = (&'static str, fn(usize) -> Value);

/// What a controller makes many of.
const KINDS: [Kind; 7] = [
    ("server", |n| json!({ "name": format!("s{n}"), "ipaddress": address(n) })),
    ("lbvserver", |n| json!({ "name": format!("l{n}"), "servicetype": "HTTP" })),
    ("servicegroup", |n| json!({ "servicegroupname": format!("g{n}"), "servicetype": "HTTP" })),
    ("csaction", |n| json!({ "name": format!("a{n}"), "targetlbvserver": "l" })),
    ("cspolicy", |n| {
        let rule = format!("HTTP.REQ.HOSTNAME.SERVER.EQ(\"h{n}.example\")");
        json!({ "policyname": format!("p{n}"), "rule": rule, "action": "a" })
    }),
    (
        "servicegroup_servicegroupmember_binding",
        |n| json!({ "servicegroupname": "g", "servername": "s", "port": 1 + n }),
    ),
    (
        "csvserver_cspolicy_binding",
        |n| json!({ "name": "c", "policyname": format!("q{n}"), "priority": 1 + n }),
    ),
];

fn address(number: usize) -> String {
    format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255)
}

/// An appliance on which all of these can be made.
fn prepared() -> Appliance {
    let mut appliance = Appliance::new(Options::default());
    appliance.journal_off();
    let features = json!({ "feature": ["LB", "CS"] });
    create(&mut appliance, "nsfeature?action=enable", &features);
    for (kind, fields) in [
        ("server", json!({ "name": "s", "ipaddress": "192.0.2.1" })),
        ("lbvserver", json!({ "name": "l", "servicetype": "HTTP" })),
        ("servicegroup", json!({ "servicegroupname": "g", "servicetype": "HTTP" })),
        ("csaction", json!({ "name": "a", "targetlbvserver": "l" })),
        (
            "csvserver",
            json!({ "name": "c", "servicetype": "HTTP", "ipv46": "192.0.2.9", "port": 80 }),
        ),
    ] {
        create(&mut appliance, kind, &fields);
    }
    for number in 0..STEP * STEPS {
        let policy = json!({ "policyname": format!("q{number}"), "rule": "TRUE", "action": "a" });
        create(&mut appliance, "cspolicy", &policy);
    }
    appliance
}

fn create(appliance: &mut Appliance, kind: &str, fields: &Value) {
    let (kind, query) = match kind.split_once('?') {
        Some((kind, query)) => (kind, Some(query.to_owned())),
        None => (kind, None),
    };
    let method = if kind.ends_with("_binding") { "PUT" } else { "POST" };
    let request = Request {
        method: method.to_owned(),
        path: format!("/nitro/v1/config/{kind}"),
        query,
        headers: ["X-NITRO-USER", "X-NITRO-PASS"]
            .map(|name| (name.to_owned(), "nsroot".to_owned()))
            .into(),
        body: json!({ kind: fields }).to_string().into_bytes(),
    };
    let response = appliance.handle(&request);
    let text = String::from_utf8_lossy(&response.body);
    assert!([200, 201].contains(&response.status), "{kind}: {text}");
}
