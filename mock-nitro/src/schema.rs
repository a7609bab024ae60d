//! The facts about every NITRO type that this appliance knows: operations, key, fields, enums,
//! ranges, defaults, immutability, references.
//!
//! They are rows of data, shared with nobody but the file. What the rows cannot say is in the rules.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

static KINDS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../src/schema.json")).expect("the schema is well-formed")
});

/// The facts about a type, if there is such a type.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.get(name)
}

/// All types by name.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static Kind)> {
    KINDS.iter().map(|(name, kind)| (name.as_str(), kind))
}

/// One NITRO type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
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
    pub actions: BTreeMap<String, Vec<String>>,
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

/// One field of a type.
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
