//! Requests that read.

use super::{Effect, Request, SSL_DIRECTORY, encode, segment};
use crate::model::{EntityId, Kind, Redacted};
use crate::nitro::transport::Method;
use crate::schema;

impl Request {
    /// One page of all objects of a kind; pages count from 1.
    pub fn list(kind: Kind, page: usize, size: usize) -> Self {
        let kind = kind.name();
        Self::get(kind, format!("{kind}?pagesize={size}&pageno={page}"))
    }

    /// All bindings of a kind, whoever their parent is (documented). Not in pages: it is not known
    /// whether those would count bindings or parents, and a page too few would look like unbinding.
    pub fn all_bindings(kind: Kind) -> Self {
        let kind = kind.name();
        Self::get(kind, format!("{kind}?bulkbindings=yes"))
    }

    /// The bindings of a kind that one parent has.
    pub fn bindings_of(kind: Kind, parent: &str) -> Self {
        let kind = kind.name();
        Self::get(kind, format!("{kind}/{}", segment(parent)))
    }

    /// One object. A singleton has no name.
    pub fn entity(entity: &EntityId) -> Self {
        let kind = entity.kind.name();
        if schema::facts(entity.kind).key.is_empty() {
            return Self::singleton(kind);
        }
        Self::get(kind, format!("{kind}/{}", segment(&entity.name)))
    }

    /// A type of which there is one object (`nsversion`).
    pub fn singleton(kind: &'static str) -> Self {
        Self::get(kind, kind.to_owned())
    }

    /// The node and its peer, if it has one.
    pub fn nodes() -> Self {
        Self::get("hanode", "hanode".to_owned())
    }

    /// Statistics of the whole system, which say when it was last started.
    pub fn system_statistics() -> Self {
        Self::get("ns", "/nitro/v1/stat/ns".to_owned())
    }

    /// The sessions of all users.
    pub fn sessions() -> Self {
        Self::get("systemsession", "systemsession".to_owned())
    }

    /// Ends the session of somebody else.
    pub fn end_session(id: &str) -> Self {
        let body = serde_json::json!({ "systemsession": { "sid": id } }).to_string();
        let (kind, body) = ("systemsession", Redacted::new(body));
        Self::with_body(Method::Post, kind, Effect::Session, body).with_action("kill")
    }

    /// The names of all files in the directory of certificates.
    pub fn files() -> Self {
        let kind = Kind::SYSTEMFILE.name();
        Self::get(kind, format!("{kind}?args=filelocation:{}", encode(SSL_DIRECTORY)))
    }

    /// One file there.
    pub fn file(name: &str) -> Self {
        let kind = Kind::SYSTEMFILE.name();
        let location = encode(SSL_DIRECTORY);
        Self::get(kind, format!("{kind}/{}?args=filelocation:{location}", segment(name)))
    }

    /// What differs between the running and the saved configuration, as text.
    pub fn unsaved_changes() -> Self {
        let body = Redacted::new(serde_json::json!({ "nsconfig": {} }).to_string());
        Self::with_body(Method::Post, "nsconfig", Effect::Read, body).with_action("diff")
    }

    /// The object that a body of one command holds, for tests.
    #[cfg(test)]
    pub(super) fn json(&self) -> serde_json::Value {
        self.body
            .as_ref()
            .map_or(serde_json::Value::Null, |body| serde_json::from_str(body.reveal()).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_have_the_documented_forms() {
        let entity = |kind, name: &str| Request::entity(&EntityId::new(kind, name)).to_string();
        for (request, expected) in [
            (
                Request::list(Kind::LBVSERVER, 2, 500).to_string(),
                "GET lbvserver?pagesize=500&pageno=2",
            ),
            (
                Request::all_bindings(Kind::CSVSERVER_CSPOLICY).to_string(),
                "GET csvserver_cspolicy_binding?bulkbindings=yes",
            ),
            (
                Request::bindings_of(Kind::LBVSERVER_SERVICEGROUP, "a/b").to_string(),
                "GET lbvserver_servicegroup_binding/a%252Fb",
            ),
            (entity(Kind::SSLCERTKEY, "k8s-x"), "GET sslcertkey/k8s-x"),
            (entity(Kind::SSLPARAMETER, ""), "GET sslparameter"),
            (Request::files().to_string(), "GET systemfile?args=filelocation:%2Fnsconfig%2Fssl"),
            (
                Request::file("a.crt").to_string(),
                "GET systemfile/a.crt?args=filelocation:%2Fnsconfig%2Fssl",
            ),
            (Request::nodes().to_string(), "GET hanode"),
            (Request::sessions().to_string(), "GET systemsession"),
            (Request::end_session("7").to_string(), "POST systemsession?action=kill"),
            (Request::unsaved_changes().to_string(), "POST nsconfig?action=diff"),
        ] {
            assert_eq!(request, expected);
        }
        assert_eq!(Request::unsaved_changes().effect, Effect::Read);
    }
}
