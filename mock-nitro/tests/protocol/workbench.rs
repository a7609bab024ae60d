//! The workbench under `/mock/`: what a test of any client does to the appliance, and looks at.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;

use jiff::Timestamp;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::Server;
use mock_nitro::server::state_file::StateFile;
use mock_nitro::{Appliance, DataPlane, Options};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::{Client, noon};
use crate::http;

/// A server on loopback.
struct Bench {
    server: Server,
    address: String,
}

impl Bench {
    async fn new() -> Self {
        Self::with(Client::new().appliance, Some(Box::new(std::io::sink()))).await
    }

    async fn with(appliance: Appliance, journal: Option<Box<dyn Write + Send>>) -> Self {
        let faulty = Faulty::new(appliance, Faults::none());
        Self::of(Server::new(faulty, journal, noon)).await
    }

    async fn of(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(server.clone().serve(listener, None));
        Self { server, address }
    }

    /// Asks for `METHOD operation` below `/mock/`, or for a path with a slash.
    async fn ask(&self, line: &str, body: &str) -> (u16, String) {
        let (method, target) = line.split_once(' ').unwrap();
        let path = match target.strip_prefix('/') {
            Some(path) => format!("/{path}"),
            None => format!("/mock/{target}"),
        };
        let answer = http::ask(&self.address, &format!("{method} {path}"), body).await;
        let status = answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        (status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned())
    }

