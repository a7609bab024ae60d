//! Sessions, and the ways in which credentials arrive.

use jiff::SignedDuration;
use mock_nitro::{Appliance, Options};

use crate::client::{Client, noon};

const OK: &str = "200 OK";
const LOGIN: &str = r#"{"login":{"username":"nsroot","password":"nsroot"}}"#;

fn anonymous() -> Client {
    Client { headers: Vec::new(), ..Client::new() }
}

fn token(client: &mut Client, login: &str) -> String {
    let answer = client.ask("POST login", login);
    answer.is("201 Created", r#""errorcode": 0, "message": "Done", "severity": "NONE""#);
    answer.json()["sessionid"].as_str().unwrap().to_owned()
}

fn with(client: &mut Client, name: &str, value: &str) -> u16 {
    client.headers = vec![(name.to_owned(), value.to_owned())];
    client.ask("GET nsversion", "").response.status
}

#[test]
fn a_login_gives_a_token_in_the_body_and_in_both_cookies() {
    let mut client = anonymous();
    let answer = client.ask("POST login", LOGIN);
    let token = answer.json()["sessionid"].as_str().unwrap().replace('#', "%23");
    assert_eq!(token.len(), 262);
    for cookie in ["sessionid", "NITRO_AUTH_TOKEN"] {
        let expected = format!("{cookie}={token}; path=/nitro/v1");
        assert!(
            answer
                .response
                .headers
                .iter()
                .any(|(name, value)| { name == "Set-Cookie" && *value == expected })
        );
    }
}

#[test]
fn a_wrong_password_is_refused_wherever_it_comes_from() {
    let mut client = anonymous();
    let wrong =
        r#"{ "errorcode": 354, "message": "Invalid username or password", "severity": "ERROR" }"#;
    let login = r#"{"login":{"username":"nsroot","password":"x"}}"#;
    client.expect(&[("POST login", login, "401 Unauthorized", wrong)]);
    client.headers = vec![("X-NITRO-USER".to_owned(), "nsroot".to_owned())];
    client.expect(&[("GET nsversion", "", "401 Unauthorized", wrong)]);
}

#[test]
fn every_carrier_of_credentials_is_accepted() {
    let mut client = anonymous();
    let raw = token(&mut client, LOGIN);
    let encoded = raw.replace('#', "%23");
    for header in ["Cookie", "Set-Cookie"] {
        for cookie in ["NITRO_AUTH_TOKEN", "sessionid"] {
            for token in [&raw, &encoded] {
                assert_eq!(with(&mut client, header, &format!("{cookie}={token}")), 200);
            }
        }
    }
    assert_eq!(with(&mut client, "Cookie", &format!("sessionid=; NITRO_AUTH_TOKEN={raw}")), 200);
    assert_eq!(with(&mut client, "authorization", "Basic bnNyb290Om5zcm9vdA=="), 200);
    client.headers.clear();
    let body =
        format!(r#"{{"sessionid":"{raw}","lbvserver":{{"name":"a","servicetype":"HTTP"}}}}"#);
    client.expect(&[("POST lbvserver", &body, "201 Created", "Done")]);
}

#[test]
fn credentials_in_headers_go_before_a_session() {
    let mut client = Client::new();
    client.headers.push(("Cookie".to_owned(), "NITRO_AUTH_TOKEN=stale".to_owned()));
    client.expect(&[("GET nsversion", "", "200 OK", "NS14.1")]);
}

#[test]
fn without_credentials_or_with_a_stale_token_nothing_is_answered() {
    let mut client = anonymous();
    let none = r#""errorcode": 1027, "message": "Not logged in or connection timed out""#;
    client.expect(&[("GET nsversion", "", "401 Unauthorized", none)]);
    client.headers = vec![("Cookie".to_owned(), "sessionid=%23%23AB".to_owned())];
    let stale = r#""errorcode": 444, "message": "Session expired or killed. Please login again""#;
    client.expect(&[("GET nsversion", "", "401 Unauthorized", stale)]);
}

#[test]
fn a_session_ends_when_it_was_idle_for_too_long() {
    let mut client = anonymous();
    let login = r#"{"login":{"username":"nsroot","password":"nsroot","timeout":10}}"#;
    let raw = token(&mut client, login);
    let cookie = format!("NITRO_AUTH_TOKEN={raw}");
    for (seconds, status) in [(10, 200), (20, 200), (31, 401), (31, 401)] {
        client.appliance.set_now(noon() + SignedDuration::from_secs(seconds));
        assert_eq!(with(&mut client, "Cookie", &cookie), status, "after {seconds} s");
    }
}

#[test]
fn the_journal_says_which_session_asked() {
    let mut client = anonymous();
    let tokens: Vec<_> = (0..2).map(|_| token(&mut client, LOGIN)).collect();
    client.ask("POST login", r#"{"login":{"username":"nsroot","password":"x"}}"#);
    with(&mut client, "Cookie", &format!("sessionid={}", tokens[1]));
    client.headers.clear();
    client.done(
        "POST server",
        &format!(
            r#"{{"sessionid":"{}","server":{{"name":"s","ipaddress":"192.0.2.1"}}}}"#,
            tokens[0]
        ),
    );
    client.headers = Client::new().headers;
    client.headers.push(("Cookie".to_owned(), format!("sessionid={}", tokens[1])));
    client.done("POST systemsession?action=kill", r#"{"systemsession":{"sid":2}}"#);
    with(&mut client, "Cookie", &format!("sessionid={}", tokens[1]));
    let journal = client.appliance.journal();
    let sessions: Vec<_> = journal.iter().map(|entry| entry.session).collect();
    assert_eq!(sessions, [Some(1), Some(2), None, Some(2), Some(1), None, None]);
    let text = serde_json::to_string(journal).unwrap();
    assert!(tokens.iter().all(|token| !text.contains(token)), "{text}");
}

#[test]
fn a_session_ends_by_logout_kill_and_restart() {
    let mut client = anonymous();
    let first = token(&mut client, LOGIN);
    let second = token(&mut client, LOGIN);
    assert_ne!(first, second);
    let cookie = |token: &str| format!("NITRO_AUTH_TOKEN={token}");
    assert_eq!(with(&mut client, "Cookie", &cookie(&first)), 200);
    let sessions = client.ask("GET systemsession", "").rows("systemsession");
    let own: Vec<_> = sessions.iter().map(|row| &row["currentconn"]).collect();
    assert_eq!(own, [true, false]);
    client.expect(&[
        (
            "POST systemsession?action=kill",
            r#"{"systemsession":{"sid":"1"}}"#,
            "599 Netscaler specific error",
            "449",
        ),
        (
            "POST systemsession?action=kill",
            r#"{"systemsession":{"sid":"9"}}"#,
            "599 Netscaler specific error",
            "452",
        ),
        ("POST systemsession?action=kill", r#"{"systemsession":{"sid":"2"}}"#, "200 OK", "Done"),
    ]);
    assert_eq!(with(&mut client, "Cookie", &cookie(&second)), 401);
    client.headers = vec![("Cookie".to_owned(), cookie(&first))];
    client.expect(&[
        ("POST logout", "{\"logout\":{}}\n", "201 Created", "Done"),
        ("POST logout", "", "401 Unauthorized", "444"),
    ]);
    let third = token(&mut client, LOGIN);
    client.appliance.reboot();
    assert_eq!(with(&mut client, "Cookie", &cookie(&third)), 401);
}

/// Kills these sessions, and says which of the others still answer.
fn left_after_killing(client: &mut Client, which: &str, tokens: &[String]) -> Vec<bool> {
    let body = format!(r#"{{"systemsession":{{{which}}}}}"#);
    client.expect(&[("POST systemsession?action=kill", &body, OK, "Done")]);
    let answers = |token| with(client, "Cookie", &format!("NITRO_AUTH_TOKEN={token}")) == 200;
    tokens.iter().map(answers).collect()
}

#[test]
fn killing_all_sessions_spares_the_own_one() {
    let mut client = anonymous();
    let tokens: Vec<_> = (0..3).map(|_| token(&mut client, LOGIN)).collect();
    with(&mut client, "Cookie", &format!("NITRO_AUTH_TOKEN={}", tokens[1]));
    let left = left_after_killing(&mut client, r#""all":true"#, &tokens);
    assert_eq!(left, [false, true, false]);
    client.expect(&[("GET nsversion", "", "401 Unauthorized", "444")]);
}

#[test]
fn who_has_no_session_can_kill_each() {
    let mut client = anonymous();
    let tokens: Vec<_> = (0..3).map(|_| token(&mut client, LOGIN)).collect();
    let administrator = Client::new().headers;
    client.headers.clone_from(&administrator);
    let left = left_after_killing(&mut client, r#""sid":2"#, &tokens);
    assert_eq!(left, [true, false, true]);
    client.headers = administrator;
    let left = left_after_killing(&mut client, r#""all":"YES""#, &tokens);
    assert_eq!(left, [false, false, false]);
}

#[test]
fn a_session_that_was_idle_for_too_long_cannot_be_killed() {
    let mut client = anonymous();
    token(&mut client, LOGIN);
    client.headers = Client::new().headers;
    client.appliance.set_now(noon() + SignedDuration::from_mins(31));
    let kill = "POST systemsession?action=kill";
    client.expect(&[
        ("GET systemsession?count=yes", "", OK, r#""__count": 0"#),
        (kill, r#"{"systemsession":{"sid":"1"}}"#, "599 Netscaler specific error", "452"),
        (kill, r#"{"systemsession":{"all":false}}"#, "400 Bad Request", "1095"),
    ]);
}

#[test]
fn a_user_has_as_many_sessions_as_the_appliance_allows() {
    for most_sessions in [20, 2] {
        let options = Options { most_sessions, now: noon(), ..Options::default() };
        let mut client = Client { appliance: Appliance::new(options), headers: Vec::new() };
        let tokens: Vec<_> = (0..most_sessions).map(|_| token(&mut client, LOGIN)).collect();
        let refused = r#"{ "errorcode": 445, "message": "Session limit exceeded", "#;
        client.expect(&[("POST login", LOGIN, "599 Netscaler specific error", refused)]);
        with(&mut client, "Cookie", &format!("NITRO_AUTH_TOKEN={}", tokens[0]));
        client.done("POST logout", r#"{"logout":{}}"#);
        client.headers.clear();
        token(&mut client, LOGIN);
    }
}
