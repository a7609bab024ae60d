//! Features, files, the configuration as a whole, restarts, warnings, the journal.

use jiff::SignedDuration;
use mock_nitro::{Appliance, Hardware, Options};

use crate::client::{Client, noon};

const OK: &str = "200 OK";
const CREATED: &str = "201 Created";
const BAD: &str = "400 Bad Request";
const SPECIFIC: &str = "599 Netscaler specific error";
const SERVER: &str = r#"{"server":{"name":"s","ipaddress":"192.0.2.1"}}"#;

fn file(name: &str, content: &str) -> String {
    format!(
        r#"{{"systemfile":{{"filename":"{name}","filelocation":"/nsconfig/ssl","filecontent":"{content}","fileencoding":"BASE64"}}}}"#
    )
}

#[test]
fn features_are_switched_by_short_or_long_names() {
    let mut client = Client::new();
    client.expect(&[
        (
            "POST nsfeature?action=enable",
            r#"{"nsfeature":{"feature":["lb","ContentSwitching","SSL"]}}"#,
            OK,
            "Done",
        ),
        ("POST nsfeature?action=enable", r#"{"nsfeature":{"feature":["LB"]}}"#, OK, "Done"),
        ("GET nsfeature", "", OK, r#""feature": [ "CS", "LB", "SSL" ]"#),
        ("GET nsfeature", "", OK, r#""ssl": true"#),
        ("POST nsfeature?action=disable", r#"{"nsfeature":{"feature":["CS"]}}"#, OK, "Done"),
        ("GET nsfeature", "", OK, r#""cs": false"#),
        ("POST nsfeature?action=enable", r#"{"nsfeature":{"feature":["Magic"]}}"#, BAD, "1097"),
        ("POST nsfeature?action=enable", r#"{"nsfeature":{}}"#, BAD, "1095"),
        ("POST nsmode?action=enable", r#"{"nsmode":{"mode":["FR"]}}"#, OK, "Done"),
        ("GET nsmode", "", OK, r#""fr": true"#),
    ]);
}

#[test]
fn files_are_written_once_listed_without_and_read_with_content() {
    let mut client = Client::new();
    let long = "a".repeat(64);
    client.expect(&[
        ("POST systemfile?idempotent=yes", &file("a.pem", "aGVsbG8="), CREATED, "Done"),
        ("POST systemfile?idempotent=yes", &file("a.pem", "aGVsbG8="), "409 Conflict",
            r#""errorcode": 1642, "message": "Cannot create output file. File already exists""#),
        ("POST systemfile?override=yes", &file("a.pem", "aGV5"), CREATED, "Done"),
        ("POST systemfile?override=yes", &file("a.pem", "?"), SPECIFIC, "3443"),
        ("GET systemfile?args=filelocation:%2Fnsconfig%2Fssl,filename:a.pem", "", OK, r#""filecontent": "aGV5""#),
        ("GET systemfile/a.pem?args=filelocation:%2Fnsconfig%2Fssl", "", OK, r#""fileencoding": "BASE64""#),
        ("GET systemfile/b.pem?args=filelocation:%2Fnsconfig%2Fssl", "", "404 Not Found", "258"),
        ("GET systemfile?args=filelocation:%2Fnowhere", "", SPECIFIC, "3440"),
        ("GET systemfile", "", BAD, "1095"),
        ("POST systemfile", &file("b.pem", "%%%"), SPECIFIC, "3443"),
        ("POST systemfile", &file(&long, "aGV5"), BAD, "1106"),
        ("POST systemfile", r#"{"systemfile":{"filename":"b","filelocation":"/nowhere","filecontent":"aGV5"}}"#, SPECIFIC, "3440"),
        ("POST systemfile", r#"{"systemfile":{"filename":"b","filelocation":"/nsconfig/ssl","filecontent":"aGV5","fileencoding":"HEX"}}"#, SPECIFIC, "3444"),
        ("PUT systemfile", &file("a.pem", "aGV5"), SPECIFIC, "1164"),
    ]);
    let list = client.ask("GET systemfile?args=filelocation:%2Fnsconfig%2Fssl", "");
    assert_eq!(list.rows("systemfile").len(), 1);
    list.is(OK, r#""filesize": "3""#);
    assert!(!list.text().contains("filecontent"));
    client.expect(&[
        ("DELETE systemfile/a.pem", "", BAD, "1095"),
        ("DELETE systemfile/a.pem?args=filelocation:%2Fnsconfig%2Fssl", "", OK, "Done"),
        ("DELETE systemfile/a.pem?args=filelocation:%2Fnsconfig%2Fssl", "", "404 Not Found", "258"),
    ]);
}

#[test]
fn the_appliance_knows_whether_it_must_be_saved() {
    let mut client = Client::new();
    let changed = r#""configchanged": true"#;
    let unchanged = r#""configchanged": false"#;
    client.expect(&[
        ("GET nsconfig", "", OK, unchanged),
        ("POST systemfile", &file("a.pem", "aGVsbG8="), CREATED, "Done"),
        ("GET nsconfig", "", OK, unchanged),
        ("POST server", SERVER, CREATED, "Done"),
        ("GET nsconfig", "", OK, changed),
        ("POST nsconfig?action=diff", r#"{"nsconfig":{}}"#, OK, r#"> add server \"s\""#),
        ("POST nsconfig?action=save", r#"{"nsconfig":{}}"#, OK, "Done"),
        ("GET nsconfig", "", OK, unchanged),
        ("POST nsconfig?action=save", r#"{"nsconfig":{"all":true}}"#, OK, "Done"),
        ("GET nssavedconfig", "", OK, r#"add server \"s\""#),
        ("POST server", SERVER, "409 Conflict", "273"),
        ("GET nsconfig", "", OK, unchanged),
    ]);
}

#[test]
fn a_restart_loses_what_was_not_saved_but_no_files() {
    let mut client = Client::new();
    client.done("POST server", SERVER);
    client.done("POST nsconfig?action=save", r#"{"nsconfig":{}}"#);
    let saved = client.appliance.digest();
    client.done("POST server", r#"{"server":{"name":"t","ipaddress":"192.0.2.2"}}"#);
    client.done("DELETE server/s", "");
    assert_ne!(client.appliance.digest(), saved);
    client.done("POST reboot", r#"{"reboot":{"warm":true}}"#);
    assert_eq!(client.appliance.digest(), saved);
    client.done("POST systemfile", &file("a.pem", "aGVsbG8="));
    client.appliance.reboot();
    client.expect(&[(
        "GET systemfile/a.pem?args=filelocation:%2Fnsconfig%2Fssl",
        "",
        OK,
        "aGVsbG8=",
    )]);
}

#[test]
fn a_box_is_known_by_its_numbers_and_its_start_by_the_time() {
    let mut client = Client::new();
    client.expect(&[
        ("GET nshardware", "", OK, r#""hostid": 1, "#),
        ("GET nshardware", "", OK, r#""serialno": "MOCKNITRO1""#),
        ("GET nshardware", "", OK, r#""netscaleruuid": "00000000-0000-4000-8000-000000000001""#),
        ("GET /nitro/v1/stat/ns", "", OK, r#""starttime": "Sun Mar  1 12:00:00 2026""#),
    ]);
    let now = noon() + SignedDuration::from_mins(1);
    for expected in ["12:01:00", "12:01:01"] {
        client.appliance.set_now(now);
        client.appliance.reboot();
        let text = format!(r#""starttime": "Sun Mar  1 {expected} 2026""#);
        client.expect(&[("GET /nitro/v1/stat/ns", "", OK, &text)]);
    }
    let hardware = Hardware::numbered(2);
    client.appliance = Appliance::new(Options { hardware, now, ..Options::default() });
    client.expect(&[
        ("GET nshardware", "", OK, r#""hostid": 2, "#),
        ("GET nshardware", "", OK, r#""serialno": "MOCKNITRO2""#),
        ("GET nshardware", "", OK, r#""netscaleruuid": "00000000-0000-4000-8000-000000000002""#),
    ]);
}

#[test]
fn clear_goes_back_to_a_fresh_configuration() {
    let mut client = Client::new();
    let fresh = client.appliance.digest();
    client.done("POST server", SERVER);
    client.expect(&[
        ("POST nsconfig?action=clear", r#"{"nsconfig":{}}"#, BAD, "1095"),
        (
            "POST nsconfig?action=clear",
            r#"{"nsconfig":{"force":true,"level":"basic"}}"#,
            OK,
            "Done",
        ),
    ]);
    assert_eq!(client.appliance.digest(), fresh);
}

#[test]
fn warnings_are_given_to_those_who_ask() {
    let mut client = Client::new();
    let add = |name: &str| format!(r#"{{"lbvserver":{{"name":"{name}","servicetype":"HTTP"}}}}"#);
    client.expect(&[("POST lbvserver", &add("a"), CREATED, r#"{ "errorcode": 0, "#)]);
    let answer = client.ask("POST lbvserver?warning=yes", &add("b"));
    answer.is(
        "209 X-NITRO-WARNING",
        r#"{ "errorcode": 1067, "message": "Feature(s) not enabled [LB]", "severity": "WARNING" }"#,
    );
    assert_eq!(
        answer.response.header("x-nitro-warning"),
        Some("1067 - Feature(s) not enabled [LB]")
    );
    assert_eq!(client.ask("GET lbvserver", "").rows("lbvserver").len(), 2);
}

#[test]
fn the_journal_keeps_requests_and_no_secrets() {
    let mut client = Client::new();
    client.done("POST login", r#"{"login":{"username":"nsroot","password":"nsroot"}}"#);
    client.ask("POST systemfile?override=yes", &file("a.key", "c2VjcmV0"));
    client.ask("GET lbvserver/x?attrs=name", "");
    let lines: Vec<_> = client
        .appliance
        .journal()
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            r#"{"method":"POST","path":"/nitro/v1/config/login","status":201,"errorcode":0,"requests":1,"objects":0,"rows":0,"saves":0,"bytes_in":73,"bytes_out":332,"time_ms":0.0,"session":1,"body":{"login":{"password":"***","username":"nsroot"}}}"#,
            r#"{"method":"POST","path":"/nitro/v1/config/systemfile","query":"override=yes","status":201,"errorcode":0,"requests":1,"objects":1,"rows":0,"saves":0,"bytes_in":154,"bytes_out":57,"time_ms":0.0,"body":{"systemfile":{"filecontent":"***","fileencoding":"BASE64","filelocation":"/nsconfig/ssl","filename":"a.key"}}}"#,
            r#"{"method":"GET","path":"/nitro/v1/config/lbvserver/x","query":"attrs=name","status":404,"errorcode":258,"requests":1,"objects":0,"rows":0,"saves":0,"bytes_in":38,"bytes_out":82,"time_ms":0.0}"#,
        ]
    );
    client.appliance.clear_journal();
    assert!(client.appliance.journal().is_empty());
    client.appliance.journal_off();
    client.ask("GET nsversion", "");
    assert!(client.appliance.journal().is_empty());
}
