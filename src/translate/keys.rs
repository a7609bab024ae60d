//! The keys of annotations as they stand on an Ingress, for messages.

use std::collections::BTreeMap;

use crate::annotations;

/// The annotations of one Ingress, by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'a>(pub(super) &'a BTreeMap<String, String>);

impl Keys<'_> {
    /// The key of the annotation of that name, as somebody wrote it, or as it is to be written.
    pub(super) fn of(self, name: &str) -> String {
        let own = annotations::ANNOTATIONS
            .iter()
            .find(|annotation| annotation.name() == name)
            .map_or_else(|| format!("ingress.citrix.com/{name}"), |it| it.key.to_owned());
        annotations::spelling(&own, self.0).to_owned()
    }
}
