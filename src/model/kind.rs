//! The NITRO object types that we work with, in the order in which they can be created.

use std::fmt;

/// A NITRO object type, by its own name. The order of kinds is the order of creation: a kind
/// refers only to kinds that stand before it (`csvserver` to `lbvserver`), so that deleting goes
/// the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(&'static str);

macro_rules! kinds {
    ($($constant:ident = $name:literal,)*) => {
        impl Kind {
            $(#[doc = concat!("`", $name, "`.")] pub const $constant: Self = Self($name);)*
            /// Every kind that we write, in creation order, and `sslservice`, which we only look at; the
            /// first two are the appliance's own settings.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }
    };
}

kinds! {
    NSFEATURE = "nsfeature",
    SSLPARAMETER = "sslparameter",
    SYSTEMFILE = "systemfile",
    SSLCERTKEY = "sslcertkey",
    SSLPROFILE = "sslprofile",
    SSLPROFILE_SSLCIPHER = "sslprofile_sslcipher_binding",
    SSLPROFILE_ECCCURVE = "sslprofile_ecccurve_binding",
    SSLSERVICE = "sslservice",
    SERVER = "server",
    LBMONITOR = "lbmonitor",
    SERVICEGROUP = "servicegroup",
    SSLSERVICEGROUP = "sslservicegroup",
    SSLSERVICEGROUP_SSLCERTKEY = "sslservicegroup_sslcertkey_binding",
    SERVICEGROUP_LBMONITOR = "servicegroup_lbmonitor_binding",
    SERVICEGROUP_MEMBER = "servicegroup_servicegroupmember_binding",
    RESPONDERACTION = "responderaction",
    RESPONDERPOLICY = "responderpolicy",
    REWRITEACTION = "rewriteaction",
    REWRITEPOLICY = "rewritepolicy",
    LBVSERVER = "lbvserver",
    LBVSERVER_SERVICEGROUP = "lbvserver_servicegroup_binding",
    LBVSERVER_RESPONDERPOLICY = "lbvserver_responderpolicy_binding",
    CSACTION = "csaction",
    CSPOLICY = "cspolicy",
    CSVSERVER = "csvserver",
    SSLVSERVER = "sslvserver",
    SSLVSERVER_SSLCERTKEY = "sslvserver_sslcertkey_binding",
    CSVSERVER_LBVSERVER = "csvserver_lbvserver_binding",
    CSVSERVER_RESPONDERPOLICY = "csvserver_responderpolicy_binding",
    CSVSERVER_REWRITEPOLICY = "csvserver_rewritepolicy_binding",
    CSVSERVER_CSPOLICY = "csvserver_cspolicy_binding",
}

impl Kind {
    /// The kind of that name, if we write it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.0 == name)
    }

    /// NITRO's name for it.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Its place in the order of creation.
    pub fn rank(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).expect("a Kind comes from ALL")
    }

    /// The kind whose creation brings an object of this kind into being and whose deletion takes
    /// it away (documented: an SSL vserver shows under `sslvserver`).
    pub const fn derived_from(self) -> Option<Self> {
        match self.0.as_bytes() {
            b"sslvserver" => Some(Self::CSVSERVER),
            b"sslservicegroup" => Some(Self::SERVICEGROUP),
            _ => None,
        }
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
