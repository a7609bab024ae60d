//! Every annotation that is honoured.

use super::registry::{Annotation, Faults, Outcome, Scope, Weight};
use super::{address, certkeys, listener, monitor, profile, servers, services, ssl, tuning, value};

const FLAG: Faults = Faults {
    empty: Outcome::Unmet,
    malformed: Outcome::Unmet,
    missing_secret: Outcome::Impossible,
    wrong_keys: Outcome::Impossible,
    bad_pem: Outcome::Impossible,
    key_mismatch: Outcome::Impossible,
    other_namespace: Outcome::Impossible,
};
const CA: Faults = Faults {
    missing_secret: Outcome::Unmet,
    wrong_keys: Outcome::Unmet,
    bad_pem: Outcome::Unmet,
    other_namespace: Outcome::Unmet,
    ..FLAG
};
const KEY_PAIR: Faults = Faults { key_mismatch: Outcome::Unmet, ..CA };

/// All annotations, sorted by key.
pub static ANNOTATIONS: &[Annotation] = &[
    Annotation {
        key: "ingress.citrix.com/backend-ca-secret",
        scope: Scope::Service,
        weight: Weight::Decisive,
        value: r#"{"SERVICE": "SECRET"}"#,
        default: "the certificate of the back end is not verified",
        doc: "Verifies the certificate of a back end and its name against the CA certificates of \
              a Secret (key `ca.crt`, or else `tls.crt`).",
        example: r#"{"apache": "tls-ca"}"#,
        fields: None,
        security: Some(CA),
        read: |text, to| to.backend_ca_secret.take(services::parse_secrets(text)),
    },
    Annotation {
        key: "ingress.citrix.com/backend-httpprofile",
        scope: Scope::Service,
        weight: Weight::Harmless,
        value: r#"{"SERVICE": {"FIELD": "VALUE"}}, or {"SERVICE": "PROFILE"}"#,
        default: "the appliance's own HTTP profile",
        doc: "The HTTP profile towards a back end: fields of `nshttpprofile`, or the name of one \
              on the appliance.",
        example: r#"{"grpc-service": {"http2": "enabled", "http2direct": "enabled"}}"#,
        fields: Some(&tuning::BACK_END_HTTP),
        security: None,
        read: |text, to| {
            to.backend_httpprofile.take(profile::parse_services(
                text,
                &tuning::BACK_END_HTTP,
                |node| tuning::BACK_END_HTTP.read(node),
            ))
        },
    },
    Annotation {
        key: "ingress.citrix.com/backend-secret",
        scope: Scope::Service,
        weight: Weight::Decisive,
        value: r#"{"SERVICE": "SECRET"}"#,
        default: "no client certificate is shown to the back end",
        doc: "The client certificate and key that are shown to a back end (keys `tls.crt` and \
              `tls.key`).",
        example: r#"{"apache": "wildcard-secret"}"#,
        fields: None,
        security: Some(KEY_PAIR),
        read: |text, to| to.backend_secret.take(services::parse_secrets(text)),
    },
    Annotation {
        key: "ingress.citrix.com/backend-sslprofile",
        scope: Scope::Service,
        weight: Weight::Decisive,
        value: r#"{"SERVICE": {"FIELD": "VALUE"}}, or {"SERVICE": "PROFILE"}"#,
        default: "the TLS defaults",
        doc: "The SSL profile towards a back end: fields of `sslprofile` and a list of \
              `ciphers`, or the name of one on the appliance that demands what the Ingress asks for.",
        example: r#"{"apache": {"serverauth": "enabled", "sni": "enabled"}}"#,
        fields: Some(&ssl::BACK_END),
        security: Some(FLAG),
        read: |text, to| {
            to.backend_sslprofile.take(profile::parse_services(text, &ssl::BACK_END, |node| {
                ssl::read(node, &ssl::BACK_END)
            }))
        },
    },
    Annotation {
        key: "ingress.citrix.com/backend-tcpprofile",
        scope: Scope::Service,
        weight: Weight::Harmless,
        value: r#"{"SERVICE": {"FIELD": "VALUE"}}, or {"SERVICE": "PROFILE"}"#,
        default: "the appliance's own TCP profile",
        doc: "The TCP profile towards a back end: fields of `nstcpprofile`, or the name of one \
              on the appliance.",
        example: r#"{"web": {"ws": "enabled", "sack": "enabled"}}"#,
        fields: Some(&tuning::BACK_END_TCP),
        security: None,
        read: |text, to| {
            to.backend_tcpprofile.take(profile::parse_services(
                text,
                &tuning::BACK_END_TCP,
                |node| tuning::BACK_END_TCP.read(node),
            ))
        },
    },
    Annotation {
        key: "ingress.citrix.com/ca-secret",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: r#"{"SERVICE": "SECRET"}"#,
        default: "no client certificate is asked for",
        doc: "Demands a client certificate that one of the CA certificates of a Secret has \
              issued (key `ca.crt`, or else `tls.crt`); it applies to the whole front end.",
        example: r#"{"apache": "tls-ca"}"#,
        fields: None,
        security: Some(CA),
        read: |text, to| to.ca_secret.take(services::parse_secrets(text)),
    },
    Annotation {
        key: "ingress.citrix.com/csvserver",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: r#"{"FIELD": "VALUE"}"#,
        default: "the appliance's own defaults, or what an older Ingress on the same front end sets",
        doc: "Fields of the front end itself, by NITRO's names.",
        example: r#"{"stateupdate": "ENABLED"}"#,
        fields: Some(&servers::CSVSERVER),
        security: None,
        read: |text, to| to.csvserver.take(servers::CSVSERVER.parse(text)),
    },
    Annotation {
        key: "ingress.citrix.com/default-response-code",
        scope: Scope::FrontEnd,
        weight: Weight::Harmless,
        value: r#"404 or 503, or {"response-code": "404"}"#,
        default: "404",
        doc: "What a client gets whose request no Ingress has a route for.",
        example: r#"{response-code: "404"}"#,
        fields: None,
        security: None,
        read: |text, to| to.default_response_code.take(listener::parse_response_code(text)),
    },
    Annotation {
        key: "ingress.citrix.com/frontend-httpprofile",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: r#"{"FIELD": "VALUE"}, or PROFILE"#,
        default: "the appliance's own HTTP profile, or what an older Ingress on the same front end \
              sets",
        doc: "The HTTP profile towards clients: fields of `nshttpprofile`, or the name of one on \
              the appliance.",
        example: r#"{"dropinvalreqs": "enabled", "websocket": "enabled"}"#,
        fields: Some(&tuning::FRONT_END_HTTP),
        security: None,
        read: |text, to| {
            to.frontend_httpprofile
                .take(profile::parse(text, |node| tuning::FRONT_END_HTTP.read(node)))
        },
    },
    Annotation {
        key: "ingress.citrix.com/frontend-ip",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "ADDRESS",
        default: "the address that the controller was started with",
        doc: "The address that clients connect to.",
        example: "192.0.2.10",
        fields: None,
        security: None,
        read: |text, to| to.frontend_ip.take(address::parse_vip(text)),
    },
    Annotation {
        key: "ingress.citrix.com/frontend-sslprofile",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: r#"{"FIELD": "VALUE"}, or PROFILE"#,
        default: "the TLS defaults, or what an older Ingress on the same front end sets",
        doc: "The SSL profile towards clients: fields of `sslprofile` and a list of `ciphers`, \
              or the name of one on the appliance that demands what the Ingress asks for.",
        example: r#"{"clientauth": "enabled", "sni": "enabled"}"#,
        fields: Some(&ssl::FRONT_END),
        security: Some(FLAG),
        read: |text, to| {
            to.frontend_sslprofile
                .take(profile::parse(text, |node| ssl::read(node, &ssl::FRONT_END)))
        },
    },
    Annotation {
        key: "ingress.citrix.com/frontend-tcpprofile",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: r#"{"FIELD": "VALUE"}, or PROFILE"#,
        default: "the appliance's own TCP profile, or what an older Ingress on the same front end \
              sets",
        doc: "The TCP profile towards clients: fields of `nstcpprofile`, or the name of one on \
              the appliance.",
        example: r#"{"ws": "enabled", "sack": "enabled"}"#,
        fields: Some(&tuning::FRONT_END_TCP),
        security: None,
        read: |text, to| {
            to.frontend_tcpprofile
                .take(profile::parse(text, |node| tuning::FRONT_END_TCP.read(node)))
        },
    },
    Annotation {
        key: "ingress.citrix.com/insecure-port",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "PORT",
        default: "80",
        doc: "The port that clients connect to without TLS.",
        example: "8080",
        fields: None,
        security: None,
        read: |text, to| to.insecure_port.take(value::port(text)),
    },
    Annotation {
        key: "ingress.citrix.com/insecure-service-type",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "http, or tcp",
        default: "http",
        doc: "What clients speak without TLS: HTTP, or anything, which then goes to the default \
              back end.",
        example: "tcp",
        fields: None,
        security: None,
        read: |text, to| to.insecure_service_type.take(listener::parse_insecure_type(text)),
    },
    Annotation {
        key: "ingress.citrix.com/insecure-termination",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "allow, redirect or disallow",
        default: "disallow: nothing listens without TLS for an Ingress with TLS",
        doc: "What becomes of plain HTTP where the Ingress has TLS: it is served too, redirected \
              to HTTPS, or not listened to.",
        example: "redirect",
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.insecure_termination.take(listener::parse_termination(text)),
    },
    Annotation {
        key: "ingress.citrix.com/lbvserver",
        scope: Scope::Service,
        weight: Weight::Harmless,
        value: r#"{"SERVICE": {"FIELD": "VALUE"}}"#,
        default: "the appliance's own defaults",
        doc: "Fields of the load balancing of a back end, by NITRO's names: its method, session \
              affinity.",
        example: r#"{"web": {"persistencetype": "COOKIEINSERT", "timeout": "20", "cookiename": "session"}}"#,
        fields: Some(&servers::LBVSERVER),
        security: None,
        read: |text, to| to.lbvserver.take(servers::LBVSERVER.parse_services(text)),
    },
    Annotation {
        key: "ingress.citrix.com/monitor",
        scope: Scope::Service,
        weight: Weight::Harmless,
        value: r#"{"SERVICE": {"type": "TYPE", "FIELD": "VALUE"}}"#,
        default: "a connection attempt",
        doc: "How the members of a back end are checked, by the fields of `lbmonitor`.",
        example: r#"{"web": {"type": "HTTP", "httprequest": "GET /health", "respcode": ["200"]}}"#,
        fields: Some(&monitor::MONITOR),
        security: None,
        read: |text, to| to.monitor.take(monitor::parse(text)),
    },
    Annotation {
        key: "ingress.citrix.com/path-match-method",
        scope: Scope::Ingress,
        weight: Weight::Decisive,
        value: "prefix, or exact",
        default: "prefix",
        doc: "How the paths of the Ingress match whose `pathType` is `ImplementationSpecific` or \
              missing.",
        example: "exact",
        fields: None,
        security: None,
        read: |text, to| to.path_match_method.take(listener::parse_path_match(text)),
    },
    Annotation {
        key: "ingress.citrix.com/preconfigured-certkey",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: r#"{"certs": [{"name": "CERTKEY", "type": "default, sni or ca"}]}"#,
        default: "certificates come from Secrets",
        doc: "Certkeys that are on the appliance already: served by default (also without \
              `type`), served for the names that they cover, or as CA of client certificates.",
        example: r#"{"certs": [{"name": "wc.example.com", "type": "sni"}]}"#,
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.preconfigured_certkey.take(certkeys::parse(text)),
    },
    Annotation {
        key: "ingress.citrix.com/secure-backend",
        scope: Scope::Service,
        weight: Weight::Decisive,
        value: r#"True, or {"SERVICE": "True"}"#,
        default: "False: back ends are spoken to in plain text",
        doc: "Speaks to back ends in TLS, to all of the Ingress or to those of the named \
              Services.",
        example: r#"{"apache": "True"}"#,
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.secure_backend.take(services::parse_flags(text)),
    },
    Annotation {
        key: "ingress.citrix.com/secure-port",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "PORT",
        default: "443",
        doc: "The port that clients connect to with TLS.",
        example: "8443",
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.secure_port.take(value::port(text)),
    },
    Annotation {
        key: "ingress.citrix.com/secure-service-type",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "ssl, or ssl_tcp",
        default: "ssl",
        doc: "What clients speak inside of TLS: HTTP, or anything, which then goes to the \
              default back end.",
        example: "ssl_tcp",
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.secure_service_type.take(listener::parse_secure_type(text)),
    },
    Annotation {
        key: "ingress.citrix.com/servicegroup",
        scope: Scope::Service,
        weight: Weight::Harmless,
        value: r#"{"SERVICE": {"FIELD": "VALUE"}}"#,
        default: "the appliance's own defaults",
        doc: "Fields of the members of a back end, by NITRO's names.",
        example: r#"{"web": {"cip": "enabled", "cipheader": "X-Forwarded-For"}}"#,
        fields: Some(&servers::SERVICEGROUP),
        security: None,
        read: |text, to| to.servicegroup.take(servers::SERVICEGROUP.parse_services(text)),
    },
    Annotation {
        key: "ingress.citrix.com/ssl-passthrough",
        scope: Scope::Ingress,
        weight: Weight::Decisive,
        value: "True, or False",
        default: "False: the appliance ends TLS",
        doc: "Hands TLS on unopened, all of it to one back end, since hosts and paths cannot be seen in it.",
        example: "True",
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.ssl_passthrough.take(value::flag(text)),
    },
    Annotation {
        key: "nitro-ingress.dev/client-certificate-refusal",
        scope: Scope::FrontEnd,
        weight: Weight::Decisive,
        value: "handshake, or http",
        default: "handshake, or what an older Ingress on the same front end sets",
        doc: "How clients without a valid certificate are turned away where one is demanded: the \
              handshake ends, or they are answered with 400 and the reason, if the operator \
              allows that (`--allow-http-refusal`).",
        example: "http",
        fields: None,
        security: Some(FLAG),
        read: |text, to| to.client_certificate_refusal.take(listener::parse_refusal(text)),
    },
    Annotation {
        key: "nitro-ingress.dev/paused",
        scope: Scope::Ingress,
        weight: Weight::Decisive,
        value: "true|false",
        default: "changes are carried out",
        doc: "Changes nothing for this Ingress while it is `true`: what is on the appliance for it \
              stays, unless its text asks for more protection than that has; then its routes are \
              withdrawn.",
        example: "true",
        fields: None,
        security: None,
        read: |text, to| to.paused.take(value::flag(text)),
    },
];
