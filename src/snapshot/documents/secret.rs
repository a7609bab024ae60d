//! Reads a Secret without its values ever passing through a message.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::node::{Node, Value};
use super::typed::{Misfit, unknown_field};
use crate::model::Redacted;

const FIELDS: [&str; 7] =
    ["apiVersion", "kind", "metadata", "data", "stringData", "type", "immutable"];

/// The values of a Secret: `data` decoded, `stringData` over it, as an apiserver merges them.
pub(super) fn read_data(
    secret: &Node,
    misfits: &mut Vec<Misfit>,
) -> BTreeMap<String, Redacted<Vec<u8>>> {
    let unknown = secret.members().iter().filter(|(key, _)| !FIELDS.contains(&key.name.as_str()));
    misfits.extend(unknown.map(|(key, _)| unknown_field(key, &FIELDS)));
    let mut data = BTreeMap::new();
    for (field, decode) in [("data", decode as Decode), ("stringData", take as Decode)] {
        let Some(node) = secret.member(field).filter(|node| !node.is_null()) else {
            continue;
        };
        if !matches!(node.value, Value::Map(_)) {
            let noun = node.value.noun();
            misfits.push(Misfit::at(node.spot, format!("{field} is {noun}, not a mapping")));
        }
        for (key, value) in node.members() {
            match decode(value) {
                Ok(bytes) => {
                    data.insert(key.name.clone(), Redacted::new(bytes));
                }
                Err(problem) => misfits.push(Misfit::at(
                    value.spot,
                    format!("the value of {:?} in {field} {problem}", key.name),
                )),
            }
        }
    }
    data
}

type Decode = fn(&Node) -> Result<Vec<u8>, String>;

fn decode(value: &Node) -> Result<Vec<u8>, String> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let Some(text) = value.text() else {
        return Err(format!("is {}, not a text: put it in quotes", value.value.noun()));
    };
    // Line breaks are allowed, as in Go's decoder; blanks are not.
    let unbroken = Redacted::new(text.replace(['\n', '\r'], ""));
    STANDARD.decode(unbroken.reveal()).map_err(|_| {
        if text.contains("-----BEGIN ") {
            "is PEM, not base64 of it: move it to stringData, or write it with `base64 -w0`"
        } else {
            "is not base64: encode it with `base64 -w0`, or move it to stringData"
        }
        .to_owned()
    })
}

fn take(value: &Node) -> Result<Vec<u8>, String> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    match value.text() {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => Err(format!("is {}, not a text: put it in quotes", value.value.noun())),
    }
}
