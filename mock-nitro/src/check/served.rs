//! Judges that hosts and paths go on being served.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Findings;
use super::history::Moment;
use super::view::{Place, Route};

type Routes = BTreeMap<Arc<str>, Route>;

/// The rules about hosts and paths that are served in old and new.
pub(super) fn judge(moment: &Moment<'_>, findings: &mut Findings) {
    static NOBODY: Routes = BTreeMap::new();
    let Moment { old, now, new, .. } = *moment;
    for (place, before) in &old.routes {
        let Some(after) = new.routes.get(place) else { continue };
        let stays = before.iter().any(|(policy, route)| {
            after.contains_key(policy) || after.values().any(|other| other.owner == route.owner)
        });
        if stays || old.demands_as(new) {
            let between = now.routes.get(place).unwrap_or(&NOBODY);
            let gap = if stays { "not-found" } else { "handover" };
            judge_place(moment.name, place, [before, between, after], gap, findings);
        }
    }
}

fn judge_place(
    front: &str,
    place: &Place,
    [old, now, new]: [&Routes; 3],
    gap: &'static str,
    findings: &mut Findings,
) {
    let open = |routes: &Routes| routes.values().any(|route| !route.closed);
    let has_member = |routes: &Routes| routes.values().any(|route| route.back.has_member());
    if now.is_empty() {
        findings.broken(gap, format!("{front} {place} has no route"));
    } else if open(old) && open(new) && !open(now) {
        findings.broken("closed", format!("{front} {place} turns away everyone"));
    }
    if !now.is_empty() && has_member(old) && has_member(new) && !has_member(now) {
        findings.broken("no-member", format!("{front} {place} has no enabled member"));
    }
}
