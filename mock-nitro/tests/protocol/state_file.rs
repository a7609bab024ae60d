//! The file that keeps the appliance while the program does not run.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use mock_nitro::Options;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::Server;
use mock_nitro::server::state_file::StateFile;

use crate::bench::{Bench, upload};
use crate::client::{Client, noon};
use crate::http;
use crate::mutual::Setup;

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
