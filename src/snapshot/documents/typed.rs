//! Reads typed objects out of a tree, so that whatever does not fit is reported with its place.

use std::fmt::Display;
use std::slice;

use serde::Deserialize;
use serde::de::{
    self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::node::{Key, Node, Spot, Value};
use crate::schema::nearest;

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) problem: String,
    /// `None` until somebody knows the place.
    pub(super) spot: Option<Spot>,
}

/// What becomes of members that a type does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are refused, as an apiserver does when it validates strictly: a misspelt field must
    /// not be a field that is silently absent.
    Refused,
    /// They are passed over: the type grows from one Kubernetes release to the next.
    PassedOver,
}

/// Reads an object of a type.
pub(super) fn read<'a, T: Deserialize<'a>>(node: &'a Node, unknown: Unknown) -> Result<T, Misfit> {
    T::deserialize(Reader { node, unknown })
}

impl Misfit {
    /// What does not fit, at its place.
    pub(super) fn at(spot: Spot, problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), spot: Some(spot) }
    }

    fn placed(mut self, spot: Spot) -> Self {
        self.spot.get_or_insert(spot);
        self
    }
}

impl std::error::Error for Misfit {}

impl Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem)
    }
}

impl de::Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self { problem: message.to_string(), spot: None }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let (found, remedy) = match unexpected {
            Unexpected::Bool(flag) => (format!("the boolean {flag}"), ": put it in quotes"),
            Unexpected::Signed(number) => (format!("the number {number}"), ": put it in quotes"),
            Unexpected::Unsigned(number) => (format!("the number {number}"), ": put it in quotes"),
            Unexpected::Float(number) => (format!("the number {number}"), ": put it in quotes"),
            Unexpected::Str(text) => (format!("the text {text:?}"), ""),
            Unexpected::Unit | Unexpected::Option => ("nothing".to_owned(), ""),
            Unexpected::Seq => ("a list".to_owned(), ""),
            Unexpected::Map => ("a mapping".to_owned(), ""),
            Unexpected::Char(_)
            | Unexpected::Bytes(_)
            | Unexpected::NewtypeStruct
            | Unexpected::Enum
            | Unexpected::UnitVariant
            | Unexpected::NewtypeVariant
            | Unexpected::TupleVariant
            | Unexpected::StructVariant
            | Unexpected::Other(_) => (unexpected.to_string(), ""),
        };
        let wanted = expected.to_string();
        let remedy = if wanted.contains("string") { remedy } else { "" };
        Self { problem: format!("expected {}, found {found}{remedy}", plain(&wanted)), spot: None }
    }
}

/// What a type expects, in the words of people who write manifests.
fn plain(wanted: &str) -> String {
    match wanted {
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "i32" | "i64" | "u16" | "u32" | "u64" => "a whole number".to_owned(),
        other if other.starts_with(char::is_uppercase) => format!("a mapping ({other})"),
        other => other.to_owned(),
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
    unknown: Unknown,
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let Self { node, unknown } = self;
        let result = match &node.value {
            Value::Null => visitor.visit_unit(),
            Value::Flag(flag) => visitor.visit_bool(*flag),
            Value::Whole(number) => visitor.visit_i64(*number),
            Value::Unsigned(number) => visitor.visit_u64(*number),
            Value::Fraction(number) => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_borrowed_str(text.reveal()),
            Value::List(items) => visitor.visit_seq(Items { items: items.iter(), unknown }),
            Value::Map(members) => visitor.visit_map(Members {
                rest: members.iter(),
                value: None,
                fields: None,
                unknown,
            }),
        };
        result.map_err(|misfit| misfit.placed(node.spot))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let Value::Map(members) = &self.node.value else {
            return self.deserialize_any(visitor);
        };
        let fields = (self.unknown == Unknown::Refused).then_some(fields);
        let members = Members { rest: members.iter(), value: None, fields, unknown: self.unknown };
        visitor.visit_map(members).map_err(|misfit| misfit.placed(self.node.spot))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Items<'a> {
    items: slice::Iter<'a, Node>,
    unknown: Unknown,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let Some(node) = self.items.next() else {
            return Ok(None);
        };
        seed.deserialize(Reader { node, unknown: self.unknown }).map(Some)
    }
}

struct Members<'a> {
    rest: slice::Iter<'a, (Key, Node)>,
    value: Option<&'a Node>,
    /// The fields of the type, if no others are let in.
    fields: Option<&'static [&'static str]>,
    unknown: Unknown,
}

impl<'a> MapAccess<'a> for Members<'a> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((key, node)) = self.rest.next() else {
            return Ok(None);
        };
        if let Some(fields) = self.fields.filter(|fields| !fields.contains(&key.name.as_str())) {
            return Err(unknown_field(key, fields));
        }
        self.value = Some(node);
        seed.deserialize(key.name.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<T::Value, Misfit> {
        let node = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(Reader { node, unknown: self.unknown })
    }
}

/// The refusal of a member that a type does not have.
pub(super) fn unknown_field(key: &Key, fields: &[&'static str]) -> Misfit {
    let name = key.name.as_str();
    let hint = match name {
        // Every second Ingress that is passed around is still of the API that went with 1.22.
        "serviceName" | "servicePort" => {
            "; networking.k8s.io/v1 has service.name and service.port".to_owned()
        }
        _ => nearest(name, fields.iter().copied())
            .map(|field| format!(", did you mean {field:?}?"))
            .or_else(|| home(name).map(|home| format!("; {home}: look at the indentation")))
            .unwrap_or_default(),
    };
    Misfit::at(key.spot, format!("unknown field {name:?}{hint}"))
}

/// Where a member of an Ingress stands that stands somewhere else.
fn home(name: &str) -> Option<&'static str> {
    Some(match name {
        "metadata" | "spec" | "status" => "it stands beside apiVersion and kind",
        "annotations" | "labels" | "name" | "namespace" => "it stands under metadata",
        "defaultBackend" | "ingressClassName" | "rules" | "tls" => "it stands under spec",
        "host" | "http" => "it stands in an item of spec.rules",
        "paths" => "it stands under http, in an item of spec.rules",
        "backend" | "path" | "pathType" => "it stands in an item of paths",
        "hosts" | "secretName" => "it stands in an item of spec.tls",
        "controller" | "parameters" => "it stands under the spec of an IngressClass",
        _ if name.contains('/') => "annotations stand under metadata.annotations",
        _ => return None,
    })
}
