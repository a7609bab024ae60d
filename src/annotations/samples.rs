//! Values as people write them: those of the vendor's pages in our own words, and those that are
//! found in repositories and questions, broken ones as well.

use super::{ANNOTATIONS, IngressSettings};

/// Reads a value, and gives what is said about it: the problem and the remedy.
fn told(name: &str, value: &str) -> Option<(String, String)> {
    let annotation = ANNOTATIONS.iter().find(|annotation| annotation.name() == name).expect(name);
    let mut settings = IngressSettings::default();
    let error = (annotation.read)(value, &mut settings).err()?;
    Some((error.to_string(), error.remedy(annotation.example)))
}

const UNDERSTOOD: &[(&str, &[&str])] = &[
    ("frontend-ip", &["192.0.2.1", " 192.0.2.1", "2001:db8::5"]),
    ("secure-port", &["443", "8443"]),
    ("insecure-port", &["80", "6379", "27017"]),
    ("insecure-termination", &["allow", "redirect", "disallow", "Redirect"]),
    ("secure-service-type", &["ssl", "ssl_tcp", "SSL"]),
    ("insecure-service-type", &["http", "tcp", "TCP"]),
    ("path-match-method", &["prefix", "exact"]),
    ("client-certificate-refusal", &["handshake", "http", "Http"]),
    ("default-response-code", &["404", r#"{response-code: "503"}"#]),
    ("ssl-passthrough", &["True", "False", "true"]),
    (
        "secure-backend",
        &["True", "true", r#"{"one": "True", "two": "False"}"#, r#"{"one": "true"}"#],
    ),
    ("ca-secret", &[r#"{"apache": "ca"}"#, r#"{"ingress-demo": "clients.ca"}"#]),
    ("backend-secret", &[r#"{"tea": "tea", "coffee": "coffee"}"#]),
    ("backend-ca-secret", &[r#"{"tea":"tea-ca","coffee":"coffee-ca"}"#]),
    (
        "preconfigured-certkey",
        &[
            r#"{"certs": [ {"name": "one", "type": "default"}, {"name": "two", "type": "sni"} ] }"#,
            r#"{"certs": [ {"name": "STAR.example.com"} ]}"#,
            r#"{"certs":[{"name":"leaf","type":"default"},{"name":"root","type":"ca"}]}"#,
        ],
    ),
    (
        "frontend-sslprofile",
        &[
            r#"{"hsts":"enabled", "tls12" : "enabled"}"#,
            r#"{"clientauth":"ENABLED","clientcert":"optional"}"#,
            r#"{"snienable": "enabled", "tls13" : "Enabled",
                "ciphers" : [{"ciphername": "mine", "cipherpriority" :"1"}]}"#,
            r#"{"ciphers": ["TLS1.3-AES256-GCM-SHA384", "TLS1.3-CHACHA20-POLY1305-SHA256"]}"#,
            r#"{"hsts":"enabled", "maxage" : "157680000", "includesubdomain":"yes"}"#,
            r#"{"tls13": "enabled", "tls13sessionticketsperauthcontext": "1",
                "dheKeyExchangeWithPsk": "yes"}"#,
            r#"{"sessreuse" : "enable", "sesstimeout" : "120"}"#,
            "my_own_profile",
            "\"my own profile\"",
        ],
    ),
    (
        "backend-sslprofile",
        &[
            r#"{"apache":{"serverauth": "enabled", "sni": "enabled"}}"#,
            r#"{"apache":"my_own_profile"}"#,
        ],
    ),
    (
        "frontend-httpprofile",
        &[
            r#"{"dropinvalreqs":"enabled", "webSocket" : "enabled"}"#,
            r#"{"markconnreqInval": "enabled"}"#,
            r#"{"reqtimeout":"10", "reqtimeoutaction":"drop", "adptimeout": "enable"}"#,
            "http_profile_1",
        ],
    ),
    (
        "backend-httpprofile",
        &[
            r#"{"grpc":{"http2": "enabled","http2direct" : "enabled"}}"#,
            r#"{"web": "http_profile_1"}"#,
        ],
    ),
    (
        "frontend-tcpprofile",
        &[
            r#"{"ws":"enabled", "sack" : "enabled"}"#,
            r#"{"delayack" : "150"}"#,
            r#"{"rstwindowattenuate" : "enabled", "spoofSynDrop":"enabled"}"#,
            r#"{"flavor" : "westwood", "bufferSize": "8190", "KAconnIdleTime": "900"}"#,
            r#"{"mptcp" : "ENABLED", "mptcpSessionTimeout": "7200"}"#,
            r#"{"DropHalfClosedConnOnTimeout" : "ENABLE", "maxPktPerMss": "512"}"#,
            "nstcp_default_Mobile_profile",
        ],
    ),
    ("backend-tcpprofile", &[r#"{"web":{"ws":"enabled"}, "api":"tcp_profile_1"}"#]),
    (
        "csvserver",
        &[r#"{"stateupdate": "ENABLED"}"#, r#"{"l2conn":"on"}"#, r#"{"precedence":"URL"}"#],
    ),
    (
        "lbvserver",
        &[
            r#"{"web":{"lbmethod":"LEASTCONNECTION", "persistenceType":"SOURCEIP"}}"#,
            r#"{"web":{"persistenceType":"COOKIEINSERT", "timeout":"20", "cookiename":"id"}}"#,
            r#"{"web":{"persistenceType":"SRCIPDESTIP", "timeout": 10}}"#,
            r#"{"web":{"lbmethod":"SRCIPDESTIPHASH"}, "api":{"lbmethod":"leastresponsetime"}}"#,
        ],
    ),
    (
        "servicegroup",
        &[
            r#"{"web":{"usip":"yes"}}"#,
            r#"{"web":{"cip": "Enabled","cipHeader":"X-Forwarded-For"}}"#,
            r#"{"web":{"maxclient": "10", "netProfile": "egress"}}"#,
        ],
    ),
    (
        "monitor",
        &[
            r#"{"web":{"type":"http"}}"#,
            r#"{"web":{"type":"http", "httpRequest":"GET /", "respcode":"200", "retries":"2"}}"#,
            r#"{"db":{"type":"tcp-ecv"}}"#,
            r#"{"web":{"type":"HTTP","httprequest":"HEAD /i.php","retries":20,
                "failureretries":4,"downtime":15,"respcode":["200","301"]}}"#,
        ],
    ),
];

#[test]
fn what_people_write_is_understood() {
    for (name, values) in UNDERSTOOD {
        for value in *values {
            assert_eq!(told(name, value), None, "{name}: {value}");
        }
    }
}

const REFUSED: &[(&str, &str, &str)] = &[
    ("frontend-ip", "<VIP>", "\"<VIP>\" is not an IP address"),
    ("frontend-ip", "x.x.x.x", "\"x.x.x.x\" is not an IP address"),
    ("insecure-port", "\u{201c}80\u{201d}", TYPOGRAPHIC),
    ("insecure-termination", "\u{201c}allow\u{201d}", TYPOGRAPHIC),
    ("secure-service-type", "HTTP", "\"HTTP\" is none of: ssl, ssl_tcp"),
    ("insecure-service-type", "mongo", "front ends of type \"mongo\" are not supported"),
    ("insecure-service-type", "sip_udp", "front ends of type \"sip_udp\" are not supported"),
    ("path-match-method", "\u{201c}exact\u{201d}", TYPOGRAPHIC),
    ("default-response-code", "{response-code: \"500\"}", "\"500\" is neither 404 nor 503"),
    ("ssl-passthrough", "yes", "\"yes\" is neither \"True\" nor \"False\""),
    ("secure-backend", "\u{2018}{\u{201c}web\u{201d}:\u{201d}True\u{201d}}\u{2019}", TYPOGRAPHIC),
    (
        "secure-backend",
        r#"{"ssh":{"servicetype":"SSL"}}"#,
        "{\"servicetype\":\"SSL\"} is neither \"True\" nor \"False\"",
    ),
    ("ca-secret", r#"{"web": "other/ca"}"#, "the Secret \"other/ca\" is named with a namespace"),
    (
        "preconfigured-certkey",
        r#"{"certs": [ {"name": "<name>", "type": "default|sni|ca"} ] }"#,
        "\"<name>\" is not the name of a certkey",
    ),
    (
        "preconfigured-certkey",
        "{\"certs\": [ {\"name\": \"one\"} ] }\u{2019}",
        "the value contains typographic quotes (\u{2019}), which do not count as quotes",
    ),
    (
        "frontend-sslprofile",
        r#"{"sessreuse" : "enabled", "sesstimeout : "120"}"#,
        "the value is not JSON: expected `:` at line 1, column 43",
    ),
    (
        "frontend-sslprofile",
        r#"{"sessionticket" : "enabled", "sessionticketlifetime : "300"}"#,
        "the value is not JSON: expected `:` at line 1, column 57",
    ),
    (
        "frontend-sslprofile",
        "{\"clientauth\":\"ENABLED\", \u{201c}clientcert\u{201d}: \u{201c}optional\u{201d}}",
        TYPOGRAPHIC,
    ),
    (
        "frontend-sslprofile",
        r#"{"cipherredirect": "enabled", "cipherurl": "https://elsewhere.example"}"#,
        "\"cipherredirect\" may not be set in a front-end SSL profile",
    ),
    (
        "frontend-sslprofile",
        r#"{"ciphers": [{"ciphername": "secure", "cipherpriority": "1"},
                        {"ciphername": "secure", "cipherpriority": "21"}]}"#,
        "the cipher \"SECURE\" is given twice",
    ),
    (
        "backend-sslprofile",
        r#"{"web":{"hsts": "enabled"}}"#,
        "\"hsts\" may not be set in a back-end SSL profile",
    ),
    (
        "backend-sslprofile",
        "my_own_profile",
        "\"my_own_profile\" names a profile without saying for which Service",
    ),
    (
        "frontend-tcpprofile",
        r#"{"apache":{"delayack":"150"}}"#,
        "front-end TCP profile settings are not per service, but \"apache\" holds an object",
    ),
    (
        "frontend-httpprofile",
        r#"{"apache":{"reqtimeout":"10"}}"#,
        "front-end HTTP profile settings are not per service, but \"apache\" holds an object",
    ),
    (
        "backend-httpprofile",
        r#"{"apache":{"http2direct" : "enabled"}"#,
        "the value is not JSON: a quote or bracket is still open at line 1, column 37",
    ),
    (
        "backend-tcpprofile",
        r#"{"ws":"enabled"}"#,
        "back-end TCP profile settings are per Service, but \"ws\" is a setting",
    ),
    (
        "csvserver",
        "\u{2018}{\u{201c}l2conn\u{201d}:\u{201d}on\u{201d}}\u{2019}",
        TYPOGRAPHIC_SINGLE,
    ),
    (
        "csvserver",
        r#"{"soPersistence":"eNABLED","precedence":"URL"}"#,
        "\"sopersistence\" may not be set in a csvserver",
    ),
    (
        "lbvserver",
        r#"{"web":{"lbmethod":"ROUNDROBIN"}"#,
        "the value is not JSON: a quote or bracket is still open at line 1, column 32",
    ),
    (
        "lbvserver",
        r#"{"sip":{"lbmethod":"CALLIDHASH","persistenceType":"CALLID"}}"#,
        "\"lbmethod\" may not be \"CALLIDHASH\"",
    ),
    (
        "monitor",
        r#"{"sftp":{"type":"USER", "scriptname":"nssftp.pl", "scriptargs":"password=x"}}"#,
        "\"scriptname\" may not be set in a monitor",
    ),
];

#[test]
fn what_cannot_be_meant_says_what_to_write() {
    for (name, value, problem) in REFUSED {
        let (told, remedy) = told(name, value).expect(value);
        assert!(told.starts_with(problem), "{name}: {value}: {told}");
        assert!(!remedy.is_empty(), "{name}: {value}");
    }
}

const TYPOGRAPHIC: &str = "the value contains typographic quotes (";
const TYPOGRAPHIC_SINGLE: &str = "the value contains typographic quotes (\u{2018})";
