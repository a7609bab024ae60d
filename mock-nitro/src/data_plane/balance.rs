//! Which of the members in service takes a request: whose turn it is, or who took the client's
//! requests before.
//!
//! Round robin, whatever `lbmethod` says and without regard to weights: nobody here is busier than
//! others. Persistence is by source address or by cookie; one of another type is as none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::eval::Member;
use crate::state::{Fields, number, text};

/// How many clients are remembered; then all are forgotten.
const MOST_CLIENTS: usize = 65_536;

/// Whose turn it is, and who belongs to whom.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// How many requests each lbvserver has passed on.
    passed: BTreeMap<String, usize>,
    clients: BTreeMap<(String, IpAddr), (Member, Timestamp)>,
}

/// The member that takes a request, and the cookie that tells the client of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) member: Member,
    pub(super) cookie: Option<String>,
}

/// A request, as far as persistence asks.
pub(super) struct Asking<'a> {
    pub(super) client: IpAddr,
    /// The value of a cookie of this name.
    pub(super) cookie: &'a dyn Fn(&str) -> Option<String>,
    pub(super) now: Timestamp,
}

impl Turns {
    /// One of the members of an lbvserver; nothing if there are none.
    pub(super) fn choose(
        &mut self,
        (name, lbvserver): (&str, &Fields),
        members: &[Member],
        asking: &Asking<'_>,
    ) -> Option<Choice> {
        match text(lbvserver, "persistencetype") {
            "SOURCEIP" => {
                // In minutes; 2 unless said otherwise (documented).
                let minutes = number(lbvserver, "timeout").unwrap_or(2);
                self.by_source(name, members, asking, SignedDuration::from_mins(minutes))
            }
            "COOKIEINSERT" => self.by_cookie((name, lbvserver), members, asking),
            _ => self.next(name, members).map(|member| Choice { member, cookie: None }),
        }
    }

    fn next(&mut self, name: &str, members: &[Member]) -> Option<Member> {
        let passed = self.passed.entry(name.to_owned()).or_default();
        let member = members.get(passed.checked_rem(members.len())?)?;
        *passed = passed.wrapping_add(1);
        Some(member.clone())
    }

    fn by_source(
        &mut self,
        name: &str,
        members: &[Member],
        asking: &Asking<'_>,
        timeout: SignedDuration,
    ) -> Option<Choice> {
        let key = (name.to_owned(), asking.client);
        let held = self
            .clients
            .get(&key)
            .filter(|(member, until)| members.contains(member) && *until >= asking.now);
        let held = held.map(|(member, _)| member.clone());
        let member = held.or_else(|| self.next(name, members))?;
        if self.clients.len() >= MOST_CLIENTS {
            self.clients.clear();
        }
        let until = asking.now.checked_add(timeout).unwrap_or(Timestamp::MAX);
        self.clients.insert(key, (member.clone(), until));
        Some(Choice { member, cookie: None })
    }

    fn by_cookie(
        &mut self,
        (name, lbvserver): (&str, &Fields),
        members: &[Member],
        asking: &Asking<'_>,
    ) -> Option<Choice> {
        let cookie = match text(lbvserver, "cookiename") {
            "" => format!("NSC_{name}"),
            given => given.to_owned(),
        };
        let shown = (asking.cookie)(&cookie);
        let known = members.iter().find(|member| shown.as_deref() == Some(&token(member)));
        if let Some(member) = known {
            return Some(Choice { member: member.clone(), cookie: None });
        }
        let member = self.next(name, members)?;
        // In minutes; 0 means until the browser ends (documented).
        let age = match number(lbvserver, "timeout").unwrap_or(2) {
            0 => String::new(),
            minutes => format!(";max-age={}", minutes * 60),
        };
        let cookie = format!("{cookie}={}{age};path=/;httponly", token(&member));
        Some(Choice { member, cookie: Some(cookie) })
    }
}

/// What stands in a cookie for a member: a digest, since clients need not know addresses.
fn token(member: &Member) -> String {
    let digest = Sha256::digest(format!("{}:{}", member.address, member.port));
    digest.iter().take(16).fold(String::new(), |mut token, byte| {
        write!(token, "{byte:02x}").expect("a String takes everything");
        token
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn members(count: u16) -> Vec<Member> {
        let member = |port| Member {
            address: "192.0.2.1".to_owned(),
            port,
            servicetype: "HTTP".to_owned(),
            group: "g".to_owned(),
        };
        (1..=count).map(member).collect()
    }

    fn lbvserver(persistence: &'static str, timeout: i64) -> Fields {
        Fields::from([("persistencetype", persistence.into()), ("timeout", timeout.into())])
    }

    /// A client that shows this cookie.
    fn ask(
        turns: &mut Turns,
        lbvserver: &Fields,
        members: &[Member],
        (client, second, cookie): (u8, i64, Option<&str>),
    ) -> Choice {
        let cookie = |name: &str| (name == "NSC_l").then(|| cookie.map(str::to_owned)).flatten();
        let now = Timestamp::from_second(second).unwrap();
        let client = IpAddr::V4(Ipv4Addr::new(198, 51, 100, client));
        let asking = Asking { client, cookie: &cookie, now };
        turns.choose(("l", lbvserver), members, &asking).unwrap()
    }

    #[test]
    fn one_after_the_other_has_its_turn() {
        let (mut turns, lbvserver) = (Turns::default(), lbvserver("NONE", 2));
        let mut ports = |members: &[Member]| -> Vec<u16> {
            let mut ask = || ask(&mut turns, &lbvserver, members, (1, 0, None)).member.port;
            (0..4).map(|_| ask()).collect()
        };
        assert_eq!(ports(&members(3)), [1, 2, 3, 1]);
        assert_eq!(ports(&members(1)), [1; 4]);
    }

    #[test]
    fn a_client_keeps_its_member_for_as_long_as_it_comes_back_in_time() {
        let (mut turns, lbvserver) = (Turns::default(), lbvserver("SOURCEIP", 2));
        let all = members(3);
        let mut port = |all: &[Member], client, second| {
            ask(&mut turns, &lbvserver, all, (client, second, None)).member.port
        };
        assert_eq!([port(&all, 1, 0), port(&all, 2, 0), port(&all, 1, 120)], [1, 2, 1]);
        assert_eq!(port(&all, 1, 240), 1, "each request counts");
        assert_eq!(port(&all, 1, 361), 3, "too late");
        assert_ne!(port(&all[..2], 1, 362), 3, "its member is gone");
    }

    #[test]
    fn a_cookie_leads_back_to_its_member() {
        let (mut turns, lbvserver) = (Turns::default(), lbvserver("COOKIEINSERT", 0));
        let all = members(2);
        let first = ask(&mut turns, &lbvserver, &all, (1, 0, None));
        let cookie = first.cookie.unwrap();
        assert!(cookie.starts_with("NSC_l=") && !cookie.contains("max-age"), "{cookie}");
        let value = cookie.split(['=', ';']).nth(1).unwrap();
        let again = ask(&mut turns, &lbvserver, &all, (9, 9, Some(value)));
        assert_eq!(again, Choice { member: first.member, cookie: None });
        let other = ask(&mut turns, &lbvserver, &all, (1, 0, Some("gone")));
        assert!(other.cookie.is_some());
    }
}
