//! Every setting of SSL profiles that annotations may make: the appliance takes it and keeps it.

use nitro_ingress::annotations::ANNOTATIONS;
use nitro_ingress::model::Kind;
use nitro_ingress::schema;

use crate::objects::{IngressBuilder, authorities, cluster, ingress, pair};
use crate::turns::Turns;

/// The side of TLS that a profile is for.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    FrontEnd,
    BackEnd,
}

impl Side {
    fn allowed_fields(self) -> &'static [&'static str] {
        let name = match self {
            Self::FrontEnd => "frontend-sslprofile",
            Self::BackEnd => "backend-sslprofile",
        };
        let annotation = ANNOTATIONS.iter().find(|annotation| annotation.name() == name).unwrap();
        annotation.fields.unwrap().allowed
    }
}

/// What else must be set for a field to be allowed.
fn needed(side: Side, field: &str) -> &'static str {
    match (side, field) {
        (_, "sesstimeout") => r#", "sessreuse": "ENABLED""#,
        (_, "commonname") => r#", "snienable": "ENABLED""#,
        (_, "clientcert" | "skipclientcertpolicycheck") => r#", "clientauth": "ENABLED""#,
        (_, "sessionticketlifetime") => r#", "sessionticket": "ENABLED""#,
        (_, "maxage" | "includesubdomains" | "preload") => r#", "hsts": "ENABLED""#,
        (_, "redirectportrewrite") => r#", "sslredirect": "ENABLED""#,
        (Side::FrontEnd | Side::BackEnd, _) => "",
    }
}

/// All values of an enum, the ends of the range of a number.
fn values(field: &str) -> Vec<String> {
    let (_, facts) = schema::field(Kind::SSLPROFILE, field).unwrap();
    if !facts.allowed.is_empty() {
        return facts.allowed.clone();
    }
    if field == "commonname" {
        return vec!["a.example".to_owned()];
    }
    // From 0 by the schema, which the appliance refuses.
    let min = if field == "sesstimeout" { Some(1) } else { facts.min };
    [min, facts.max].into_iter().flatten().map(|end| end.to_string()).collect()
}

/// An Ingress with this setting.
fn with(side: Side, field: &str, value: &str, number: usize) -> IngressBuilder {
    let settings = format!(r#"{{"{field}": "{value}"{}}}"#, needed(side, field));
    let web = ingress(&format!("web-{number}"))
        .annotated("frontend-ip", &format!("198.51.{}.{}", number / 200, 1 + number % 200))
        .host("a.example")
        .path("/", "apache", 443);
    match side {
        Side::FrontEnd => {
            let web = web.annotated("frontend-sslprofile", &settings).tls(&["a.example"], "tls");
            let verifies =
                matches!(field, "clientauth" | "clientcert" | "skipclientcertpolicycheck")
                    && (field, value) != ("clientauth", "DISABLED");
            if verifies { web.annotated("ca-secret", r#"{"apache": "ca"}"#) } else { web }
        }
        Side::BackEnd => {
            let web = web
                .annotated("secure-backend", "True")
                .annotated("backend-sslprofile", &format!(r#"{{"apache": {settings}}}"#));
            if (field, value) == ("serverauth", "ENABLED") {
                web.annotated("backend-ca-secret", r#"{"apache": "ca"}"#)
            } else {
                web
            }
        }
    }
}

#[test]
fn every_allowed_field_and_value_is_taken_by_the_appliance_and_leaves_nothing_to_do() {
    let mut all = Vec::new();
    for side in [Side::FrontEnd, Side::BackEnd] {
        for field in side.allowed_fields() {
            let values = values(field);
            assert!(!values.is_empty(), "{field}");
            all.extend(values.into_iter().map(|value| (side, *field, value)));
        }
    }
    // Certificates are always bound for SNI.
    let impossible = |(side, field, value): &(Side, &str, String)| {
        (*side, *field, value.as_str()) == (Side::FrontEnd, "snienable", "DISABLED")
    };
    all.retain(|setting| !impossible(setting));
    assert!(all.len() > 100, "{}", all.len());
    let mut cluster = cluster().with(pair("tls", "a-1")).with(authorities("ca", &["ca-one"]));
    for (number, (side, field, value)) in all.iter().enumerate() {
        cluster = cluster.with(with(*side, field, value, number));
    }
    let turns = Turns::new();
    let (translation, _) = turns.turn(&cluster);
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    let (_, second) = turns.turn(&cluster);
    assert!(second.is_empty(), "{:#?}", second.ops);
}
