//! Objects: create, update, unset, rename, enable, delete; what is refused, and how.

use crate::client::Client;

const OK: &str = "200 OK";
const CREATED: &str = "201 Created";
const BAD: &str = "400 Bad Request";
const MISSING: &str = "404 Not Found";
const EXISTS: &str = "409 Conflict";
const SPECIFIC: &str = "599 Netscaler specific error";

const ADD: &str = r#"{"lbvserver":{"name":"v1","servicetype":"HTTP"}}"#;

fn with_lbvserver() -> Client {
    let mut client = Client::new();
    client.done("POST nsfeature?action=enable", r#"{"nsfeature":{"feature":["LB","CS","SSL"]}}"#);
    client.done("POST lbvserver", ADD);
    client
}

#[test]
fn an_object_is_created_once() {
    let mut client = Client::new();
    let exists = r#"{ "errorcode": 273, "message": "Resource already exists [name, v1]", "severity": "ERROR" }"#;
    client.expect(&[
        (
            "POST lbvserver",
            ADD,
            CREATED,
            r#"{ "errorcode": 0, "message": "Done", "severity": "NONE" }"#,
        ),
        ("POST lbvserver", ADD, EXISTS, exists),
        ("GET lbvserver/v1", "", OK, r#""lbvserver": [ { "name": "v1", "#),
    ]);
}

#[test]
fn values_are_taken_in_any_spelling_and_given_in_one() {
    let mut client = Client::new();
    client.done(
        "POST lbvserver",
        r#"{"lbvserver":{"name":"v1","servicetype":"http","ipv46":"192.0.2.1","port":"80","clttimeout":"180","timeout":2.0}}"#,
    );
    let row = &client.ask("GET lbvserver/v1", "").rows("lbvserver")[0];
    assert_eq!(row["servicetype"], "HTTP");
    assert_eq!(row["port"], 80);
    assert_eq!(row["clttimeout"], "180", "a double is written as text");
    assert_eq!(row["timeout"], 2, "but for the few that were seen as numbers");
    assert_eq!(row["lbmethod"], "LEASTCONNECTION", "defaults are filled in");
    client.done("POST server", r#"{"server":{"name":"s","ipaddress":"192.0.2.9"}}"#);
    client.done(
        "POST servicegroup",
        r#"{"servicegroup":{"servicegroupname":"g","servicetype":"http"}}"#,
    );
    client.done(
        "POST csvserver",
        r#"{"csvserver":{"name":"c","servicetype":"ssl","ipv46":"192.0.2.2","port":443,"stateupdate":"enabled"}}"#,
    );
    assert_eq!(client.ask("GET csvserver/c", "").rows("csvserver")[0]["stateupdate"], "ENABLED");
}

#[test]
fn what_is_wrong_with_an_argument_is_said() {
    let mut client = with_lbvserver();
    let of = |fields: &str| format!(r#"{{"lbvserver":{{{fields}}}}}"#);
    let long = "x".repeat(128);
    for (fields, status, text) in [
        (
            r#""name":"v2""#,
            BAD,
            r#""errorcode": 1095, "message": "Required argument missing [serviceType]""#,
        ),
        (
            r#""name":"v2","servicetype":"HTTPX""#,
            BAD,
            r#"1097, "message": "Invalid argument value [serviceType, HTTPX]""#,
        ),
        (
            r#""name":"v2","servicetype":"HTTP","colour":"red""#,
            BAD,
            r#"1090, "message": "No such argument [colour]""#,
        ),
        (
            r#""name":"v2","servicetype":"HTTP","curstate":"UP""#,
            SPECIFIC,
            r#"278, "message": "Invalid argument [curstate]""#,
        ),
        (r#""name":"v2","servicetype":"HTTP","port":"eighty""#, BAD, "1097"),
        (r#""name":"v2","servicetype":"HTTP","port":{}"#, BAD, "1234"),
        (
            r#""name":"v2","servicetype":"HTTP","timeout":1441"#,
            BAD,
            r#"1108, "message": "Integer value exceeds maximum [timeout]""#,
        ),
        (r#""name":"v2","servicetype":"HTTP","clttimeout":-1"#, BAD, "1109"),
        (r#""name":"-v2","servicetype":"HTTP""#, BAD, r#""errorcode": 1075"#),
        (r#""name":"a/b","servicetype":"HTTP""#, BAD, r#""errorcode": 1075"#),
        (r#""name":"","servicetype":"HTTP""#, BAD, r#""errorcode": 1107"#),
        (
            r#""name":"v2","servicetype":"HTTP","ipv46":"192.0.2.1","ippattern":"192.0.2.0""#,
            BAD,
            "1092",
        ),
        (
            r#""name":"v2","servicetype":"HTTP","netprofile":"none""#,
            MISSING,
            "No such resource [netprofile, none]",
        ),
    ] {
        client.ask("POST lbvserver", &of(fields)).is(status, text);
    }
    let certkey = format!(r#"{{"sslcertkey":{{"certkey":"{}","cert":"a"}}}}"#, &long[..64]);
    client.ask("POST sslcertkey", &certkey).is(BAD, "1106");
    let profile = format!(r#"{{"sslprofile":{{"name":"{long}"}}}}"#);
    client.ask("POST sslprofile", &profile).is(BAD, r#""errorcode": 1106"#);
    client.expect(&[
        ("POST server", r#"{"server":{"name":"s"}}"#, BAD, "1095"),
        ("POST server", r#"{"server":{"name":"s","ipaddress":"192.0.2.1","domain":"a.example"}}"#, BAD, "1092"),
        ("POST nosuch", r#"{"nosuch":{}}"#, BAD, r#"{ "errorcode": 1232, "message": "Invalid object name [nosuch]", "severity": "ERROR" }"#),
        ("POST LBvserver", ADD, BAD, "1232"),
        ("POST lbvserver", r#"{"lbvserver":"#, BAD, r#"1233, "message": "Invalid JSON input""#),
        ("POST lbvserver", r#"{"csvserver":{}}"#, BAD, "1233"),
        ("POST lbvserver", r#"{"lbvserver":[]}"#, BAD, "1233"),
        ("POST lbvserver", r#"{"lbvserver":7}"#, BAD, "1234"),
        ("PATCH lbvserver", ADD, "405 Method Not Allowed", "1237"),
        ("POST sslvserver", r#"{"sslvserver":{"vservername":"x"}}"#, SPECIFIC, "1088"),
        ("POST lbvserver?action=explode", ADD, SPECIFIC, "1240"),
        ("PUT sslaction", r#"{"sslaction":{"name":"x"}}"#, SPECIFIC, "1164"),
    ]);
    assert_eq!(client.ask("GET lbvserver", "").rows("lbvserver").len(), 1, "nothing was made");
}

#[test]
fn idempotent_creates_or_updates_and_keeps_what_is_not_given() {
    let mut client = Client::new();
    let line = "POST lbvserver?idempotent=yes";
    client.expect(&[
        (line, r#"{"lbvserver":{"name":"v1","servicetype":"HTTP","comment":"one"}}"#, CREATED, "Done"),
        (line, r#"{"lbvserver":{"name":"v1","servicetype":"http","timeout":7}}"#, OK, "Done"),
        (line, ADD, OK, "Done"),
        (line, r#"{"lbvserver":{"name":"v1","servicetype":"TCP"}}"#, SPECIFIC,
            "1074, \"message\": \"Invalid value [serviceType, value differs from existing entity and it cant be updated.]\""),
    ]);
    let row = &client.ask("GET lbvserver/v1", "").rows("lbvserver")[0];
    assert_eq!((&row["comment"], &row["timeout"]), (&"one".into(), &7.into()));
    client.expect(&[
        (
            "POST sslcacertgroup?idempotent=yes",
            r#"{"sslcacertgroup":{"cacertgroupname":"g"}}"#,
            CREATED,
            "Done",
        ),
        (
            "POST sslcacertgroup?idempotent=yes",
            r#"{"sslcacertgroup":{"cacertgroupname":"g"}}"#,
            EXISTS,
            "273",
        ),
    ]);
}

#[test]
fn an_update_works_with_and_without_the_name_in_the_path() {
    let mut client = with_lbvserver();
    client.expect(&[
        ("PUT lbvserver", r#"{"lbvserver":{"name":"v1","timeout":3}}"#, OK, "Done"),
        ("PUT lbvserver/v1", r#"{"lbvserver":{"name":"v1","comment":"a"}}"#, OK, "Done"),
        ("PUT lbvserver/v1", r#"{"lbvserver":{"comment":"b"}}"#, OK, "Done"),
        (
            "PUT ",
            r#"{"sessionid":"","lbvserver":{"name":"v1","lbmethod":"ROUNDROBIN"}}"#,
            OK,
            "Done",
        ),
        ("PUT lbvserver", r#"{"lbvserver":{"name":"v9","timeout":3}}"#, MISSING, "258"),
        ("PUT lbvserver", r#"{"lbvserver":{"timeout":3}}"#, BAD, "1095"),
        (
            "PUT lbvserver",
            r#"{"lbvserver":{"name":"v1","servicetype":"TCP"}}"#,
            SPECIFIC,
            "278, \"message\": \"Invalid argument [serviceType]\"",
        ),
        ("PUT lbvserver", r#"{"lbvserver":{"name":"v1"}}"#, SPECIFIC, "431"),
    ]);
    let row = &client.ask("GET lbvserver/v1", "").rows("lbvserver")[0];
    assert_eq!(
        (&row["timeout"], &row["comment"], &row["lbmethod"]),
        (&3.into(), &"b".into(), &"ROUNDROBIN".into())
    );
}

#[test]
fn unset_counts_names_and_not_values() {
    let mut client = with_lbvserver();
    client.done(
        "PUT lbvserver",
        r#"{"lbvserver":{"name":"v1","timeout":3,"comment":"a","lbmethod":"ROUNDROBIN"}}"#,
    );
    client.expect(&[
        (
            "POST lbvserver?action=unset",
            r#"{"lbvserver":{"name":"v1","timeout":true,"comment":"a"}}"#,
            OK,
            "Done",
        ),
        (
            "POST lbvserver?action=unset",
            r#"{"lbvserver":{"name":"v1","servicetype":true}}"#,
            SPECIFIC,
            "278",
        ),
        (
            "POST lbvserver?action=UNSET",
            r#"{"lbvserver":{"name":"v9","timeout":true}}"#,
            MISSING,
            "258",
        ),
    ]);
    let row = &client.ask("GET lbvserver/v1", "").rows("lbvserver")[0];
    assert_eq!(row["timeout"], 2);
    assert!(row.get("comment").is_none(), "what has no default is absent, not null");
    assert_eq!(row["lbmethod"], "ROUNDROBIN");
}

#[test]
fn enable_disable_and_rename() {
    let mut client = with_lbvserver();
    client.done("POST csaction", r#"{"csaction":{"name":"a","targetlbvserver":"v1"}}"#);
    client.expect(&[
        ("POST lbvserver?action=disable", r#"{"lbvserver":{"name":"v1"}}"#, OK, "Done"),
        ("GET lbvserver/v1?attrs=state,name", "", OK, r#"{ "name": "v1", "state": "DISABLED" }"#),
        ("POST lbvserver?action=enable", r#"{"lbvserver":{"name":"v1"}}"#, OK, "Done"),
        ("GET lbvserver/v1?attrs=state", "", OK, r#"{ "state": "ENABLED" }"#),
        (
            "POST lbvserver?action=rename",
            r#"{"lbvserver":{"name":"v1","newname":"v 2"}}"#,
            OK,
            "Done",
        ),
        ("GET lbvserver/v1", "", MISSING, "258"),
        ("GET lbvserver/v%25202", "", OK, r#""name": "v 2""#),
        ("GET csaction/a", "", OK, r#""targetlbvserver": "v 2""#),
        ("POST sslcertkey?action=change", r#"{"sslcertkey":{"certkey":"x"}}"#, SPECIFIC, "1240"),
        (
            "POST sslcertkey?action=update",
            r#"{"sslcertkey":{"certkey":"x","cert":"a"}}"#,
            MISSING,
            "1540",
        ),
    ]);
}

#[test]
fn a_delete_takes_the_name_from_the_path_or_from_args() {
    let mut client = with_lbvserver();
    for name in ["v2", "v3", "v:4 x"] {
        client.done(
            "POST lbvserver",
            &format!(r#"{{"lbvserver":{{"name":"{name}","servicetype":"HTTP"}}}}"#),
        );
    }
    client.done("POST lbmonitor", r#"{"lbmonitor":{"monitorname":"m","type":"HTTP"}}"#);
    client.expect(&[
        (
            "DELETE lbvserver/v1",
            "",
            OK,
            r#"{ "errorcode": 0, "message": "Done", "severity": "NONE" }"#,
        ),
        ("DELETE lbvserver/v1", "", MISSING, "258"),
        ("DELETE lbvserver/v2?args=", "", OK, "Done"),
        ("DELETE lbvserver?args=name:v3", "", OK, "Done"),
        ("DELETE /nitro/v1/config//lbvserver/v%253A4%2Bx", "", OK, "Done"),
        ("DELETE lbvserver", "", BAD, "1095"),
        ("DELETE lbvserver/v1?args=colour:red", "", BAD, "1090"),
        ("DELETE lbmonitor/m?args=type:TCP", "", SPECIFIC, "2155"),
        ("DELETE lbmonitor/m?args=type:HTTP", "", OK, "Done"),
        ("GET lbvserver", "", OK, "Done"),
    ]);
    assert!(client.ask("GET lbvserver", "").json().get("lbvserver").is_none());
}

#[test]
fn what_something_refers_to_stays() {
    let mut client = with_lbvserver();
    client.done("POST netprofile", r#"{"netprofile":{"name":"n"}}"#);
    client.done("PUT lbvserver", r#"{"lbvserver":{"name":"v1","netprofile":"n"}}"#);
    client.expect(&[
        ("DELETE netprofile/n", "", SPECIFIC, r#""errorcode": 1070"#),
        ("POST lbvserver?action=unset", r#"{"lbvserver":{"name":"v1","netprofile":true}}"#, OK, ""),
        ("DELETE netprofile/n", "", OK, "Done"),
    ]);
}

#[test]
fn what_is_missing_has_the_code_of_its_type() {
    let mut client = Client::new();
    for (kind, status, code) in [
        ("lbvserver", MISSING, 258),
        ("csvserver", MISSING, 258),
        ("server", MISSING, 258),
        ("servicegroup", MISSING, 258),
        ("lbmonitor", MISSING, 258),
        ("service", MISSING, 344),
        ("sslvserver", MISSING, 461),
        ("sslcertkey", MISSING, 1540),
        ("sslprofile", SPECIFIC, 3248),
        ("rewriteaction", MISSING, 538),
        ("responderaction", MISSING, 538),
        ("cspolicy", MISSING, 2054),
        ("rewritepolicy", MISSING, 2054),
        ("responderpolicy", MISSING, 2054),
        ("policypatset", MISSING, 2823),
        ("sslvserver_sslcertkey_binding", MISSING, 461),
        ("servicegroup_lbmonitor_binding", MISSING, 351),
        ("sslprofile_sslcipher_binding", SPECIFIC, 3248),
        ("sslcertkey_sslvserver_binding", MISSING, 1540),
        ("csvserver_binding", MISSING, 258),
    ] {
        let answer = client.ask(&format!("GET {kind}/none"), "");
        answer.is(status, &format!(r#"{{ "errorcode": {code}, "message": ""#));
    }
}

#[test]
fn every_type_of_the_schema_can_be_listed_or_says_why_not() {
    let mut client = Client::new();
    for (name, kind) in mock_nitro::schema::kinds() {
        let bulk = if name.ends_with("_binding") { "?bulkbindings=yes" } else { "" };
        let answer = client.ask(&format!("GET {name}{bulk}"), "");
        let expected = match (name, kind.allows("get_all")) {
            ("systemfile", _) => 400,
            (_, true) => 200,
            (_, false) => 599,
        };
        assert_eq!(answer.response.status, expected, "{name}: {}", answer.text());
        assert!(!answer.text().contains("[  ]"), "{name} gives an empty array");
    }
}
