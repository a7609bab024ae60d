//! Types that store nothing of their own: they show bindings from the other side (which vservers
//! use this certkey), or fields of other objects (which certkeys are linked).

use std::sync::Arc;

use serde_json::Value;

use super::Row;
use crate::state::{Fields, State, text};

/// A binding type that shows another one from the side of what is bound.
struct Mirror {
    kind: &'static str,
    /// The binding types that it shows.
    sources: &'static [&'static str],
    /// The name of the bound object: in the mirror, and in the source.
    near: (&'static str, &'static str),
    /// The name of the parent: in the mirror, and in the source.
    far: (&'static str, &'static str),
    /// Attributes that both have, under the same name.
    shared: &'static [&'static str],
    /// Attributes that every row has.
    constant: &'static [(&'static str, bool)],
}

/// The rows of a mirror: those of one object, or all. Nothing if the type is no mirror.
pub(super) fn bindings(state: &State, kind: &str, name: Option<&str>) -> Option<Vec<Row>> {
    if let Some(mirror) = MIRRORS.iter().find(|mirror| mirror.kind == kind) {
        return Some(mirror.rows(state, name));
    }
    match kind {
        "sslprofile_sslvserver_binding" => Some(profile_users(state, name)),
        "lbvserver_servicegroupmember_binding" => Some(group_members(state, name)),
        "lbvserver_csvserver_binding" => Some(policy_targets(state, name)),
        "server_service_binding" => Some(services_of(state, name)),
        "sslcertchain_sslcertkey_binding" => Some(chain(state, name)),
        _ => None,
    }
}

/// The rows of an object type that is derived. Nothing if the type stores its own.
pub(super) fn objects(state: &State, kind: &str, name: Option<&str>) -> Option<Vec<Row>> {
    let certkeys =
        state.objects("sslcertkey").filter(|(other, _)| name.is_none_or(|n| n == *other));
    match kind {
        "sslcertlink" => {
            let linked = certkeys.filter(|(_, fields)| fields.contains_key("linkcertkeyname"));
            let row = |(name, fields): (&str, &Row)| {
                row([
                    ("certkeyname", Value::from(name)),
                    ("linkcertkeyname", Value::from(text(fields, "linkcertkeyname"))),
                ])
            };
            Some(linked.map(row).collect())
        }
        "sslcertchain" => {
            Some(certkeys.map(|(name, _)| row([("certkeyname", Value::from(name))])).collect())
        }
        _ => None,
    }
}

impl Mirror {
    fn rows(&self, state: &State, name: Option<&str>) -> Vec<Row> {
        let (near, source_near) = self.near;
        let (far, source_far) = self.far;
        let mut rows = Vec::new();
        for source in self.sources {
            for (_, fields) in state.bindings_of(source) {
                let bound = text(fields, source_near);
                if bound.is_empty() || name.is_some_and(|name| name != bound) {
                    continue;
                }
                let mut row = Fields::from([(near, Value::from(bound))]);
                row.insert(far, Value::from(text(fields, source_far)));
                let shared = self.shared.iter().filter_map(|f| Some((*f, fields.get(f)?.clone())));
                row.extend(shared);
                row.extend(
                    self.constant.iter().map(|(field, value)| (*field, Value::from(*value))),
                );
                rows.push(Arc::new(row));
            }
        }
        rows
    }
}

/// A policy as seen from where it is bound.
const fn policy(
    kind: &'static str,
    sources: &'static [&'static str],
    near: &'static str,
) -> Mirror {
    Mirror {
        kind,
        sources,
        near: (near, "policyname"),
        far: ("boundto", "name"),
        shared: &["priority", "gotopriorityexpression"],
        constant: &[("activepolicy", true)],
    }
}

/// A certkey as seen from where it is bound.
const fn certkey(
    kind: &'static str,
    sources: &'static [&'static str],
    far: (&'static str, &'static str),
) -> Mirror {
    Mirror { kind, sources, near: ("certkey", "certkeyname"), far, shared: &["ca"], constant: &[] }
}

