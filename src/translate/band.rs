//! Ranges of priorities: which routes come before which, whoever owns them.

use crate::model::{Host, PathMatch, RouteMatch};

/// A range of priorities for rules that cannot match the same request at different strength:
/// (exact host, wildcard, none) x (exact path, prefix by length, default back end), first match
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Band(u32);

/// Prefixes are told apart up to this length.
const LONGEST_PREFIX: u32 = 1023;
/// Bands for one kind of host: exact path, prefix lengths 0 to [`LONGEST_PREFIX`], default.
const BANDS_PER_HOST: u32 = LONGEST_PREFIX + 3;

impl Band {
    /// The number of priorities in a band. 3 x 1 026 bands of 2^19 stay below 2^31 (the greatest
    /// priority is documented as 2^31 - 1).
    pub const SLOTS: u32 = 1 << 19;

    /// The band of a rule.
    pub fn of(matches: &RouteMatch) -> Self {
        let host = match matches.host {
            Host::Exact(_) => 0,
            Host::Wildcard(_) => 1,
            Host::Any => 2,
        };
        let path = match &matches.path {
            PathMatch::Exact(_) => 0,
            PathMatch::Default | PathMatch::Nothing => BANDS_PER_HOST - 1,
            PathMatch::Prefix(path) => {
                let length = u32::try_from(path.trim_end_matches('/').len()).unwrap_or(u32::MAX);
                1 + LONGEST_PREFIX - length.min(LONGEST_PREFIX)
            }
        };
        Self(host * BANDS_PER_HOST + path)
    }

    /// The priorities of the band.
    pub const fn priorities(self) -> std::ops::Range<u32> {
        let start = self.0 * Self::SLOTS + 1;
        start..start + Self::SLOTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(host: Option<&str>, path: PathMatch) -> Band {
        Band::of(&RouteMatch { host: Host::of_rule(host), path })
    }

    #[test]
    fn what_is_more_specific_comes_first() {
        let in_order = [
            band(Some("a.example"), PathMatch::Exact("/".to_owned())),
            band(Some("a.example"), PathMatch::prefix("/long/path")),
            band(Some("a.example"), PathMatch::prefix("/a")),
            band(Some("a.example"), PathMatch::prefix("/")),
            band(Some("*.example"), PathMatch::Exact("/long".to_owned())),
            band(Some("*.example"), PathMatch::prefix("/")),
            band(None, PathMatch::Exact("/".to_owned())),
            band(None, PathMatch::prefix("/")),
            band(None, PathMatch::Default),
        ];
        for pair in in_order.windows(2) {
            assert!(pair[0].priorities().end <= pair[1].priorities().start, "{pair:?}");
        }
    }

    #[test]
    fn every_priority_is_one_that_the_appliance_accepts() {
        assert_eq!(band(Some("a"), PathMatch::Exact("/".to_owned())).priorities().start, 1);
        assert!(band(None, PathMatch::Default).priorities().end <= i32::MAX.unsigned_abs());
    }
}
