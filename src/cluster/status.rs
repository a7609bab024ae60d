//! Writes what became of Ingresses and appliances: status by server-side apply, and Events.
//!
//! Server-side apply owns exactly the fields that we send: what others write stays, and what we
//! wrote goes when we no longer send it.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};

use super::resources::netscaler::{NetScaler, NetScalerStatus};
use super::resources::report::{IngressReport, IngressReportStatus};
use crate::chain::chain;
use crate::model::ObjectKey;

/// What we are called in the managed fields and Events of objects.
const MANAGER: &str = "nitro-ingress";

/// The longest note of an Event that the API server takes, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Writes status and Events.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    recorder: Recorder,
}

/// Whether an Event is about something that a person must mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Normal,
    /// Somebody must do something.
    Warning,
}

impl Writer {
    /// One that signs Events as `instance`.
    pub fn new(client: Client, instance: String) -> Self {
        let reporter = Reporter { controller: MANAGER.to_owned(), instance: Some(instance) };
        Self { recorder: Recorder::new(client.clone(), reporter), client }
    }

    /// Writes the report of an Ingress, and makes it first if `is_new`.
    pub async fn report(
        &self,
        ingress: &Ingress,
        (appliance, controller, is_new): (&str, &str, bool),
        status: &IngressReportStatus,
    ) -> Result<(), kube::Error> {
        let namespace = ingress.namespace().unwrap_or_default();
        let name = ingress.name_any();
        let api: Api<IngressReport> = Api::namespaced(self.client.clone(), &namespace);
        let kind = (IngressReport::api_version(&()), IngressReport::kind(&()));
        if is_new {
            let owner = json!({
                "apiVersion": Ingress::api_version(&()), "kind": Ingress::kind(&()),
                "name": name, "uid": ingress.uid(), "controller": true,
            });
            let object = json!({
                "apiVersion": kind.0, "kind": kind.1,
                "metadata": { "name": name, "ownerReferences": [owner] },
                "spec": { "appliance": appliance, "controller": controller },
            });
            api.patch(&name, &forced(), &Patch::Apply(&object)).await?;
        }
        let object = json!({ "apiVersion": kind.0, "kind": kind.1, "status": status });
        api.patch_status(&name, &forced(), &Patch::Apply(&object)).await?;
        Ok(())
    }

    /// Removes the report of an Ingress, and with it the address that we gave to the Ingress.
    pub async fn retire(
        &self,
        key: &ObjectKey,
        ingress: Option<&Ingress>,
    ) -> Result<(), kube::Error> {
        let ObjectKey { namespace, name } = key;
        if ingress.is_some() {
            self.addresses(key, &[]).await?;
        }
        let api: Api<IngressReport> = Api::namespaced(self.client.clone(), namespace);
        match api.delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            done => done.map(|_| ()),
        }
    }

    /// Says where clients reach an Ingress.
    pub async fn addresses(
        &self,
        key: &ObjectKey,
        addresses: &[String],
    ) -> Result<(), kube::Error> {
        let api: Api<Ingress> = Api::namespaced(self.client.clone(), &key.namespace);
        let status = if addresses.is_empty() {
            json!({})
        } else {
            let all: Vec<Value> = addresses.iter().map(|ip| json!({ "ip": ip })).collect();
            json!({ "loadBalancer": { "ingress": all } })
        };
        let object = json!({
            "apiVersion": Ingress::api_version(&()), "kind": Ingress::kind(&()), "status": status,
        });
        match api.patch_status(&key.name, &forced(), &Patch::Apply(&object)).await {
            // It went away meanwhile.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            done => done.map(|_| ()),
        }
    }

    /// Writes the status of an appliance.
    pub async fn appliance(&self, name: &str, status: &NetScalerStatus) -> Result<(), kube::Error> {
        let api: Api<NetScaler> = Api::all(self.client.clone());
        let object = json!({
            "apiVersion": NetScaler::api_version(&()), "kind": NetScaler::kind(&()),
            "status": status,
        });
        api.patch_status(name, &forced(), &Patch::Apply(&object)).await?;
        Ok(())
    }

    /// Publishes an Event about an object, and says whether it could. One that cannot be published
    /// is lost: what it says stands in the status as well.
    pub async fn event(
        &self,
        about: &ObjectReference,
        tone: Tone,
        (reason, note): (&str, &str),
    ) -> bool {
        let event = Event {
            type_: match tone {
                Tone::Normal => EventType::Normal,
                Tone::Warning => EventType::Warning,
            },
            reason: reason.to_owned(),
            note: Some(shorten(note)),
            action: "Program".to_owned(),
            secondary: None,
        };
        let published = self.recorder.publish(&event, about).await;
        if let Err(error) = &published {
            tracing::warn!(object = about.name, reason, error = chain(error), "an Event is lost");
        }
        published.is_ok()
    }
}

/// Whether we own the addresses in the status of an Ingress: we wrote them, and nobody has written
/// others since.
pub fn owns_addresses(ingress: &Ingress) -> bool {
    let addresses = |entry: &ManagedFieldsEntry| {
        let fields = entry.fields_v1.as_ref()?;
        fields.0.pointer("/f:status/f:loadBalancer/f:ingress").map(|_| ())
    };
    let mut managed = ingress.metadata.managed_fields.iter().flatten();
    managed.any(|entry| is_our_status(entry) && addresses(entry).is_some())
}

/// Whether an entry of managed fields is what we own of a status.
pub(super) fn is_our_status(entry: &ManagedFieldsEntry) -> bool {
    let is = |field: &Option<String>, value| field.as_deref() == Some(value);
    is(&entry.manager, MANAGER) && is(&entry.operation, "Apply") && is(&entry.subresource, "status")
}

/// An object as Events name it.
pub fn reference<K>(object: &K) -> ObjectReference
where
    K: Resource<DynamicType = ()>,
{
    object.object_ref(&())
}

fn forced() -> PatchParams {
    PatchParams::apply(MANAGER).force()
}

/// As much of a note as fits.
fn shorten(note: &str) -> String {
    if note.len() <= LONGEST_NOTE {
        return note.to_owned();
    }
    let end = (0..=LONGEST_NOTE - 3).rev().find(|end| note.is_char_boundary(*end));
    format!("{}...", &note[..end.unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_cut_between_characters() {
        assert_eq!(shorten("short"), "short");
        let cut = shorten(&"\u{e4}".repeat(600));
        assert!(cut.len() <= LONGEST_NOTE && cut.ends_with("\u{e4}..."));
    }
}
