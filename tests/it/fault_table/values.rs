//! The cells of the table: the faults that an annotation can have, and values that have them.

use nitro_ingress::annotations::{Annotation, Faults, Outcome};

/// One fault of one annotation.
#[derive(Debug)]
pub(super) struct Cell {
    /// Which.
    pub(super) fault: &'static str,
    /// Values that have it.
    pub(super) values: Vec<String>,
}

/// What can be wrong with a value that names no Secret.
const OF_TEXT: Faults = Faults {
    empty: Outcome::Unmet,
    malformed: Outcome::Unmet,
    missing_secret: Outcome::Impossible,
    wrong_keys: Outcome::Impossible,
    bad_pem: Outcome::Impossible,
    key_mismatch: Outcome::Impossible,
    other_namespace: Outcome::Impossible,
};

/// The cells of an annotation.
pub(super) fn cells(annotation: &Annotation) -> Vec<Cell> {
    let Faults {
        empty,
        malformed,
        missing_secret,
        wrong_keys,
        bad_pem,
        key_mismatch,
        other_namespace,
    } = annotation.security.unwrap_or(OF_TEXT);
    let named = |secret: &str| format!(r#"{{"apache": "{secret}"}}"#);
    let all = [
        ("empty", empty, ["", "  ", "{}"].map(str::to_owned).to_vec()),
        ("malformed", malformed, values_malformed(annotation.name())),
        ("missing Secret", missing_secret, vec![named("nowhere")]),
        ("wrong keys", wrong_keys, vec![named("wrong-keys"), named("empty")]),
        ("bad PEM", bad_pem, vec![named("bad-pem")]),
        ("key mismatch", key_mismatch, vec![named("key-mismatch")]),
        ("other namespace", other_namespace, vec![named("other/tls-ca"), named("other/x")]),
    ];
    let possible = all.into_iter().filter(|(_, outcome, _)| match outcome {
        Outcome::Unmet => true,
        Outcome::Impossible => false,
    });
    possible.map(|(fault, _, values)| Cell { fault, values }).collect()
}

/// Broken JSON, wrong types, what nobody knows, and what people type.
fn values_malformed(name: &str) -> Vec<String> {
    let own = own_malformed(name);
    let all = ["{", r#"{"apache": "x""#, "[]", "\u{201c}x\u{201d}", "null"].iter().chain(own);
    all.map(|value| (*value).to_owned()).collect()
}

fn own_malformed(name: &str) -> &'static [&'static str] {
    match name {
        "backend-ca-secret" | "backend-secret" | "ca-secret" => {
            &["7", r#"{"apache": 7}"#, r#"{"apache": null}"#, r#"{"apache": {}}"#]
        }
        "backend-sslprofile" => &[
            "7",
            r#"{"apache": {"serverath": "enabled"}}"#,
            r#"{"apache": {"serverauth": "perhaps"}}"#,
            r#"{"serverauth": "enabled"}"#,
            r#"{"apache": "a_profile"}"#,
        ],
        // The last is understood, and not allowed.
        "client-certificate-refusal" => &["7", "handshakes", "https", "none", "400", "http"],
        "csvserver" => &[
            "7",
            r#"{"stateupdat": "ENABLED"}"#,
            r#"{"stateupdate": "PERHAPS"}"#,
            r#"{"backupvserver": "elsewhere"}"#,
        ],
        "frontend-httpprofile" => &[
            r#"{"dropinvalreq": "enabled"}"#,
            r#"{"dropinvalreqs": "perhaps"}"#,
            r#"{"apache": {"dropinvalreqs": "enabled"}}"#,
            "a_profile",
        ],
        "frontend-ip" => &["7", "A.B.C.D", "192.0.2", "192.0.2.10/24", "192.0.2.10, 192.0.2.11"],
        "frontend-sslprofile" => &[
            r#"{"clientaut": "enabled"}"#,
            r#"{"clientauth": "on-demand"}"#,
            r#"{"apache": {"clientauth": "enabled"}}"#,
            "a_profile",
        ],
        "frontend-tcpprofile" => &[r#"{"sak": "enabled"}"#, r#"{"sack": "perhaps"}"#, "a_profile"],
        "insecure-port" | "secure-port" => &["0", "65536", "-1", "https", "443/tcp"],
        "insecure-service-type" => &["7", "udp", "ssl", "htttp"],
        "insecure-termination" => &["7", "redirct", "True", "allow, redirect"],
        "path-match-method" => &["7", "regex", "exakt"],
        "paused" => &["7", "yes", "until Monday"],
        "preconfigured-certkey" => &[
            "7",
            r#"{"certs": [{"name": "a", "type": "default|sni|ca"}]}"#,
            r#"{"certs": [{"nam": "a"}]}"#,
            r#"{"cert": [{"name": "a"}]}"#,
        ],
        "secure-backend" => &["7", r#"{"apache": 7}"#, r#"{"apache": null}"#, "yes"],
        "secure-service-type" => &["7", "HTTP", "tls", "ssl-tcp"],
        "ssl-passthrough" => &["7", "yes", r#"{"apache": "True"}"#],
        other => panic!("{other:?} has no malformed values here"),
    }
}
