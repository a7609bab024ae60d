//! Whether unsaved changes are all our own, as after a crash before the save.

use std::collections::BTreeSet;

use super::world::World;
use crate::model::{Kind, Mark};

/// What the running and the saved configuration differ in. Their difference is a text as long as
/// everything that is unsaved; only the names in it are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnsavedChanges {
    /// The objects that it is about, without those whose names prove that they are ours, and what
    /// our settings block does.
    subjects: BTreeSet<String>,
    /// Those of them that were ours by their comment. What we deleted shows on the saved side only.
    commented: BTreeSet<String>,
}

impl UnsavedChanges {
    /// Reads a difference. What its lines look like is assumed: a command each, with a mark before
    /// it that says on which side it stands.
    pub(super) fn parse(difference: &str, mark: &Mark) -> Self {
        let comment = format!("nitro-ingress cluster={}", mark.cluster);
        let mut changes = Self::default();
        for line in difference.lines() {
            let line = line.trim_start_matches(['<', '>', '+', '-', ' ', '\t']);
            if line.is_empty() || is_of_the_settings_block(line) {
                continue;
            }
            let name = subject(line);
            if ends_word(line, &comment) {
                changes.commented.insert(name.to_owned());
            }
            if !mark.owns_name(name) {
                changes.subjects.insert(name.to_owned());
            }
        }
        changes
    }

    /// Whether all of them are about objects of ours.
    pub(super) fn are_ours(&self, world: &World<'_>) -> bool {
        let ours = world.owned_names();
        self.subjects
            .iter()
            .all(|name| ours.contains(name.as_str()) || self.commented.contains(name))
    }
}

/// Whether a line says what our settings block does: it enables a feature that we need, or the
/// default SSL profile. Whoever did it, we would do it too.
fn is_of_the_settings_block(line: &str) -> bool {
    const FEATURES: [&str; 5] = ["lb", "cs", "ssl", "responder", "rewrite"];
    let line = line.to_ascii_lowercase().replace('"', "");
    let mut words = line.split_whitespace();
    match words.next() {
        Some("enable") => words
            .skip_while(|word| matches!(*word, "ns" | "feature" | "nsfeature"))
            .all(|word| FEATURES.contains(&word)),
        Some("set") => words
            .skip_while(|word| matches!(*word, "ssl" | "parameter" | "sslparameter"))
            .eq(["-defaultprofile", "enabled"]),
        Some(_) | None => false,
    }
}

/// The name of the object that a command is about: what follows its verb and type. Types are one
/// word or two (`server`, `lb vserver`).
fn subject(line: &str) -> &str {
    const ONE_WORD: [&str; 3] = ["server", "servicegroup", "service"];
    let mut words = line.split_whitespace().skip(1);
    let kind = words.next().unwrap_or_default().to_ascii_lowercase();
    let one_word = ONE_WORD.contains(&kind.as_str()) || Kind::parse(&kind).is_some();
    let name = if one_word { words.next() } else { words.nth(1) };
    name.unwrap_or_default().trim_matches('"')
}

/// Whether a line holds a text that does not go on after it.
fn ends_word(line: &str, text: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(text) {
        rest = &rest[at + text.len()..];
        if !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClusterId;
    use crate::observe::Reading;

    #[test]
    fn only_changes_of_objects_of_ours_are_ours() {
        let mark = Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() };
        let reading = Reading::default();
        let world = World::new(&reading, &mark).unwrap();
        let policy = mark.shared_name("x");
        for (difference, expected) in [
            ("", true),
            (&*format!("> add cspolicy \"{policy}\" {{}}"), true),
            (&*format!("> add cs policy {policy} -rule TRUE"), true),
            (&*format!("> add server {policy} 192.0.2.1\n> add server web 192.0.2.2"), false),
            (&*format!("> bind cs vserver web -policyName {policy}"), false),
            ("< add lb vserver k8s-a HTTP -comment \"nitro-ingress cluster=local\"", true),
            ("< add lb vserver k8s-a HTTP -comment \"nitro-ingress cluster=local2\"", false),
            (
                "< add lbvserver \"k8s-a\" {\"comment\":\"nitro-ingress cluster=local x\"}\n< bind lbvserver_servicegroup_binding \"k8s-a\" {}",
                true,
            ),
            ("> set ns hostName box", false),
            ("> enable ns feature LB CS SSL\n> set ssl parameter -defaultProfile ENABLED", true),
            ("> enable ns feature LB APPFW", false),
            ("> set ssl parameter -defaultProfile ENABLED -quantumSize 4096", false),
        ] {
            let changes = UnsavedChanges::parse(difference, &mark);
            assert_eq!(changes.are_ours(&world), expected, "{difference:?}");
        }
    }
}
