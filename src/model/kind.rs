//! The NITRO object types that we work with, in the order in which they can be created.

use std::fmt;

/// A NITRO object type. The order of kinds is the order of creation: a kind refers only to kinds
/// that stand before it (`csvserver` to `lbvserver`), so that deleting goes the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u8);

macro_rules! kinds {
    ($($constant:ident = $name:literal,)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "NITRO's names")]
        enum Place { $($constant),* }

        impl Kind {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Self = Self(Place::$constant as u8);
            )*
            /// Every kind that we write, in creation order, and `sslservice`, which we only look
            /// at; the first two are the appliance's own settings.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
            const NAMES: &'static [&'static str] = &[$($name),*];
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
    NSTCPPROFILE = "nstcpprofile",
    NSHTTPPROFILE = "nshttpprofile",
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
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// NITRO's name for it.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self.0 as usize]
    }

    /// Its place in the order of creation.
    pub const fn rank(self) -> usize {
        self.0 as usize
    }

    /// The kind whose creation brings an object of this kind into being and whose deletion takes
    /// it away (documented: an SSL vserver shows under `sslvserver`).
    pub const fn derived_from(self) -> Option<Self> {
        match self {
            Self::SSLVSERVER => Some(Self::CSVSERVER),
            Self::SSLSERVICEGROUP => Some(Self::SERVICEGROUP),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
