//! The annotation of a `NetScaler`, or of the lease, that approves what waits.

use std::collections::{BTreeMap, BTreeSet};

/// Its name. The value is a list with commas.
pub(super) const APPROVED: &str = "nitro-ingress.dev/approve";

/// What annotations approve.
pub(super) fn of(annotations: &BTreeMap<String, String>) -> BTreeSet<String> {
    let approved = annotations.get(APPROVED).map(String::as_str).unwrap_or_default();
    let approved = approved.split(',').map(str::trim).filter(|one| !one.is_empty());
    approved.map(str::to_owned).collect()
}
