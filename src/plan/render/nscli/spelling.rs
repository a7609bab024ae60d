//! How the command line spells what NITRO spells in lower case.

use crate::model::Kind;

/// How objects of one type are written.
pub(super) struct Syntax {
    /// The type.
    pub(super) words: &'static str,
    /// The fields that stand after the name in `add`, without their own names.
    pub(super) places: &'static [&'static str],
}

/// The syntax of a type (documented: the synopsis of its `add` and `set`).
pub(super) fn syntax(kind: Kind) -> Syntax {
    let (words, places): (_, &[&str]) = match kind {
        Kind::SSLPARAMETER => ("ssl parameter", &[]),
        Kind::SSLCERTKEY => ("ssl certKey", &[]),
        Kind::SSLPROFILE => ("ssl profile", &[]),
        Kind::NSTCPPROFILE => ("ns tcpProfile", &[]),
        Kind::NSHTTPPROFILE => ("ns httpProfile", &[]),
        Kind::SERVER => ("server", &["ipaddress"]),
        Kind::LBMONITOR => ("lb monitor", &["type"]),
        Kind::SERVICEGROUP => ("serviceGroup", &["servicetype"]),
        Kind::SSLSERVICEGROUP => ("ssl serviceGroup", &[]),
        Kind::RESPONDERACTION => ("responder action", &["type", "target"]),
        Kind::RESPONDERPOLICY => ("responder policy", &["rule", "action"]),
        Kind::REWRITEACTION => ("rewrite action", &["type", "target", "stringbuilderexpr"]),
        Kind::REWRITEPOLICY => ("rewrite policy", &["rule", "action"]),
        Kind::LBVSERVER => ("lb vserver", &["servicetype"]),
        Kind::CSACTION => ("cs action", &[]),
        Kind::CSPOLICY => ("cs policy", &[]),
        Kind::CSVSERVER => ("cs vserver", &["servicetype", "ipv46", "port"]),
        Kind::SSLVSERVER => ("ssl vserver", &[]),
        _ => (kind.name(), &[]),
    };
    Syntax { words, places }
}

/// The argument that names what is bound; `None` where it stands without one.
pub(super) fn bound_as(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::SSLPROFILE_SSLCIPHER => Some("cipherName"),
        Kind::SSLPROFILE_ECCCURVE => Some("eccCurveName"),
        Kind::SSLSERVICEGROUP_SSLCERTKEY | Kind::SSLVSERVER_SSLCERTKEY => Some("certkeyName"),
        Kind::SERVICEGROUP_LBMONITOR => Some("monitorName"),
        Kind::LBVSERVER_RESPONDERPOLICY
        | Kind::CSVSERVER_RESPONDERPOLICY
        | Kind::CSVSERVER_REWRITEPOLICY
        | Kind::CSVSERVER_CSPOLICY => Some("policyName"),
        Kind::CSVSERVER_LBVSERVER => Some("lbvserver"),
        _ => None,
    }
}

/// Arguments whose spelling is not that of NITRO (documented in the command reference). The
/// command line accepts any case (assumed); this is how it writes them itself.
const ARGUMENTS: &[&str] = &[
    "allowExtendedMasterSecret",
    "allowUnknownSNI",
    "alpnProtocol",
    "cipherPriority",
    "cipherRedirect",
    "clientAuth",
    "clientAuthUseBoundCAChain",
    "clientCert",
    "commonName",
    "defaultProfile",
    "denySSLReneg",
    "dheKeyExchangeWithPsk",
    "dhKeyExpSizeLimit",
    "dropReqWithNoHostHeader",
    "encryptTriggerPktCount",
    "eRSA",
    "gotoPriorityExpression",
    "healthMonitor",
    "HSTS",
    "IncludeSubdomains",
    "insertionEncoding",
    "IPAddress",
    "maxRenegRate",
    "ocspStapling",
    "pushEncTrigger",
    "pushEncTriggerTimeout",
    "quantumSize",
    "redirectPortRewrite",
    "sendCloseNotify",
    "serverAuth",
    "serviceType",
    "sessionTicket",
    "sessionTicketLifeTime",
    "sessReuse",
    "sessTimeout",
    "skipClientCertPolicyCheck",
    "SNIEnable",
    "SNIHTTPHostMatch",
    "ssliMaxSessPerServer",
    "sslProfile",
    "sslProfileType",
    "sslRedirect",
    "sslTriggerTimeout",
    "strictCAChecks",
    "strictSigDigestCheck",
    "stringBuilderExpr",
    "targetLBVserver",
    "tls13SessionTicketsPerAuthContext",
    "zeroRttEarlyData",
];

