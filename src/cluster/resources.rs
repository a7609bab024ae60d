//! Our custom resources: the appliance that a class is served by, and what became of each Ingress.

pub mod netscaler;
pub mod report;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use netscaler::NetScaler;
use report::IngressReport;

/// The definitions of all of them.
pub fn definitions() -> [CustomResourceDefinition; 2] {
    [IngressReport::crd(), NetScaler::crd()].map(|definition| {
        let mut whole = serde_json::to_value(definition).expect("definitions are plain data");
        name_formats(&mut whole);
        serde_json::from_value(whole).expect("it was one before")
    })
}

/// Calls each format by a name that API servers know: they have none for numbers without a sign, and
/// warn of it. How large such a number can be is said as well, since one that cannot be read would
/// keep all objects from being read.
fn name_formats(part: &mut Value) {
    match part {
        Value::Object(fields) => {
            let unsigned = match fields.get("format").and_then(Value::as_str) {
                Some("uint8") => Some(("int32", u32::from(u8::MAX))),
                Some("uint16") => Some(("int32", u32::from(u16::MAX))),
                Some("uint32") => Some(("int64", u32::MAX)),
                _ => None,
            };
            if let Some((format, largest)) = unsigned {
                fields.insert("format".to_owned(), format.into());
                fields.entry("maximum").or_insert(largest.into());
            }
            fields.values_mut().for_each(name_formats);
        }
        Value::Array(parts) => parts.iter_mut().for_each(name_formats),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The formats of all values that have one, by type.
    fn formats(schema: &Value, found: &mut BTreeSet<(String, String)>) {
        if let (Some(kind), Some(format)) = (schema["type"].as_str(), schema["format"].as_str()) {
            found.insert((kind.to_owned(), format.to_owned()));
        }
        let parts = schema.as_object().into_iter().flat_map(|all| all.values());
        parts.chain(schema.as_array().into_iter().flatten()).for_each(|one| formats(one, found));
    }

    #[test]
    fn formats_are_those_that_an_api_server_knows() {
        let mut found = BTreeSet::new();
        for definition in definitions() {
            formats(&serde_json::to_value(definition).unwrap(), &mut found);
        }
        let known = [("integer", "int32"), ("integer", "int64"), ("string", "date-time")];
        let known = known.map(|(kind, format)| (kind.to_owned(), format.to_owned()));
        assert_eq!(found, BTreeSet::from(known));
    }

    #[test]
    fn the_definitions_have_the_names_that_roles_use() {
        let names = definitions().map(|definition| definition.metadata.name.unwrap());
        assert_eq!(names, ["ingressreports.nitro-ingress.dev", "netscalers.nitro-ingress.dev"]);
    }
}
