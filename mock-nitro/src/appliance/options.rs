//! What tells one appliance from another before its first request.

use jiff::Timestamp;

use super::cost::Profile;

/// What tells one box from another, whatever address it answers under. `nshardware` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hardware {
    /// The name of the host.
    pub host: String,
    /// The number that licences are bound to.
    pub hostid: u32,
    /// The serial number.
    pub serialno: String,
    /// The UUID of the appliance.
    pub netscaleruuid: String,
}

impl Hardware {
    /// One box of many: other numbers, other boxes. How serial numbers and UUIDs look is assumed.
    pub fn numbered(number: u32) -> Self {
        Self {
            host: "mock-nitro".to_owned(),
            hostid: number,
            serialno: format!("MOCKNITRO{number}"),
            netscaleruuid: format!("00000000-0000-4000-8000-{number:012}"),
        }
    }
}

/// How an appliance starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who may log in.
    pub username: String,
    /// With which password.
    pub password: String,
    /// Whether the default SSL profile is enabled from the start.
    pub default_profile: bool,
    /// The version text that `nsversion` shows; clients parse it.
    pub version: String,
    /// The time, until [`set_now`](super::Appliance::set_now) says otherwise.
    pub now: Timestamp,
    /// Most sessions of one user: with more, a login is refused with 445 (documented, as is the
    /// default).
    pub most_sessions: usize,
    /// Which box it is.
    pub hardware: Hardware,
    /// How long requests would take. Nothing waits: the journal says it.
    pub profile: Profile,
}

impl Default for Options {
    /// A classic image: nsroot/nsroot, default SSL profile disabled.
    fn default() -> Self {
        Self {
            username: "nsroot".to_owned(),
            password: "nsroot".to_owned(),
            default_profile: false,
            version: "NetScaler NS14.1: Build 47.48.nc, Date: Jun  1 2025, 00:00:00   (64-bit)"
                .to_owned(),
            now: Timestamp::UNIX_EPOCH,
            most_sessions: 20,
            hardware: Hardware::numbered(1),
            profile: Profile::FREE,
        }
    }
}
