//! Fields of virtual servers and service groups that annotations set.
//!
//! These objects stay when an annotation goes, so only fields are allowed whose value without it is
//! known. Never what other Ingresses share (addresses), what names them or says whose they are, and
//! where requests go.

use crate::model::{Fields, Kind, Value};

use super::fields::{Dependant, FieldSet, TAKE_BACK, no_check};
use super::{ParseError, Scope};

const COOKIE: &[&str] = &["COOKIEINSERT"];
const BY_ADDRESS: &[&str] = &["SOURCEIP", "DESTIP", "SRCIPDESTIP"];
const BY_HASH_OF_ADDRESS: &[&str] = &["DESTINATIONIPHASH", "SOURCEIPHASH", "SRCIPDESTIPHASH"];

/// What `csvserver` may set.
pub(super) static CSVSERVER: FieldSet = FieldSet {
    kind: Kind::CSVSERVER,
    what: "csvserver",
    scope: Scope::FrontEnd,
    allowed: &[
        "appflowlog",
        "backuppersistencetimeout",
        "cookiename",
        "downstateflush",
        "insertvserveripport",
        "l2conn",
        "netprofile",
        "persistencebackup",
        "persistencetype",
        "precedence",
        "redirectportrewrite",
        "stateupdate",
        "timeout",
        "v6persistmasklen",
        "vipheader",
    ],
    aliases: &[],
    dependants: &[
        dependant("backuppersistencetimeout", "persistencebackup", &["SOURCEIP"]),
        dependant("cookiename", "persistencetype", COOKIE),
        dependant("persistencebackup", "persistencetype", COOKIE),
        dependant("timeout", "persistencetype", &["COOKIEINSERT", "SOURCEIP", "SSLSESSION"]),
        dependant("v6persistmasklen", "persistencetype", &["SOURCEIP"]),
        dependant("vipheader", "insertvserveripport", &["VIPADDR", "V6TOV4MAPPING"]),
    ],
    refused: &[],
    advice: |field| match field {
        "port" => "write ingress.citrix.com/secure-port or insecure-port",
        "servicetype" => "write ingress.citrix.com/secure-service-type or insecure-service-type",
        "ipv46" => "write ingress.citrix.com/frontend-ip",
        "tcpprofilename" => "write ingress.citrix.com/frontend-tcpprofile",
        "httpprofilename" => "write ingress.citrix.com/frontend-httpprofile",
        "redirectfromport" | "httpsredirecturl" | "redirecturl" => {
            "write ingress.citrix.com/insecure-termination: redirect"
        }
        _ => shared_advice(field),
    },
    check: check_persistence,
};

