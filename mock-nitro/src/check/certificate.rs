//! Judges that TLS hosts go on being served certificates of their names.

use std::collections::BTreeSet;

use super::Findings;
use super::history::Moment;
use super::view::{Front, Host, Transport};

/// The rule about certificates, and the one gap in it.
pub(super) fn judge(moment: &Moment<'_>, findings: &mut Findings) {
    let hosts: BTreeSet<&Host> = [moment.old, moment.new]
        .into_iter()
        .filter(|end| end.transport == Transport::Tls)
        .flat_map(|end| end.routes.keys().map(|place| &place.host))
        .collect();
    for host in hosts {
        if !must_be_covered(moment, host) || moment.now.covers(host) == Some(true) {
            continue;
        }
        if is_swap(moment, host) {
            findings.gap = true;
        } else {
            let text = format!("{} serves no certificate for {host}", moment.name);
            findings.broken("certificate", text);
        }
    }
}

/// A host that is routed is served a certificate where each end that routes it does so, and one
/// that both ends route and serve also while it has no route.
fn must_be_covered(moment: &Moment<'_>, host: &Host) -> bool {
    let ends = [moment.old, moment.new].map(|end| (end.routes_host(host), end.covers(host)));
    let covered = ends.iter().all(|(routed, covered)| !routed || *covered == Some(true));
    let stays = ends.iter().all(|(routed, _)| *routed);
    covered && (stays || moment.now.routes_host(host))
}

/// Whether this state lies inside a swap of SNI certificates: an uninterrupted series of commands
/// that unbind some and then bind others, from a state that serves the host to one that does.
fn is_swap(moment: &Moment<'_>, host: &Host) -> bool {
    let covers = |step: usize| moment.at(step).map(|front| front.covers(host) == Some(true));
    let first = (0..moment.step()).rev().take_while(|step| covers(*step) == Some(false)).last();
    let first = first.unwrap_or_else(|| moment.step());
    let mut last = moment.step();
    while covers(last) == Some(false) {
        last += 1;
    }
    if first == 0 || covers(last).is_none() {
        return false;
    }
    let half = |step: usize| Half::between(moment.at(step - 1)?, moment.at(step)?);
    let halves: Option<Vec<Half>> = (first..=last).map(half).collect();
    halves.is_some_and(|halves| halves.is_sorted())
}

/// What one command of a swap does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    Unbind,
    Bind,
}

impl Half {
    fn between(before: &Front, after: &Front) -> Option<Self> {
        let one_more = |more: &Front, less: &Front| {
            less.sni.is_subset(&more.sni) && less.sni.len() + 1 == more.sni.len()
        };
        if one_more(before, after) {
            Some(Self::Unbind)
        } else {
            one_more(after, before).then_some(Self::Bind)
        }
    }
}
