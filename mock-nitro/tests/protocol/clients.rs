//! What real clients send, in their order and spelling: the Go client, Terraform's provider, the
//! vendor's Ansible collection, and the old Python library.

use crate::client::{Answer, Client};

const OK: &str = "200 OK";
const CREATED: &str = "201 Created";

/// Writes a fixture as a file of the appliance.
fn upload(client: &mut Client, name: &str, pem: &[u8]) -> Answer {
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(pem);
    let body = format!(
        r#"{{"systemfile":{{"filename":"{name}","filecontent":"{content}","filelocation":"/nsconfig/ssl","fileencoding":"BASE64"}}}}"#
    );
    client.ask("POST systemfile?idempotent=yes", &body)
}

fn with_files() -> Client {
    let mut client = Client::new();
    client.done("POST nsfeature?action=enable", r#"{"nsfeature":{"feature":["LB","SSL"]}}"#);
    for (name, pem) in [
        ("app1.pem", &include_bytes!("../fixtures/leaf-v1.crt")[..]),
        ("app1.key", &include_bytes!("../fixtures/leaf-v1.key")[..]),
        ("ca.pem", &include_bytes!("../fixtures/root-v1.crt")[..]),
    ] {
        upload(&mut client, name, pem).is(CREATED, "Done");
    }
    client
}

/// All that Terraform sends of a profile, needed or not.
const PROFILE: &str = r#"{"sslprofile":{"name":"p_tf","sslprofiletype":"FrontEnd","dh":"DISABLED",
    "sessreuse":"ENABLED","cipherredirect":"DISABLED","clientauth":"DISABLED","ssl3":"DISABLED",
    "dhkeyexpsizelimit":"DISABLED","sslredirect":"DISABLED","redirectportrewrite":"DISABLED",
    "tls13":"ENABLED","snienable":"ENABLED","ocspstapling":"DISABLED","serverauth":"DISABLED",
    "sendclosenotify":"YES","denysslreneg":"ALL","quantumsize":"8192","strictcachecks":"NO",
    "encrypttriggerpktcount":45,"dropreqwithnohostheader":"NO","snihttphostmatch":"CERT",
    "pushenctriggertimeout":1,"ssltriggertimeout":100,"clientauthuseboundcachain":"DISABLED",
    "sslinterception":"DISABLED","sslireneg":"ENABLED","ssliocspcheck":"ENABLED",
    "sslimaxsessperserver":10,"sessionticket":"DISABLED","prevsessionkeylifetime":0,
    "hsts":"ENABLED","maxage":31536000,"includesubdomains":"NO","preload":"NO",
    "zerorttearlydata":"DISABLED","tls13sessionticketsperauthcontext":1,
    "dhekeyexchangewithpsk":"NO","allowextendedmastersecret":"NO",
    "encryptedclienthello":"DISABLED","sslclientlogs":"DISABLED"}}"#;

const CERTKEY: &str = r#"{"sslcertkey":{"certkey":"ck-app1","cert":"/nsconfig/ssl/app1.pem","key":"/nsconfig/ssl/app1.key","expirymonitor":"ENABLED","notificationperiod":20}}"#;

