//! Monitors that annotations describe.
//!
//! A monitor is a value: with another content it is another one. So any field may be set that
//! reaches no further than the members, and names no script and no secret.

use std::collections::BTreeMap;

use crate::model::{Fields, Kind, Value};
use crate::schema;

use super::fields::{Dependant, FieldSet, no_check};
use super::{ParseError, Scope};

const OF_HTTP: &[&str] = &["HTTP", "HTTP-INLINE", "HTTP2"];
const OF_ECV: &[&str] = &["HTTP-ECV", "TCP-ECV"];
/// The types that a monitor may have.
const TYPES: &[&str] = &["HTTP", "HTTP-ECV", "HTTP-INLINE", "HTTP2", "PING", "TCP", "TCP-ECV"];

/// What `monitor` may set.
pub(super) static MONITOR: FieldSet = FieldSet {
    kind: Kind::LBMONITOR,
    what: "monitor",
    scope: Scope::Service,
    allowed: &[
        "action",
        "alertretries",
        "customheaders",
        "destport",
        "deviation",
        "downtime",
        "failureretries",
        "grpchealthcheck",
        "grpcservicename",
        "httprequest",
        "interval",
        "lrtm",
        "recv",
        "respcode",
        "resptimeout",
        "resptimeoutthresh",
        "retries",
        "reverse",
        "secure",
        "send",
        "successretries",
        "trofscode",
        "trofsstring",
        "type",
        "units1",
        "units2",
        "units3",
        "units4",
    ],
    aliases: &[],
    // The types that fields belong to are documented.
    dependants: &[
        dependant("action", "type", &["HTTP-INLINE"]),
        dependant("customheaders", "type", &["HTTP", "HTTP-ECV", "HTTP-INLINE", "HTTP2"]),
        dependant("grpchealthcheck", "type", &["HTTP2"]),
        dependant("grpcservicename", "grpchealthcheck", &["YES"]),
        dependant("httprequest", "type", OF_HTTP),
        dependant("recv", "type", OF_ECV),
        dependant("respcode", "type", OF_HTTP),
        dependant("secure", "type", &["HTTP", "HTTP-ECV", "HTTP2", "TCP", "TCP-ECV"]),
        dependant("send", "type", OF_ECV),
    ],
    refused: &[],
    advice: |field| match field {
        "monitorname" | "servicename" | "servicegroupname" => {
            "remove it: the controller names its monitors itself, and binds them"
        }
        "state" => "remove \"monitor\" instead, or write \"healthmonitor\": \"NO\" in servicegroup",
        "destip" | "iptunnel" | "transparent" | "tos" | "tosid" => {
            "remove it: a monitor asks the members themselves"
        }
        "scriptname" | "scriptargs" | "dispatcherip" | "dispatcherport" => {
            "remove it: annotations do not run scripts"
        }
        "username" | "password" | "secondarypassword" | "secureargs" | "radkey"
        | "snmpcommunity" => "remove it: no secret may stand in an annotation",
        "netprofile" | "sslprofile" | "metrictable" => {
            "remove it: it names an object on the appliance"
        }
        _ => "remove it: it is for a type of monitor that is not supported",
    },
    check,
};

/// Reads `monitor`.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Fields>, ParseError> {
    let mut monitors = MONITOR.parse_services(text)?;
    for fields in monitors.values_mut() {
        settle_times(fields);
    }
    Ok(monitors)
}

/// Writes times in the greatest unit that they are whole in, since that is how the appliance shows
/// them: minutes (seen from Ansible), seconds (assumed).
fn settle_times(fields: &mut Fields) {
    const TIMES: [(&str, &str); 4] =
        [("deviation", "units1"), ("downtime", "units2"), INTERVAL, TIMEOUT];
    for (field, unit) in TIMES {
        for (from, to, factor) in [("MSEC", "SEC", 1_000), ("SEC", "MIN", 60)] {
            let given = fields.get(unit).and_then(Value::as_text).unwrap_or("SEC");
            let time = fields.get(field).and_then(Value::as_number).filter(|_| given == from);
            if let Some(time) = time.filter(|time| *time > 0 && time % factor == 0) {
                fields.insert(field.to_owned(), Value::Number(time / factor));
                fields.insert(unit.to_owned(), Value::from(to));
            }
        }
    }
}

const fn dependant(
    field: &'static str,
    master: &'static str,
    values: &'static [&'static str],
) -> Dependant {
    Dependant { field, master, values }
}

fn check(fields: &Fields) -> Result<(), ParseError> {
    let Some(kind) = fields.get("type").and_then(Value::as_text) else {
        return Err(ParseError::FieldRequired { field: "type", why: "a monitor has a type" });
    };
    if !TYPES.contains(&kind) {
        let advice = match kind {
            "USER" => "write another type: annotations do not run scripts",
            _ => "write HTTP, HTTP-ECV, HTTP-INLINE, HTTP2, PING, TCP or TCP-ECV",
        };
        let value = kind.to_owned();
        return Err(ParseError::ValueNotAllowed { field: "type", value, advice });
    }
    let (interval, timeout) = (milliseconds(fields, INTERVAL), milliseconds(fields, TIMEOUT));
    // Documented: a probe must be answered before the next one goes out.
    if timeout >= interval {
        return Err(ParseError::TooGreat {
            field: "resptimeout",
            limit: "below",
            than: "interval",
        });
    }
    let (failures, retries) = (number(fields, "failureretries"), number(fields, "retries"));
    // Documented; zero means that all of them count.
    if failures > retries {
        return Err(ParseError::TooGreat {
            field: "failureretries",
            limit: "not above",
            than: "retries",
        });
    }
    check_codes(fields)
}

