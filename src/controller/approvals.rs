//! Approvals: the annotation of a `NetScaler`, or of the lease, that lets go on what waits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::hosts::Hosts;
use crate::cluster::connect::{self, Access, connect};
use crate::cluster::resources::netscaler::{NetScaler, PendingDeletions};
use crate::model::ObjectKey;
use crate::report::find;

/// The name of the annotation. Its value is a list with commas.
const APPROVED: &str = "nitro-ingress.dev/approve";

/// Where approvals for an appliance stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desk {
    /// On its `NetScaler`.
    NetScaler(String),
    /// On the lease, of the appliance of the settings: its namespace unless it is our own, and its
    /// name.
    Lease(Option<String>, String),
}

/// Something that waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What an approval of it must name.
    pub digest: String,
    /// What it is, in words.
    pub what: String,
}

/// What was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The object that says so now.
    pub desk: String,
    /// Everything that waits there, as far as it can be seen.
    pub waiting: Vec<Waiting>,
    /// What was approved there before.
    pub before: BTreeSet<String>,
}

/// Why nothing was approved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to the API server.
    #[error("the cluster cannot be reached")]
    Connect(#[from] connect::Error),
    /// The object is not there.
    #[error("there is no {desk}: {remedy}")]
    Missing {
        /// The object.
        desk: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The object cannot be read or written.
    #[error("cannot {verb} {desk}")]
    Api {
        /// What was to be done.
        verb: &'static str,
        /// The object.
        desk: String,
        /// Why.
        #[source]
        source: kube::Error,
    },
    /// Nothing of this name waits.
    #[error(
        "{digest:?} does not wait on {desk}, where {waits}; to approve it before it does, add --force"
    )]
    NothingWaits {
        /// What was to be approved.
        digest: String,
        /// The object.
        desk: String,
        /// What waits instead.
        waits: String,
    },
}

/// How often an approval is written again when somebody else has written the object meanwhile, as
/// the controller does with its lease.
const TRIES: usize = 10;

/// What annotations approve.
pub(super) fn of(annotations: &BTreeMap<String, String>) -> BTreeSet<String> {
    let approved = annotations.get(APPROVED).map(String::as_str).unwrap_or_default();
    let approved = approved.split(',').map(str::trim).filter(|one| !one.is_empty());
    approved.map(str::to_owned).collect()
}

/// Approves what has these digests. Unless `even_unseen`, each must be seen to wait where that can
/// be seen.
pub async fn approve(
    access: &Access,
    desk: Desk,
    digests: &BTreeSet<String>,
    even_unseen: bool,
) -> Result<Approved, Error> {
    let client = connect(access).await?;
    match desk {
        Desk::NetScaler(name) => {
            let desk = format!("NetScaler {name:?}");
            let remedy = "see kubectl get netscalers, and name one of them with --appliance";
            let look = |object: &NetScaler| {
                let waiting = waiting(object);
                match digests.iter().find(|one| !waiting.iter().any(|two| two.digest == **one)) {
                    Some(digest) if !even_unseen => Err(Error::NothingWaits {
                        digest: digest.clone(),
                        desk: desk.clone(),
                        waits: list(&waiting),
                    }),
                    Some(_) | None => Ok(waiting),
                }
            };
            write(&Api::all(client), (&name, &desk, remedy), digests, look).await
        }
        Desk::Lease(namespace, name) => {
            let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
            let desk = format!("Lease {:?}", ObjectKey::new(&namespace, &name).to_string());
            let remedy = "name that of the controller with --lease-namespace and --lease-name, or \
                          the NetScaler of the appliance with --appliance";
            let api: Api<Lease> = Api::namespaced(client, &namespace);
            write(&api, (&name, &desk, remedy), digests, |_| Ok(Vec::new())).await
        }
    }
}

/// Adds digests to the annotation of an object, whatever else is written to it meanwhile.
async fn write<K>(
    api: &Api<K>,
    (name, desk, remedy): (&str, &str, &'static str),
    digests: &BTreeSet<String>,
    look: impl Fn(&K) -> Result<Vec<Waiting>, Error>,
) -> Result<Approved, Error>
where
    K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned,
{
    let failed = |verb| move |source| Error::Api { verb, desk: desk.to_owned(), source };
    let mut tries = 0;
    loop {
        tries += 1;
        let object = api.get_opt(name).await.map_err(failed("read"))?;
        let missing = || Error::Missing { desk: desk.to_owned(), remedy };
        let object = object.ok_or_else(missing)?;
        let waiting = look(&object)?;
        let before = of(object.annotations());
        let all: Vec<&str> = before.union(digests).map(String::as_str).collect();
        let patch = json!({ "metadata": {
            "resourceVersion": object.resource_version(),
            "annotations": { APPROVED: all.join(",") },
        } });
        match api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(Approved { desk: desk.to_owned(), waiting, before }),
            Err(kube::Error::Api(status)) if status.code == 409 && tries < TRIES => (),
            Err(source) => return Err(failed("write")(source)),
        }
    }
}

/// What waits for an approval on an appliance.
fn waiting(object: &NetScaler) -> Vec<Waiting> {
    let status = object.status.clone().unwrap_or_default();
    let deletions = status.pending_deletions.map(|PendingDeletions { digest, count, first }| {
        let rest = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(first.len());
        let rest = if rest == 0 { String::new() } else { format!(", and {rest} more") };
        Waiting { digest, what: format!("{count} deletions: {}{rest}", first.join(", ")) }
    });
    let stranger = find(&status.conditions, "Synced").and_then(|condition| {
        let digest = Hosts::approved_by(&condition.message)?;
        Some(Waiting { digest, what: condition.message.clone() })
    });
    deletions.into_iter().chain(stranger).collect()
}

fn list(waiting: &[Waiting]) -> String {
    if waiting.is_empty() {
        return "nothing waits".to_owned();
    }
    let all = waiting.iter().map(|Waiting { digest, what }| format!("{digest} ({what})"));
    format!("this waits: {}", all.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvals_are_a_list_with_commas() {
        let annotations = [(APPROVED.to_owned(), " a, b,,".to_owned())].into();
        assert_eq!(of(&annotations), ["a", "b"].map(str::to_owned).into());
        assert_eq!(of(&BTreeMap::new()), BTreeSet::new());
    }

    #[test]
    fn what_waits_is_read_where_it_is_told() {
        let mut object = NetScaler::new(
            "adc",
            serde_json::from_value(json!({
                "endpoints": ["https://192.0.2.2"], "credentials": { "secretName": "adc" },
            }))
            .unwrap(),
        );
        assert_eq!(list(&waiting(&object)), "nothing waits");
        object.status = Some(
            serde_json::from_value(json!({
                "pendingDeletions": { "digest": "abc", "count": 3, "first": ["Ingress a/b"] },
                "conditions": [{
                    "type": "Synced", "status": "False", "reason": "WrongBox",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                    "message": super::super::hosts::stranger("https://192.0.2.2", "42"),
                }],
            }))
            .unwrap(),
        );
        let waiting = waiting(&object);
        let digests: Vec<&str> = waiting.iter().map(|one| one.digest.as_str()).collect();
        assert_eq!(digests, ["abc", "host-42"]);
        assert_eq!(waiting[0].what, "3 deletions: Ingress a/b, and 2 more");
    }
}