/// What `lbvserver` may set.
pub(super) static LBVSERVER: FieldSet = FieldSet {
    kind: Kind::LBVSERVER,
    what: "lbvserver",
    scope: Scope::Service,
    allowed: &[
        "appflowlog",
        "backuplbmethod",
        "backuppersistencetimeout",
        "connfailover",
        "cookiename",
        "downstateflush",
        "hashlength",
        "healththreshold",
        "insertvserveripport",
        "l2conn",
        "lbmethod",
        "netmask",
        "netprofile",
        "newservicerequest",
        "newservicerequestincrementinterval",
        "newservicerequestunit",
        "orderthreshold",
        "persistencebackup",
        "persistencetype",
        "persistmask",
        "retainconnectionsoncluster",
        "skippersistency",
        "timeout",
        "toggleorder",
        "trofspersistence",
        "v6netmasklen",
        "v6persistmasklen",
        "vipheader",
    ],
    aliases: &[],
    dependants: &[
        dependant("backuppersistencetimeout", "persistencebackup", &["SOURCEIP"]),
        dependant("cookiename", "persistencetype", COOKIE),
        dependant("hashlength", "lbmethod", &["DOMAINHASH", "URLHASH"]),
        dependant("netmask", "lbmethod", BY_HASH_OF_ADDRESS),
        dependant("persistencebackup", "persistencetype", COOKIE),
        dependant("persistmask", "persistencetype", BY_ADDRESS),
        dependant(
            "timeout",
            "persistencetype",
            &["COOKIEINSERT", "SOURCEIP", "DESTIP", "SRCIPDESTIP"],
        ),
        dependant("v6netmasklen", "lbmethod", BY_HASH_OF_ADDRESS),
        dependant("v6persistmasklen", "persistencetype", BY_ADDRESS),
        dependant("vipheader", "insertvserveripport", &["VIPADDR", "V6TOV4MAPPING"]),
    ],
    refused: &[
        (
            "persistencetype",
            &["RULE", "URLPASSIVE"],
            "write \"COOKIEINSERT\" or \"SOURCEIP\": this one needs an expression, which annotations \
             do not set",
        ),
        (
            "persistencetype",
            &["CUSTOMSERVERID"],
            "write \"COOKIEINSERT\": this one needs ids of members, which come and go here",
        ),
        (
            "persistencetype",
            &["CALLID", "DIAMETER", "FIXSESSION", "RTSPSID", "USERSESSION"],
            "write \"COOKIEINSERT\" or \"SOURCEIP\": this one is for protocols that are not \
             supported",
        ),
        (
            "persistencetype",
            // Only types that see TLS can have it (documented, 1332).
            &["SSLSESSION"],
            "write \"SOURCEIP\": TLS ends at the front end, so that nothing is left of its sessions \
             for the lbvserver",
        ),
        (
            "lbmethod",
            &["TOKEN", "USER_TOKEN"],
            "write \"SOURCEIPHASH\" or \"URLHASH\": this one needs an expression, which annotations \
             do not set",
        ),
        (
            "lbmethod",
            &["AUDITLOGHASH", "CALLIDHASH"],
            "write \"SOURCEIPHASH\": this one is for protocols that are not supported",
        ),
        (
            "lbmethod",
            &["CUSTOMLOAD", "STATICPROXIMITY"],
            "write \"LEASTCONNECTION\": this one needs objects that annotations do not make",
        ),
        ("backuplbmethod", &["CUSTOMLOAD"], "write \"ROUNDROBIN\" or \"LEASTCONNECTION\""),
    ],
    advice: |field| match field {
        "port" | "servicetype" | "ipv46" | "range" => {
            "remove it: it follows from the Service and from ingress.citrix.com/secure-backend"
        }
        "tcpprofilename" => "write ingress.citrix.com/backend-tcpprofile",
        "httpprofilename" => "write ingress.citrix.com/backend-httpprofile",
        "rule" | "resrule" => "remove it: annotations do not set expressions",
        "redirurl" | "httpsredirecturl" | "redirectfromport" => {
            "write ingress.citrix.com/insecure-termination: redirect"
        }
        "order" | "weight" | "servicename" => "remove it: members come from the Service",
        _ => shared_advice(field),
    },
    check: check_balancing,
};

/// What `servicegroup` may set.
pub(super) static SERVICEGROUP: FieldSet = FieldSet {
    kind: Kind::SERVICEGROUP,
    what: "servicegroup",
    scope: Scope::Service,
    allowed: &[
        "appflowlog",
        "autodelayedtrofs",
        "autodisablegraceful",
        "cip",
        "cipheader",
        "cka",
        "downstateflush",
        "healthmonitor",
        "maxbandwidth",
        "maxclient",
        "maxreq",
        "monthreshold",
        "netprofile",
        "sp",
        "tcpb",
        "useproxyport",
        "usip",
    ],
    aliases: &[],
    dependants: &[dependant("cipheader", "cip", &["ENABLED"])],
    refused: &[],
    advice: |field| match field {
        "servicetype" => "write ingress.citrix.com/secure-backend",
        "tcpprofilename" => "write ingress.citrix.com/backend-tcpprofile",
        "httpprofilename" => "write ingress.citrix.com/backend-httpprofile",
        "monitor_name_svc" => "write ingress.citrix.com/monitor",
        "clttimeout" | "svrtimeout" | "cmp" => {
            "remove it: what holds without it depends on the protocol and the appliance, so that \
             it could not be taken back"
        }
        "servername" | "port" | "weight" | "order" | "hashid" | "customserverid" | "memberport" => {
            "remove it: members come from the Service"
        }
        _ => shared_advice(field),
    },
    check: check_client_header,
};

const fn dependant(
    field: &'static str,
    master: &'static str,
    values: &'static [&'static str],
) -> Dependant {
    Dependant { field, master, values }
}

