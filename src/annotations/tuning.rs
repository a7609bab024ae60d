//! TCP and HTTP profiles.
//!
//! A profile is a value: with another content it is another one. So fields may be set whose value
//! without an annotation nobody knows.

use crate::model::{Fields, Kind, Value};

use super::fields::{FieldSet, no_check};
use super::{ParseError, Scope};

/// What `frontend-tcpprofile` may set.
pub(super) static FRONT_END_TCP: FieldSet = tcp("front-end TCP profile", Scope::FrontEnd);
/// What `backend-tcpprofile` may set.
pub(super) static BACK_END_TCP: FieldSet = tcp("back-end TCP profile", Scope::Service);
/// What `frontend-httpprofile` may set.
pub(super) static FRONT_END_HTTP: FieldSet = http("front-end HTTP profile", Scope::FrontEnd);
/// What `backend-httpprofile` may set.
pub(super) static BACK_END_HTTP: FieldSet = http("back-end HTTP profile", Scope::Service);

const TCP_FIELDS: &[&str] = &[
    "ackaggregation",
    "ackonpush",
    "applyadaptivetcp",
    "buffersize",
    "burstratecontrol",
    "clientiptcpoption",
    "clientiptcpoptionnumber",
    "delayedack",
    "dropestconnontimeout",
    "drophalfclosedconnontimeout",
    "dsack",
    "dupackthresh",
    "dynamicreceivebuffering",
    "ecn",
    "establishclientconn",
    "fack",
    "flavor",
    "frto",
    "hystart",
    "initialcwnd",
    "ka",
    "kaconnidletime",
    "kamaxprobes",
    "kaprobeinterval",
    "kaprobeupdatelastactivity",
    "maxburst",
    "maxcwnd",
    "maxpktpermss",
    "minrto",
    "mpcapablecbit",
    "mptcp",
    "mptcpdropdataonpreestsf",
    "mptcpfastopen",
    "mptcpsessiontimeout",
    "mss",
    "nagle",
    "oooqsize",
    "pktperretx",
    "rateqmax",
    "rfc5961compliance",
    "rstmaxack",
    "rstwindowattenuate",
    "sack",
    "sendbuffsize",
    "sendclientportintcpoption",
    "slowstartincr",
    "slowstartthreshold",
    "spoofsyndrop",
    "syncookie",
    "taillossprobe",
    "tcpfastopen",
    "tcpfastopencookiesize",
    "tcpmode",
    "tcprate",
    "tcpsegoffload",
    "timestamp",
    "ws",
    "wsval",
];

const HTTP_FIELDS: &[&str] = &[
    "adpttimeout",
    "allowonlywordcharactersandhyphen",
    "altsvc",
    "apdexcltresptimethreshold",
    "cmponpush",
    "conmultiplex",
    "dropextracrlf",
    "dropextradata",
    "dropinvalreqs",
    "grpcholdlimit",
    "grpcholdtimeout",
    "grpclengthdelimitation",
    "hostheadervalidation",
    "http2",
    "http2altsvcframe",
    "http2direct",
    "http2extendedconnect",
    "http2headertablesize",
    "http2initialconnwindowsize",
    "http2initialwindowsize",
    "http2maxconcurrentstreams",
    "http2maxemptyframespermin",
    "http2maxframesize",
    "http2maxheaderlistsize",
    "http2maxpingframespermin",
    "http2maxresetframespermin",
    "http2maxrxresetframespermin",
    "http2maxsettingsframespermin",
    "http2minseverconn",
    "http2smallwndtimeout",
    "http2strictcipher",
    "http3",
    "http3maxheaderblockedstreams",
    "http3maxheaderfieldsectionsize",
    "http3maxheadertablesize",
    "http3minseverconn",
    "http3webtransport",
    "httppipelinebuffsize",
    "incomphdrdelay",
    "markconnreqinval",
    "markhttp09inval",
    "markhttpheaderextrawserror",
    "markrfc7230noncompliantinval",
    "marktracereqinval",
    "maxduplicateheaderfields",
    "maxheaderfieldlen",
    "maxheaderlen",
    "maxreq",
    "maxreusepool",
    "minreusepool",
    "passprotocolupgrade",
    "persistentetag",
    "reqtimeout",
    "reqtimeoutaction",
    "reusepooltimeout",
    "rtsptunnel",
    "weblog",
    "websocket",
];

const fn tcp(what: &'static str, scope: Scope) -> FieldSet {
    FieldSet {
        kind: Kind::NSTCPPROFILE,
        what,
        scope,
        allowed: TCP_FIELDS,
        aliases: &[("delayack", "delayedack")],
        dependants: &[],
        refused: &[],
        advice: profile_advice,
        check: no_check,
    }
}

const fn http(what: &'static str, scope: Scope) -> FieldSet {
    FieldSet {
        kind: Kind::NSHTTPPROFILE,
        what,
        scope,
        allowed: HTTP_FIELDS,
        aliases: &[("adptimeout", "adpttimeout")],
        dependants: &[],
        refused: &[],
        advice: profile_advice,
        check: check_timeout_action,
    }
}

fn profile_advice(field: &str) -> &'static str {
    match field {
        "name" => "remove it: the controller names its profiles itself",
        "clientiphdrexpr" => "remove it: annotations do not set expressions",
        "altsvcvalue" => "remove it: it would send clients elsewhere",
        _ => super::fields::TAKE_BACK,
    }
}

/// What happens when a request takes too long: a word, or a policy action of somebody's.
fn check_timeout_action(fields: &Fields) -> Result<(), ParseError> {
    let action = fields.get("reqtimeoutaction").and_then(Value::as_text);
    match action {
        None | Some("DROP" | "RESET") => no_check(fields),
        Some(action) => Err(ParseError::ValueNotAllowed {
            field: "reqtimeoutaction",
            value: action.to_owned(),
            advice: "write DROP or RESET",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::assert_sound;
    use super::*;
    use crate::schema;

    #[test]
    fn every_field_of_a_profile_can_be_set_when_it_is_made() {
        for set in [&FRONT_END_TCP, &BACK_END_TCP, &FRONT_END_HTTP, &BACK_END_HTTP] {
            assert_sound(set);
            let add = &schema::facts(set.kind).actions["add"];
            assert!(set.allowed.iter().all(|field| add.iter().any(|known| known == field)));
        }
    }

    #[test]
    fn a_timeout_ends_in_a_word_and_not_in_a_policy_of_somebodys() {
        let read = |text| FRONT_END_HTTP.parse(text);
        let fields = read(r#"{"reqtimeout": "10", "reqtimeoutaction": "drop"}"#).unwrap();
        assert_eq!(fields["reqtimeoutaction"], Value::from("DROP"));
        let refusal = read(r#"{"reqtimeoutaction": "their-action"}"#).unwrap_err();
        assert_eq!(refusal.remedy("X"), "write DROP or RESET");
    }
}
