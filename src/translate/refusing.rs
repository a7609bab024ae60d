//! The responder policies that turn away clients without a valid certificate, and what they answer.
//!
//! The policies are named by their rules and stay where they are; what one answers is a value of its
//! own that is exchanged by one `set`, so that no wording can open a front end for a moment.

use std::borrow::Cow;

use crate::model::{CertificateFault, ClientAuthentication, EntityId, Kind, Mark, quote};
use crate::policy::Policy;
use crate::snapshot::Facts;

use super::names;

/// A policy and its action.
pub(super) struct Refusing {
    pub(super) fault: CertificateFault,
    pub(super) policy: EntityId,
    pub(super) action: EntityId,
    /// The whole response, as a text of the policy language.
    pub(super) target: String,
}

/// All of them. They are the same for all front ends of a cluster.
pub(super) fn all(mark: &Mark) -> [Refusing; 2] {
    CertificateFault::ALL.map(|fault| {
        let target = quote(&response(fault));
        let name = |parts: &[&str]| mark.shared_name(&names::digest(parts, 12));
        Refusing {
            fault,
            policy: EntityId::new(Kind::RESPONDERPOLICY, name(&["refuse", fault.rule()])),
            action: EntityId::new(Kind::RESPONDERACTION, name(&["refuse", &target])),
            target,
        }
    })
}

/// What a client is told: the reasons are those of ingress-nginx.
fn response(fault: CertificateFault) -> String {
    let (reason, advice) = match fault {
        CertificateFault::Missing => (
            "No required SSL certificate was sent",
            "This site is open to clients with a certificate only, and yours has sent none.",
        ),
        CertificateFault::Invalid => (
            "The SSL certificate error",
            "The certificate that your client has sent is not accepted here: it is out of its \
             dates, or of an issuer that this site does not know.",
        ),
    };
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <title>400 {reason}</title></head>\n\
         <body>\n<h1>400 Bad Request</h1>\n<p>{reason}</p>\n<p>{advice}</p>\n</body>\n</html>\n"
    );
    format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

/// What is known of the appliance, as far as it is relied on: where refusal over HTTP is not allowed,
/// policies turn away nobody for certain.
pub(super) fn trusted<'f>(facts: &'f Facts, policy: &Policy) -> Cow<'f, Facts> {
    let mut facts = Cow::Borrowed(facts);
    let relies = |facts: &Facts| facts.routes.values().flatten().any(|one| one.refused_by_policies);
    if policy.allow_http_refusal || !relies(&facts) {
        return facts;
    }
    let routes = facts.to_mut().routes.values_mut().flatten();
    for route in routes.filter(|route| route.refused_by_policies) {
        route.protection.client_authentication = ClientAuthentication::Optional;
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClusterId;

    #[test]
    fn a_response_says_how_long_it_is() {
        for fault in CertificateFault::ALL {
            let response = response(fault);
            let (head, page) = response.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", page.len())));
            assert!(page.is_ascii());
        }
    }

    #[test]
    fn the_text_is_made_of_literals_that_the_appliance_takes() {
        let mark = Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() };
        for Refusing { target, .. } in all(&mark) {
            assert!(!target.contains(['\r', '\n']), "{target}");
            for literal in target.split("\" + \"") {
                assert!(literal.trim_matches('"').len() <= 255, "{literal}");
            }
        }
    }
}
