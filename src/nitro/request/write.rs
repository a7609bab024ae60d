//! Requests for the ops of a plan.
//!
//! Ops of one verb on one kind travel in one request: an array under the type's key, with
//! `X-NITRO-ONERROR: continue` (documented). Several deletes or unbinds are an array too, with the
//! action `rm` or `unbind` (seen from the vendor's Java and Python SDKs). Files are removed one by
//! one: how an array of them would say where they lie was seen nowhere.

use std::iter;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Effect, Request, SSL_DIRECTORY, encode, segment};
use crate::model::{BindingId, EntityId, Fields, Kind, Redacted, Role};
use crate::nitro::transport::Method;
use crate::plan::{FileContent, Op};
use crate::schema;

type Object = Map<String, Value>;

impl Request {
    /// Whether ops like this one may share a request.
    pub const fn is_bulk(op: &Op) -> bool {
        match op {
            Op::Upload { .. }
            | Op::Create { .. }
            | Op::Set { .. }
            | Op::Unset { .. }
            | Op::Bind { .. }
            | Op::Rebind { .. }
            | Op::EnableMember { .. }
            | Op::DisableMember { .. }
            | Op::Change { .. }
            | Op::Link { .. }
            | Op::Unlink { .. }
            | Op::Unbind { .. }
            | Op::Delete { .. } => true,
            Op::Enable { .. }
            | Op::Verify { .. }
            | Op::VerifyBinding { .. }
            | Op::Save
            | Op::RemoveFile { .. } => false,
        }
    }

    /// The request for one op.
    pub fn of_op(op: &Op) -> Self {
        Self::of_ops(&[op])
    }

    /// The one request for several ops of one verb on one kind, all of them
    /// [bulk](Request::is_bulk) if there is more than one.
    pub fn of_ops(ops: &[&Op]) -> Self {
        let first = ops.first().expect("a request is for at least one op");
        match first {
            Op::Upload { .. } => Self::upload(ops),
            Op::Create { entity, .. } => Self::commands(Method::Post, entity.kind, ops),
            Op::Set { entity, .. } => Self::commands(Method::Put, entity.kind, ops),
            Op::Unset { entity, .. } => {
                Self::commands(Method::Post, entity.kind, ops).with_action("unset")
            }
            // Both PUT and POST bind; the reference documents PUT, without a name in the path.
            Op::Bind { binding, .. } | Op::Rebind { binding, .. } => {
                Self::commands(Method::Put, binding.kind, ops)
            }
            Op::Enable { .. } => {
                Self::commands(Method::Post, Kind::NSFEATURE, ops).with_action("enable")
            }
            // Members are enabled and disabled through their group (documented).
            Op::EnableMember { .. } => {
                Self::commands(Method::Post, Kind::SERVICEGROUP, ops).with_action("enable")
            }
            Op::DisableMember { .. } => {
                Self::commands(Method::Post, Kind::SERVICEGROUP, ops).with_action("disable")
            }
            // The verb "change" of the command line is the action "update" (documented).
            Op::Change { .. } => {
                Self::commands(Method::Post, Kind::SSLCERTKEY, ops).with_action("update")
            }
            Op::Link { .. } => {
                Self::commands(Method::Post, Kind::SSLCERTKEY, ops).with_action("link")
            }
            Op::Unlink { .. } => {
                Self::commands(Method::Post, Kind::SSLCERTKEY, ops).with_action("unlink")
            }
            Op::Unbind { binding } if ops.len() > 1 => {
                Self::commands(Method::Post, binding.kind, ops).with_action("unbind")
            }
            Op::Unbind { binding } => Self::unbind(binding),
            Op::Delete { entity, .. } if ops.len() > 1 => {
                Self::commands(Method::Post, entity.kind, ops).with_action("rm")
            }
            Op::Delete { entity, also } => {
                let kind = entity.kind.name();
                let arguments: Vec<String> = also
                    .iter()
                    .map(|(name, value)| format!("{name}:{}", segment(&value.to_string())))
                    .collect();
                let arguments = match arguments.as_slice() {
                    [] => String::new(),
                    all => format!("?args={}", all.join(",")),
                };
                Self::delete(kind, format!("{kind}/{}{arguments}", segment(&entity.name)))
            }
            Op::Verify { entity, .. } => Self::entity(entity),
            Op::VerifyBinding { binding, .. } => Self::bindings_of(binding.kind, &binding.parent),
            Op::Save => {
                let body = Redacted::new(json!({ "nsconfig": {} }).to_string());
                Self::with_body(Method::Post, "nsconfig", Effect::Save, body).with_action("save")
            }
            Op::RemoveFile { file } => {
                let kind = Kind::SYSTEMFILE.name();
                let location = encode(SSL_DIRECTORY);
                Self::delete(kind, format!("{kind}/{}?args=filelocation:{location}", segment(file)))
            }
        }
    }

