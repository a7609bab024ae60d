//! One plan by hand, with every op in it, in all its forms. `BLESS=1` rewrites what is expected.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::model::{
    BindingId, EntityId, Fields, Host, IngressId, Kind, ObjectKey, PathMatch, Redacted, Role,
    RouteMatch, Value,
};
use crate::plan::{Before, FileContent, HeldBack, Label, Op, OpId, Plan, PlannedOp};

const FRONT_END: &str = "k8s-192.0.2.10_443_ssl";
const BACK_END: &str = "k8s-apache_443_lbv_7y2w6cq5ebo";
const GROUP: &str = "k8s-apache_443_sgp_7y2w6cq5ebo";
const CERTKEY: &str = "k8s-ngs4b-x3ld7q2mzpaw";
const CA: &str = "k8s-ngs4b-b6rt5uo4nwhf";
const ROUTE: &str = "k8s-ngs4b-hfa2t6dvka-q3mz7d2xlp5wbyc4";
const OLD_ROUTE: &str = "k8s-ngs4b-hfa2t6dvka-w7yk2hd3qpz5mxa6";
const MOVED_ROUTE: &str = "k8s-ngs4b-hfa2t6dvka-b4n7ptx2yq6kd3ml";
const PROFILE: &str = "k8s-ngs4b-m5yd4zq2wkfp";

fn key() -> ObjectKey {
    ObjectKey::new("default", "web-ingress")
}

fn rule() -> String {
    let host = Host::Exact("www.guestbook.com".to_owned());
    RouteMatch { host, path: PathMatch::prefix("/a \"quoted\" path") }.rule()
}

