//! What a connection from a client is, by the type of the virtual server that it reached.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::balance::{Asking, Choice};
use super::{Place, Plane, http, locked, stream};
use crate::eval::{self, ClientCertificate, Decision, Member};
use crate::state::{State, text};

/// A connection that was accepted.
pub(super) struct Arrival {
    pub(super) plane: Arc<Plane>,
    pub(super) place: Place,
    pub(super) peer: SocketAddr,
}

/// Serves one connection until it ends.
pub(super) async fn serve(plane: Arc<Plane>, place: Place, client: TcpStream, peer: SocketAddr) {
    // Only a matter of speed.
    let _set = client.set_nodelay(true);
    let state = plane.configuration();
    let Some(listener) = eval::at(&state, (place.address, place.port)) else { return };
    let arrival = Arrival { plane, place, peer };
    match text(listener.fields, "servicetype") {
        "HTTP" => http::serve(arrival, client).await,
        "TCP" | "SSL_BRIDGE" => stream::serve(arrival, client).await,
        // Types that this appliance does not carry: the connection ends.
        _ => {}
    }
}

impl Arrival {
    /// What is known of a request before it is read.
    pub(super) fn request(&self) -> eval::Request {
        eval::Request {
            vip: self.place.address,
            port: self.place.port,
            client: self.peer.ip(),
            sni: None,
            certificate: ClientCertificate::None,
            subject: None,
            method: String::new(),
            url: String::new(),
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
        let asking = Asking { client: self.peer.ip(), cookie, now: (self.plane.clock)() };
        locked(&self.plane.turns).choose((name, lbvserver), members, &asking)
    }

    /// Says why a member does not answer.
    pub(super) fn lament(&self, member: &Member, error: &dyn std::error::Error) {
        let Member { address, port, group, .. } = member;
        let mut line = format!("member {address}:{port} of {group}: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            source = cause.source();
        }
        self.plane.log(&line);
    }
}
