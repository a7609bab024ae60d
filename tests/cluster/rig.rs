//! A test's own world: a namespace, an appliance, and controllers between them.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::discovery::Scope;
use kube::{Api, Client};
use mock_nitro::JournalEntry;
use nitro_ingress::cluster::resources::netscaler::NetScaler;
use nitro_ingress::cluster::resources::report::{IngressReport, IngressReportStatus};
use serde_json::{Value, json};

use crate::access::User;
use crate::api_server::{ApiServer, Cluster};
use crate::appliance::Mock;
use crate::leashed::{Folder, Leashed};
use crate::wait::{SOON, wait_for};

/// A test's own world. Its Ingresses have a class of their own.
pub(crate) struct Rig<'a> {
    pub(crate) server: &'a ApiServer,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) class: String,
    pub(crate) mock: Mock,
}

/// A controller at work; it is killed when this is dropped.
pub(crate) struct Controller {
    pub(crate) process: Leashed,
}

/// The password of the appliance, which must not show anywhere.
const PASSWORD: &str = "nsroot";

impl Drop for Controller {
    /// Where a test fails, what the controller said last is worth reading.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.process.log() + "\n";
            std::io::stderr().write_all(said.as_bytes()).unwrap();
        }
    }
}

impl Controller {
    /// How often it has said something.
    pub(crate) fn said(&self, text: &str) -> usize {
        self.process.said(text)
    }

    /// Waits until it knows that it may write.
    pub(crate) async fn leads(&self) {
        wait_for("it to lead", SOON, async || {
            if self.said("we may write") > 0 { Ok(()) } else { Err("it does not") }
        })
        .await;
    }

    /// Waits until it knows that another controller may write.
    pub(crate) async fn follows(&self) {
        wait_for("it to follow", SOON, async || {
            if self.said("another controller may write") > 0 { Ok(()) } else { Err("it leads") }
        })
        .await;
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn terminate(mut self) {
        self.process.signal("TERM");
        wait_for("the controller to stop", SOON, async || match self.process.check() {
            Ok(()) => Err("it runs"),
            Err(ended) if ended.contains("exit status: 0") => Ok(()),
            Err(ended) => panic!("{ended}"),
        })
        .await;
    }
}

impl<'a> Rig<'a> {
    /// A world on the API server that all tests share.
    pub(crate) async fn new(cluster: &'a Cluster) -> Self {
        Self::on(&cluster.server, Mock::start()).await
    }