fn fields(pairs: &[(&str, Value)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn create(kind: Kind, name: &str, pairs: &[(&str, Value)]) -> Op {
    Op::Create { entity: EntityId::new(kind, name), fields: fields(pairs) }
}

fn bind(kind: Kind, (parent, child): (&str, &str), role: Role, pairs: &[(&str, Value)]) -> Op {
    Op::Bind { binding: BindingId::new(kind, parent, child, role), attributes: fields(pairs) }
}

fn unbind(kind: Kind, parent: &str, child: &str, role: Role) -> Op {
    Op::Unbind { binding: BindingId::new(kind, parent, child, role) }
}

fn member(server: &str) -> BindingId {
    BindingId::new(Kind::SERVICEGROUP_MEMBER, GROUP, server, Role::Port(8443))
}

fn settings() -> Vec<Op> {
    let parameter = EntityId::new(Kind::SSLPARAMETER, "");
    let enabled = fields(&[("defaultprofile", "ENABLED".into())]);
    vec![
        Op::Enable { features: ["LB", "CS", "SSL", "RESPONDER"].map(str::to_owned).to_vec() },
        Op::Save,
        Op::Set { entity: parameter.clone(), fields: enabled.clone() },
        Op::Verify { entity: parameter, fields: enabled },
    ]
}

fn shared() -> Vec<Op> {
    let comment = "nitro-ingress cluster=local";
    vec![
        Op::Upload {
            file: "k8s-ngs4b-abcd.key".to_owned(),
            content: FileContent(Redacted::new("hunter2".to_owned())),
        },
        create(
            Kind::SERVER,
            "k8s-ngs4b-10.244.1.7",
            &[("ipaddress", "10.244.1.7".into()), ("comment", comment.into())],
        ),
        create(
            Kind::SSLPROFILE,
            PROFILE,
            &[
                ("clientauth", "ENABLED".into()),
                ("clientcert", "Mandatory".into()),
                ("snienable", "ENABLED".into()),
                ("sesstimeout", 120.into()),
            ],
        ),
        bind(
            Kind::SSLPROFILE_SSLCIPHER,
            (PROFILE, "TLS1.3-AES256-GCM-SHA384"),
            Role::Plain,
            &[("cipherpriority", 10.into())],
        ),
        bind(
            Kind::SSLPROFILE_SSLCIPHER,
            (PROFILE, "TLS1.2-ECDHE-RSA-AES256-GCM-SHA384"),
            Role::Plain,
            &[("cipherpriority", 11.into())],
        ),
        unbind(Kind::SSLPROFILE_SSLCIPHER, PROFILE, "DEFAULT", Role::Plain),
        create(
            Kind::CSVSERVER,
            FRONT_END,
            &[
                ("servicetype", "SSL".into()),
                ("ipv46", "192.0.2.10".into()),
                ("port", 443.into()),
                ("comment", comment.into()),
            ],
        ),
        Op::Set {
            entity: EntityId::new(Kind::SSLVSERVER, FRONT_END),
            fields: fields(&[("sslprofile", PROFILE.into())]),
        },
    ]
}

fn certificates() -> Vec<Op> {
    let at = EntityId::new(Kind::SSLSERVICEGROUP, GROUP);
    vec![
        Op::Unlink { certkey: CERTKEY.into() },
        Op::Change {
            certkey: CERTKEY.into(),
            cert: "k8s-ngs4b-abcd.crt".to_owned(),
            key: Some("k8s-ngs4b-abcd.key".to_owned()),
        },
        Op::Link { certkey: CERTKEY.into(), issuer: CA.into() },
        bind(Kind::SSLVSERVER_SSLCERTKEY, (FRONT_END, CERTKEY), Role::Sni, &[]),
        bind(Kind::SSLVSERVER_SSLCERTKEY, (FRONT_END, CA), Role::Ca, &[]),
        bind(Kind::SSLSERVICEGROUP_SSLCERTKEY, (GROUP, CERTKEY), Role::Plain, &[]),
        unbind(Kind::SSLSERVICEGROUP_SSLCERTKEY, GROUP, CA, Role::Ca),
        Op::Unset { entity: at, fields: vec!["sslprofile".to_owned()] },
    ]
}

fn routes() -> Vec<Op> {
    let policy = EntityId::new(Kind::CSPOLICY, OLD_ROUTE);
    let action = EntityId::new(Kind::CSACTION, OLD_ROUTE);
    vec![
        create(Kind::LBVSERVER, BACK_END, &[("servicetype", "HTTP".into())]),
        bind(Kind::LBVSERVER_SERVICEGROUP, (BACK_END, GROUP), Role::Plain, &[]),
        bind(Kind::SERVICEGROUP_MEMBER, (GROUP, "k8s-ngs4b-10.244.1.7"), Role::Port(8443), &[]),
        unbind(Kind::SERVICEGROUP_MEMBER, GROUP, "k8s-ngs4b-10.244.1.8", Role::Port(8443)),
        Op::DisableMember { member: member("k8s-ngs4b-10.244.1.9"), delay_secs: 30 },
        Op::DisableMember { member: member("k8s-ngs4b-10.244.1.10"), delay_secs: 30 },
        Op::EnableMember { member: member("k8s-ngs4b-10.244.1.11") },
        create(Kind::CSACTION, ROUTE, &[("targetlbvserver", BACK_END.into())]),
        create(Kind::CSPOLICY, ROUTE, &[("rule", rule().into()), ("action", ROUTE.into())]),
        bind(
            Kind::CSVSERVER_CSPOLICY,
            (FRONT_END, ROUTE),
            Role::Plain,
            &[("priority", 524_001.into())],
        ),
        Op::Set {
            entity: EntityId::new(Kind::CSACTION, MOVED_ROUTE),
            fields: fields(&[("targetlbvserver", BACK_END.into())]),
        },
        Op::Rebind {
            binding: BindingId::new(
                Kind::CSVSERVER_RESPONDERPOLICY,
                FRONT_END,
                "refuse",
                Role::Request,
            ),
            attributes: fields(&[
                ("priority", 100.into()),
                ("gotopriorityexpression", "END".into()),
            ]),
        },
        unbind(Kind::CSVSERVER_CSPOLICY, FRONT_END, OLD_ROUTE, Role::Plain),
        Op::Delete { entity: policy, also: Fields::new() },
        Op::Delete { entity: action, also: Fields::new() },
    ]
}

fn planned(op: Op, ingress: Option<&IngressId>) -> PlannedOp {
    PlannedOp {
        op,
        needs: [OpId(0)].into(),
        ingresses: Arc::new(ingress.copied().into_iter().collect()),
    }
}

fn everything() -> Plan {
    let id = IngressId::of(&key());
    let mut ops: Vec<PlannedOp> = settings().into_iter().map(|op| planned(op, None)).collect();
    let settings = ops.len();
    ops.extend(shared().into_iter().map(|op| planned(op, None)));
    ops.extend(certificates().into_iter().chain(routes()).map(|op| planned(op, Some(&id))));
    ops.push(planned(Op::Save, None));
    ops.push(planned(Op::RemoveFile { file: "k8s-ngs4b-old.key".to_owned() }, None));
    let label = |kind, name: &str, what: &str, uses: &[&str]| {
        let uses = uses.iter().map(|place| (*place).to_owned()).collect();
        let not_after = (kind == Kind::SSLCERTKEY).then_some(jiff::Timestamp::UNIX_EPOCH);
        (EntityId::new(kind, name), Label { what: what.to_owned(), uses, not_after })
    };
    let uses = [
        "SNI certificate of k8s-192.0.2.10_443_ssl",
        "client certificate of k8s-apache_443_sgp_7y2w6cq5ebo",
    ];
    Plan {
        batches: (0..ops.len()).map(|i| i..i + 1).collect(),
        ops,
        settings,
        ends_after_settings: false,
        takeovers: 0,
        held_back: Some(HeldBack {
            deletions: vec!["Ingress shop/a".to_owned(), "Ingress shop/b".to_owned()],
            digest: "k2q5w".to_owned(),
        }),
        approved: None,
        swaps: std::iter::once(0..2).collect(),
        unordered: Vec::new(),
        ingresses: [(id, key())].into(),
        labels: [
            label(Kind::CSPOLICY, ROUTE, "www.guestbook.com/a \"quoted\" path", &[]),
            label(Kind::CSPOLICY, MOVED_ROUTE, "shop.example/", &[]),
            label(Kind::CSPOLICY, OLD_ROUTE, "www.guestbook.com/old", &[]),
            label(Kind::SSLCERTKEY, CERTKEY, "www.guestbook.com", &uses),
            label(Kind::SSLCERTKEY, CA, "CN=Guestbook Root", &[]),
        ]
        .into(),
        before: before(),
    }
}

/// A profile that a new one replaces, a certkey that is changed, and a route that gets another target.
fn before() -> BTreeMap<EntityId, Before> {
    let old = |name: &str, pairs: &[(&str, Value)], ciphers: &[&str]| {
        let ciphers = ciphers.iter().map(|cipher| (*cipher).to_owned()).collect();
        Before { name: name.into(), fields: fields(pairs), ciphers }
    };
    let profile = old(
        "k8s-ngs4b-old",
        &[
            ("clientauth", "DISABLED".into()),
            ("snienable", "ENABLED".into()),
            ("tls13", "ENABLED".into()),
        ],
        &["TLS1.3-AES256-GCM-SHA384", "TLS1-AES-256-CBC-SHA"],
    );
    let certkey = old(
        CERTKEY,
        &[("cert", "k8s-ngs4b-old.crt".into()), ("key", "k8s-ngs4b-old.key".into())],
        &[],
    );
    let target = old(MOVED_ROUTE, &[("targetlbvserver", "k8s-blue".into())], &[]);
    [
        (EntityId::new(Kind::SSLPROFILE, PROFILE), profile),
        (EntityId::new(Kind::SSLCERTKEY, CERTKEY), certkey),
        (EntityId::new(Kind::CSACTION, MOVED_ROUTE), target),
    ]
    .into()
}

#[test]
fn what_stands_behind_another_value_has_no_name() {
    let monitor = create(
        Kind::LBMONITOR,
        "m",
        &[
            ("type", "TCP".into()),
            ("units3", "MIN".into()),
            ("units4", "MSEC".into()),
            ("resptimeout", 500.into()),
        ],
    );
    let group = EntityId::new(Kind::SERVICEGROUP, GROUP);
    let header = Op::Set { entity: group.clone(), fields: fields(&[("cipheader", "X-IP".into())]) };
    let old = Before { fields: fields(&[("cip", "ENABLED".into())]), ..Before::default() };
    let plan = Plan {
        ops: vec![planned(monitor, None), planned(header, None)],
        before: [(group, old)].into(),
        ..Plan::default()
    };
    let commands = format!(
        "add lb monitor m TCP -interval 5 MIN -resptimeout 500 MSEC\n\
         set serviceGroup {GROUP} -cip ENABLED X-IP\n"
    );
    assert_eq!(nscli(&plan), commands);
}

fn header() -> Header {
    let url = "https://adc.example".to_owned();
    let version = "NetScaler NS14.1: Build 51.80.nc".to_owned();
    let cluster = ClusterId::parse("local").unwrap();
    Header { cluster, appliance: Target::Live { url, version } }
}

/// Compares with a file beside this one.
#[track_caller]
fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/render/tests").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name} is not as expected; if it should be so: make bless");
}