    /// The same for what must succeed.
    async fn json(&self, line: &str, body: &str) -> Value {
        let (status, answer) = self.ask(line, body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Adds a server over NITRO, and says what the status was; 0 if there was no answer.
    async fn add(&self, name: &str) -> u16 {
        let body = json!({"server": {"name": name, "ipaddress": address_for(name)}});
        self.ask("POST /nitro/v1/config/server", &body.to_string()).await.0
    }

    async fn has(&self, name: &str) -> bool {
        self.ask(&format!("GET /nitro/v1/config/server/{name}"), "").await.0 == 200
    }

    async fn save(&self) {
        let line = "POST /nitro/v1/config/nsconfig?action=save";
        assert_eq!(self.ask(line, r#"{"nsconfig":{}}"#).await.0, 200);
    }
}

/// No two servers have the same address.
fn address_for(name: &str) -> String {
    let sum: u32 = name.bytes().map(u32::from).sum();
    format!("192.0.2.{}", sum % 256)
}

fn upload(name: &str, content: &str) -> String {
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(content);
    json!({"systemfile": {
        "filename": name, "filelocation": "/nsconfig/ssl", "filecontent": content,
    }})
    .to_string()
}

#[tokio::test]
async fn the_journal_is_read_and_cleared_and_holds_no_secret() {
    let bench = Bench::new().await;
    let login = r#"{"login":{"username":"nsroot","password":"nsroot"}}"#;
    bench.ask("POST /nitro/v1/config/login", login).await;
    bench.ask("POST /nitro/v1/config/systemfile", &upload("a.key", "s3cret")).await;
    let journal = bench.json("GET journal", "").await;
    let paths: Vec<_> = journal.as_array().unwrap().iter().map(|entry| &entry["path"]).collect();
    assert_eq!(paths, ["/nitro/v1/config/login", "/nitro/v1/config/systemfile"]);
    let text = journal.to_string();
    assert!(!text.contains("nsroot\",\"username") && !text.contains("czNjcmV0"), "{text}");
    bench.json("DELETE journal", "").await;
    assert_eq!(bench.json("GET journal", "").await, json!([]));
}

#[tokio::test]
async fn the_state_is_shown_without_secrets_and_the_digest_counts_them() {
    let [one, other, third] = [Bench::new().await, Bench::new().await, Bench::new().await];
    for (bench, password) in [(&one, "s3cret"), (&other, "s3cret"), (&third, "another")] {
        let monitor = json!({"lbmonitor": {
            "monitorname": "m", "type": "RADIUS", "username": "u", "password": "p",
            "radkey": password,
        }});
        let (status, answer) =
            bench.ask("POST /nitro/v1/config/lbmonitor", &monitor.to_string()).await;
        assert_eq!(status, 201, "{answer}");
    }
    let state = one.json("GET state", "").await;
    assert_eq!(state["objects"]["lbmonitor"]["m"]["type"], "RADIUS");
    assert!(!state.to_string().contains("s3cret"));
    assert_eq!(state, third.json("GET state", "").await);
    let digest = one.json("GET digest", "").await;
    assert_eq!(digest["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(digest, other.json("GET digest", "").await);
    assert_ne!(digest, third.json("GET digest", "").await);
}

#[tokio::test]
async fn a_reboot_loses_what_was_not_saved_and_a_reset_everything() {
    let bench = Bench::new().await;
    let fresh = bench.json("GET digest", "").await;
    bench.add("kept").await;
    bench.save().await;
    bench.add("lost").await;
    bench.ask("POST /nitro/v1/config/systemfile", &upload("a.txt", "a")).await;
    bench.json("POST reboot", "").await;
    assert!(bench.has("kept").await && !bench.has("lost").await);
    bench.json("PUT faults", r#"[{"fault":{"refused":603}}]"#).await;
    bench.json("PUT clock", r#"{"now":"2030-01-01T00:00:00Z"}"#).await;
    bench.json("POST reset", "").await;
    assert_eq!(bench.json("GET digest", "").await, fresh);
    assert_eq!(bench.json("GET journal", "").await, json!([]));
    assert_eq!(bench.json("GET faults", "").await, json!([]));
    assert_eq!(bench.json("GET clock", "").await["is_set"], false);
    bench.json("POST reboot", "").await;
    assert!(!bench.has("kept").await, "the saved configuration is reset too");
}

#[tokio::test]
async fn the_clock_is_set_and_goes_on_and_follows_the_machine_again() {
    let server =
        Server::new(Faulty::new(Client::new().appliance, Faults::none()), None, Timestamp::now);
    let bench = Bench::of(server).await;
    assert_eq!(bench.json("GET clock", "").await["is_set"], false);
    bench.json("PUT clock", r#"{"now":"2040-01-01T00:00:00Z"}"#).await;
    let time = |clock: &Value| clock["now"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let first = time(&bench.json("GET clock", "").await);
    let second = time(&bench.json("GET clock", "").await);
    assert!(first.to_string().starts_with("2040-01-01T00:0") && first < second, "{first}");
    let (_, shown) = bench.ask("GET /nitro/v1/config/nsconfig", "").await;
    assert!(shown.contains("Jan  1 00:0") && shown.contains("2040"), "{shown}");
    let followed = bench.json("DELETE clock", "").await;
    assert_eq!(followed["is_set"], false);
    assert!(time(&followed) < first);
    for wrong in ["{}", r#"{"now":"noon"}"#, r#"{"now":"2040-01-01T00:00:00Z","speed":2}"#, "x"] {
        let (status, why) = bench.ask("PUT clock", wrong).await;
        assert_eq!(status, 400);
        assert!(why.contains("the clock takes"), "{why}");
    }
}

#[tokio::test]
async fn a_transition_is_judged_between_begin_and_end() {
    let bench = Bench::new().await;
    let (status, why) = bench.ask("POST check/end", "").await;
    assert_eq!(status, 409);
    assert!(why.contains("/mock/check/begin"), "{why}");
    bench.json("POST check/begin", "").await;
    bench.add("a").await;
    let verdict = bench.json("POST check/end", "").await;
    assert_eq!(verdict, json!({"violations": [], "gaps": 0}));

    let mutual = Setup::new();
    let bench = Bench::with(mutual.client.appliance, None).await;
    bench.json("POST check/begin", "").await;
    let unbind = "/nitro/v1/config/sslvserver_sslcertkey_binding/fe?args=certkeyname:ca,ca:true";
    assert_eq!(bench.ask(&format!("DELETE {unbind}"), "").await.0, 200);
    let bound = json!({"sslvserver_sslcertkey_binding": {
        "vservername": "fe", "certkeyname": "ca", "ca": true,
    }});
    let line = "PUT /nitro/v1/config/sslvserver_sslcertkey_binding";
    assert_eq!(bench.ask(line, &bound.to_string()).await.0, 201);
    let verdict = bench.json("POST check/end", "").await;
    assert_eq!(verdict["violations"][0]["rule"], "no-ca", "{verdict}");
    assert_eq!(verdict["violations"][0]["step"], 1);
}

#[tokio::test]
async fn faults_are_met_by_type_verb_and_number() {
    let bench = Bench::new().await;
    let list = r#"[
        {"type": "server", "verb": "POST", "nth": 2, "fault": {"refused": 603}},
        {"type": "server", "verb": "POST", "nth": 3, "fault": "reset_before"},
        {"type": "server", "verb": "POST", "nth": 4, "fault": "reset_after"},
        {"verb": "POST save", "fault": "unavailable"}
    ]"#;
    let put = bench.json("PUT faults", list).await;
    assert_eq!(put, bench.json("GET faults", "").await);
    assert_eq!(put.as_array().unwrap().len(), 4);
    let mut statuses = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        assert!(!bench.has(name).await, "reading is not counted");
        statuses.push(bench.add(name).await);
    }
    assert_eq!(statuses, [201, 599, 0, 0, 201]);
    for (name, there) in [("a", true), ("b", false), ("c", false), ("d", true), ("e", true)] {
        assert_eq!(bench.has(name).await, there, "{name}");
    }
    let line = "POST /nitro/v1/config/nsconfig?action=save";
    assert_eq!(bench.ask(line, r#"{"nsconfig":{}}"#).await.0, 503);
    bench.json("DELETE faults", "").await;
    bench.save().await;
    assert_eq!(bench.add("f").await, 201);
}

#[tokio::test]
async fn each_fault_can_be_asked_for() {
    let two =
        r#"{"server":[{"name":"a","ipaddress":"192.0.2.1"},{"name":"b","ipaddress":"192.0.2.2"}]}"#;
    for (fault, status, text) in [
        (r#"{"latency_ms":1}"#, 201, "Done"),
        (r#""unavailable""#, 503, "<html>"),
        (r#""reset_before""#, 0, ""),
        (r#""reset_after""#, 0, ""),
        (r#"{"reset_within":1}"#, 0, ""),
        (r#""session_expired""#, 201, "Done"),
        (r#"{"fails":{"command":1,"code":1072}}"#, 207, r#""errorcode": 1072"#),
        (r#"{"refused":293}"#, 599, "Operation already in progress"),
        (r#"{"refused_within":{"commands":1,"code":603}}"#, 599, r#""errorcode": 603"#),
        (r#""disk_full""#, 201, "Done"),
        (r#"{"hidden_error":1056}"#, 200, r#""errorcode": 1056"#),
        (r#""failover""#, 201, "Done"),
        (r#""hand_over""#, 201, "Done"),
        (r#""reboot""#, 503, "<html>"),
    ] {
        let bench = Bench::new().await;
        bench.json("PUT faults", &format!(r#"[{{"nth": 1, "fault": {fault}}}]"#)).await;
        let (got, answer) = bench.ask("POST /nitro/v1/config/server", two).await;
        assert_eq!(got, status, "{fault}: {answer}");
        assert!(answer.contains(text), "{fault}: {answer}");
        assert_eq!(bench.add("z").await, 201, "{fault}: the second request meets none");
    }
}

#[tokio::test]
async fn a_login_beyond_the_limit_of_sessions_is_refused_on_demand() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"type":"login","fault":{"refused":445}}]"#).await;
    let login = r#"{"login":{"username":"nsroot","password":"nsroot"}}"#;
    let (status, answer) = bench.ask("POST /nitro/v1/config/login", login).await;
    assert_eq!(status, 599);
    assert!(answer.contains("Session limit exceeded"), "{answer}");
    assert_eq!(bench.add("a").await, 201);
}

#[tokio::test]
async fn a_full_disk_takes_no_upload_and_every_other_command() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"fault":"disk_full"}]"#).await;
    let (status, answer) =
        bench.ask("POST /nitro/v1/config/systemfile", &upload("a.crt", "a")).await;
    assert_eq!(status, 599);
    assert!(
        answer.contains(r#""errorcode": 284, "message": "No space left on device"#),
        "{answer}"
    );
    let nowhere = upload("a.crt", "a").replace("/nsconfig/ssl", "/nowhere");
    let (_, answer) = bench.ask("POST /nitro/v1/config/systemfile", &nowhere).await;
    assert!(answer.contains(r#""errorcode": 3440"#), "{answer}");
    assert_eq!(bench.add("a").await, 201);
    bench.json("DELETE faults", "").await;
    let uploaded = bench.ask("POST /nitro/v1/config/systemfile", &upload("a.crt", "a")).await;
    assert_eq!(uploaded.0, 201, "nothing of the refused file was left: {}", uploaded.1);
}

#[tokio::test]
async fn a_truncated_answer_is_shorter_than_it_said() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"type":"nsversion","nth":1,"fault":"truncated"}]"#).await;
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let answer = http::ask(&bench.address, "GET /nitro/v1/config/nsversion", "").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        lengths.push((announced.unwrap().parse::<usize>().unwrap(), body.len()));
    }
    let [(announced, there), whole] = lengths[..] else { panic!("{lengths:?}") };
    assert_eq!((announced, announced), whole);
    assert_eq!(there, announced / 2);
}

#[tokio::test]
async fn a_seed_picks_the_same_requests_each_time() {
    let bench = Bench::new().await;
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let rule = json!([{
            "type": "server", "seeded": {"seed": seed, "per_mille": 300}, "fault": "unavailable",
        }]);
        bench.json("PUT faults", &rule.to_string()).await;
        let mut run = Vec::new();
        for _ in 0..60 {
            run.push(bench.ask("GET /nitro/v1/config/server", "").await.0);
            assert_eq!(bench.ask("GET /nitro/v1/config/nsversion", "").await.0, 200);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let met = runs[0].iter().filter(|status| **status == 503).count();
    assert!((6..40).contains(&met), "{met} of 60");
}

#[tokio::test]
async fn a_wrong_list_of_faults_is_refused_whole_and_says_where() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"fault":"unavailable","type":"server"}]"#).await;
    let good = r#"{"fault":"truncated"}"#;
    for (rule, why) in [
        (r#"{"fault":"explode"}"#, "unknown variant `explode`"),
        (r#"{"fault":"truncated","typ":"server"}"#, "unknown field `typ`"),
        (r#"{"fault":"truncated","type":"sever"}"#, "there is no type \\\"sever\\\""),
        (r#"{"fault":"truncated","verb":"FETCH"}"#, "verb \\\"FETCH\\\" does not begin with"),
        (r#"{"fault":"truncated","nth":0}"#, "counts from 1"),
        (r#"{"fault":"truncated","seeded":{"seed":1,"per_mille":1001}}"#, "at most 1000"),
        (r#"{"fault":"truncated","seeded":{"seed":1}}"#, "missing field `per_mille`"),
        (r#"{"fault":{"refused":99999}}"#, "there is no error code 99999"),
        (r#"{"fault":{"fails":{"command":1,"kode":2}}}"#, "unknown field `kode`"),
        (r#"{"type":"server"}"#, "missing field `fault`"),
        ("3", "invalid type"),
    ] {
        let (status, answer) = bench.ask("PUT faults", &format!("[{good},{rule}]")).await;
        assert_eq!(status, 400, "{rule}");
        assert!(
            answer.contains("fault 2 of the list: ") && answer.contains(why),
            "{rule}: {answer}"
        );
    }
    let (status, answer) = bench.ask("PUT faults", "{}").await;
    assert_eq!(status, 400);
    assert!(answer.contains("no JSON array"), "{answer}");
    assert_eq!(bench.add("a").await, 503, "the list before them still counts");
}

#[tokio::test]
async fn scripts_in_a_browser_and_unknown_operations_are_refused() {
    let bench = Bench::new().await;
    bench.add("a").await;
    let script = "POST /mock/reset HTTP/1.1\r\nOrigin: http://evil.example\r\nX-Rest:";
    let answer = http::ask(&bench.address, script, "").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(bench.has("a").await);
    for line in ["GET nothing", "POST state", "GET reset", "POST begin"] {
        assert_eq!(bench.ask(line, "").await.0, 404, "{line}");
    }
}

/// An appliance with mutual TLS on both sides, as people configure it: clients show certificates of
/// one CA, members those of another, and the appliance shows members its own.
struct Setup {
    client: Client,
}

/// A CA, and what it issues.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate with this name, valid until the end of this year, and its key.
    fn issue(&self, name: &str, year: i32) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

impl Setup {
    fn new() -> Self {
        let mut setup = Self { client: Client::new() };
        let features = r#"{"nsfeature":{"feature":["LB","CS","SSL","RESPONDER"]}}"#;
        setup.client.done("POST nsfeature?action=enable", features);
        let [clients, members] = ["Clients CA", "Members CA"].map(Authority::new);
        setup.certkey("ca", (&clients.pem, None));
        setup.certkey("members-ca", (&members.pem, None));
        let (web, key) = members.issue("shop.example", 2026);
        setup.certkey("web", (&web, Some(&key)));
        let (own, key) = members.issue("appliance.example", 2025);
        setup.certkey("own", (&own, Some(&key)));
        setup.add(
            "sslprofile",
            &json!({
                "name": "mutual", "snienable": "ENABLED", "clientauth": "ENABLED",
                "clientcert": "Mandatory", "tls1": "DISABLED", "tls11": "DISABLED",
            }),
        );
        setup.add(
            "sslprofile",
            &json!({
                "name": "verifying", "sslprofiletype": "BackEnd", "serverauth": "ENABLED",
                "commonname": "app.internal", "snienable": "ENABLED",
            }),
        );
        setup.add("servicegroup", &json!({"servicegroupname": "app", "servicetype": "SSL"}));
        for port in [8443, 8444] {
            setup.add(
                "servicegroup_servicegroupmember_binding",
                &json!({
                    "servicegroupname": "app", "ip": "10.0.0.1", "port": port,
                }),
            );
        }
        setup.client.done(
            "PUT sslservicegroup",
            r#"{"sslservicegroup":{"servicegroupname":"app","sslprofile":"verifying"}}"#,
        );
        for own in [json!({"certkeyname": "own"}), json!({"certkeyname": "members-ca", "ca": true})]
        {
            let mut binding = own;
            binding["servicegroupname"] = "app".into();
            setup.add("sslservicegroup_sslcertkey_binding", &binding);
        }
        setup.add("lbvserver", &json!({"name": "app", "servicetype": "HTTP"}));
        setup.add(
            "lbvserver_servicegroup_binding",
            &json!({"name": "app", "servicegroupname": "app"}),
        );
        setup.add(
            "csaction",
            &json!({
                "name": "shop", "targetlbvserver": "app", "comment": "<script>alert(1)</script>",
            }),
        );
        let rule = r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example") && HTTP.REQ.URL.PATH.STARTSWITH("/cart")"#;
        setup.add("cspolicy", &json!({"policyname": "shop", "rule": rule, "action": "shop"}));
        setup.add(
            "csvserver",
            &json!({
                "name": "fe", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443,
            }),
        );
        setup
            .client
            .done("PUT sslvserver", r#"{"sslvserver":{"vservername":"fe","sslprofile":"mutual"}}"#);
        for binding in [
            json!({"vservername": "fe", "certkeyname": "ca", "ca": true}),
            json!({"vservername": "fe", "certkeyname": "web", "snicert": true}),
        ] {
            setup.add("sslvserver_sslcertkey_binding", &binding);
        }
        setup.add(
            "csvserver_cspolicy_binding",
            &json!({
                "name": "fe", "policyname": "shop", "priority": 100,
            }),
        );
        setup
    }

    #[track_caller]
    fn add(&mut self, kind: &str, fields: &Value) {
        let method = if kind.ends_with("_binding") { "PUT" } else { "POST" };
        self.client.done(&format!("{method} {kind}"), &json!({ kind: fields }).to_string());
    }

    #[track_caller]
    fn certkey(&mut self, name: &str, (certificate, key): (&str, Option<&str>)) {
        let mut fields = json!({"certkey": name, "cert": format!("{name}.crt")});
        self.client.done("POST systemfile", &upload(&format!("{name}.crt"), certificate));
        if let Some(key) = key {
            self.client.done("POST systemfile", &upload(&format!("{name}.key"), key));
            fields["key"] = format!("{name}.key").into();
        }
        self.add("sslcertkey", &fields);
    }
}

/// What a person reads on a page: its text, without markup and style.
fn read(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split('<') {
        let shown = part.split_once('>').map_or("", |(_, shown)| shown).trim_start_matches('\n');
        text.push_str(shown);
    }
    text.replace("&#60;", "<").replace("&#62;", ">")
}

#[tokio::test]
async fn the_page_says_who_demands_what_of_whom() {
    let bench = Bench::with(Setup::new().client.appliance, None).await;
    let (status, page) = bench.ask("GET ui", "").await;
    assert_eq!(status, 200);
    let text = read(&page);
    for line in [
        "192.0.2.1:443 UP",
        "csvserver fe, SSL",
        "Clients: every client must show a certificate issued by CN=Clients CA (",
        "TLS 1.2 and later",
        "accepts clients of: ca (CN=Clients CA), valid until ",
        "shown for its names: web (CN=shop.example), valid until Dec 31 00:00:00 2026 GMT, 304 days left",
        "shop.example/cart",
        "cspolicy shop, <script>alert(1)</script>",
        "lbvserver app UP",
        "servicegroup app: TLS; members must show a certificate for app.internal by CN=Members CA (",
        "accepts members of: members-ca (CN=Members CA), valid until ",
        "shown to members: own (CN=appliance.example), expired on Dec 31 00:00:00 2025 GMT",
        "10.0.0.1:8443 UP",
        "10.0.0.1:8444 UP",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
}

#[tokio::test]
async fn names_are_text_on_the_page_and_nothing_is_loaded() {
    let bench = Bench::with(Setup::new().client.appliance, None).await;
    let answer = http::ask(&bench.address, "GET /mock/ui", "").await;
    assert!(answer.contains("content-type: text/html; charset=utf-8"), "{answer}");
    assert!(answer.contains("content-security-policy: default-src 'none';"), "{answer}");
    assert!(answer.contains("&#60;script&#62;alert(1)"), "{answer}");
    for loaded in ["<script", "http://", "https://", "src=", "href=", "PRIVATE KEY"] {
        assert!(!answer.contains(loaded), "{loaded}");
    }
    assert!(answer.contains("<title>mock-nitro: the running configuration</title>"));
    assert!(answer.contains(r#"<meta name="viewport" content="width=device-width"#));
}

#[tokio::test]
async fn the_page_says_what_is_out_of_service_or_missing() {
    let mut setup = Setup::new();
    setup.client.done(
        "POST servicegroup?action=disable",
        r#"{"servicegroup":{"servicegroupname":"app","servername":"10.0.0.1","port":8443}}"#,
    );
    setup.add("lbvserver", &json!({
        "name": "alone", "servicetype": "TCP", "ipv46": "192.0.2.2", "port": 25, "comment": "mail",
    }));
    setup
        .client
        .done("PUT sslprofile", r#"{"sslprofile":{"name":"mutual","clientcert":"Optional"}}"#);
    let bench = Bench::with(setup.client.appliance, None).await;
    let text = read(&bench.ask("GET ui", "").await.1);
    for line in [
        "10.0.0.1:8443 OUT OF SERVICE",
        "192.0.2.2:25 DOWN",
        "lbvserver alone, TCP, mail",
        "nothing is bound to it",
        "Clients: clients may show a certificate issued by CN=Clients CA (",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
    assert!(!text.contains("must show a certificate issued"), "{text}");
}

#[tokio::test]
async fn the_page_of_a_fresh_appliance_says_that_there_is_nothing() {
    let bench = Bench::new().await;
    let text = read(&bench.ask("GET ui", "").await.1);
    assert!(text.contains("Nothing is configured yet"), "{text}");
}

#[tokio::test]
async fn the_page_names_a_listener_that_could_not_be_opened() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = taken.local_addr().unwrap();
    let bench = Bench::new().await;
    bench.server.carry(DataPlane::new(0, noon, Box::new(|_| {})));
    let vserver = json!({"lbvserver": {
        "name": "v", "servicetype": "HTTP", "ipv46": place.ip().to_string(), "port": place.port(),
    }});
    bench.ask("POST /nitro/v1/config/lbvserver", &vserver.to_string()).await;
    let text = read(&bench.ask("GET ui", "").await.1);
    let why = format!("cannot listen on port {} of 127.0.0.1: ", place.port());
    assert!(text.contains(&format!("{place} DOWN")) && text.contains(&why), "{text}");
}

/// Options of the appliance that reads a state file.
fn options() -> Options {
    Options { now: noon(), ..Options::default() }
}

/// The program, as it starts with a state file.
async fn start(file: &StateFile) -> Bench {
    let bench = Bench::with(file.read(options()).unwrap(), None).await;
    bench.server.keep(file.clone(), Box::new(|_| {})).unwrap();
    bench
}

#[tokio::test]
async fn a_state_file_keeps_everything_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let file = StateFile::new(path.clone());
    let setup = Setup::new();
    let bench = Bench::with(setup.client.appliance, None).await;
    bench.server.keep(file.clone(), Box::new(|_| {})).unwrap();
    assert_eq!(bench.add("saved").await, 201);
    bench.save().await;
    assert_eq!(bench.add("running").await, 201);
    let modes = r#"{"nsmode":{"mode":["FR","USNIP"]}}"#;
    bench.ask("POST /nitro/v1/config/nsmode?action=enable", modes).await;
    bench.ask("POST /nitro/v1/config/systemfile", &upload("late.txt", "late")).await;
    let before = (bench.json("GET state", "").await, bench.json("GET digest", "").await);
    let page = bench.ask("GET ui", "").await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    // Nobody tells the first program that it ends.
    let again = start(&file).await;
    assert_eq!((again.json("GET state", "").await, again.json("GET digest", "").await), before);
    assert_eq!(again.ask("GET ui", "").await, page);
    assert!(again.has("saved").await && again.has("running").await);
    let (_, config) = again.ask("GET /nitro/v1/config/nsconfig", "").await;
    assert!(config.contains(r#""configchanged": true"#), "{config}");
    again.json("POST reboot", "").await;
    assert!(again.has("saved").await && !again.has("running").await);
    let rebooted = again.json("GET digest", "").await;
    let third = start(&file).await;
    assert_eq!(third.json("GET digest", "").await, rebooted);
    third.json("POST reset", "").await;
    assert!(!start(&file).await.has("saved").await);
}

#[tokio::test]
async fn sessions_do_not_survive_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = StateFile::new(folder.path().join("state.json"));
    let mut client = Client { headers: Vec::new(), ..Client::new() };
    let login = client.ask("POST login", r#"{"login":{"username":"nsroot","password":"nsroot"}}"#);
    let token = login.json()["sessionid"].as_str().unwrap().to_owned();
    client.headers = vec![("Cookie".to_owned(), format!("NITRO_AUTH_TOKEN={token}"))];
    client.ask("GET nsversion", "").is("200 OK", "");
    let server = Server::new(Faulty::new(client.appliance.clone(), Faults::none()), None, noon);
    server.keep(file.clone(), Box::new(|_| {})).unwrap();
    client.appliance = file.read(options()).unwrap();
    client.ask("GET nsversion", "").is("401 Unauthorized", "444");
}

#[test]
fn a_broken_state_file_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let whole = Setup::new().client.appliance.to_kept();
    let cut = &whole[..whole.len() / 2];
    let later = whole.replacen("\"format\":1", "\"format\":2", 1);
    let foreign = whole.replacen("\"csvserver\"", "\"csvserverx\"", 1);
    let field = whole.replacen("\"targetlbvserver\"", "\"targetx\"", 1);
    for (text, why) in [
        ("", "it is not the JSON that this program writes"),
        (cut, "it is not the JSON that this program writes"),
        ("{}", "missing field `format`"),
        (&*later, "it has format 2, and this program reads format 1"),
        (&*foreign, "there is no type \"csvserverx\""),
        (&*field, "has no field \"targetx\""),
    ] {
        fs::write(&path, text).unwrap();
        let error = StateFile::new(path.clone()).read(options()).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(error.to_string().contains("state.json\" is broken"), "{error}");
        assert!(cause.contains(why), "{why}: {cause}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it is");
    }
    let nowhere = StateFile::new(folder.path().to_owned()).read(options()).unwrap_err();
    assert!(nowhere.to_string().starts_with("cannot read state file"), "{nowhere}");
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    let file = StateFile::new(below.join("state.json"));
    let bench = Bench::new().await;
    let log = http::Journal::default();
    let lines = log.clone();
    let note = move |line: &str| writeln!(&mut lines.clone(), "{line}").unwrap();
    bench.server.keep(file.clone(), Box::new(note)).unwrap();
    fs::remove_dir_all(&below).unwrap();
    assert_eq!(bench.add("a").await, 0);
    assert!(log.text().contains("cannot write state file"), "{}", log.text());
    // It is tried again with the next request, which says what holds then.
    fs::create_dir(&below).unwrap();
    assert!(bench.has("a").await);
    let kept = Bench::with(file.read(options()).unwrap(), None).await;
    assert!(kept.has("a").await);
}
