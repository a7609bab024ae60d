//! Connections that carry bytes which nobody here reads, but for the first message of TLS where that
//! says where they go.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};

use super::front::Arrival;
use super::hello::{Failure, hello};
use super::member;
use crate::eval::{self, Outcome};
use crate::state::{State, text};

/// Leads a connection to a member, and carries bytes until one side has had enough.
pub(super) async fn serve(arrival: Arrival, mut client: impl AsyncRead + AsyncWrite + Unpin) {
    let state = arrival.plane.configuration();
    let mut request = arrival.request();
    let mut read = Vec::new();
    if asks_for_name(&state, &arrival) {
        request.sni = match hello(&mut client, &mut read).await {
            Ok(accepted) => accepted.client_hello().server_name().map(str::to_owned),
            // It has no name, and may have another way.
            Err(Failure::NotTls(..)) => None,
            Err(Failure::Gone) => return,
        };
    }
    let decision = eval::decide(&state, &request);
    let Outcome::Served(members) = &decision.outcome else { return };
    let Some(choice) = arrival.choose(&state, &decision, members, &|_| None) else { return };
    match member::connect(&arrival.plane, &state, &choice.member).await {
        Ok(mut member) => {
            if member.write_all(&read).await.is_ok() {
                relay(client, member).await;
            }
        }
        Err(error) => arrival.lament(&choice.member, &error),
    }
}

/// Carries bytes both ways until both sides have said that there are no more, or one is gone.
pub(super) async fn relay(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut member: impl AsyncRead + AsyncWrite + Unpin,
) {
    // Whoever goes away in the middle ends both connections, which is all that can be done.
    let _ended = copy_bidirectional(&mut client, &mut member).await;
}

/// Whether the name in the first message of TLS decides anything. Where it does not, the client may
/// be one that waits for the server to begin.
fn asks_for_name(state: &State, arrival: &Arrival) -> bool {
    let endpoint = (arrival.endpoint.vip, arrival.endpoint.port);
    let Some(listener) = eval::at(state, endpoint) else { return false };
    let mut bound = state.bindings("csvserver_cspolicy_binding", listener.name);
    bound.any(|(_, binding)| {
        let policy = state.object("cspolicy", text(binding, "policyname"));
        let rule = policy.map(|policy| text(policy, "rule").to_ascii_uppercase());
        rule.is_some_and(|rule| rule.contains("CLIENT_HELLO"))
    })
}