#[test]
fn people_read_it_like_a_review() {
    assert_golden("everything.txt", &text(&everything(), &header(), Style::default()));
}

#[test]
fn programs_read_it_as_json() {
    let text = serde_json::to_string_pretty(&json(&everything(), &header())).unwrap();
    assert_golden("everything.json", &(text + "\n"));
}

#[test]
fn administrators_read_it_as_commands() {
    assert_golden("everything.nscli", &nscli(&everything()));
}

#[test]
fn an_empty_plan_says_no_changes() {
    let header = Header { appliance: Target::Offline, ..header() };
    let text = text(&Plan::default(), &header, Style::default());
    assert_eq!(text, "cluster    local\nappliance  an empty appliance (offline)\n\nno changes\n");
    assert_eq!(nscli(&Plan::default()), "# no changes\n");
}

#[test]
fn a_plan_that_only_holds_back_says_no_other_changes() {
    let plan = Plan { held_back: everything().held_back, ..Plan::default() };
    assert!(text(&plan, &header(), Style::default()).ends_with("\n\nno other changes\n"));
    let commands = nscli(&plan);
    assert!(commands.lines().all(|line| line.starts_with("# ")), "{commands}");
    assert!(commands.ends_with("\n# no other changes\n"), "{commands}");
}

#[test]
fn what_has_no_order_is_shown_in_every_form() {
    let plan = Plan { unordered: vec![Op::Save], ..Plan::default() };
    let says = |form: &str| form.contains(&Op::Save.to_string()) && !form.contains("no changes");
    assert!(says(&text(&plan, &header(), Style::default())));
    assert!(says(&nscli(&plan)));
    assert!(says(&json(&plan, &header()).to_string()));
}

