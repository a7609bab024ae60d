//! Settings as arguments, variables and files give them.

use clap::Parser;
use tempfile::NamedTempFile;

use super::ingresses::OWN_CONTROLLER_NAME;
use super::*;

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    settings: Settings,
}

fn settings(arguments: &[&str]) -> Settings {
    let arguments = ["test"].iter().chain(arguments);
    Command::try_parse_from(arguments).unwrap().settings
}

fn refuse(arguments: &[&str]) -> String {
    let arguments = ["test"].iter().chain(arguments);
    Command::try_parse_from(arguments).unwrap_err().to_string()
}

const NOBODY: &[&str] = &[];

#[test]
fn without_arguments_files_are_planned_offline_for_the_local_cluster() {
    let settings = settings(NOBODY);
    let environment = Environment::default();
    assert_eq!(settings.appliance(&environment).unwrap(), None);
    let policy = settings.policy(&environment, false).unwrap();
    assert_eq!(policy.mark.prefix, "k8s");
    assert_eq!(policy.mark.cluster.as_str(), "local");
    assert_eq!(policy.controller_names.len(), 2);
    assert_eq!(policy.ingress_classes.len(), 0);
    assert_eq!(policy.consent, Consent::default());
}

#[test]
fn the_vendors_variables_count_where_ours_are_absent() {
    let environment = Environment::new([
        ("NS_IP", "2001:db8::1"),
        ("NS_PROTOCOL", "HTTPS"),
        ("NS_PORT", "8443"),
        ("NS_USER", "them"),
        ("NS_PASSWORD", "theirs"),
        ("NS_VIP", "192.0.2.9"),
        ("NS_APPS_NAME_PREFIX", "abc"),
    ]);
    let appliance = settings(NOBODY).appliance(&environment).unwrap().unwrap();
    assert_eq!(appliance.url, "https://[2001:db8::1]:8443");
    assert_eq!(appliance.username, "them");
    assert_eq!(appliance.password.reveal(), "theirs");
    let policy = settings(NOBODY).policy(&environment, false).unwrap();
    assert_eq!(policy.mark.prefix, "abc");
    assert_eq!(policy.default_vip, Some("192.0.2.9".parse().unwrap()));

    let ours = settings(&[
        "--nitro-url=https://a.example",
        "--nitro-username=we",
        "--prefix=x",
        "--default-vip=192.0.2.1",
    ]);
    let appliance = ours.appliance(&environment).unwrap().unwrap();
    assert_eq!((appliance.url.as_str(), appliance.trust), ("https://a.example", Trust::Platform));
    assert_eq!(appliance.username, "we");
    let policy = ours.policy(&environment, true).unwrap();
    assert_eq!(policy.mark.prefix, "x");
    assert_eq!(policy.default_vip, Some("192.0.2.1".parse().unwrap()));
    assert!(policy.consent.prune);
}

#[test]
fn a_vendor_variable_that_means_nothing_is_quoted() {
    let policy = |name, value| {
        settings(NOBODY).policy(&Environment::new([(name, value)]), false).unwrap_err().to_string()
    };
    assert_eq!(
        policy("NS_VIP", "<VIP>"),
        "the variable NS_VIP is \"<VIP>\", which is not an IP address that clients can connect to"
    );
    assert!(policy("NS_APPS_NAME_PREFIX", "k8s-1").ends_with("1 to 8 letters or digits"));
    let url = |name, value| {
        let environment = Environment::new([("NS_IP", "192.0.2.2"), (name, value)]);
        settings(NOBODY).appliance(&environment).unwrap_err().to_string()
    };
    assert!(url("NS_PORT", "https").ends_with("a port number"));
    assert!(url("NS_PROTOCOL", "ftp").ends_with("http or https"));
    assert!(url("NS_USER", "").ends_with("NITRO_USERNAME or NS_USER"));
    assert!(url("NS_USER", "them").ends_with("NITRO_PASSWORD or NS_PASSWORD"));
}

#[test]
fn the_password_of_a_file_loses_its_line_end_and_nothing_else() {
    for (content, password) in [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")]
    {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let path = format!("--nitro-password-file={}", file.path().display());
        let settings = settings(&["--nitro-url=https://a", "--nitro-username=u", &path]);
        let environment = Environment::new([("NITRO_PASSWORD", "other")]);
        let appliance = settings.appliance(&environment).unwrap().unwrap();
        assert_eq!(appliance.password.reveal(), password);
    }
    let missing = settings(&["--nitro-url=https://a", "--nitro-password-file=/no/such/file"]);
    let error = missing.appliance(&Environment::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read --nitro-password-file \"/no/such/file\"");
}

#[test]
fn values_are_checked_as_they_are_read() {
    for (argument, message) in [
        ("--prefix=k8s-1", "must be 1 to 8 letters or digits"),
        ("--prefix=abcdefghi", "must be 1 to 8 letters or digits"),
        ("--cluster-id=a b", "must be 1 to 63"),
        ("--default-vip=A.B.C.D", "\"A.B.C.D\" is not an IP address"),
        ("--default-vip=224.0.0.1", "is a multicast address"),
        ("--nitro-password=x", "unexpected argument"),
    ] {
        let refused = refuse(&[argument]);
        assert!(refused.contains(message), "{refused}");
    }
}

#[test]
fn a_certificate_is_verified_or_not_and_never_both() {
    let appliance = |insecure| {
        let arguments = ["--nitro-url=https://a", "--nitro-ca-file=/dev/null"];
        let mut settings = settings(&arguments);
        settings.appliance.insecure = insecure;
        settings.appliance(&Environment::new([("NS_USER", "u"), ("NS_PASSWORD", "p")]))
    };
    assert_eq!(appliance(false).unwrap().unwrap().trust, Trust::Authorities(Vec::new()));
    let refused = appliance(true).unwrap_err().to_string();
    assert!(refused.contains("exclude each other"), "{refused}");
}

#[test]
fn lists_can_be_given_several_times() {
    let settings = settings(&[
        "--controller-name=a",
        "--controller-name=b",
        "--ingress-class=x,y",
        "--approve=d",
    ]);
    let policy = settings.policy(&Environment::default(), false).unwrap();
    let names = ["a", "b", OWN_CONTROLLER_NAME].map(str::to_owned);
    assert_eq!(policy.controller_names, BTreeSet::from(names));
    assert_eq!(policy.ingress_classes, BTreeSet::from(["x".to_owned(), "y".to_owned()]));
    assert_eq!(policy.consent.approved, BTreeSet::from(["d".to_owned()]));
}

#[test]
fn no_setting_shows_a_password() {
    let environment = Environment::new([("NITRO_PASSWORD", "c4n4ry"), ("NITRO_URL", "")]);
    let settings = settings(&["--nitro-url=https://a", "--nitro-username=u"]);
    let appliance = settings.appliance(&environment).unwrap();
    assert!(!format!("{environment:?}{appliance:?}").contains("c4n4ry"));
}
