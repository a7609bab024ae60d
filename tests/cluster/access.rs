//! Who may do what on an API server: namespaces, users, tokens, and the files that commands want.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionCondition as Condition,
};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use nitro_ingress::cluster::resources::definitions;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::programs;
use crate::wait::{SOON, wait_for};

/// The name and token of who may do everything.
pub(crate) const ADMIN: &str = "admin";

/// The name and token of who may do nothing.
pub(crate) const NOBODY: &str = "nobody";

/// Somebody who asks an API server for things.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// As the API server knows him.
    pub(crate) name: String,
    /// What he shows to it.
    pub(crate) token: String,
}

impl User {
    /// Who may do everything.
    pub(crate) fn admin() -> Self {
        Self { name: ADMIN.to_owned(), token: ADMIN.to_owned() }
    }

    /// Who may do nothing.
    pub(crate) fn nobody() -> Self {
        Self { name: NOBODY.to_owned(), token: NOBODY.to_owned() }
    }
}

/// Rights to these resources of one API group, everywhere.
pub(crate) fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    PolicyRule {
        api_groups: Some(owned(&[group])),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

/// An object, as it is written in JSON.
pub(crate) fn object<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

impl ApiServer {
    /// A namespace that is new and nobody else's.
    pub(crate) async fn namespace(&self) -> String {
        let namespaces: Api<Namespace> = Api::all(self.client());
        let wanted = object(json!({ "metadata": { "generateName": "test-" } }));
        namespaces.create(&PostParams::default(), &wanted).await.unwrap().name_any()
    }

    /// Lets the server know our custom resources.
    pub(crate) async fn crds(&self) {
        let api: Api<CustomResourceDefinition> = Api::all(self.client());
        for definition in definitions() {
            let name = definition.name_any();
            let patch = Patch::Apply(&definition);
            api.patch(&name, &PatchParams::apply("tests"), &patch).await.unwrap();
            wait_for(&format!("the definition {name}"), SOON, async || {
                let status = api.get(&name).await.map_err(|error| error.to_string())?.status;
                let conditions = status.and_then(|status| status.conditions).unwrap_or_default();
                let is_served = |it: &Condition| it.type_ == "Established" && it.status == "True";
                if conditions.iter().any(is_served) {
                    Ok(())
                } else {
                    Err(format!("{conditions:?}"))
                }
            })
            .await;
        }
    }

    /// A user of this name, who belongs to the namespace and has these rights everywhere.
    pub(crate) async fn user(&self, namespace: &str, name: &str, rules: &[PolicyRule]) -> User {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let account = object(json!({ "metadata": { "name": name } }));
        accounts.create(&PostParams::default(), &account).await.unwrap();
        let role_name = format!("{namespace}-{name}");
        let role = object(json!({ "metadata": { "name": role_name }, "rules": rules }));
        let api: Api<ClusterRole> = Api::all(self.client());
        api.create(&PostParams::default(), &role).await.unwrap();
        let binding = object(json!({
            "metadata": { "name": role_name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role_name },
            "subjects": [{ "kind": "ServiceAccount", "namespace": namespace, "name": name }],
        }));
        let api: Api<ClusterRoleBinding> = Api::all(self.client());
        api.create(&PostParams::default(), &binding).await.unwrap();
        let user = self.service_account(namespace, name).await;
        for rule in rules {
            self.wait_until_allowed(&user, rule).await;
        }
        user
    }

    /// The user that a ServiceAccount is.
    pub(crate) async fn service_account(&self, namespace: &str, name: &str) -> User {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let request: TokenRequest = object(json!({ "spec": { "audiences": [] } }));
        let post = PostParams::default();
        let answer = accounts.create_token_request(name, &post, &request).await.unwrap();
        let token = answer.status.unwrap().token;
        User { name: format!("system:serviceaccount:{namespace}:{name}"), token }
    }

    /// Rights are in force a moment after they were written.
    async fn wait_until_allowed(&self, user: &User, rule: &PolicyRule) {
        let first = |texts: &Option<Vec<String>>| texts.as_ref().and_then(|it| it.first()).cloned();
        let resource = first(&rule.resources).unwrap_or_default();
        let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
        let wanted = object(json!({ "spec": { "resourceAttributes": {
            "group": first(&rule.api_groups),
            "resource": resource,
            "subresource": subresource,
            "name": first(&rule.resource_names),
            "verb": rule.verbs.first(),
        } } }));
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client_as(user));
        wait_for(&format!("the rights of {}", user.name), SOON, async || {
            let review = reviews.create(&PostParams::default(), &wanted).await;
            let review = review.map_err(|error| error.to_string())?;
            let status = review.status.unwrap_or_default();
            if status.allowed { Ok(()) } else { Err(format!("{resource}: {:?}", status.reason)) }
        })
        .await;
    }

    /// A program that talks to this server as this user, and leaves its own files with ours.
    pub(crate) fn command(&self, program: &str, user: &User) -> Command {
        let program = programs::find(program).unwrap_or_else(|why| panic!("{why}"));
        let mut command = Command::new(program);
        command.env_clear().env("HOME", &self.folder).env("KUBECONFIG", self.kubeconfig(user));
        command
    }

    /// A file that lets commands talk to this server as this user.
    pub(crate) fn kubeconfig(&self, user: &User) -> PathBuf {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let ca = self.folder.join("authority.crt");
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "test", "cluster": {
                "server": self.url, "certificate-authority": ca,
            } }],
            "users": [{ "name": "test", "user": { "token": user.token } }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
            "current-context": "test",
        });
        let name = format!("kubeconfig-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let path = self.folder.join(name);
        fs::write(&path, config.to_string()).unwrap();
        path
    }
}