static MIRRORS: [Mirror; 15] = [
    Mirror {
        constant: &[],
        ..policy("cspolicy_csvserver_binding", &["csvserver_cspolicy_binding"], "policyname")
    },
    policy("responderpolicy_csvserver_binding", &["csvserver_responderpolicy_binding"], "name"),
    policy("responderpolicy_lbvserver_binding", &["lbvserver_responderpolicy_binding"], "name"),
    policy("rewritepolicy_csvserver_binding", &["csvserver_rewritepolicy_binding"], "name"),
    policy("rewritepolicy_lbvserver_binding", &["lbvserver_rewritepolicy_binding"], "name"),
    Mirror {
        far: ("boundto", "vservername"),
        ..policy("sslpolicy_sslvserver_binding", &["sslvserver_sslpolicy_binding"], "name")
    },
    Mirror {
        far: ("boundto", "servicename"),
        ..policy("sslpolicy_sslservice_binding", &["sslservice_sslpolicy_binding"], "name")
    },
    certkey(
        "sslcertkey_sslvserver_binding",
        &["sslvserver_sslcertkey_binding"],
        ("servername", "vservername"),
    ),
    certkey(
        "sslcertkey_service_binding",
        &["sslservicegroup_sslcertkey_binding"],
        ("servicegroupname", "servicegroupname"),
    ),
    Mirror {
        near: ("certkey", "sslicacertkey"),
        ..certkey(
            "sslcertkey_sslprofile_binding",
            &["sslprofile_sslcertkey_binding"],
            ("sslprofile", "name"),
        )
    },
    Mirror {
        kind: "server_servicegroup_binding",
        sources: &["servicegroup_servicegroupmember_binding"],
        near: ("name", "servername"),
        far: ("servicegroupname", "servicegroupname"),
        shared: &["port", "weight", "customserverid"],
        constant: &[],
    },
    Mirror {
        kind: "lbmonitor_servicegroup_binding",
        sources: &["servicegroup_lbmonitor_binding"],
        near: ("monitorname", "monitor_name"),
        far: ("servicegroupname", "servicegroupname"),
        shared: &["state"],
        constant: &[],
    },
    Mirror {
        kind: "lbmonitor_service_binding",
        sources: &["service_lbmonitor_binding"],
        near: ("monitorname", "monitor_name"),
        far: ("servicename", "name"),
        shared: &["state"],
        constant: &[],
    },
    Mirror {
        kind: "sslcipher_sslprofile_binding",
        sources: &["sslprofile_sslcipher_binding"],
        near: ("ciphergroupname", "ciphername"),
        far: ("sslprofile", "name"),
        shared: &["cipherpriority"],
        constant: &[],
    },
    Mirror {
        kind: "sslcipher_individualcipher_binding",
        sources: &["sslcipher_sslciphersuite_binding"],
        near: ("ciphergroupname", "ciphergroupname"),
        far: ("ciphername", "ciphername"),
        shared: &["cipherpriority"],
        constant: &[],
    },
];

fn profile_users(state: &State, name: Option<&str>) -> Vec<Row> {
    let users = state.objects("sslvserver").filter_map(|(vserver, fields)| {
        let profile = text(fields, "sslprofile");
        let wanted = !profile.is_empty() && name.is_none_or(|name| name == profile);
        let pair = [("name", Value::from(profile)), ("servicename", Value::from(vserver))];
        wanted.then(|| row(pair))
    });
    users.collect()
}

fn group_members(state: &State, name: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, group) in state.bindings_of("lbvserver_servicegroup_binding") {
        if name.is_some_and(|name| name != &*key.parent) {
            continue;
        }
        let group = text(group, "servicegroupname");
        for (_, member) in state.bindings("servicegroup_servicegroupmember_binding", group) {
            let server = text(member, "servername");
            let address = state.object("server", server);
            let address = address.map_or(server, |fields| text(fields, "ipaddress"));
            let mut fields = Fields::from([
                ("name", Value::from(&*key.parent)),
                ("servicegroupname", Value::from(group)),
                ("ipv46", Value::from(address)),
            ]);
            let shared = ["port", "weight", "order"].into_iter();
            fields.extend(shared.filter_map(|f| Some((f, member.get(f)?.clone()))));
            rows.push(Arc::new(fields));
        }
    }
    rows
}

fn policy_targets(state: &State, name: Option<&str>) -> Vec<Row> {
    let targeted = state.bindings_of("csvserver_cspolicy_binding").filter_map(|(_, fields)| {
        let target = text(fields, "targetlbvserver");
        let wanted = !target.is_empty() && name.is_none_or(|name| name == target);
        wanted.then(|| {
            let mut row = Fields::from([("name", Value::from(target))]);
            let shared = ["policyname", "priority"].into_iter();
            row.extend(shared.filter_map(|f| Some((f, fields.get(f)?.clone()))));
            Arc::new(row)
        })
    });
    targeted.collect()
}

fn services_of(state: &State, name: Option<&str>) -> Vec<Row> {
    let services = state.objects("service").filter_map(|(service, fields)| {
        let server = text(fields, "servername");
        let wanted = !server.is_empty() && name.is_none_or(|name| name == server);
        wanted.then(|| {
            let mut row = Fields::from([("name", Value::from(server))]);
            row.insert("servicename", Value::from(service));
            row.extend(fields.get("port").map(|port| ("port", port.clone())));
            Arc::new(row)
        })
    });
    services.collect()
}

/// The issuers of a certkey, as far as they are linked.
fn chain(state: &State, name: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    let starts = state.objects("sslcertkey").filter(|(other, _)| name.is_none_or(|n| n == *other));
    for (start, fields) in starts {
        let mut next = text(fields, "linkcertkeyname");
        while let Some(issuer) = state.object("sslcertkey", next) {
            rows.push(row([
                ("certkeyname", Value::from(start)),
                ("linkcertkeyname", Value::from(next)),
                ("isca", Value::from(true)),
                ("islinked", Value::from(true)),
            ]));
            next = text(issuer, "linkcertkeyname");
        }
    }
    rows
}

fn row<const N: usize>(fields: [(&'static str, Value); N]) -> Row {
    Arc::new(Fields::from(fields))
}
