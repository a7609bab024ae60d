//! What clients get from an appliance, and what protects it, read from the appliance itself.

use std::collections::{BTreeMap, BTreeSet};

use mock_nitro::Appliance;
use mock_nitro::eval::{Answer, Outcome, Request};
use serde_json::Value;

/// What each request gets.
pub(super) type Seen = BTreeMap<Probe, Got>;

/// A request: port, host, path.
pub(super) type Probe = (u16, &'static str, &'static str);

/// What a request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Got {
    /// No connection, or one that ends without an answer.
    Nothing,
    /// An answer of the appliance itself: a status, and where a redirect leads.
    Answer(u16, Option<String>),
    /// An answer of a back end.
    Served {
        /// Whose: the comment of its lbvserver.
        owner: String,
        /// What clients must show, and how the back end is spoken to.
        protection: Box<(Ends, Ends)>,
    },
}

/// How one side of a request is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ends {
    servicetype: String,
    /// The content of the SSL profile.
    profile: Value,
    /// The files of the bound certkeys, and their roles.
    certkeys: BTreeSet<(String, bool)>,
}

impl Got {
    /// Whether a back end of this Ingress answers.
    pub(super) fn is_by(&self, name: &str) -> bool {
        match self {
            Self::Served { owner, .. } => owner.contains(&format!(" name=default/{name} ")),
            Self::Nothing | Self::Answer(..) => false,
        }
    }

    /// Whether no back end answers.
    pub(super) fn is_by_nobody(&self) -> bool {
        !matches!(self, Self::Served { .. })
    }
}

/// Asks for everything that could be there.
pub(super) fn seen(appliance: &Appliance) -> Seen {
    let dump = appliance.dump();
    let mut seen = Seen::new();
    for port in [80, 443, 8080, 8443] {
        for host in ["a.example", "b.example", "c.example"] {
            for path in ["/", "/open", "/x"] {
                seen.insert((port, host, path), got(appliance, &dump, (port, host, path)));
            }
        }
    }
    seen
}

fn got(appliance: &Appliance, dump: &Value, (port, host, path): Probe) -> Got {
    let vip = "192.0.2.10".parse().unwrap();
    let decision = appliance.decide(&Request::get(vip, port, host, path));
    match (decision.outcome, decision.vserver, decision.lbvserver) {
        (Outcome::Answered(Answer { status, location, .. }), ..) => Got::Answer(status, location),
        (Outcome::Served(_), Some(vserver), Some(lbvserver)) => Got::Served {
            owner: text(&dump["objects"]["lbvserver"][&lbvserver], "comment"),
            protection: Box::new(protection(dump, &vserver, &lbvserver)),
        },
        (Outcome::Served(_) | Outcome::Refused | Outcome::Closed(_), ..) => Got::Nothing,
    }
}

fn protection(dump: &Value, csvserver: &str, lbvserver: &str) -> (Ends, Ends) {
    let front = ends(dump, ("csvserver", "sslvserver", "vservername"), csvserver);
    let groups = rows(dump, "lbvserver_servicegroup_binding", "name", lbvserver);
    let group = text(groups.first().unwrap(), "servicegroupname");
    (front, ends(dump, ("servicegroup", "sslservicegroup", "servicegroupname"), &group))
}

fn ends(dump: &Value, (kind, ssl, field): (&str, &str, &str), name: &str) -> Ends {
    let objects = &dump["objects"];
    let bound = rows(dump, &format!("{ssl}_sslcertkey_binding"), field, name);
    let certkeys = bound.into_iter().map(|row| {
        let certkey = &objects["sslcertkey"][text(row, "certkeyname")];
        (text(certkey, "cert"), row["ca"] == true)
    });
    let mut profile = objects["sslprofile"][text(&objects[ssl][name], "sslprofile")].clone();
    // It may be another with the same content.
    profile.as_object_mut().map(|fields| fields.remove("name"));
    Ends {
        servicetype: text(&objects[kind][name], "servicetype"),
        profile,
        certkeys: certkeys.collect(),
    }
}

fn rows<'d>(dump: &'d Value, kind: &str, field: &str, parent: &str) -> Vec<&'d Value> {
    let all = dump["bindings"][kind].as_object();
    all.into_iter().flat_map(|all| all.values()).filter(|row| row[field] == parent).collect()
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}