/// Fields that stand without a name behind the value of another (documented: the synopsis of `add`
/// and `set`; that of `cip` seen in saved configurations).
const FOLLOWERS: [(Kind, &str, &str); 8] = [
    (Kind::CSVSERVER, "insertvserveripport", "vipheader"),
    (Kind::LBMONITOR, "deviation", "units1"),
    (Kind::LBMONITOR, "downtime", "units2"),
    (Kind::LBMONITOR, "interval", "units3"),
    (Kind::LBMONITOR, "resptimeout", "units4"),
    (Kind::LBVSERVER, "insertvserveripport", "vipheader"),
    (Kind::LBVSERVER, "newservicerequest", "newservicerequestunit"),
    (Kind::SERVICEGROUP, "cip", "cipheader"),
];

/// The field that stands behind this one.
pub(super) fn follower(kind: Kind, leader: &str) -> Option<&'static str> {
    let known = FOLLOWERS.iter().find(|(of, known, _)| (*of, *known) == (kind, leader));
    known.map(|(_, _, follower)| *follower)
}

/// The field that this one stands behind.
pub(super) fn leader(kind: Kind, follower: &str) -> Option<&'static str> {
    let known = FOLLOWERS.iter().find(|(of, _, known)| (*of, *known) == (kind, follower));
    known.map(|(_, leader, _)| *leader)
}

/// How the command line spells a field.
pub(super) fn argument(kind: Kind, field: &str) -> String {
    if kind == Kind::SSLCERTKEY && field == "linkcertkeyname" {
        return "linkCertKeyName".to_owned();
    }
    let known = ARGUMENTS.iter().find(|argument| argument.eq_ignore_ascii_case(field));
    known.map_or_else(|| field.to_owned(), |argument| (*argument).to_owned())
}

/// A value as one word. Quotes stand around whatever is not a plain word; inside, `"` and `\` are
/// escaped by `\` (seen in the appliance's saved configurations), and so are line breaks, so that no
/// value becomes a command of its own.
pub(super) fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:/@=,*+".contains(&b);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain) {
        return text.to_owned();
    }
    let mut word = text.replace('\\', "\\\\").replace('"', "\\\"");
    for (raw, escaped) in [("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")] {
        word = word.replace(raw, escaped);
    }
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn what_is_not_a_plain_word_is_quoted() {
        for (text, word) in [
            ("k8s-192.0.2.10_443_ssl", "k8s-192.0.2.10_443_ssl"),
            ("2001:db8::1", "2001:db8::1"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            ("-force", r#""-force""#),
            ("/a\nrm x", r#""/a\nrm x""#),
            ("A && B", r#""A && B""#),
            (r#"H.EQ("a\"b")"#, r#""H.EQ(\"a\\\"b\")""#),
            ("#1", r##""#1""##),
            ("é", r#""é""#),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn every_spelling_is_that_of_a_field() {
        for argument in ARGUMENTS {
            let field = argument.to_ascii_lowercase();
            let known = Kind::ALL.iter().any(|kind| schema::field(*kind, &field).is_some());
            assert!(known, "{argument}");
        }
    }

    #[test]
    fn every_follower_and_its_leader_are_fields() {
        for (kind, leader, follower) in FOLLOWERS {
            assert!(schema::field(kind, leader).is_some(), "{kind} {leader}");
            assert!(schema::field(kind, follower).is_some(), "{kind} {follower}");
        }
    }

    #[test]
    fn every_kind_that_is_created_has_words_of_its_own() {
        for kind in Kind::ALL {
            let binding = crate::model::BindingShape::of(*kind).is_some();
            let named = syntax(*kind).words != kind.name() || *kind == Kind::SERVER;
            let typed = !matches!(*kind, Kind::NSFEATURE | Kind::SYSTEMFILE | Kind::SSLSERVICE);
            assert_eq!(named, !binding && typed, "{kind}");
        }
    }
}
