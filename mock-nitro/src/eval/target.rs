//! Where content switching leads.

use super::bank::Bank;
use crate::expression::{Expression, Request};
use crate::state::{Fields, State, text};

/// The policy of a csvserver that holds and the lbvserver that it leads to, or the default lbvserver.
pub(super) fn of(
    state: &State,
    csvserver: &str,
    request: &Request,
) -> (Option<String>, Option<String>) {
    let kinds = ("csvserver_cspolicy_binding", "cspolicy");
    let bank = Bank::of(state, kinds, csvserver, false);
    let found = bank.holding(request.into()).find_map(|entry| {
        let lbvserver = target(state, &entry.binding, &entry.policy, request)?;
        Some((entry.name().to_owned(), lbvserver))
    });
    match found {
        Some((policy, lbvserver)) => (Some(policy), Some(lbvserver)),
        None => (None, default(state, csvserver)),
    }
}

/// By the binding, or by the action: a vserver, or the text of an expression that names one.
fn target(state: &State, binding: &Fields, policy: &Fields, request: &Request) -> Option<String> {
    let given = |fields: &Fields, field| {
        Some(text(fields, field)).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    given(binding, "targetlbvserver").or_else(|| {
        let action = state.object("csaction", text(policy, "action"))?;
        given(action, "targetlbvserver").or_else(|| given(action, "targetvserver")).or_else(|| {
            let expression = Expression::compile(text(action, "targetvserverexpr")).ok()?;
            Some(expression.text(request.into()))
                .filter(|name| state.object("lbvserver", name).is_some())
        })
    })
}

fn default(state: &State, csvserver: &str) -> Option<String> {
    let mut bound = state.bindings("csvserver_lbvserver_binding", csvserver);
    bound.next().map(|(_, binding)| text(binding, "lbvserver").to_owned())
}