fn shared_advice(field: &str) -> &'static str {
    match field {
        "name" | "servicegroupname" | "newname" | "comment" => {
            "remove it: names and comments say whose an object is"
        }
        "state" => "remove it: what is not to be served is taken out of the Ingress",
        "listenpolicy" | "listenpriority" => {
            "remove it: it would decide about requests of other Ingresses"
        }
        "backupvserver"
        | "somethod"
        | "sothreshold"
        | "sobackupaction"
        | "sopersistence"
        | "sopersistencetimeout"
        | "disableprimaryondown" => "remove it: there is no backup virtual server",
        "authentication" | "authenticationhost" | "authn401" | "authnprofile" | "authnvsname" => {
            "remove it: annotations do not name authentication servers"
        }
        "icmpvsrresponse" | "rhistate" => {
            "remove it: it concerns the address, which other Ingresses share"
        }
        "clttimeout" => {
            "remove it: what holds without it depends on the protocol, so that it could not be \
             taken back"
        }
        _ => TAKE_BACK,
    }
}

fn check_balancing(fields: &Fields) -> Result<(), ParseError> {
    let text = |field: &str| fields.get(field).and_then(Value::as_text);
    // Documented: the backup is another method; without one it is left to the appliance.
    let method = text("lbmethod").unwrap_or("LEASTCONNECTION");
    if let Some(backup) = text("backuplbmethod").filter(|backup| *backup == method) {
        let (field, value) = ("backuplbmethod", backup.to_owned());
        let advice = "write another method than that of \"lbmethod\"";
        return Err(ParseError::ValueNotAllowed { field, value, advice });
    }
    check_persistence(fields)
}

fn check_persistence(fields: &Fields) -> Result<(), ParseError> {
    // Documented: cookies may last as long as the browser, everything else two minutes at least.
    let cookie = fields.get("persistencetype").and_then(Value::as_text) == Some("COOKIEINSERT");
    match fields.get("timeout").and_then(Value::as_number) {
        Some(value) if value < 2 && !cookie => {
            let (field, min, max) = ("timeout", 2, 1440);
            Err(crate::schema::Mismatch::OutOfRange { field, value, min, max }.into())
        }
        Some(_) | None => check_cookie(fields),
    }
}

/// The longest name of a cookie (documented).
const LONGEST_COOKIE: usize = 32;

fn check_cookie(fields: &Fields) -> Result<(), ParseError> {
    let cookie = fields.get("cookiename").and_then(Value::as_text).unwrap_or_default();
    require_token("cookiename", cookie)?;
    if cookie.len() > LONGEST_COOKIE {
        let (field, max) = ("cookiename", LONGEST_COOKIE);
        return Err(crate::schema::Mismatch::TooLong { field, max }.into());
    }
    require_token("vipheader", fields.get("vipheader").and_then(Value::as_text).unwrap_or_default())
}

/// The header that the client's address goes into must be named: a default of the appliance would
/// be taken for somebody's change.
fn check_client_header(fields: &Fields) -> Result<(), ParseError> {
    let inserts = fields.get("cip").and_then(Value::as_text) == Some("ENABLED");
    match fields.get("cipheader").and_then(Value::as_text) {
        Some(header) => require_token("cipheader", header),
        None if inserts => {
            Err(ParseError::FieldRequired { field: "cipheader", why: "\"cip\" is ENABLED" })
        }
        None => no_check(fields),
    }
}

