//! What the appliance answers by itself: to requests that nobody takes, and to those that are sent
//! to TLS.

use crate::model::{BindingId, EntityId, IngressId, Kind, Name, Role, Value};

use super::super::names::{self, Answer};
use super::{Writer, fields_of, shared_comment};

impl Writer<'_> {
    /// An lbvserver that answers by itself, by a responder policy that is bound to it. Its member is
    /// always up, since a vserver that is down may not run its policies (assumed).
    pub(super) fn write_answer(&mut self, answer: Answer, ingress: &IngressId) -> Name {
        self.write_answering_group(ingress);
        let name = Name::from(names::answer(self.mark, answer));
        let ids = [Kind::RESPONDERACTION, Kind::RESPONDERPOLICY, Kind::LBVSERVER]
            .map(|kind| EntityId::new(kind, name.clone()));
        if self.shares(&ids, ingress) {
            return name;
        }
        let comment = shared_comment(self.mark);
        let mut action = answer_fields(answer);
        action.push(("comment", comment.clone()));
        let policy = [
            ("rule", "TRUE".into()),
            ("action", name.clone().into()),
            ("comment", comment.clone()),
        ];
        let lbvserver = [("servicetype", "HTTP".into()), ("comment", comment)];
        let fields = [fields_of(action), fields_of(policy), fields_of(lbvserver)];
        for (id, fields) in ids.into_iter().zip(fields) {
            self.entity(id, fields, ingress);
        }
        let group = names::answering(self.mark);
        let state = &mut self.desired.state;
        state.bind(BindingId::new(Kind::LBVSERVER_SERVICEGROUP, &*name, group, Role::Plain), []);
        let policy = BindingId::new(Kind::LBVSERVER_RESPONDERPOLICY, &*name, &*name, Role::Request);
        let attributes = [("priority", 100.into()), ("gotopriorityexpression", "END".into())];
        state.bind(policy, attributes);
        name
    }

    /// What stands behind every answer.
    fn write_answering_group(&mut self, ingress: &IngressId) {
        let name = Name::from(names::answering(self.mark));
        let address = names::ANSWERING_ADDRESS;
        let foreign = self.facts.foreign_servers.get(&address);
        let group_id = EntityId::new(Kind::SERVICEGROUP, name.clone());
        let server_id = foreign.is_none().then(|| EntityId::new(Kind::SERVER, name.clone()));
        let ids: Vec<EntityId> = [group_id.clone()].into_iter().chain(server_id.clone()).collect();
        if self.shares(&ids, ingress) {
            return;
        }
        let comment = shared_comment(self.mark);
        let group = [
            ("servicetype", "HTTP".into()),
            ("healthmonitor", "NO".into()),
            ("comment", comment.clone()),
        ];
        self.entity(group_id, fields_of(group), ingress);
        if let Some(id) = server_id {
            let server = [("ipaddress", address.to_string().into()), ("comment", comment)];
            self.entity(id, fields_of(server), ingress);
        }
        let server = foreign.map_or_else(|| name.clone(), Name::from);
        let member = BindingId::new(Kind::SERVICEGROUP_MEMBER, name, server, Role::Port(80));
        self.desired.state.bind(member, []);
    }
}

/// The responder action of an answer: a whole response as a text of the policy language, or where
/// to redirect to. 308 keeps the method and the body of a request.
fn answer_fields(answer: Answer) -> Vec<(&'static str, Value)> {
    let respond = |status: &str| {
        let target = format!(
            "\"HTTP/1.1 {status}\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n\""
        );
        vec![("type", "respondwith".into()), ("target", target.into())]
    };
    match answer {
        Answer::NotFound => respond("404 Not Found"),
        Answer::Unavailable => respond("503 Service Unavailable"),
        Answer::Secure(port) => {
            let port = if port == 443 { String::new() } else { format!(" + \":{port}\"") };
            let target = format!(
                "\"https://\" + HTTP.REQ.HOSTNAME.SERVER.HTTP_URL_SAFE{port} + \
                 HTTP.REQ.URL.PATH_AND_QUERY.HTTP_URL_SAFE"
            );
            vec![
                ("type", "redirect".into()),
                ("target", target.into()),
                ("responsestatuscode", 308.into()),
            ]
        }
    }
}