    /// A world on this API server with this appliance.
    pub(crate) async fn on(server: &'a ApiServer, mock: Mock) -> Self {
        let client = server.client();
        server.crds().await;
        let namespace = server.namespace().await;
        let class = namespace.clone();
        let rig = Self { server, client, namespace, class, mock };
        rig.apply(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": { "name": rig.class },
            "spec": { "controller": "nitro-ingress.dev/ingress-controller" },
        }))
        .await;
        rig
    }

    /// Applies an object by server-side apply; a namespaced one in our namespace.
    pub(crate) async fn apply(&self, mut object: Value) {
        let discovery = resource_of(&self.client, &object).await;
        let (resource, capabilities) = discovery;
        let api: Api<DynamicObject> = if capabilities.scope == Scope::Namespaced {
            object["metadata"]["namespace"] = json!(self.namespace);
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        };
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let apply = PatchParams::apply("test").force();
        api.patch(&name, &apply, &Patch::Apply(&object)).await.unwrap();
    }

    /// A class that is somebody else's.
    pub(crate) async fn other_class(&self) -> String {
        let name = format!("{}-other", self.class);
        self.apply(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": { "name": name }, "spec": { "controller": "example.com/other" },
        }))
        .await;
        name
    }

    /// Applies all objects of a manifest, whose class `CLASS` is ours.
    pub(crate) async fn apply_all(&self, yaml: &str) {
        for document in yaml.split("\n---\n") {
            let object = serde_saphyr::from_str(&document.replace("CLASS", &self.class)).unwrap();
            self.apply(object).await;
        }
    }

    /// Starts a controller that does everything fast, as administrator.
    pub(crate) fn controller(&self, more: &[&str]) -> Controller {
        self.controller_as(&User::admin(), more)
    }

    /// The same as this user.
    pub(crate) fn controller_as(&self, user: &User, more: &[&str]) -> Controller {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("controller-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut arguments: Vec<String> = [
            "controller",
            "--log-level=debug",
            "--listen=127.0.0.1:0",
            "--look=2s",
            "--save-delay=1s",
            "--lease-duration=3s",
            "--takeover-delay=1s",
            "--longest-retry=2s",
        ]
        .map(str::to_owned)
        .into();
        arguments.extend(self.of_cluster(user));
        arguments.extend(self.of_appliance());
        let name_of = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
        arguments.retain(|one| !more.iter().any(|other| name_of(other) == name_of(one)));
        // An empty one takes a default away.
        let more = more.iter().filter(|text| !text.ends_with('='));
        arguments.extend(more.map(|&text| text.to_owned()));
        let program = Path::new(env!("CARGO_BIN_EXE_nitro-ingress"));
        let folder = (self.server.folder.as_path(), Folder::Kept);
        let process = Leashed::start(&name, program, folder, &arguments).unwrap();
        Controller { process }
    }

    /// Arguments that name the cluster, and what of it is looked at.
    pub(crate) fn of_cluster(&self, user: &User) -> [String; 3] {
        [
            format!("--kubeconfig={}", self.server.kubeconfig(user).display()),
            format!("--namespace={}", self.namespace),
            format!("--cluster-id={}", self.namespace),
        ]
    }

    /// Arguments that name the appliance, and the controller's own namespace.
    pub(crate) fn of_appliance(&self) -> [String; 4] {
        let password = self.server.folder.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        [
            format!("--lease-namespace={}", self.namespace),
            format!("--nitro-url={}", self.mock.url),
            "--nitro-username=nsroot".to_owned(),
            format!("--nitro-password-file={}", password.display()),
        ]
    }

    /// The report of an Ingress, once its condition `Programmed` has this reason.
    pub(crate) async fn report(&self, ingress: &str, reason: &str) -> IngressReportStatus {
        self.report_within(ingress, reason, SOON).await
    }

    /// The same with another deadline.
    pub(crate) async fn report_within(
        &self,
        ingress: &str,
        reason: &str,
        deadline: Duration,
    ) -> IngressReportStatus {
        let reports: Api<IngressReport> = Api::namespaced(self.client.clone(), &self.namespace);
        wait_for(&format!("the report of {ingress} to say {reason}"), deadline, async || {
            let report = reports.get_opt(ingress).await.map_err(|error| error.to_string())?;
            let status = report.and_then(|report| report.status).unwrap_or_default();
            let programmed = status.conditions.iter().find(|one| one.type_ == "Programmed");
            match programmed {
                Some(condition) if condition.reason == reason => Ok(status),
                _ => Err(format!("{status:?}")),
            }
        })
        .await
    }

    /// Makes sure that no report says of an Ingress that it is programmed.
    pub(crate) async fn is_not_programmed(&self, ingress: &str) {
        let reports: Api<IngressReport> = Api::namespaced(self.client.clone(), &self.namespace);
        let status = reports.get_opt(ingress).await.unwrap().and_then(|report| report.status);
        let conditions = status.map(|status| status.conditions).unwrap_or_default();
        let is_so = conditions.iter().any(|one| one.type_ == "Programmed" && one.status == "True");
        assert!(!is_so, "{conditions:?}");
        self.address(ingress, None).await;
    }

    /// Waits until the report of an Ingress is gone.
    pub(crate) async fn no_report(&self, ingress: &str) {
        let reports: Api<IngressReport> = Api::namespaced(self.client.clone(), &self.namespace);
        wait_for(&format!("the report of {ingress} to go"), SOON, async || {
            match reports.get_opt(ingress).await {
                Ok(None) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Waits until this is the address that an Ingress says it is served on, and no other.
    pub(crate) async fn address(&self, ingress: &str, address: Option<&str>) {
        let ingresses: Api<Ingress> = Api::namespaced(self.client.clone(), &self.namespace);
        wait_for(&format!("the address of {ingress}"), SOON, async || {
            let status = json!(ingresses.get(ingress).await.unwrap().status);
            let entries = status["loadBalancer"]["ingress"].as_array().cloned().unwrap_or_default();
            let now: Vec<&str> = entries.iter().filter_map(|entry| entry["ip"].as_str()).collect();
            if now == Vec::from_iter(address) { Ok(()) } else { Err(format!("{now:?}")) }
        })
        .await;
    }

    /// Waits for an Event about an Ingress, and gives its note.
    pub(crate) async fn event(&self, ingress: &str, reason: &str) -> String {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        wait_for(&format!("the Event {reason} about {ingress}"), SOON, async || {
            let all = events.list(&ListParams::default()).await.unwrap().items;
            let mut about = all.into_iter().filter(|event| {
                event.regarding.as_ref().and_then(|one| one.name.as_deref()) == Some(ingress)
            });
            let found = about.find(|event| event.reason.as_deref() == Some(reason));
            found.and_then(|event| event.note).ok_or("none")
        })
        .await
    }

    /// Waits for an Event about our lease, and gives its note.
    pub(crate) async fn lease_event(&self, reason: &str) -> String {
        self.event("nitro-ingress", reason).await
    }

    /// Approves a digest, as the command does.
    pub(crate) async fn approve(&self, digest: &str) {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.namespace);
        let annotations = json!({ "nitro-ingress.dev/approve": digest });
        let patch = json!({ "metadata": { "annotations": annotations } });
        let parameters = PatchParams::default();
        leases.patch("nitro-ingress", &parameters, &Patch::Merge(&patch)).await.unwrap();
    }

    /// Who holds the lease.
    pub(crate) async fn lease_holder(&self) -> Option<String> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.namespace);
        leases.get("nitro-ingress").await.unwrap().spec?.holder_identity
    }

    /// Waits until the configuration is saved.
    pub(crate) async fn saved(&self) {
        wait_for("the save", SOON, async || {
            let writes = self.mock.writes();
            let last = writes.iter().rev().find(|line| !line.starts_with("DELETE"));
            match last {
                Some(line) if line.contains("action=save") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Waits until the appliance was read since the journal was cleared.
    pub(crate) async fn observed(&self) {
        wait_for("the appliance to be read", SOON, async || {
            let all = self.mock.journal();
            // Files come last.
            let is_read = all.iter().any(|one| one.path.ends_with("/systemfile"));
            if is_read { Ok(()) } else { Err(format!("{} requests", all.len())) }
        })
        .await;
        self.looked(1).await;
    }

    /// Waits until the controller has looked at the appliance so many times more.
    pub(crate) async fn looked(&self, times: usize) {
        let looks = || {
            let is_look = |one: &&JournalEntry| one.path.ends_with("/nshardware");
            self.mock.journal().iter().filter(is_look).count()
        };
        let before = looks();
        wait_for("the controller to look at the appliance", SOON, async || {
            let now = looks();
            if now >= before + times { Ok(()) } else { Err(format!("{now} looks")) }
        })
        .await;
    }

    /// Waits until the controller has logged out.
    pub(crate) async fn left(&self) {
        wait_for("the controller to log out", SOON, async || {
            let last = self.mock.journal().pop().map(|one| one.path).unwrap_or_default();
            if last.ends_with("/logout") { Ok(()) } else { Err(last) }
        })
        .await;
    }

    /// Gives our namespace a label, or takes it away.
    pub(crate) async fn label(&self, key: &str, value: Option<&str>) {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let patch = json!({ "metadata": { "labels": { key: value } } });
        let parameters = PatchParams::default();
        namespaces.patch(&self.namespace, &parameters, &Patch::Merge(&patch)).await.unwrap();
    }

    /// Waits until the hardware of the appliance was noted.
    pub(crate) async fn hosts_noted(&self) {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.namespace);
        wait_for("the hardware to be noted", SOON, async || {
            let annotations = leases.get("nitro-ingress").await.unwrap().metadata.annotations;
            let noted = annotations.and_then(|mut all| all.remove("nitro-ingress.dev/hosts"));
            noted.filter(|text| !text.is_empty()).ok_or("nothing")
        })
        .await;
    }

    /// Makes a `NetScaler` of these nodes, to which our class leads, and gives its name.
    pub(crate) async fn appliance(&self, endpoints: &[&str]) -> String {
        let name = self.namespace.clone();
        self.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "appliance" },
            "stringData": { "username": "nsroot", "password": PASSWORD },
        }))
        .await;
        self.apply(json!({
            "apiVersion": "nitro-ingress.dev/v1alpha1", "kind": "NetScaler",
            "metadata": { "name": name },
            "spec": { "endpoints": endpoints, "credentials": { "secretName": "appliance" } },
        }))
        .await;
        // The parameters of a class cannot be changed.
        let classes: Api<IngressClass> = Api::all(self.client.clone());
        classes.delete(&self.class, &DeleteParams::default()).await.unwrap();
        self.class_of(&self.class, &name).await;
        name
    }

    /// A class of ours whose appliance this `NetScaler` describes.
    pub(crate) async fn class_of(&self, class: &str, netscaler: &str) {
        let parameters =
            json!({ "apiGroup": "nitro-ingress.dev", "kind": "NetScaler", "name": netscaler });
        self.apply(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": { "name": class },
            "spec": {
                "controller": "nitro-ingress.dev/ingress-controller",
                "parameters": parameters,
            },
        }))
        .await;
    }

    /// The appliance as it is described and as it is.
    pub(crate) async fn described(&self, name: &str) -> NetScaler {
        Api::all(self.client.clone()).get(name).await.unwrap()
    }

    /// Waits until this endpoint of an appliance is used.
    pub(crate) async fn uses(&self, name: &str, url: &str) {
        wait_for(&format!("{url} to be used"), SOON, async || {
            let status = self.described(name).await.status.unwrap_or_default();
            if status.endpoint.as_deref() == Some(url) {
                Ok(())
            } else {
                Err(format!("{status:?}"))
            }
        })
        .await;
    }

    /// Waits until a member has this address, and no other member is left.
    pub(crate) async fn has_member(&self, address: &str) {
        wait_for(&format!("the member {address}"), SOON, async || {
            let dump = self.mock.act(|node| node.appliance.dump());
            let members = &dump["bindings"]["servicegroup_servicegroupmember_binding"];
            let members: Vec<String> = members
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(_, one)| one["ip"].as_str().map(str::to_owned))
                .filter(|ip| ip.starts_with("10."))
                .collect();
            if members == [address] { Ok(()) } else { Err(format!("{members:?}")) }
        })
        .await;
    }

    /// Waits until the appliance has nothing to do for a moment.
    pub(crate) async fn settled(&self) {
        let mut before = self.mock.writes().len();
        wait_for("the appliance to settle", SOON, async || {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = self.mock.writes().len();
            let is_quiet = now == before;
            before = now;
            if is_quiet { Ok(()) } else { Err(format!("{now} writes")) }
        })
        .await;
    }

    /// Deletes an object of our namespace.
    pub(crate) async fn delete<K>(&self, name: &str)
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }
}

async fn resource_of(
    client: &Client,
    object: &Value,
) -> (kube::core::ApiResource, kube::discovery::ApiCapabilities) {
    let types: kube::core::TypeMeta = serde_json::from_value(object.clone()).unwrap();
    let kind = kube::core::GroupVersionKind::try_from(&types).unwrap();
    kube::discovery::pinned_kind(client, &kind).await.unwrap()
}
