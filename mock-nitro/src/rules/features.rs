//! Features: what is made while its feature is off is there, but does nothing, and the appliance
//! says so.

use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{State, text};

/// What a fresh object needs to work (documented for LB; the others by analogy).
pub(super) fn warnings(state: &State, command: &Command) -> Vec<Refusal> {
    if command.verb != Verb::Add {
        return Vec::new();
    }
    let own = match command.kind {
        "lbvserver" | "servicegroup" | "service" => Some("LB"),
        "csvserver" | "cspolicy" | "csaction" => Some("CS"),
        "responderpolicy" | "responderaction" => Some("RESPONDER"),
        "rewritepolicy" | "rewriteaction" => Some("REWRITE"),
        "sslpolicy" | "sslaction" => Some("SSL"),
        _ => None,
    };
    let speaks_tls = text(&command.fields, "servicetype").starts_with("SSL");
    let needed = own.into_iter().chain(speaks_tls.then_some("SSL"));
    let off: Vec<&str> = needed.filter(|feature| !state.has_feature(feature)).collect();
    if off.is_empty() {
        return Vec::new();
    }
    vec![Refusal::about(code::FEATDISABLED, off.join(", "))]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bench::Bench;
    use crate::code;

    #[test]
    fn what_is_made_while_its_feature_is_off_is_there_with_a_warning() {
        let mut bench = Bench::new();
        let vserver = |name: &str| json!({"name": name, "servicetype": "HTTP"});
        assert_eq!(bench.add("lbvserver", &vserver("a")), Ok(vec![]));
        bench.state.set_feature("LB", false);
        assert_eq!(bench.add("lbvserver", &vserver("b")), Ok(vec![code::FEATDISABLED]));
        assert!(bench.state.object("lbvserver", "b").is_some());
    }
}