/// Names of headers and cookies are tokens (RFC 9110); anything else could smuggle in a header.
fn require_token(field: &'static str, text: &str) -> Result<(), ParseError> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.bytes().all(is_token) {
        return Ok(());
    }
    let advice = "write letters, digits, \"-\" and \"_\" only";
    Err(ParseError::ValueNotAllowed { field, value: text.to_owned(), advice })
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::{assert_can_be_taken_back, assert_sound};
    use super::*;

    #[test]
    fn every_allowed_field_can_be_taken_back() {
        for set in [&CSVSERVER, &LBVSERVER, &SERVICEGROUP] {
            assert_sound(set);
            assert_can_be_taken_back(set);
        }
    }

    #[test]
    fn session_affinity_is_read_as_people_write_it() {
        let text = r#"{"web":{"persistenceType":"COOKIEINSERT", "timeout":"20", "cookiename":"id"},
                       "api":{"lbmethod":"roundrobin", "PersistenceType":"SourceIP"}}"#;
        let read = LBVSERVER.parse_services(text).unwrap();
        assert_eq!(read["web"]["persistencetype"], Value::from("COOKIEINSERT"));
        assert_eq!(read["web"]["timeout"], Value::Number(20));
        assert_eq!(read["api"]["lbmethod"], Value::from("ROUNDROBIN"));
    }

    #[test]
    fn fields_of_groups_and_front_ends_are_read_as_people_write_them() {
        let text =
            r#"{"a":{"usip":"yes","netProfile":"np"}, "b":{"cip": "Enabled","cipHeader":"X-F"}}"#;
        let read = SERVICEGROUP.parse_services(text).unwrap();
        assert_eq!(read["a"]["usip"], Value::from("YES"));
        assert_eq!(read["a"]["netprofile"], Value::from("np"));
        assert_eq!(read["b"]["cip"], Value::from("ENABLED"));
        let read = CSVSERVER.parse(r#"{"l2conn":"on", "stateupdate": "enable"}"#).unwrap();
        assert_eq!(read["l2conn"], Value::from("ON"));
        assert_eq!(read["stateupdate"], Value::from("ENABLED"));
    }

    #[test]
    fn what_front_ends_may_not_be_told_says_what_to_do() {
        let refused: &[(&FieldSet, &str, &str)] = &[
            (
                &CSVSERVER,
                r#"{"state": "disabled"}"#,
                "remove it: what is not to be served is taken out of the Ingress",
            ),
            (
                &CSVSERVER,
                r#"{"port": "8443"}"#,
                "write ingress.citrix.com/secure-port or insecure-port",
            ),
            (&CSVSERVER, r#"{"stateupdat": "ENABLED"}"#, "did you mean \"stateupdate\"?"),
            (
                &CSVSERVER,
                r#"{"soPersistence":"eNABLED"}"#,
                "remove it: there is no backup virtual server",
            ),
            (
                &CSVSERVER,
                r#"{"timeout": "2"}"#,
                "set \"persistencetype\" to COOKIEINSERT, SOURCEIP or SSLSESSION, or remove \
                 \"timeout\"",
            ),
            (
                &CSVSERVER,
                r#"{"web": {"l2conn": "on"}}"#,
                "write the settings without a service, such as X",
            ),
        ];
        for (set, text, remedy) in refused {
            assert_eq!(set.parse(text).unwrap_err().remedy("X"), *remedy, "{text}");
        }
    }

    #[test]
    fn what_back_ends_may_not_be_told_says_what_to_do() {
        let refused: &[(&FieldSet, &str, &str)] = &[
            (
                &LBVSERVER,
                r#"{"a": {"backuplbmethod": "leastconnection"}}"#,
                "write another method than that of \"lbmethod\"",
            ),
            (
                &LBVSERVER,
                r#"{"a": {"persistencetype": "SOURCEIP", "timeout": "0"}}"#,
                "write a number from 2 to 1440 for \"timeout\"",
            ),
            (
                &LBVSERVER,
                r#"{"lbmethod": "ROUNDROBIN"}"#,
                "put the settings under the name of a Service, such as X",
            ),
            (
                &LBVSERVER,
                r#"{"a": {"Listenpolicy": "TRUE"}}"#,
                "remove it: it would decide about requests of other Ingresses",
            ),
            (
                &LBVSERVER,
                r#"{"a": {"cookiename": "x"}}"#,
                "set \"persistencetype\" to COOKIEINSERT, or remove \"cookiename\"",
            ),
            (
                &LBVSERVER,
                r#"{"a": {"persistencetype": "COOKIEINSERT", "cookiename": "x;y"}}"#,
                "write letters, digits, \"-\" and \"_\" only",
            ),
            (
                &LBVSERVER,
                r#"{"a": {"lbmethod": "TOKEN"}}"#,
                "write \"SOURCEIPHASH\" or \"URLHASH\": this one needs an expression, which \
                 annotations do not set",
            ),
            (
                &SERVICEGROUP,
                r#"{"a": {"cipheader": "X"}}"#,
                "set \"cip\" to ENABLED, or remove \"cipheader\"",
            ),
            (&SERVICEGROUP, r#"{"a": {"cip": "ENABLED"}}"#, "add \"cipheader\", as in X"),
        ];
        for (set, text, remedy) in refused {
            assert_eq!(set.parse_services(text).unwrap_err().remedy("X"), *remedy, "{text}");
        }
    }
}