#[test]
fn no_form_shows_what_is_in_a_file() {
    let plan = everything();
    for form in [
        text(&plan, &header(), Style::default()),
        json(&plan, &header()).to_string(),
        nscli(&plan),
        format!("{plan:?}"),
    ] {
        assert!(!form.contains("hunter2"), "{form}");
    }
}

#[test]
fn without_colour_there_is_no_escape_sequence_and_with_it_the_text_is_the_same() {
    let plain = text(&everything(), &header(), Style::default());
    assert!(!plain.contains('\x1b'));
    let style = Style { colour: true, ..Style::default() };
    let coloured = text(&everything(), &header(), style);
    assert!(coloured.contains("\x1b[32m"));
    let mut stripped = String::new();
    for (i, part) in coloured.split('\x1b').enumerate() {
        let shown = if i == 0 { part } else { part.split_once('m').unwrap().1 };
        stripped.push_str(shown);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn long_values_are_wrapped_and_names_are_not_broken() {
    let style = Style { width: 60, ..Style::default() };
    let text = text(&everything(), &header(), style);
    assert!(text.contains(ROUTE));
    let too_long = text.lines().filter(|line| {
        let words = line.trim().split("  ").last().unwrap_or_default();
        line.chars().count() > 60 && words.contains(' ') && words.len() < 30
    });
    assert_eq!(too_long.count(), 0, "{text}");
}
