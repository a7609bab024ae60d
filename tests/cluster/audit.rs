//! What users asked of an API server, as its audit log tells it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::access::User;
use crate::api_server::ApiServer;

impl ApiServer {
    /// The rights that this user has asked for, such as `patch networking.k8s.io/ingresses/status`,
    /// whether he had them or not.
    pub(crate) fn used_by(&self, user: &User) -> BTreeSet<String> {
        self.asked_by(user).iter().filter_map(right).collect()
    }

    /// Those that he did not have.
    pub(crate) fn refused_to(&self, user: &User) -> BTreeSet<String> {
        let asked = self.asked_by(user);
        let refused = asked.iter().filter(|entry| entry["responseStatus"]["code"] == 403);
        refused.filter_map(right).collect()
    }

    /// How often a controller has asked for a right in a namespace to write what it manages.
    pub(crate) fn written(&self, right: &str, namespace: &str) -> usize {
        let is_ours = |entry: &Value| {
            let by = entry["requestURI"].as_str().unwrap_or_default();
            by.contains("fieldManager=nitro-ingress")
                && entry["objectRef"]["namespace"] == namespace
                && entry["stage"] == "ResponseComplete"
                && self::right(entry).as_deref() == Some(right)
        };
        self.entries().iter().filter(|entry| is_ours(entry)).count()
    }

    fn asked_by(&self, user: &User) -> Vec<Value> {
        let mut entries = self.entries();
        entries.retain(|entry| entry["user"]["username"] == user.name.as_str());
        entries
    }

    fn entries(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.audit_log()).unwrap_or_default();
        // The last line may be half written.
        log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect()
    }
}

/// The right that a request needs; none where it asks for a path and not for a resource.
fn right(entry: &Value) -> Option<String> {
    let object = &entry["objectRef"];
    let verb = entry["verb"].as_str()?;
    let mut right = format!("{verb} ");
    if let Some(group) = object["apiGroup"].as_str() {
        right.push_str(group);
        right.push('/');
    }
    right.push_str(object["resource"].as_str()?);
    if let Some(subresource) = object["subresource"].as_str() {
        right.push('/');
        right.push_str(subresource);
    }
    Some(right)
}