/// The most response codes of one monitor (documented).
const MOST_CODES: usize = 16;

fn check_codes(fields: &Fields) -> Result<(), ParseError> {
    let Some(Value::List(codes)) = fields.get("respcode") else { return no_check(fields) };
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
    let is_range = |text: &str| text.split_once('-').is_some_and(|(a, b)| is_code(a) && is_code(b));
    match codes.iter().find(|text| !is_code(text) && !is_range(text)) {
        Some(text) => Err(ParseError::ValueNotAllowed {
            field: "respcode",
            value: text.clone(),
            advice: "write codes such as [\"200\", \"300-399\"]",
        }),
        None if codes.len() > MOST_CODES => Err(ParseError::ValueNotAllowed {
            field: "respcode",
            value: codes.join(","),
            advice: "write at most 16 codes or ranges",
        }),
        None => Ok(()),
    }
}

const INTERVAL: (&str, &str) = ("interval", "units3");
const TIMEOUT: (&str, &str) = ("resptimeout", "units4");

fn milliseconds(fields: &Fields, (field, units): (&str, &str)) -> i64 {
    let factor = match fields.get(units).and_then(Value::as_text) {
        Some("MSEC") => 1,
        Some("MIN") => 60_000,
        Some(_) | None => 1_000,
    };
    number(fields, field).saturating_mul(factor)
}

fn number(fields: &Fields, field: &str) -> i64 {
    let value = fields.get(field).cloned().or_else(|| schema::reset_value(Kind::LBMONITOR, field));
    value.and_then(|value| value.as_number()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::assert_sound;
    use super::*;

    #[test]
    fn the_fields_of_monitors_are_fields() {
        assert_sound(&MONITOR);
    }

    #[test]
    fn monitors_are_read_as_people_write_them() {
        let text = r#"{"web":{"type":"http","httpRequest":"GET /","respcode":"200","retries":"2"},
                       "db":{"type":"tcp-ecv","send":"ping","recv":"pong"},
                       "old":{"type":"HTTP","httprequest":"HEAD /x","retries":20,
                              "failureretries":4,"downtime":15,"respcode":["200","301-302"]}}"#;
        let read = parse(text).unwrap();
        assert_eq!(read["web"]["type"], Value::from("HTTP"));
        assert_eq!(read["web"]["respcode"], Value::List(vec!["200".to_owned()]));
        assert_eq!(read["db"]["type"], Value::from("TCP-ECV"));
        assert_eq!(read["old"]["retries"], Value::Number(20));
    }

    #[test]
    fn times_are_written_as_the_appliance_shows_them() {
        let text = r#"{"a":{"type":"TCP","interval":"120","resptimeout":"12000","units4":"MSEC"},
                       "b":{"type":"TCP","interval":90,"resptimeout":1500,"units4":"MSEC"}}"#;
        let read = parse(text).unwrap();
        let time = |name: &str, field, unit| {
            (read[name][field].to_string(), read[name].get(unit).map(ToString::to_string))
        };
        assert_eq!(time("a", "interval", "units3"), ("2".to_owned(), Some("MIN".to_owned())));
        assert_eq!(time("a", "resptimeout", "units4"), ("12".to_owned(), Some("SEC".to_owned())));
        assert_eq!(time("b", "interval", "units3"), ("90".to_owned(), None));
        assert_eq!(
            time("b", "resptimeout", "units4"),
            ("1500".to_owned(), Some("MSEC".to_owned()))
        );
    }

    #[test]
    fn what_monitors_may_not_do_says_what_to_do() {
        let refused = [
            (
                r#"{"httprequest": "GET /"}"#,
                "set \"type\" to HTTP, HTTP-INLINE or HTTP2, or remove \
                \"httprequest\"",
            ),
            (r#"{"retries": 2}"#, "add \"type\", as in X"),
            (
                r#"{"type": "USER", "scriptname": "x.pl"}"#,
                "remove it: annotations do not run scripts",
            ),
            (r#"{"type": "USER"}"#, "write another type: annotations do not run scripts"),
            (
                r#"{"type": "RADIUS"}"#,
                "write HTTP, HTTP-ECV, HTTP-INLINE, HTTP2, PING, TCP or TCP-ECV",
            ),
            (
                r#"{"type": "TCP", "password": "x"}"#,
                "remove it: no secret may stand in an annotation",
            ),
            (
                r#"{"type": "TCP", "destip": "192.0.2.1"}"#,
                "remove it: a monitor asks the members themselves",
            ),
            (
                r#"{"type": "TCP", "interval": 2}"#,
                "write a value for \"resptimeout\" below that of \"interval\"",
            ),
            (
                r#"{"type": "TCP", "failureretries": 9}"#,
                "write a value for \"failureretries\" not above that of \"retries\"",
            ),
            (
                r#"{"type": "HTTP", "respcode": "2xx"}"#,
                "write codes such as [\"200\", \"300-399\"]",
            ),
        ];
        for (settings, remedy) in refused {
            let text = format!(r#"{{"web": {settings}}}"#);
            let refusal = parse(&text).unwrap_err();
            assert_eq!(refusal.remedy("X"), remedy, "{text}");
        }
    }
}
