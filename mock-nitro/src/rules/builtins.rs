//! What a fresh appliance holds before anybody configures it.

use serde_json::Value;

use super::certkeys::BUILT_IN;
use super::profiles;
use crate::schema;
use crate::state::{Fields, State};

/// Built-in monitors and their types (seen in the list of monitors of an appliance).
pub(super) const MONITORS: [(&str, &str); 22] = [
    ("tcp-default", "TCP"),
    ("ping-default", "PING"),
    ("tcp", "TCP"),
    ("ping", "PING"),
    ("http", "HTTP"),
    ("tcp-ecv", "TCP-ECV"),
    ("http-ecv", "HTTP-ECV"),
    ("udp-ecv", "UDP-ECV"),
    ("dns", "DNS"),
    ("ftp", "FTP"),
    ("tcps", "TCP"),
    ("https", "HTTP"),
    ("tcps-ecv", "TCP-ECV"),
    ("https-ecv", "HTTP-ECV"),
    ("xdm", "CITRIX-XDM"),
    ("arp", "ARP"),
    ("nd6", "ND6"),
    ("ldns-ping", "LDNS-PING"),
    ("ldns-tcp", "LDNS-TCP"),
    ("ldns-dns", "LDNS-DNS"),
    ("stasecure", "CITRIX-STA-SERVICE"),
    ("sta", "CITRIX-STA-SERVICE"),
];

/// Cipher groups that are always there (documented).
const CIPHER_GROUPS: [&str; 39] = [
    "ALL",
    "DEFAULT",
    "DEFAULT_BACKEND",
    "DEFAULT_DTLS",
    "DEFAULT_DTLS_BACKEND",
    "SECURE",
    "kRSA",
    "kEDH",
    "DH",
    "EDH",
    "aRSA",
    "aDSS",
    "aNULL",
    "DSS",
    "DES",
    "3DES",
    "RC4",
    "RC2",
    "eNULL",
    "MD5",
    "SHA1",
    "SHA",
    "NULL",
    "RSA",
    "ADH",
    "SSLv3",
    "TLSv1",
    "TLSv1_ONLY",
    "TLSv1.2_ONLY",
    "EXP",
    "EXPORT",
    "LOW",
    "MEDIUM",
    "HIGH",
    "AES",
    "FIPS",
    "ECDHE",
    "AES-GCM",
    "SHA2",
];

/// Cipher suites (documented).
const CIPHER_SUITES: [&str; 45] = [
    "TLS1.3-AES256-GCM-SHA384",
    "TLS1.3-AES128-GCM-SHA256",
    "TLS1.3-CHACHA20-POLY1305-SHA256",
    "TLS1.2-ECDHE-RSA-AES256-GCM-SHA384",
    "TLS1.2-ECDHE-RSA-AES128-GCM-SHA256",
    "TLS1.2-ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS1.2-ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS1.2-ECDHE-RSA-CHACHA20-POLY1305",
    "TLS1.2-ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS1.2-DHE-RSA-CHACHA20-POLY1305",
    "TLS1.2-ECDHE-RSA-AES-256-SHA384",
    "TLS1.2-ECDHE-RSA-AES-128-SHA256",
    "TLS1.2-ECDHE-ECDSA-AES256-SHA384",
    "TLS1.2-ECDHE-ECDSA-AES128-SHA256",
    "TLS1.2-DHE-RSA-AES256-GCM-SHA384",
    "TLS1.2-DHE-RSA-AES128-GCM-SHA256",
    "TLS1.2-DHE-RSA-AES-256-SHA256",
    "TLS1.2-DHE-RSA-AES-128-SHA256",
    "TLS1.2-AES256-GCM-SHA384",
    "TLS1.2-AES128-GCM-SHA256",
    "TLS1.2-AES-256-SHA256",
    "TLS1.2-AES-128-SHA256",
    "TLS1-ECDHE-RSA-AES256-SHA",
    "TLS1-ECDHE-RSA-AES128-SHA",
    "TLS1-ECDHE-RSA-DES-CBC3-SHA",
    "TLS1-ECDHE-RSA-RC4-SHA",
    "TLS1-ECDHE-ECDSA-AES256-SHA",
    "TLS1-ECDHE-ECDSA-AES128-SHA",
    "TLS1-ECDHE-ECDSA-DES-CBC3-SHA",
    "TLS1-ECDHE-ECDSA-RC4-SHA",
    "TLS1-DHE-RSA-AES-256-CBC-SHA",
    "TLS1-DHE-RSA-AES-128-CBC-SHA",
    "TLS1-DHE-DSS-AES-256-CBC-SHA",
    "TLS1-DHE-DSS-AES-128-CBC-SHA",
    "TLS1-AES-256-CBC-SHA",
    "TLS1-AES-128-CBC-SHA",
    "SSL3-EDH-RSA-DES-CBC3-SHA",
    "SSL3-EDH-DSS-DES-CBC3-SHA",
    "SSL3-DES-CBC3-SHA",
    "SSL3-DES-CBC-SHA",
    "SSL3-RC4-SHA",
    "SSL3-RC4-MD5",
    "SSL3-ADH-DES-CBC3-SHA",
    "SSL3-NULL-SHA",
    "SSL3-NULL-MD5",
];

