//! Judges that hosts and paths go on being served.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Findings;
use super::history::Moment;
use super::view::Route;

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
        let owners = |routes: &Routes| -> BTreeSet<Arc<str>> {
            routes.values().map(|route| Arc::clone(&route.owner)).collect()
        };
        let demands_as = old.demands_as(new);
        let between = now.routes.get(place).unwrap_or(&NOBODY);
        let id = format!("{} {place}", moment.name);
        if between.is_empty() && (stays || demands_as) {
            let gap = if stays { "not-found" } else { "handover" };
            findings.broken(gap, format!("{id} has no route"));
        }
        if !between.is_empty() && (demands_as || owners(before) == owners(after)) {
            judge_place(&id, [before, between, after], findings);
        }
    }
}

fn judge_place(id: &str, [old, now, new]: [&Routes; 3], findings: &mut Findings) {
    let open = |routes: &Routes| routes.values().any(|route| !route.closed);
    let has_member = |routes: &Routes| routes.values().any(|route| route.back.has_member());
    if open(old) && open(new) && !open(now) {
        findings.broken("closed", format!("{id} turns away everyone"));
    }
    if has_member(old) && has_member(new) && !has_member(now) {
        findings.broken("no-member", format!("{id} has no enabled member"));
    }
}
