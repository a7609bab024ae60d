//! Many commands in one request.

use crate::client::Client;

const TWO: &str =
    r#"{"server":[{"name":"a","ipaddress":"192.0.2.1"},{"name":"b","ipaddress":"192.0.2.2"}]}"#;
/// The second of these exists already, once [`TWO`] is there.
const MIXED: &str = r#"{"server":[{"name":"c","ipaddress":"192.0.2.3"},{"name":"b","ipaddress":"192.0.2.2"},{"name":"d","ipaddress":"192.0.2.4"}]}"#;

fn with_two() -> Client {
    let mut client = Client::new();
    client
        .ask("POST server", TWO)
        .is("201 Created", r#"{ "errorcode": 0, "message": "Done", "severity": "NONE" }"#);
    client
}

fn on_error(client: &mut Client, value: &str) -> Vec<u64> {
    client.headers.push(("X-NITRO-ONERROR".to_owned(), value.to_owned()));
    let answer = client.ask("POST server", MIXED);
    client.headers.pop();
    answer.is("207 Multi Status", r#"{ "errorcode": 1243, "message": "Bulk operation failed", "severity": "ERROR", "response": [ { "#);
    let entries = answer.json()["response"].as_array().unwrap().clone();
    entries.iter().map(|entry| entry["errorcode"].as_u64().unwrap()).collect()
}

fn servers(client: &mut Client) -> usize {
    client.ask("GET server", "").rows("server").len()
}

#[test]
fn exit_stops_at_the_first_failure_and_keeps_what_was_done() {
    let mut client = with_two();
    assert_eq!(on_error(&mut client, "exit"), [0, 273]);
    assert_eq!(servers(&mut client), 3);
}

#[test]
fn continue_runs_all_and_answers_for_each() {
    let mut client = with_two();
    assert_eq!(on_error(&mut client, "continue"), [0, 273, 0]);
    assert_eq!(servers(&mut client), 4);
}

#[test]
fn rollback_undoes_adds_and_is_refused_for_others() {
    let mut client = with_two();
    assert_eq!(on_error(&mut client, "rollback"), [0, 273]);
    assert_eq!(servers(&mut client), 2);
    let update = r#"{"server":[{"name":"a","comment":"x"},{"name":"b","comment":"x"}]}"#;
    client.expect(&[("PUT server?onerror=rollback", update, "400 Bad Request", "1242")]);
}

#[test]
fn an_array_of_one_is_like_an_object() {
    let mut client = Client::new();
    let one = r#"{"server":[{"name":"a","ipaddress":"192.0.2.1"}]}"#;
    client.expect(&[
        ("POST server", one, "201 Created", "Done"),
        ("POST server", one, "409 Conflict", "273"),
    ]);
}

#[test]
fn updates_actions_deletes_and_unbinds_come_in_bulk_too() {
    let mut client = with_two();
    client.expect(&[
        (
            "PUT server",
            r#"{"server":[{"name":"a","comment":"x"},{"name":"b","comment":"y"}]}"#,
            "200 OK",
            "Done",
        ),
        (
            "POST server?action=disable",
            r#"{"server":[{"name":"a"},{"name":"b"}]}"#,
            "200 OK",
            "Done",
        ),
        ("GET server?filter=state:DISABLED&count=yes", "", "200 OK", r#""__count": 2"#),
        ("POST server?action=rm", r#"{"server":[{"name":"a"},{"name":"b"}]}"#, "200 OK", "Done"),
        ("GET server?count=yes", "", "200 OK", r#""__count": 0"#),
    ]);
}

#[test]
fn macroapi_runs_several_types_in_the_order_of_the_document() {
    let mut client = Client::new();
    let body = r#"{"servicegroup":[{"servicegroupname":"g","servicetype":"HTTP"}],
        "lbvserver":[{"name":"l","servicetype":"http"}],
        "lbvserver_servicegroup_binding":[{"name":"l","servicegroupname":"g"}],
        "csaction":{"name":"a","targetlbvserver":"l"}}"#;
    let backwards = r#"{"csaction":[{"name":"b","targetlbvserver":"z"}],"lbvserver":[{"name":"z","servicetype":"HTTP"}]}"#;
    client.expect(&[
        ("POST macroapi", body, "201 Created", "Done"),
        ("POST macroapi", backwards, "207 Multi Status", r#""errorcode": 1243"#),
        ("PUT macroapi", r#"{"lbvserver":[{"name":"l","comment":"x"}],"serviceGroup":[{"servicegroupname":"g","comment":"y"}]}"#, "200 OK", "Done"),
        ("POST macroapi?action=remove", r#"{"lbvserver_servicegroup_binding":[{"name":"l","servicegroupname":"g"}],"csaction":[{"name":"a"}],"lbvserver":[{"name":"l"}]}"#, "200 OK", "Done"),
        ("POST macroapi", r#"{"lbvserver":[{"name":"1","servicetype":"HTTP"}],"nosuch":[{}]}"#, "400 Bad Request", "1232"),
        ("POST macroapi", r#"{"server":[{"name":"s1","ipaddress":"192.0.2.1"}],"server":[{"name":"s2","ipaddress":"192.0.2.2"}]}"#, "400 Bad Request", "1233"),
        ("GET lbvserver?count=yes", "", "200 OK", r#""__count": 0"#),
    ]);
}

#[test]
fn batchapi_mixes_operations_and_reads() {
    let mut client = with_two();
    client.headers.push(("X-NITRO-ONERROR".to_owned(), "continue".to_owned()));
    client.expect(&[
        ("POST batchapi", r#"{"batchapi":[{"action":"REMOVE","type":"server","properties":{"name":"a"}},{"action":"ADD","type":"server","properties":{"name":"z","ipaddress":"192.0.2.7"}}]}"#,
            "201 Created", r#""batchapi": [ { "errorcode": 0, "#),
        ("POST batchapi", r#"{"batchapi":[{"action":"REMOVE","type":"server","properties":{"name":"a"}},{"action":"REMOVE","type":"server","properties":{"name":"b"}}]}"#,
            "207 Multi Status", r#""batchapi": [ { "errorcode": 258, "#),
        ("POST batchapi?action=GET", r#"{"batchapi":[{"type":"server","query_params":{"filter":{"name":"/^z/"}}},{"type":"lbvserver"}]}"#,
            "200 OK", r#""server": [ { "#),
    ]);
    assert_eq!(servers(&mut client), 1);
}

#[test]
fn old_clients_send_forms_media_types_and_actions_inside() {
    let mut client = Client::new();
    let login = "object=%7B%22login%22%3A+%7B%22username%22%3A+%22nsroot%22%2C+%22password%22%3A+%22nsroot%22%7D%7D";
    let add = "object=%7B%22server%22%3A%7B%22name%22%3A%22a%22%2C%22ipaddress%22%3A%22192.0.2.1%22%7D%7D";
    let unset =
        r#"{"params":{"action":"unset","warning":"YES",},"server":{"name":"a","comment":true,},}"#;
    client
        .headers
        .push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    client.expect(&[
        ("POST ", login, "201 Created", "sessionid"),
        ("POST ", add, "201 Created", "Done"),
        ("POST ", unset, "200 OK", "Done"),
        ("DELETE server?args=name:a", "", "200 OK", "Done"),
    ]);
}
