//! An explanation for programs.

use serde_json::{Value, json as object};

use crate::explain::{Effect, Explanation, Object, Part, Source, Standing, Subject};
use crate::model::{BindingId, EntityId, ObjectKey, Role};

/// The whole explanation, in a shape that does not change within a version of it.
pub(super) fn json(key: &ObjectKey, explanation: &Explanation) -> String {
    let Explanation { standing, sources, objects, certificates, diagnostics: _ } = explanation;
    let certificates =
        certificates.iter().map(|(id, subject)| object!({ "id": id.as_str(), "subject": subject }));
    let value = object!({
        "version": 1,
        "ingress": { "namespace": key.namespace, "name": key.name },
        "standing": match standing {
            Standing::Served => "served",
            Standing::Refused => "refused",
            Standing::Elsewhere => "elsewhere",
        },
        "sources": sources.iter().map(source).collect::<Vec<_>>(),
        "objects": objects.iter().map(|one| of_object(one, sources)).collect::<Vec<_>>(),
        "certificates": certificates.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn source(source: &Source) -> Value {
    let Source { part, place, effects } = source;
    object!({
        "kind": match part {
            Part::Annotation(_) => "annotation",
            Part::Tls(_) => "tls",
            Part::Path(..) => "path",
            Part::DefaultBackEnd => "default-back-end",
            Part::Secret(_) => "secret",
            Part::Endpoints(_) => "endpoints",
        },
        "name": part.to_string(),
        "place": place.as_ref().map(|place| object!({
            "file": place.file, "line": place.line, "column": place.column,
        })),
        "effects": effects.iter().map(effect).collect::<Vec<_>>(),
    })
}

fn effect(effect: &Effect) -> Value {
    match effect {
        Effect::Needed(problem) => object!({ "kind": "needed", "otherwise": problem }),
        Effect::Read(key) => object!({ "kind": "read", "key": key }),
        Effect::There(Subject::Entity(entity)) => {
            object!({ "kind": "there", "object": of_entity(entity) })
        }
        Effect::There(Subject::Binding(binding)) => {
            object!({ "kind": "there", "binding": of_binding(binding) })
        }
        Effect::Set { entity, field, value, otherwise } => object!({
            "kind": "set",
            "object": of_entity(entity),
            "field": field,
            "value": value.to_json(),
            "otherwise": otherwise.as_ref().map(crate::model::Value::to_json),
        }),
    }
}

fn of_object(one: &Object, all: &[Source]) -> Value {
    let Object { entity, fields: _, sources, users } = one;
    object!({
        "object": of_entity(entity),
        "because_of": sources.iter().map(|i| all[*i].part.to_string()).collect::<Vec<_>>(),
        "used_by": users.iter().map(of_entity).collect::<Vec<_>>(),
    })
}

fn of_entity(entity: &EntityId) -> Value {
    object!({ "kind": entity.kind.name(), "name": entity.name })
}

fn of_binding(binding: &BindingId) -> Value {
    let BindingId { kind, parent, child, role } = binding;
    object!({
        "kind": kind.name(),
        "parent": parent,
        "child": child,
        "role": match role {
            Role::Plain => Value::Null,
            Role::Ca => "ca".into(),
            Role::Sni => "sni".into(),
            Role::Port(port) => (*port).into(),
            Role::Request => "request".into(),
            Role::Response => "response".into(),
        },
    })
}
