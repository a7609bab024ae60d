//! What certkeys hold, as the appliance reads it from their files.

use std::collections::BTreeSet;

use crate::model::{CertificateId, IssuerSerial, KeyType, Mark};
use crate::nitro::Row;
use crate::nitro::row::{file_name, text};
use crate::observed::ObservedCertkey;

/// What one certkey holds.
pub(super) fn read(row: &Row, mark: &Mark) -> ObservedCertkey {
    ObservedCertkey {
        content: text(row, "cert").and_then(|cert| content(file_name(cert), mark)),
        issuer_serial: issuer_serial(row),
        names: names(row),
        subject: text(row, "subject").unwrap_or_default().trim().to_owned(),
        key_type: key_type(row),
        keyed: text(row, "key").is_some(),
    }
}

/// The content that a file of ours is named after.
fn content(file: &str, mark: &Mark) -> Option<CertificateId> {
    let digest = file.strip_prefix(&mark.name_start())?.strip_suffix(".crt")?;
    CertificateId::parse(digest)
}

/// What names the certificate in the whole world.
pub(super) fn issuer_serial(row: &Row) -> Option<IssuerSerial> {
    Some(IssuerSerial::new(text(row, "issuer")?, text(row, "serial")?))
}

/// The algorithm of the key: `rsaEncryption`, `id-ecPublicKey` (the names are OpenSSL's; assumed).
pub(super) fn key_type(row: &Row) -> Option<KeyType> {
    let algorithm = text(row, "publickey")?.to_ascii_lowercase();
    if algorithm.contains("rsa") {
        return Some(KeyType::Rsa);
    }
    algorithm.contains("ec").then_some(KeyType::Ecdsa)
}

/// The DNS names: the SANs, blank separated (seen), or else the common name.
fn names(row: &Row) -> BTreeSet<String> {
    let lower = |name: &str| name.to_ascii_lowercase();
    let sans: BTreeSet<String> =
        text(row, "sandns").unwrap_or_default().split_whitespace().map(lower).collect();
    if !sans.is_empty() {
        return sans;
    }
    let subject = text(row, "subject").unwrap_or_default();
    let common_name = subject.split([',', '/']).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("CN").then(|| lower(value.trim()))
    });
    common_name.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ClusterId;

    fn row(json: &serde_json::Value) -> Row {
        json.as_object().unwrap().clone().into()
    }

    #[test]
    fn a_certkey_of_ours_is_known_by_the_name_of_its_file() {
        let cluster = ClusterId::parse("local").unwrap();
        let mark = Mark { prefix: "k8s".to_owned(), cluster };
        let id = CertificateId::of_der(b"x");
        let file = mark.shared_name(&format!("{id}.crt"));
        for cert in [file.clone(), format!("/nsconfig/ssl/{file}")] {
            let certkey = read(&row(&json!({ "cert": cert, "key": "k" })), &mark);
            assert_eq!((certkey.content.as_ref(), certkey.keyed), (Some(&id), true));
        }
        let foreign = read(&row(&json!({ "cert": format!("/var/{file}") })), &mark);
        assert_eq!((foreign.content, foreign.keyed), (None, false));
    }

    #[test]
    fn names_come_from_sans_or_else_from_the_common_name() {
        let read = |json| names(&row(&json)).into_iter().collect::<Vec<_>>();
        let subject = " C=US, O=Shop, CN=Shop.example";
        assert_eq!(read(json!({ "subject": subject })), ["shop.example"]);
        assert_eq!(
            read(json!({ "subject": subject, "sandns": "A.example *.a.example" })),
            ["*.a.example", "a.example"]
        );
        assert!(read(json!({})).is_empty());
    }

    #[test]
    fn the_algorithm_of_a_key_is_told_where_the_appliance_tells_it() {
        for (text, expected) in [
            ("rsaEncryption", Some(KeyType::Rsa)),
            ("id-ecPublicKey", Some(KeyType::Ecdsa)),
            ("dsa", None),
        ] {
            assert_eq!(key_type(&row(&json!({ "publickey": text }))), expected, "{text}");
        }
    }
}
