//! Findings in SARIF 2.1.0, which code hosts and editors show beside the source.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{FILE, Review};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};

/// The whole log.
pub(super) fn sarif(review: &Review) -> String {
    let mut codes: Vec<Code> = review.diagnostics.iter().map(|one| one.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results = review.diagnostics.iter().map(|one| result(one, &codes));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "nitro-ingress",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    let worst = code.severities().first().copied().unwrap_or(Severity::Error);
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.meaning() },
        "help": { "text": code.remedy() },
        "defaultConfiguration": { "level": level(worst) },
    })
}

fn result(diagnostic: &Diagnostic, codes: &[Code]) -> Value {
    let Diagnostic { object, severity, code, field, place, problem, remedy } = diagnostic;
    let mut location = serde_json::Map::new();
    if let Some(Place { file, line, column }) = place {
        let region = json!({ "startLine": line, "startColumn": column });
        let artifact = json!({ "uri": uri(file) });
        location.insert(
            "physicalLocation".to_owned(),
            json!({ "artifactLocation": artifact, "region": region }),
        );
    }
    if object.kind != FILE {
        let name =
            field.as_ref().map_or_else(|| object.to_string(), |field| format!("{object}, {field}"));
        let logical = json!([{ "fullyQualifiedName": name, "kind": "object" }]);
        location.insert("logicalLocations".to_owned(), logical);
    }
    json!({
        "ruleId": code.name(),
        "ruleIndex": codes.binary_search(code).unwrap_or_default(),
        "level": level(*severity),
        "message": { "text": format!("{problem}\nFix: {remedy}") },
        "locations": [location],
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What may stand in a path of a URI as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// A path as a URI, relative to the working directory unless the path is absolute.
fn uri(file: &str) -> String {
    let path = file.strip_prefix("./").unwrap_or(file);
    let encoded = utf8_percent_encode(path, PLAIN).to_string();
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_uris_where_they_can_be() {
        assert_eq!(uri("./a b/ü.yaml"), "a%20b/%C3%BC.yaml");
        assert_eq!(uri("/srv/a:b.yaml"), "file:///srv/a%3Ab.yaml");
        assert_eq!(uri("-"), "-");
    }
}