    fn commands(method: Method, kind: Kind, ops: &[&Op]) -> Self {
        let kind = kind.name();
        let mut objects: Vec<Value> = ops.iter().map(|op| object(op).into()).collect();
        let commands = objects.len();
        let value = if commands == 1 { objects.remove(0) } else { objects.into() };
        let body = Redacted::new(json!({ kind: value }).to_string());
        Self { commands, ..Self::with_body(method, kind, Effect::Write, body) }
    }

    /// Written by hand, because a `serde_json::Value` would leave private keys in memory.
    fn upload(ops: &[&Op]) -> Self {
        let kind = Kind::SYSTEMFILE.name();
        let files: Vec<(&String, &FileContent)> = ops
            .iter()
            .filter_map(|op| {
                if let Op::Upload { file, content } = op { Some((file, content)) } else { None }
            })
            .collect();
        let size: usize = files.iter().map(|(_, FileContent(text))| text.reveal().len() * 2).sum();
        let mut body = String::with_capacity(size + files.len() * 256);
        let (open, close) = if files.len() > 1 { ("[", "]") } else { ("", "") };
        body.extend(["{\"", kind, "\":", open]);
        for (at, (file, FileContent(content))) in files.iter().enumerate() {
            let (comma, file) = (if at > 0 { "," } else { "" }, json!(file).to_string());
            body.extend([comma, r#"{"filename":"#, file.as_str(), r#","filelocation":""#]);
            body.extend([SSL_DIRECTORY, r#"","fileencoding":"BASE64","filecontent":""#]);
            STANDARD.encode_string(content.reveal(), &mut body);
            body.push_str("\"}");
        }
        body.extend([close, "}"]);
        let request = Self::with_body(Method::Post, kind, Effect::Write, Redacted::new(body));
        Self { commands: files.len(), ..request }
    }

    /// The arguments must name the bound side and its role, or another binding is meant (seen from
    /// client Terraform: 1542 without the role's flag). A member takes its server's name and port,
    /// never its address beside them (1092).
    fn unbind(binding: &BindingId) -> Self {
        let shape = binding.shape();
        let kind = binding.kind.name();
        let child = format!("{}:{}", shape.child_field, encode(&binding.child));
        let role =
            role_fields(binding).map(|(name, value)| format!(",{name}:{}", encode(&plain(&value))));
        let arguments = iter::once(child).chain(role).collect::<String>();
        Self::delete(kind, format!("{kind}/{}?args={arguments}", segment(&binding.parent)))
    }
}

/// The object that says what an op does, in the body of its request.
pub(super) fn object(op: &Op) -> Object {
    match op {
        Op::Create { entity, fields } | Op::Set { entity, fields } => {
            let mut object = key(entity);
            object.extend(json_fields(fields));
            object
        }
        Op::Unset { entity, fields } => {
            // Each field to reset is sent as `true`, whatever its type (seen from the vendor's SDKs).
            let mut object = key(entity);
            object.extend(fields.iter().map(|name| (name.clone(), true.into())));
            object
        }
        Op::Bind { binding, attributes } | Op::Rebind { binding, attributes } => {
            bound(binding, json_fields(attributes))
        }
        Op::EnableMember { member } | Op::DisableMember { member, delay_secs: 0 } => {
            bound(member, Object::new())
        }
        Op::DisableMember { member, delay_secs } => {
            // Out of service after the time, or before when the last client has left (documented).
            let delay = ("delay".to_owned(), json!(delay_secs));
            bound(member, [delay, ("graceful".to_owned(), "YES".into())].into_iter().collect())
        }
        Op::Unbind { binding } => bound(binding, Object::new()),
        Op::Delete { entity, also } => {
            let mut object = key(entity);
            object.extend(json_fields(also));
            object
        }
        Op::Enable { features } => [("feature".to_owned(), json!(features))].into_iter().collect(),
        Op::Change { certkey, cert, key } => {
            // Without `nodomaincheck` a certificate for other names is refused (3585, documented).
            let mut object = text_fields([("certkey", certkey), ("cert", cert)]);
            object.extend(key.iter().map(|key| ("key".to_owned(), key.as_str().into())));
            object.insert("nodomaincheck".to_owned(), true.into());
            object
        }
        Op::Link { certkey, issuer } => {
            text_fields([("certkey", certkey), ("linkcertkeyname", issuer)])
        }
        Op::Unlink { certkey } => text_fields([("certkey", certkey)]),
        Op::Upload { .. }
        | Op::Verify { .. }
        | Op::VerifyBinding { .. }
        | Op::Save
        | Op::RemoveFile { .. } => Object::new(),
    }
}

/// The two ends of a binding and its role, beside attributes.
fn bound(binding: &BindingId, attributes: Object) -> Object {
    let shape = binding.shape();
    let mut object = attributes;
    object.extend([
        (shape.parent_field.to_owned(), binding.parent.as_str().into()),
        (shape.child_field.to_owned(), binding.child.as_str().into()),
    ]);
    object.extend(role_fields(binding).map(|(name, value)| (name.to_owned(), value)));
    object
}

/// The field that names an object; a singleton has none.
fn key(entity: &EntityId) -> Object {
    let key = schema::facts(entity.kind).key.first();
    key.map(|key| (key.clone(), entity.name.as_str().into())).into_iter().collect()
}

fn json_fields(fields: &Fields) -> Object {
    fields.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect()
}

fn text_fields<const N: usize>(fields: [(&str, &str); N]) -> Object {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The fields that tell two bindings of one pair apart, in bodies and in arguments.
fn role_fields(binding: &BindingId) -> impl Iterator<Item = (&'static str, Value)> {
    // Responder policies have the request side only, so it goes without saying.
    let sided = binding.kind == Kind::CSVSERVER_REWRITEPOLICY;
    let field: Option<(&'static str, Value)> = match binding.role {
        Role::Plain => None,
        Role::Ca => Some(("ca", true.into())),
        Role::Sni => Some(("snicert", true.into())),
        Role::Port(port) => Some(("port", port.into())),
        Role::Request => sided.then(|| ("bindpoint", "REQUEST".into())),
        Role::Response => Some(("bindpoint", "RESPONSE".into())),
    };
    field.into_iter()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<const N: usize>(fields: [(&str, crate::model::Value); N]) -> Fields {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn create(name: &str) -> Op {
        Op::Create {
            entity: EntityId::new(Kind::LBVSERVER, name),
            fields: fields([("servicetype", "HTTP".into())]),
        }
    }

    #[track_caller]
    fn check(op: &Op, line: &str, body: &Value) {
        let request = Request::of_op(op);
        assert_eq!(request.to_string(), line);
        assert_eq!(&request.json(), body);
    }

    #[test]
    fn each_op_on_an_entity_has_its_documented_request() {
        let sslvserver = EntityId::new(Kind::SSLVSERVER, "v");
        check(
            &create("v 1"),
            "POST lbvserver",
            &json!({"lbvserver": {"name": "v 1", "servicetype": "HTTP"}}),
        );
        check(
            &Op::Set { entity: sslvserver.clone(), fields: fields([("sslprofile", "p".into())]) },
            "PUT sslvserver",
            &json!({"sslvserver": {"vservername": "v", "sslprofile": "p"}}),
        );
        check(
            &Op::Unset { entity: sslvserver, fields: vec!["sslprofile".to_owned()] },
            "POST sslvserver?action=unset",
            &json!({"sslvserver": {"vservername": "v", "sslprofile": true}}),
        );
        check(
            &Op::Set {
                entity: EntityId::new(Kind::SSLPARAMETER, ""),
                fields: fields([("defaultprofile", "ENABLED".into())]),
            },
            "PUT sslparameter",
            &json!({"sslparameter": {"defaultprofile": "ENABLED"}}),
        );
        check(
            &Op::Delete { entity: EntityId::new(Kind::SERVER, "a/b"), also: Fields::new() },
            "DELETE server/a%252Fb",
            &Value::Null,
        );
        check(
            &Op::Enable { features: vec!["SSL".to_owned(), "CS".to_owned()] },
            "POST nsfeature?action=enable",
            &json!({"nsfeature": {"feature": ["SSL", "CS"]}}),
        );
        let member = BindingId::new(Kind::SERVICEGROUP_MEMBER, "g", "s", Role::Port(80));
        check(
            &Op::DisableMember { member: member.clone(), delay_secs: 30 },
            "POST servicegroup?action=disable",
            &json!({"servicegroup": {
                "servicegroupname": "g", "servername": "s", "port": 80,
                "delay": 30, "graceful": "YES"
            }}),
        );
        check(
            &Op::DisableMember { member: member.clone(), delay_secs: 0 },
            "POST servicegroup?action=disable",
            &json!({"servicegroup": {"servicegroupname": "g", "servername": "s", "port": 80}}),
        );
        check(
            &Op::EnableMember { member },
            "POST servicegroup?action=enable",
            &json!({"servicegroup": {"servicegroupname": "g", "servername": "s", "port": 80}}),
        );
        check(&Op::Save, "POST nsconfig?action=save", &json!({"nsconfig": {}}));
    }

    #[test]
    fn each_op_on_a_certificate_has_its_documented_request() {
        let (certkey, cert) = (crate::model::Name::from("ck"), "a.crt".to_owned());
        check(
            &Op::Change { certkey: certkey.clone(), cert, key: Some("a.key".to_owned()) },
            "POST sslcertkey?action=update",
            &json!({"sslcertkey": {
                "certkey": "ck", "cert": "a.crt", "key": "a.key", "nodomaincheck": true
            }}),
        );
        check(
            &Op::Link { certkey: certkey.clone(), issuer: "ca".into() },
            "POST sslcertkey?action=link",
            &json!({"sslcertkey": {"certkey": "ck", "linkcertkeyname": "ca"}}),
        );
        check(
            &Op::Unlink { certkey },
            "POST sslcertkey?action=unlink",
            &json!({"sslcertkey": {"certkey": "ck"}}),
        );
        check(
            &Op::Upload {
                file: "a.key".to_owned(),
                content: FileContent(Redacted::new("secret".to_owned())),
            },
            "POST systemfile",
            &json!({"systemfile": {
                "filename": "a.key", "filelocation": "/nsconfig/ssl",
                "fileencoding": "BASE64", "filecontent": "c2VjcmV0"
            }}),
        );
        check(
            &Op::RemoveFile { file: "a.key".to_owned() },
            "DELETE systemfile/a.key?args=filelocation:%2Fnsconfig%2Fssl",
            &Value::Null,
        );
    }

    #[test]
    fn a_binding_names_its_role_when_bound_and_when_unbound() {
        let cases = [
            (Kind::SSLVSERVER_SSLCERTKEY, Role::Ca, json!({"ca": true}), ",ca:true"),
            (Kind::SSLVSERVER_SSLCERTKEY, Role::Sni, json!({"snicert": true}), ",snicert:true"),
            (Kind::SSLVSERVER_SSLCERTKEY, Role::Plain, json!({}), ""),
            (Kind::SSLSERVICEGROUP_SSLCERTKEY, Role::Ca, json!({"ca": true}), ",ca:true"),
            (Kind::SERVICEGROUP_MEMBER, Role::Port(80), json!({"port": 80}), ",port:80"),
            (Kind::CSVSERVER_LBVSERVER, Role::Plain, json!({}), ""),
            (Kind::LBVSERVER_SERVICEGROUP, Role::Plain, json!({}), ""),
            (Kind::SSLPROFILE_SSLCIPHER, Role::Plain, json!({}), ""),
            (Kind::LBVSERVER_RESPONDERPOLICY, Role::Request, json!({}), ""),
            (
                Kind::CSVSERVER_REWRITEPOLICY,
                Role::Response,
                json!({"bindpoint": "RESPONSE"}),
                ",bindpoint:RESPONSE",
            ),
        ];
        for (kind, role, fields, arguments) in cases {
            let binding = BindingId::new(kind, "p/1", "c,d", role);
            let (shape, kind) = (binding.shape(), kind.name());
            let child = shape.child_field;
            let mut body = fields.as_object().unwrap().clone();
            body.insert(shape.parent_field.to_owned(), "p/1".into());
            body.insert(child.to_owned(), "c,d".into());
            check(
                &Op::Bind { binding: binding.clone(), attributes: Fields::new() },
                &format!("PUT {kind}"),
                &json!({ kind: body }),
            );
            check(
                &Op::Unbind { binding },
                &format!("DELETE {kind}/p%252F1?args={child}:c%2Cd{arguments}"),
                &Value::Null,
            );
        }
    }

    #[test]
    fn several_ops_travel_as_an_array_that_goes_on_after_an_error() {
        let request = Request::of_ops(&[&create("a"), &create("b")]);
        assert_eq!(request.to_string(), "POST lbvserver (2 commands)");
        assert_eq!(request.json()["lbvserver"][1]["name"], "b");
        let headers = request.to_http(None).headers;
        let continues = |(name, value): &(&str, Redacted<String>)| {
            *name == "X-NITRO-ONERROR" && value.reveal() == "continue"
        };
        assert!(headers.iter().any(continues));
        let uploads = ["a", "b"].map(|file| Op::Upload {
            file: file.to_owned(),
            content: FileContent(Redacted::new(file.to_owned())),
        });
        let request = Request::of_ops(&[&uploads[0], &uploads[1]]);
        assert_eq!(request.json()["systemfile"][1]["filecontent"], "Yg==");
    }

    #[test]
    fn an_upload_shows_its_content_nowhere_but_in_the_body() {
        let content = FileContent(Redacted::new("canary".to_owned()));
        let op = Op::Upload { file: "a.key".to_owned(), content };
        let request = Request::of_op(&op);
        let shown = format!("{op} {op:?} {request} {request:?}{}", request.masked_body().unwrap());
        assert!(!shown.contains("canary") && !shown.contains(&STANDARD.encode("canary")));
        assert!(request.body.unwrap().reveal().contains(&STANDARD.encode("canary")));
    }
}
