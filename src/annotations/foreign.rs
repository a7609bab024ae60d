//! Annotations of other controllers that protect an Ingress there.
//!
//! To take such an Ingress over without them would open it, so it is refused until they are gone:
//! whoever removes them has seen what they were for.

/// The prefixes of ingress-nginx: that of today, and that of before 2018 (both documented there).
const PREFIXES: [&str; 2] = ["nginx.ingress.kubernetes.io/", "ingress.kubernetes.io/"];

/// Where other controllers have a `backend-protocol` that means the same (documented there). Nothing
/// else of theirs is read like that of ingress-nginx.
const BACK_END_PROTOCOLS: [&str; 2] =
    ["alb.ingress.kubernetes.io/backend-protocol", "appgw.ingress.kubernetes.io/backend-protocol"];

/// Annotations whose names start alike, and what they protect.
#[derive(Debug)]
pub(super) struct Protection {
    start: &'static str,
    /// The values that protect; with none, all of them.
    values: &'static [&'static str],
    /// How the same is said here.
    pub(super) advice: &'static str,
}

/// The first that fits counts.
const PROTECTIONS: [Protection; 10] = [
    protection("auth-tls-", "ingress.citrix.com/ca-secret and frontend-sslprofile"),
    protection("proxy-ssl-", "ingress.citrix.com/backend-ca-secret and backend-sslprofile"),
    protection("auth-", NOTHING),
    protection("whitelist-source-range", NOTHING),
    protection("allowlist-source-range", NOTHING),
    protection("denylist-source-range", NOTHING),
    Protection {
        values: &["https", "grpcs"],
        ..protection("backend-protocol", "ingress.citrix.com/secure-backend: \"True\"")
    },
    Protection {
        values: &["true"],
        ..protection("secure-backends", "ingress.citrix.com/secure-backend: \"True\"")
    },
    Protection {
        values: &["true"],
        ..protection("ssl-passthrough", "ingress.citrix.com/ssl-passthrough: \"True\"")
    },
    Protection {
        values: &["true"],
        ..protection("force-ssl-redirect", "ingress.citrix.com/insecure-termination: redirect")
    },
];

/// Nothing here does the same.
const NOTHING: &str = "";

const fn protection(start: &'static str, advice: &'static str) -> Protection {
    Protection { start, values: &[], advice }
}

/// The protection that a folded key is about.
pub(super) fn protection_of(folded: &str) -> Option<&'static Protection> {
    let same = BACK_END_PROTOCOLS.contains(&folded).then_some("backend-protocol");
    let name = PREFIXES.iter().find_map(|prefix| folded.strip_prefix(prefix)).or(same)?;
    PROTECTIONS.iter().find(|protection| name.starts_with(protection.start))
}

impl Protection {
    /// Whether a value protects.
    pub(super) fn counts(&self, value: &str) -> bool {
        let is_same = |known: &&str| value.trim().eq_ignore_ascii_case(known);
        self.values.is_empty() || self.values.iter().any(is_same)
    }

    /// What to do about it.
    pub(super) fn remedy(&self) -> String {
        match self.advice {
            NOTHING => {
                "remove it if everybody may reach this Ingress, or leave it to that controller"
                    .to_owned()
            }
            same => format!(
                "say the same with {same} and remove it, or leave this Ingress to that controller"
            ),
        }
    }
}
