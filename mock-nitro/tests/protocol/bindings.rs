//! Bindings: PUT and POST, reading from both sides, unbinding.

use crate::client::Client;

const OK: &str = "200 OK";
const CREATED: &str = "201 Created";
const BAD: &str = "400 Bad Request";
const MISSING: &str = "404 Not Found";
const SPECIFIC: &str = "599 Netscaler specific error";

fn with_front_end() -> Client {
    let mut client = Client::new();
    client.done(
        "POST nsfeature?action=enable",
        r#"{"nsfeature":{"feature":["LB","CS","SSL","RESPONDER"]}}"#,
    );
    client.done(
        "POST csvserver",
        r#"{"csvserver":{"name":"c","servicetype":"HTTP","ipv46":"192.0.2.1","port":80}}"#,
    );
    client.done("POST lbvserver", r#"{"lbvserver":{"name":"l","servicetype":"HTTP"}}"#);
    client.done(
        "POST servicegroup",
        r#"{"servicegroup":{"servicegroupname":"g","servicetype":"HTTP"}}"#,
    );
    client.done("POST csaction", r#"{"csaction":{"name":"a","targetlbvserver":"l"}}"#);
    client.done(
        "POST cspolicy",
        r#"{"cspolicy":{"policyname":"p","rule":"HTTP.REQ.URL.EQ(\"/\")","action":"a"}}"#,
    );
    client
}

#[test]
fn a_binding_is_made_by_put_or_post_and_shown_from_both_sides() {
    let mut client = with_front_end();
    client.expect(&[
        ("PUT lbvserver_servicegroup_binding", r#"{"lbvserver_servicegroup_binding":{"name":"l","servicegroupname":"g"}}"#, CREATED, "Done"),
        ("POST csvserver_cspolicy_binding", r#"{"csvserver_cspolicy_binding":{"name":"c","policyname":"p","priority":"100"}}"#, CREATED, "Done"),
        ("PUT csvserver_lbvserver_binding/c", r#"{"csvserver_lbvserver_binding":{"name":"c","lbvserver":"l"}}"#, CREATED, "Done"),
        ("POST servicegroup_servicegroupmember_binding", r#"{"servicegroup_servicegroupmember_binding":{"servicegroupname":"g","ip":"192.0.2.9","port":8080}}"#, CREATED, "Done"),
        ("GET csvserver_cspolicy_binding/c", "", OK, r#""policyname": "p", "priority": "100""#),
        ("GET cspolicy_csvserver_binding/p", "", OK, r#"[ { "policyname": "p", "boundto": "c", "priority": "100" } ]"#),
        ("GET server_servicegroup_binding/192.0.2.9", "", OK, r#""servicegroupname": "g""#),
        ("GET lbvserver_servicegroupmember_binding/l", "", OK, r#""port": 8080"#),
        ("GET csvserver_binding/c", "", OK, r#""csvserver_cspolicy_binding": [ { "#),
        ("GET csvserver_binding/c", "", OK, r#""csvserver_lbvserver_binding": [ { "#),
        ("GET servicegroup_binding?bulkbindings=yes", "", OK, r#""servicegroup_servicegroupmember_binding""#),
        ("GET lbvserver_binding", "", BAD, "1095"),
        ("GET lbvserver_servicegroup_binding", "", BAD, "1095"),
    ]);
}

#[test]
fn both_ends_of_a_binding_must_exist() {
    let mut client = with_front_end();
    client.expect(&[
        ("PUT lbvserver_servicegroup_binding", r#"{"lbvserver_servicegroup_binding":{"name":"x","servicegroupname":"g"}}"#, MISSING, "No such resource [name, x]"),
        ("PUT lbvserver_servicegroup_binding", r#"{"lbvserver_servicegroup_binding":{"name":"l","servicegroupname":"x"}}"#, MISSING, "No such resource [serviceGroupName, x]"),
        ("PUT csvserver_cspolicy_binding", r#"{"csvserver_cspolicy_binding":{"name":"c","policyname":"x","priority":1}}"#, MISSING, "2054"),
        ("PUT csvserver_cspolicy_binding", r#"{"csvserver_cspolicy_binding":{"name":"c"}}"#, BAD, "1095, \"message\": \"Required argument missing [policyName]\""),
        ("PUT servicegroup_servicegroupmember_binding", r#"{"servicegroup_servicegroupmember_binding":{"servicegroupname":"g","ip":"192.0.2.9","servername":"s","port":80}}"#, BAD, "Arguments cannot both be specified [serverName, IP]"),
    ]);
}

#[test]
fn an_unbind_names_the_bound_side() {
    let mut client = with_front_end();
    let member = r#"{"servicegroup_servicegroupmember_binding":{"servicegroupname":"g","ip":"192.0.2.9","port":80}}"#;
    client.done("POST servicegroup_servicegroupmember_binding", member);
    client.done(
        "PUT csvserver_cspolicy_binding",
        r#"{"csvserver_cspolicy_binding":{"name":"c","policyname":"p","priority":7}}"#,
    );
    client.expect(&[
        ("DELETE servicegroup_servicegroupmember_binding/g", "", BAD, "1095"),
        (
            "DELETE servicegroup_servicegroupmember_binding/g?args=ip:192.0.2.9,port:81",
            "",
            MISSING,
            "258",
        ),
        (
            "DELETE servicegroup_servicegroupmember_binding/g?args=ip:192.0.2.9,port:80",
            "",
            OK,
            "Done",
        ),
        (
            "GET servicegroup_servicegroupmember_binding/g",
            "",
            OK,
            r#"{ "errorcode": 0, "message": "Done", "severity": "NONE" }"#,
        ),
        ("DELETE csvserver_cspolicy_binding/c?args=policyname:p,priority:8", "", SPECIFIC, "2097"),
        ("DELETE /nitro/v1/config//csvserver_cspolicy_binding/c?args=policyname:p", "", OK, "Done"),
        ("DELETE csvserver_cspolicy_binding/c?args=policyname:p", "", SPECIFIC, "2097"),
        ("DELETE csvserver_cspolicy_binding/x?args=policyname:p", "", MISSING, "258"),
    ]);
    client.done("POST servicegroup_servicegroupmember_binding", member);
    client.expect(&[(
        "DELETE servicegroup_servicegroupmember_binding?args=servicegroupname:g,servername:192.0.2.9,port:80",
        "",
        OK,
        "Done",
    )]);
}

#[test]
fn a_member_is_switched_off_by_an_action_of_its_group() {
    let mut client = with_front_end();
    client.done(
        "POST servicegroup_servicegroupmember_binding",
        r#"{"servicegroup_servicegroupmember_binding":{"servicegroupname":"g","ip":"192.0.2.9","port":80}}"#,
    );
    client.expect(&[
        (
            "POST servicegroup?action=disable",
            r#"{"servicegroup":{"servicegroupname":"g","servername":"192.0.2.9","port":80}}"#,
            OK,
            "Done",
        ),
        (
            "GET servicegroup_servicegroupmember_binding/g?attrs=state",
            "",
            OK,
            r#"{ "state": "DISABLED" }"#,
        ),
        ("GET servicegroup/g?attrs=state", "", OK, r#"{ "state": "ENABLED" }"#),
        (
            "POST servicegroup?action=disable",
            r#"{"servicegroup":{"servicegroupname":"g","servername":"192.0.2.9","port":81}}"#,
            MISSING,
            "258",
        ),
        (
            "POST servicegroup?action=enable",
            r#"{"servicegroup":{"servicegroupname":"g","servername":"192.0.2.9","port":80}}"#,
            OK,
            "Done",
        ),
        (
            "POST servicegroup?action=disable",
            r#"{"servicegroup":{"servicegroupname":"g","servername":"192.0.2.9","port":80,"graceful":"YES","delay":30}}"#,
            OK,
            "Done",
        ),
        (
            "GET servicegroup_servicegroupmember_binding?bulkbindings=yes&attrs=svrstate",
            "",
            OK,
            r#"{ "svrstate": "GOING OUT OF SERVICE" }"#,
        ),
    ]);
}

#[test]
fn deleting_a_parent_takes_its_bindings_along() {
    let mut client = with_front_end();
    client.done(
        "PUT csvserver_cspolicy_binding",
        r#"{"csvserver_cspolicy_binding":{"name":"c","policyname":"p","priority":7}}"#,
    );
    client.expect(&[
        ("DELETE cspolicy/p", "", SPECIFIC, "810"),
        ("DELETE csvserver/c", "", OK, "Done"),
        ("GET csvserver_cspolicy_binding?bulkbindings=yes", "", OK, r#""severity": "NONE" }"#),
        ("DELETE cspolicy/p", "", OK, "Done"),
    ]);
}
