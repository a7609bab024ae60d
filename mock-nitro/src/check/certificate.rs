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

/// Whether this state is the one between the two halves of a swap of SNI certificates.
fn is_swap(moment: &Moment<'_>, host: &Host) -> bool {
    let (before, now) = (moment.before(), moment.now);
    let Some(after) = moment.after() else { return false };
    let covers = |front: &Front| front.covers(host) == Some(true);
    covers(before)
        && covers(after)
        && now.sni.is_subset(&before.sni)
        && now.sni.len() + 1 == before.sni.len()
        && now.sni.is_subset(&after.sni)
        && now.sni.len() + 1 == after.sni.len()
}
