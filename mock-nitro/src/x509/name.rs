//! Distinguished names: how NITRO shows them, and when two of them are equal.

use std::collections::BTreeSet;

use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// The form in which NITRO shows subject and issuer: `CN=example,O=Example`, in the order of the
/// certificate and with a leading blank (seen in the output of `show ssl certKey`).
pub(super) fn shown(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().map(|attribute| {
        let oid = attribute.attr_type().to_id_string();
        format!("{}={}", short_name(&oid).unwrap_or(&oid), text(attribute))
    });
    format!(" {}", parts.collect::<Vec<_>>().join(","))
}

/// The form in which policies see subject and issuer: `/C=US/O=Example/CN=example` (documented).
pub(crate) fn slashed(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().map(|attribute| {
        let oid = attribute.attr_type().to_id_string();
        format!("/{}={}", short_name(&oid).unwrap_or(&oid), text(attribute))
    });
    parts.collect()
}

/// The last common name, which is the one that OpenSSL takes.
pub(super) fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().last().map(text).filter(|name| !name.is_empty())
}

/// Equal for equal names: case, and runs of blanks, don't count, nor which of ASN.1's string types
/// holds the text (OpenSSL's rule).
pub(super) fn canonical(name: &X509Name<'_>) -> String {
    let sets = name.iter_rdn().map(|set| {
        let mut parts: Vec<String> = set
            .iter()
            .map(|attribute| {
                let text = text(attribute).to_ascii_lowercase();
                let words: Vec<&str> = text.split_ascii_whitespace().collect();
                format!("{}={}", attribute.attr_type().to_id_string(), words.join(" "))
            })
            .collect();
        parts.sort_unstable();
        parts.join("\u{1e}")
    });
    sets.collect::<Vec<_>>().join("\u{1f}")
}

/// Whether one of these names is that of a host, both in lower case: a wildcard stands for one label
/// (documented).
pub(crate) fn cover(names: &BTreeSet<String>, host: &str) -> bool {
    let wildcard = host
        .split_once('.')
        .filter(|(label, _)| !label.is_empty())
        .map(|(_, domain)| format!("*.{domain}"));
    names.contains(host) || wildcard.is_some_and(|wildcard| names.contains(&wildcard))
}

fn text(attribute: &AttributeTypeAndValue<'_>) -> String {
    attribute.as_str().map_or_else(
        |_| String::from_utf8_lossy(attribute.as_slice()).into_owned(),
        ToOwned::to_owned,
    )
}

fn short_name(oid: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 14] = [
        ("0.9.2342.19200300.100.1.1", "UID"),
        ("0.9.2342.19200300.100.1.25", "DC"),
        ("1.2.840.113549.1.9.1", "emailAddress"),
        ("2.5.4.3", "CN"),
        ("2.5.4.4", "SN"),
        ("2.5.4.5", "serialNumber"),
        ("2.5.4.6", "C"),
        ("2.5.4.7", "L"),
        ("2.5.4.8", "ST"),
        ("2.5.4.9", "street"),
        ("2.5.4.10", "O"),
        ("2.5.4.11", "OU"),
        ("2.5.4.12", "title"),
        ("2.5.4.42", "GN"),
    ];
    NAMES.iter().find(|(number, _)| *number == oid).map(|(_, name)| *name)
}
