//! What a connection from a client is, by the type of the virtual server that it reached.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::balance::{Asking, Choice};
use super::front_tls::{self, Refusal, Session};
use super::{Endpoint, Plane, http, locked, stream};
use crate::eval::{self, Decision, Member};
use crate::state::{State, text};

/// A connection that was accepted.
pub(super) struct Arrival {
    pub(super) plane: Arc<Plane>,
    pub(super) endpoint: Endpoint,
    pub(super) peer: SocketAddr,
    /// What the handshake told, on a connection in TLS.
    pub(super) session: Option<Session>,
}

/// Serves one connection until it ends.
pub(super) async fn serve(
    plane: Arc<Plane>,
    endpoint: Endpoint,
    client: TcpStream,
    peer: SocketAddr,
) {
    // Only a matter of speed.
    let _set = client.set_nodelay(true);
    let state = plane.configuration();
    let Some(listener) = eval::at(&state, (endpoint.vip, endpoint.port)) else { return };
    let mut arrival = Arrival { plane, endpoint, peer, session: None };
    let servicetype = text(listener.fields, "servicetype");
    match servicetype {
        "HTTP" => http::serve(arrival, client).await,
        "TCP" | "SSL_BRIDGE" => stream::serve(arrival, client).await,
        "SSL" | "SSL_TCP" => {
            match front_tls::accept(&arrival, (&state, listener.name), client).await {
                Ok((client, session)) => {
                    arrival.session = Some(session);
                    if servicetype == "SSL" {
                        http::serve(arrival, client).await;
                    } else {
                        stream::serve(arrival, client).await;
                    }
                }
                Err(Refusal::Silent) => {}
                Err(refusal) => {
                    let line = format!("{peer} at {}: {}", listener.name, chain(&refusal));
                    arrival.plane.log(&line);
                }
            }
        }
        // Types that this appliance does not carry: the connection ends.
        _ => {}
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Arrival {
    /// What is known of a request before it is read.
    pub(super) fn request(&self) -> eval::Request {
        let session = self.session.as_ref();
        eval::Request {
            vip: self.endpoint.vip,
            port: self.endpoint.port,
            client: self.peer.ip(),
            client_port: self.peer.port(),
            tls: session.map(|session| session.tls.clone()),
            sni: session.and_then(|session| session.sni.clone()),
            certificate: session.and_then(|session| session.certificate.clone()),
            method: String::new(),
            url: String::new(),
            version: String::new(),
            host_header: None,
            headers: Vec::new(),
        }
    }

    /// Which of the members takes the request, or the connection.
    pub(super) fn choose(
        &self,
        state: &State,
        decision: &Decision,
        members: &[Member],
        cookie: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Choice> {
        let name = decision.lbvserver.as_deref()?;
        let lbvserver = state.object("lbvserver", name)?;
        let asking = Asking { client: self.peer.ip(), cookie, now: self.plane.now() };
        locked(&self.plane.turns).choose((name, lbvserver), members, &asking)
    }

    /// Says why a member does not answer.
    pub(super) fn lament(&self, member: &Member, error: &dyn std::error::Error) {
        let Member { address, port, group, .. } = member;
        self.plane.log(&format!("member {address}:{port} of {group}: {}", chain(error)));
    }
}
