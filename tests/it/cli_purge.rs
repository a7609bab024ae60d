//! Removing all of one cluster from an appliance that others use as well.

use crate::authority::{self, Authority};
use crate::command::{Finished, Manifests, Served, nitro_ingress};

const HOST: &str = "www.guestbook.com";

/// The walkthrough on this address.
fn walkthrough(address: &str) -> Manifests {
    let authority = Authority::new("My Cert Authority");
    let manifests =
        Manifests::walkthrough(&authority::walkthrough(&authority, &authority.issue(HOST)));
    let text = std::fs::read_to_string(manifests.path().join("ingress.yaml")).unwrap();
    let before = text.lines().find_map(|line| line.split_once("frontend-ip:")).unwrap().1;
    manifests.replace("ingress.yaml", before.trim(), address);
    manifests
}

/// Runs a command for a cluster with its manifests.
fn run(
    command: &[&str],
    cluster: [&str; 2],
    (manifests, served): (&Manifests, &Served),
) -> Finished {
    let [id, prefix] = cluster;
    let named = ["--cluster-id", id, "--prefix", prefix];
    nitro_ingress(&[command, &named].concat()).on(served).files(&manifests.path()).end()
}

fn purge(served: &Served, arguments: &[&str]) -> Finished {
    nitro_ingress(&[&["purge"], arguments].concat()).on(served).end()
}

#[test]
fn a_purge_removes_all_of_one_cluster_and_nothing_of_another() {
    let served = Served::start();
    let (one, two) = (["one", "k8s"], ["two", "other"]);
    let (of_one, of_two) = (walkthrough("192.0.2.10"), walkthrough("192.0.2.11"));
    run(&["apply"], two, (&of_two, &served)).with_status(0);
    let commands = || run(&["plan", "-o", "nscli"], one, (&of_one, &served)).with_status(0).out;
    let before = commands();
    run(&["apply"], one, (&of_one, &served)).with_status(0);

    let writes = served.writes();
    let shown = purge(&served, &["--cluster-id", "one"]).with_status(2);
    assert!(shown.out.contains("csvserver k8s-192.0.2.10_443_ssl"), "{}", shown.out);
    assert!(shown.out.contains("add --yes"), "{}", shown.out);
    assert_eq!(served.writes(), writes);

    let done = purge(&served, &["--cluster-id", "one", "--yes"]).with_status(0);
    assert!(done.out.contains("\nIngress default/web-ingress: removed\n"), "{}", done.out);
    assert_eq!(commands(), before, "it is as if there had never been anything, files included");
    let rest = run(&["plan", "--detailed-exitcode"], two, (&of_two, &served)).with_status(0);
    assert!(rest.out.contains("\nno changes\n"), "{}", rest.out);

    let writes = served.writes();
    let again = purge(&served, &["--cluster-id", "one", "--yes"]).with_status(0);
    assert!(again.out.contains("\nno changes\n"), "{}", again.out);
    assert_eq!(served.writes(), writes);
}

#[test]
fn a_purge_is_of_exactly_the_cluster_that_the_command_names() {
    let served = Served::start();
    let manifests = walkthrough("192.0.2.10");
    run(&["apply"], ["one", "k8s"], (&manifests, &served)).with_status(0);
    for arguments in [&["--cluster-id", "on"][..], &["--cluster-id", "one", "--prefix", "k8"]] {
        let other = purge(&served, &[arguments, &["--yes"]].concat()).with_status(0);
        assert!(other.out.contains("\nno changes\n"), "{}", other.out);
    }
    let unnamed = nitro_ingress(&["purge", "--yes"]).on(&served);
    let unnamed = unnamed.env("NITRO_INGRESS_CLUSTER_ID", "one").end();
    unnamed.with_status(1).saying("--cluster-id <ID>");
    let nowhere = nitro_ingress(&["purge", "--cluster-id", "one"]).end();
    nowhere.with_status(1).saying("no appliance is named");
}
