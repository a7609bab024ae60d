//! What the appliance holds: one value that is cheap to clone, so that a test can keep every
//! state between two commands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

/// The fields of one object or binding, in NITRO's spelling. Values are normalised by the schema:
/// numbers are JSON numbers, booleans JSON booleans, enum values have NITRO's case. What was never
/// set and has no default is absent.
pub(crate) type Fields = BTreeMap<String, Value>;

/// The identity of one binding on the appliance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BindingKey {
    /// The binding type, for example `sslvserver_sslcertkey_binding`.
    pub(crate) kind: &'static str,
    /// The name of the parent.
    pub(crate) parent: String,
    /// The bound side, and what else tells two bindings apart (role, port, priority), as text.
    pub(crate) child: String,
}

/// One configuration: all named objects, singletons, bindings and files.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    /// Named objects by type and key. A second key part (`nsip.td`) follows after `\u{1f}`.
    pub(crate) objects: BTreeMap<(&'static str, String), Arc<Fields>>,
    /// Singletons (`sslparameter`, ...) by type.
    pub(crate) singletons: BTreeMap<&'static str, Arc<Fields>>,
    /// All bindings.
    pub(crate) bindings: BTreeMap<BindingKey, Arc<Fields>>,
    /// Files by location and name.
    pub(crate) files: BTreeMap<(String, String), Arc<Vec<u8>>>,
    /// Names of the enabled features, upper case (`LB`, `CS`, `SSL`, ...).
    pub(crate) features: BTreeSet<String>,
}
