//! The facts about every NITRO type that this appliance knows: operations, key, fields, enums,
//! ranges, defaults, immutability, references.
//!
//! They are rows of data, shared with nobody but the file. What the rows cannot say is in the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

static KINDS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    let mut kinds: BTreeMap<String, Kind> =
        serde_json::from_str(include_str!("../../src/schema.json"))
            .expect("the schema is well-formed");
    for (name, kind) in &mut kinds {
        kind.name.clone_from(name);
    }
    kinds
});

/// The facts about a type, if there is such a type.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.get(name)
}

/// All types by name.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static Kind)> {
    KINDS.iter().map(|(name, kind)| (name.as_str(), kind))
}

/// Every place that refers to a type: the type that holds the reference, and its field.
pub fn references_to(target: &str) -> &'static [(&'static Kind, &'static str)] {
    static REFERENCES: LazyLock<References> = LazyLock::new(|| {
        let mut references = References::new();
        for (_, kind) in kinds() {
            for (name, field) in &kind.fields {
                for target in field.targets() {
                    references.entry(target).or_default().push((kind, name));
                }
            }
        }
        references
    });
    REFERENCES.get(target).map_or(&[], Vec::as_slice)
}

type References = BTreeMap<&'static str, Vec<(&'static Kind, &'static str)>>;

/// One NITRO type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name, as in a path.
    #[serde(skip)]
    pub name: String,
    /// What a request may do, in NITRO's words (`add`, `get_all`, `change`, ...).
    pub operations: Vec<String>,
    /// The field that names an object or the parent of a binding; empty for singletons.
    pub key: Vec<String>,
    /// Further identity (the traffic domain of an address).
    #[serde(default)]
    pub key_extra: Vec<String>,
    /// The fields by name.
    pub fields: BTreeMap<String, Field>,
    /// Per operation the fields that its body may hold.
    #[serde(default)]
    pub actions: BTreeMap<String, BTreeSet<String>>,
    /// What `args` of a DELETE may hold.
    #[serde(default)]
    pub delete_args: Vec<String>,
    /// What `args` of a GET may hold.
    #[serde(default)]
    pub filter_args: Vec<String>,
    /// The binding types of a parent.
    #[serde(default)]
    pub bindings: Vec<String>,
    /// The bound side of a binding.
    #[serde(default)]
    pub binding_key: Vec<String>,
    /// Exactly one of each list must be given.
    #[serde(default)]
    pub one_of: Vec<Vec<String>>,
    /// At most one of each list may be given.
    #[serde(default)]
    pub exclusive: Vec<Vec<String>>,
    /// What `PUT` must hold beside the key.
    #[serde(default)]
    pub required_on_update: Vec<String>,
    /// Whether there is exactly one of it, without a name.
    #[serde(default)]
    pub singleton: bool,
    /// Whether objects can be renamed.
    #[serde(default)]
    pub rename: bool,
}

impl Kind {
    /// Whether it is a binding of something to a parent.
    pub fn is_binding(&self) -> bool {
        self.name.ends_with("_binding")
    }

    /// Whether it shows all bindings of a parent together (`csvserver_binding`).
    pub fn is_umbrella(&self) -> bool {
        self.is_binding() && !self.bindings.is_empty()
    }

    /// Whether a request may do that, in NITRO's words.
    pub fn allows(&self, operation: &str) -> bool {
        self.operations.iter().any(|allowed| allowed == operation)
    }

    /// Whether the body of an operation may hold a field.
    pub fn takes(&self, operation: &str, field: &str) -> bool {
        self.actions.get(operation).is_some_and(|fields| fields.contains(field))
    }

    /// The field that names an object or the parent of a binding.
    pub fn key(&self) -> Option<&str> {
        self.key.first().map(String::as_str)
    }

    /// A field by its name or another spelling of it, with the name that NITRO documents.
    pub fn field(&self, name: &str) -> Option<(&str, &Field)> {
        let spelled = |field: &&Field| field.aliases.iter().any(|alias| alias == name);
        match self.fields.get_key_value(name) {
            Some((name, field)) => Some((name.as_str(), field)),
            None => self
                .fields
                .iter()
                .find(|(_, field)| spelled(field))
                .map(|(name, field)| (name.as_str(), field)),
        }
    }

    /// What a fresh object has without being told.
    pub fn defaults(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields
            .iter()
            .filter(|(_, field)| !field.readonly)
            .filter_map(|(name, field)| field.default.as_ref().map(|value| (name.as_str(), value)))
    }
}

/// One field of a type.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the schema")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its type on the wire.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// The values that it may have, in NITRO's case.
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    /// What a fresh object has.
    pub default: Option<Value>,
    /// What clients may take for its value where it was never set.
    pub absent: Option<Value>,
    /// The lowest number.
    pub min: Option<i64>,
    /// The highest number.
    pub max: Option<i64>,
    /// The fewest characters.
    pub min_len: Option<usize>,
    /// The most characters.
    pub max_len: Option<usize>,
    /// Whether a new object must have it.
    #[serde(default)]
    pub required_on_add: bool,
    /// Whether only answers hold it.
    #[serde(default)]
    pub readonly: bool,
    /// Whether `PUT` refuses it.
    #[serde(default)]
    pub immutable: bool,
    /// Whether only the newest releases know it.
    #[serde(default)]
    pub recent: bool,
    /// Whether it is never returned nor written to the journal.
    #[serde(default)]
    pub secret: bool,
    /// The side (`frontend`, `backend`) that it belongs to.
    pub applies_to: Option<String>,
    /// The types that its value may name, with `|` between them.
    pub refers_to: Option<String>,
    /// Values that name no object though it is a reference.
    #[serde(default)]
    pub ref_literals: Vec<String>,
    /// Other spellings of its name.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How answers write it, where that differs from its type.
    pub wire: Option<String>,
    /// The members of a list of objects.
    #[serde(default)]
    pub item_fields: BTreeMap<String, Self>,
}

impl Field {
    /// The types that its value may name, if it is a reference.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.refers_to.iter().flat_map(|targets| targets.split('|'))
    }
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum FieldKind {
    /// Text.
    #[serde(rename = "string")]
    Text,
    /// A number that answers write as a number.
    #[serde(rename = "int")]
    Integer,
    /// A whole number that answers write as text.
    #[serde(rename = "double")]
    Double,
    /// True or false.
    #[serde(rename = "bool")]
    Boolean,
    /// A list of texts.
    #[serde(rename = "string[]")]
    Texts,
    /// A list of numbers.
    #[serde(rename = "int[]")]
    Integers,
    /// A list of whole numbers that answers write as texts.
    #[serde(rename = "double[]")]
    Doubles,
    /// A list of objects.
    #[serde(rename = "object[]")]
    Objects,
}