const HTTP_PROFILES: [&str; 4] = [
    "nshttp_default_profile",
    "nshttp_default_strict_validation",
    "nshttp_default_internal_apps",
    "nshttp_default_http_quic_profile",
];

const TCP_PROFILES: [&str; 5] = [
    "nstcp_default_profile",
    "nstcp_internal_apps",
    "nstcp_default_tcp_lfp",
    "nstcp_default_tcp_lnp",
    "nstcp_default_tcp_lan",
];

/// Fills a fresh appliance.
pub(crate) fn install(state: &mut State, default_profile: bool) {
    let switch = if default_profile { "ENABLED" } else { "DISABLED" };
    let mut parameters = with_defaults("sslparameter", []);
    parameters.insert("defaultprofile", switch.into());
    state.singleton_mut("sslparameter").extend(parameters);
    for (name, kind) in MONITORS {
        let mut fields =
            with_defaults("lbmonitor", [("monitorname", name.into()), ("type", kind.into())]);
        if ["tcps", "https", "tcps-ecv", "https-ecv", "stasecure"].contains(&name) {
            fields.insert("secure", "YES".into());
        }
        state.put_object("lbmonitor", name, fields);
    }
    for group in CIPHER_GROUPS {
        // What the alias stands for; it marks the group as built in.
        let fields = [("ciphergroupname", group.into()), ("ciphgrpalias", group.into())];
        state.put_object("sslcipher", group, with_defaults("sslcipher", fields));
    }
    for suite in CIPHER_SUITES {
        let fields = [("ciphername", suite.into())];
        state.put_object("sslciphersuite", suite, with_defaults("sslciphersuite", fields));
    }
    for (kind, names) in
        [("nshttpprofile", &HTTP_PROFILES[..]), ("nstcpprofile", &TCP_PROFILES[..])]
    {
        for &name in names {
            state.put_object(kind, name, with_defaults(kind, [("name", name.into())]));
        }
    }
    install_ssl_profiles(state, default_profile);
    let certkey = [
        ("certkey", BUILT_IN.into()),
        ("cert", "ns-server.cert".into()),
        ("key", "ns-server.key".into()),
    ];
    state.put_object("sslcertkey", BUILT_IN, with_defaults("sslcertkey", certkey));
}

/// The built-in SSL profiles (documented; of the secure one only that it is for TLS 1.2 and 1.3).
fn install_ssl_profiles(state: &mut State, default_profile: bool) {
    for (name, side) in [
        ("ns_default_ssl_profile_frontend", "FrontEnd"),
        (profiles::SECURE, "FrontEnd"),
        ("ns_default_ssl_profile_backend", "BackEnd"),
    ] {
        let mut fields =
            with_defaults("sslprofile", [("name", name.into()), ("sslprofiletype", side.into())]);
        fields.remove("nodefaultbindings");
        if name == profiles::SECURE {
            fields.insert("tls1", "DISABLED".into());
            fields.insert("tls11", "DISABLED".into());
            fields.insert("tls13", "ENABLED".into());
        }
        profiles::complete(&mut fields);
        state.put_object("sslprofile", name, fields);
        if default_profile {
            profiles::bind_defaults(state, name);
        }
    }
    for (name, _) in MONITORS {
        if default_profile {
            super::monitors::attach_default_profile(state, name);
        }
    }
}

/// Whether an object is there from the start: the configuration file does not hold it.
pub(crate) fn is_built_in(kind: &str, name: &str) -> bool {
    let is_monitor = kind == "lbmonitor" && MONITORS.iter().any(|(monitor, _)| *monitor == name);
    let is_profile = HTTP_PROFILES.contains(&name) || TCP_PROFILES.contains(&name);
    is_monitor || is_profile || name.starts_with("ns_") || name.starts_with("ns-")
}

fn with_defaults<const N: usize>(kind: &str, own: [(&'static str, Value); N]) -> Fields {
    let defaults = schema::kind(kind).into_iter().flat_map(schema::Kind::defaults);
    let mut fields: Fields = defaults.map(|(field, value)| (field, value.clone())).collect();
    fields.extend(own);
    fields
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use crate::schema;

    #[test]
    fn every_built_in_object_has_fields_and_values_that_its_type_knows() {
        for enabled in [false, true] {
            let state = Bench::with_default_profiles(enabled).state;
            let objects = state.all_objects().map(|(key, fields)| (key.kind, fields));
            let bindings = state.all_bindings().map(|(key, fields)| (key.kind, fields));
            for (kind, fields) in objects.chain(bindings) {
                let facts = schema::kind(kind).unwrap();
                for (&field, value) in &**fields {
                    let (_, field_facts) = facts.field(field).unwrap();
                    let values = &field_facts.values;
                    let known = values.is_empty()
                        || value.as_str().is_none_or(|text| values.iter().any(|v| v == text));
                    assert!(known, "{kind} {field} {value}");
                }
            }
        }
    }
}