#[test]
fn terraform_applies_plans_nothing_and_destroys() {
    let mut client = with_files();
    let change = r#"{"sslcertkey":{"certkey":"ck-app1","cert":"/nsconfig/ssl/app1.pem","key":"/nsconfig/ssl/app1.key"}}"#;
    let binding = "sslvserver_sslcertkey_binding";
    let bind = format!(
        r#"{{"{binding}":{{"certkeyname":"ck-app1","snicert":true,"vservername":"vs_tf"}}}}"#
    );
    let one = format!("{binding}/vs_tf?args=certkeyname:ck-app1,snicert:true");
    client.expect(&[
        (
            "POST lbvserver?idempotent=yes",
            r#"{"lbvserver":{"name":"vs_tf","servicetype":"SSL","ipv46":"192.0.2.1","port":443,"toggleorder":"ASCENDING"}}"#,
            CREATED,
            "Done",
        ),
        ("GET clusterinstance", "", OK, r#""severity": "NONE" }"#),
        (
            "GET systemfile?args=filelocation:%2Fnsconfig%2Fssl,filename:app1.pem",
            "",
            OK,
            r#""filecontent": ""#,
        ),
        ("POST sslprofile?idempotent=yes", PROFILE, CREATED, "Done"),
        ("GET sslprofile/p_tf", "", OK, r#""maxage": "31536000""#),
        ("POST sslcertkey?idempotent=yes", CERTKEY, CREATED, "Done"),
        ("POST sslcertkey?action=update", change, OK, "Done"),
        ("GET sslvserver/vs_tf", "", OK, r#""vservername": "vs_tf""#),
        ("PUT sslvserver", r#"{"sslvserver":{"vservername":"vs_tf","sslprofile":"p_tf"}}"#, OK, "Done"),
        (&format!("PUT {binding}"), &bind, CREATED, "Done"),
        (&format!("GET {binding}/vs_tf"), "", OK, r#""snicert": true"#),
        (&format!("GET {one}"), "", OK, r#""certkeyname": "ck-app1""#),
        (
            "PUT sslcertkey/ck-app1",
            r#"{"sslcertkey":{"certkey":"ck-app1","expirymonitor":"ENABLED","notificationperiod":30}}"#,
            OK,
            "Done",
        ),
        ("POST sslcertkey/ck-app1?action=update", change, OK, "Done"),
        ("DELETE sslcertkey/ck-app1?args=", "", "599 Netscaler specific error", "1541"),
        (
            &format!("DELETE {binding}/vs_tf?args=certkeyname:ck-app1"),
            "",
            "599 Netscaler specific error",
            r#""errorcode": 1542"#,
        ),
        (&format!("DELETE {one}"), "", OK, "Done"),
        ("DELETE sslprofile/p_tf", "", "599 Netscaler specific error", "3680"),
        ("DELETE lbvserver/vs_tf", "", OK, "Done"),
        ("DELETE sslprofile/p_tf", "", OK, "Done"),
        ("GET sslcertkey/ck-app1?args=", "", OK, r#""notificationperiod": "30""#),
        ("DELETE sslcertkey/ck-app1?args=", "", OK, "Done"),
        ("DELETE systemfile/app1.pem?args=filelocation:%2Fnsconfig%2Fssl", "", OK, "Done"),
    ]);
}

#[test]
fn the_go_client_encodes_twice_and_links() {
    let mut client = with_files();
    client.done("POST sslcertkey", r#"{"sslcertkey":{"certkey":"ca","cert":"ca.pem"}}"#);
    let add = r#"{"sslcertkey":{"certkey":"ck go 1","cert":"app1.pem","key":"app1.key"}}"#;
    let link = r#"{"sslcertkey":{"certkey":"ck go 1","linkcertkeyname":"ca"}}"#;
    client.expect(&[
        ("POST sslcertkey?idempotent=yes", add, CREATED, "Done"),
        ("POST sslcertkey", add, "409 Conflict", r#""errorcode": 273"#),
        ("GET sslcertkey/ck%2Bgo%2B1", "", OK, r#""certkey": "ck go 1""#),
        ("POST sslcertkey?action=link", link, OK, "Done"),
        ("POST sslcertkey?action=link", link, "409 Conflict", r#""errorcode": 273"#),
        ("GET sslcertkey/ck%2520go%25201", "", OK, r#""linkcertkeyname": "ca""#),
        ("GET sslcertlink", "", OK, r#"{ "certkeyname": "ck go 1", "linkcertkeyname": "ca" }"#),
        ("GET sslcertchain_sslcertkey_binding/ck%20go%201", "", OK, r#""isca": true"#),
        ("GET /nitro/v1/stat/lbvserver/vs1", "", "404 Not Found", "258"),
        ("POST nsconfig?action=save", "{\"nsconfig\":{}}\n", OK, "Done"),
        ("POST logout", "{\"logout\":{}}\n", CREATED, "Done"),
    ]);
}

#[test]
fn ansible_reads_with_filters_and_posts_bindings() {
    let mut client = with_files();
    client.done(
        "POST lbvserver",
        r#"{"lbvserver":{"name":"vs1","servicetype":"SSL","ipv46":"192.0.2.1","port":443}}"#,
    );
    let line = "GET sslvserver_sslcertkey_binding/vs1?filter=";
    client.expect(&[
        ("POST sslprofile", r#"{"sslprofile": {"hsts": "ENABLED", "maxage": 31536000, "name": "p with blank", "snienable": "ENABLED", "sslprofiletype": "FrontEnd", "tls1": "DISABLED", "tls11": "DISABLED", "tls12": "ENABLED", "tls13": "ENABLED"}}"#, CREATED, "Done"),
        ("GET sslprofile/p%2520with%2520blank", "", OK, r#""name": "p with blank""#),
        ("PUT sslprofile", r#"{"sslprofile": {"maxage": 100, "name": "p with blank", "tls13": "DISABLED"}}"#, OK, "Done"),
        ("POST sslprofile?action=unset", r#"{"sslprofile": {"hsts": "ENABLED", "name": "p with blank"}}"#, OK, "Done"),
        ("POST sslcertkey", r#"{"sslcertkey": {"cert": "app1.pem", "certkey": "ck-app1", "expirymonitor": "ENABLED", "key": "app1.key", "notificationperiod": 20}}"#, CREATED, "Done"),
        ("POST sslcertkey", r#"{"sslcertkey": {"cert": "ca.pem", "certkey": "ck-ca"}}"#, CREATED, "Done"),
        (&format!("{line}certkeyname:ck-app1"), "", OK, r#""severity": "NONE" }"#),
        ("POST sslvserver_sslcertkey_binding", r#"{"sslvserver_sslcertkey_binding": {"certkeyname": "ck-app1", "vservername": "vs1"}}"#, CREATED, "Done"),
        ("POST sslvserver_sslcertkey_binding", r#"{"sslvserver_sslcertkey_binding": {"ca": true, "certkeyname": "ck-ca", "ocspcheck": "Optional", "vservername": "vs1"}}"#, CREATED, "Done"),
        (&format!("{line}ca:true,certkeyname:ck-ca,ocspcheck:Optional"), "", OK, r#""ca": true"#),
        (&format!("{line}certkeyname:ck-app1,snicert:false"), "", OK, r#""snicert": false"#),
        (&format!("{line}certkeyname:ck-app1,snicert:true"), "", OK, r#""severity": "NONE" }"#),
        ("DELETE sslvserver_sslcertkey_binding/vs1?args=certkeyname:ck-app1", "", OK, "Done"),
        ("DELETE sslvserver_sslcertkey_binding/vs1?args=ca:true,certkeyname:ck-ca,ocspcheck:Optional", "", OK, "Done"),
    ]);
    let version = client.ask("GET nsversion", "").json()["nsversion"]["version"].clone();
    let version = version.as_str().unwrap().to_owned();
    assert!(version.starts_with("NetScaler NS14.1: Build 47.48.nc"), "it parses this: {version}");
}

#[test]
fn the_old_python_library_names_everything_in_args() {
    let mut client = with_files();
    client.done(
        "POST lbvserver",
        r#"{"lbvserver":{"name":"vs1","servicetype":"SSL","ipv46":"192.0.2.1","port":443}}"#,
    );
    client.done(
        "PUT sslvserver",
        r#"{"sslvserver":{"vservername":"vs1","sslprofile":"ns_default_ssl_profile_frontend"}}"#,
    );
    client.done("POST sslcertkey", r#"{"sslcertkey":{"certkey":"ck-ca","cert":"ca.pem"}}"#);
    client.done("POST sslvserver_sslcertkey_binding", r#"{"sslvserver_sslcertkey_binding":{"vservername":"vs1","certkeyname":"ck-ca","ca":true}}"#);
    client.expect(&[
        (
            "DELETE sslvserver_sslcertkey_binding?args=certkeyname:ck-ca,vservername:vs1,ca:True",
            "",
            OK,
            "Done",
        ),
        ("DELETE sslcertkey?args=certkey:ck-ca", "", OK, "Done"),
    ]);
}
