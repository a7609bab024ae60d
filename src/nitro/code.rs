//! NITRO's error numbers, and what each means for whoever sent the request.
//!
//! The numbers and their texts are documented (the list of error messages). Which HTTP status
//! carries which number is only partly known, so a number counts for more than its status.

use std::fmt;

/// The `errorcode` of an answer. Zero is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub u32);

/// What an error means for whoever sent the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The appliance or the way to it is not well; the same request may succeed later.
    Transient,
    /// The appliance does something else just now; the same request will succeed later.
    Busy,
    /// The session is gone, or the credentials are not right.
    Session,
    /// The user may not do this.
    Denied,
    /// Something of that name or in that place is there already.
    Conflict,
    /// What should go is still in use.
    InUse,
    /// What the request names is not there.
    Missing,
    /// The request does not make sense to the appliance.
    Invalid,
    /// A feature or license that the request needs is not on.
    Feature,
    /// A limit of the appliance is reached.
    Capacity,
}

macro_rules! codes {
    ($($name:ident = $number:literal, $class:ident, $text:literal;)*) => {
        impl Code {
            $(#[doc = $text] pub const $name: Self = Self($number);)*

            /// What it means; `None` for a number that we don't know.
            pub const fn class(self) -> Option<Class> {
                match self.0 {
                    $($number => Some(Class::$class),)*
                    _ => None,
                }
            }
        }
    };
}

// Documented unless a line says otherwise.
codes! {
    // The appliance as a whole.
    NOT_RUNNING = 256, Transient, "NetScaler not running";
    PROPAGATION_FAILED = 347, Transient, "Command propagation failed";
    PROPAGATION_UNAUTHENTICATED = 358, Transient, "Command propagation failed due to user authentication problems";
    UNSTABLE = 366, Transient, "Operation not possible now. Please wait for system to stabilize before retrying.";
    PRIMARY_ONLY = 368, Transient, "Operation permitted only on primary node.";
    PROPAGATION_UNREACHABLE = 457, Transient, "Unable to establish connection with the secondary. Command propagation failed";
    NOT_PRIMARY = 1028, Transient, "You are connected to a secondary node; configuration changes made in this session will not be propagated to, or saved on, other nodes";
    INTERNAL = 1043, Transient, "Internal error";
    NOT_CLUSTER_ADDRESS = 1044, Transient, "You are connected to NSIP of a cluster node; configuration changes made in this session will not be propagated to, or saved on, other cluster nodes";
    NO_RESPONSE = 1056, Transient, "No response from NetScaler";
    // Something else goes on. 293 on saves was seen from client Terraform.
    BUSY = 272, Busy, "Device busy";
    IN_PROGRESS = 293, Busy, "Operation already in progress";
    SYNCHRONIZING = 412, Busy, "Synchronization is in progress";
    TOO_MANY_SESSIONS = 445, Busy, "Session limit exceeded";
    TOO_MANY_CONNECTIONS = 446, Busy, "Connection limit to CFE exceeded";
    SAVING = 603, Busy, "Configuration is being saved, please try again later";
    TOO_MANY_SAVES = 1461, Busy, "Maximum number of concurrent save configs are in progress. Try again later.";
    CRL_REFRESHING = 3600, Busy, "CRL refresh in progress, cannot be removed";
    // Sessions. That exactly 444 and 1027 end one was seen from client adc-nitro-go.
    LOGIN_REQUIRED = 352, Session, "Login is required";
    NO_SUCH_USER = 354, Session, "Invalid username or password";
    WRONG_PASSWORD = 355, Session, "Invalid username or password";
    SESSION_EXPIRED = 444, Session, "Session expired or killed. Please login again";
    LOGIN_FAILED = 1025, Session, "Login failed";
    NOT_LOGGED_IN = 1026, Session, "Not logged in";
    SESSION_TIMED_OUT = 1027, Session, "Not logged in or connection timed out";
    LOGIN_CHALLENGED = 1034, Session, "Login challenged";
    LICENSE_NOT_ACCEPTED = 1045, Session, "End User License Agreement not accepted. Login from CLI/GUI to accept it.";
    PASSWORD_MUST_CHANGE = 1046, Session, "`ForcePasswordChange` is enabled. Please login from CLI/GUI to change the default nsroot password";
    PASSWORD_IS_DEFAULT = 1047, Session, "Default nsroot password is not allowed. Please enter a new password.";
    BASIC_DISABLED = 1244, Session, "Authentication Failed: Use of Basic Authentication is Disabled.";
    NO_COMMAND_POLICY = 371, Denied, "No command policy defined, permission denied";
    INTERFACE_NOT_ALLOWED = 384, Denied, "Unauthorized: User is not allowed through this interface";
    NOT_AUTHORIZED = 2138, Denied, "Not authorized to execute this command";
    NOT_PERMITTED = 257, Denied, "Operation not permitted";
    // There already.
    EXISTS = 273, Conflict, "Resource already exists";
    ADDRESS_IN_USE = 304, Conflict, "Address already in use";
    ADDRESS_CONFLICT = 429, Conflict, "IP, port conflict with an entity already bound to the vserver";
    SERVER_NAME_EXISTS = 433, Conflict, "Server name already exists";
    ACTION_EXISTS = 528, Conflict, "Action name is already in use";
    POLICY_EXISTS = 532, Conflict, "Policy name is already in use";
    SERVER_EXISTS = 1335, Conflict, "Server already exists";
    FILE_EXISTS = 1642, Conflict, "Cannot create output file. File already exists";
    MONITOR_BOUND = 2133, Conflict, "The monitor is already bound to the service";
    PRIORITY_TAKEN = 3041, Conflict, "A policy is already bound to the specified priority";
    SNI_NAME_TAKEN = 3629, Conflict, "Trying to bind SNI certificate with duplicate `CommonName`, operation failed";
    CIPHER_BOUND = 3741, Conflict, "Specified cipher is already bound with higher priority";
    // Still in use.
    TOO_MANY_REFERENCES = 315, InUse, "Resource in use";
    POLICY_BOUND = 810, InUse, "Bound policy cannot be removed.";
    ACTION_BOUND = 832, InUse, "Action bound to policy can not be deleted.";
    OBJECT_IN_USE = 1070, InUse, "Object in use, cannot delete";
    ACTIVE = 1174, InUse, "Can not delete active entity";
    GROUP_BOUND = 1325, InUse, "Service/servicegroup is bound to one or more vserver. Please unbind and retry the operation.";
    LBVSERVER_IN_ACTION = 1371, InUse, "The Vserver referred by Content Switching action cannot be removed";
    CSACTION_IN_POLICY = 1372, InUse, "The Content Switching Action bound to Content Switching Policy cannot be removed";
    LBVSERVER_IN_BINDING = 1409, InUse, "Cannot remove LB Vserver which is reffered in CS policy bindings";
    CERTKEY_IN_USE = 1541, InUse, "Certificate is referenced by a CRL, OCSP responder, vserver, service, monitor, SSL profile, CA Cert Group, another certificate";
    MONITOR_IN_USE = 2131, InUse, "Monitor must be unbound before it can be deleted";
    PROFILE_IN_USE = 3249, InUse, "Profile in use";
    RESPONDER_IN_USE = 3632, InUse, "OCSP responder is bound to a vserver/certkey pair.";
    SSLPROFILE_IN_USE = 3680, InUse, "Profile is being used by Virtual Server, Service or Monitor.";
    // Not there. 344, 351, 461, 463, 538, 2054 and 3248 were seen from client Terraform.
    NO_SUCH_RESOURCE = 258, Missing, "No such resource";
    NO_SERVICE = 344, Missing, "No Service";
    NO_SERVER = 351, Missing, "No such server";
    NO_VSERVER = 461, Missing, "No such Vserver";
    NO_SUCH_SERVICE = 462, Missing, "No such service";
    NO_SERVICE_OR_GROUP = 463, Missing, "No such service/serviceGroup";
    NO_ACTION = 538, Missing, "Action does not exist";
    NOT_BOUND = 1303, Missing, "Service not bound to Vserver";
    NO_TARGET = 1388, Missing, "The Target LB Vserver does not exist";
    NO_DEFAULT_TARGET = 1410, Missing, "default LB mentioned is not bound";
    NO_CERTKEY = 1540, Missing, "Certificate does not exist";
    NO_CERTKEY_BINDING = 1542, Missing, "Certificate binding does not exist";
    NO_LINK = 1545, Missing, "Certificate does not have any CA link";
    NO_POLICY = 2054, Missing, "No such policy exists";
    POLICY_NOT_BOUND = 2097, Missing, "Policy not bound";
    MONITOR_NOT_BOUND = 2170, Missing, "Monitor not bound to service";
    NO_MONITOR = 2171, Missing, "Monitor does not exist";
    NO_PROFILE = 3248, Missing, "Profile does not exist";
    NO_DIRECTORY = 3440, Missing, "Directory does not exist.";
    NO_FILE = 3441, Missing, "File does not exist.";
    NO_CIPHER = 3621, Missing, "No such cipher/cipherAlias/cipherGroup";
    NO_CIPHER_GROUP = 3711, Missing, "Cipher Group does not exist.";
    NO_SSL_VSERVER = 3712, Missing, "No SSL vserver/service found with this name.";
    CERTIFICATE_FILE_MISSING = 1631, Missing, "No such certificate file exists";
    KEY_FILE_MISSING = 1632, Missing, "No such key file exists";
    INPUT_FILE_MISSING = 1647, Missing, "Input file(s) not present or not accessible in current partition";
    // Features.
    NOT_LICENSED = 356, Feature, "Feature(s) not licensed";
    LICENSE_EXPIRED = 1066, Feature, "Features(s) license expired";
    FEATURE_DISABLED = 1067, Feature, "Feature(s) not enabled";
    NOT_ON_PLATFORM = 1501, Feature, "Operation not supported on this platform";
    SSL_NOT_ON_PLATFORM = 3631, Feature, "Feature not supported on this platform";
    DEFAULT_PROFILE_DISABLED = 3739, Feature, "Operation not permitted. To do this Enable default ssl profile";
    DEFAULT_PROFILE_ENABLED = 3740, Feature, "Operation not permitted. To do this Disable default ssl profile";
    TLS13_NOT_ON_PLATFORM = 3775, Feature, "Enabling of TLSv1.3 is not supported on this entity/platform.";
    // Limits.
    FILE_TOO_BIG = 283, Capacity, "File too large";
    NO_SPACE = 284, Capacity, "No space left on device";
    LIMIT_REACHED = 1072, Capacity, "Maximum resource limit reached";
    TOO_MANY_SANS = 3708, Capacity, "Maximum number of SANs reached";
    // The request itself.
    INVALID_ARGUMENT = 278, Invalid, "Invalid argument";
    INVALID_VALUE = 1074, Invalid, "Invalid value";
    INVALID_NAME = 1075, Invalid, "Invalid name";
    NO_SUCH_ARGUMENT = 1090, Invalid, "No such argument";
    ARGUMENTS_EXCLUDE = 1092, Invalid, "Arguments cannot both be specified";
    ARGUMENT_PREREQUISITE = 1093, Invalid, "Argument pre-requisite missing";
    TOO_FEW_ARGUMENTS = 1094, Invalid, "Too few arguments";
    ARGUMENT_MISSING = 1095, Invalid, "Required argument missing";
    ARGUMENT_VALUE = 1097, Invalid, "Invalid argument value";
    NO_SUCH_TYPE = 1232, Invalid, "Invalid object name";
    INVALID_JSON = 1233, Invalid, "Invalid JSON input";
    INVALID_JSON_TYPE = 1234, Invalid, "Invalid JSON data type";
    // Bulk requests.
    BULK_FAILED = 1243, Invalid, "Bulk operation failed";
    NOT_ATTEMPTED = 1265, Transient, "command not attempted for configuration";
}

impl Class {
    /// Its name, as metrics and messages use it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Busy => "busy",
            Self::Session => "session",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::InUse => "in-use",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Feature => "feature",
            Self::Capacity => "capacity",
        }
    }
}

impl Code {
    /// Success.
    pub const DONE: Self = Self(0);

    /// What an error means that came with this HTTP status. 599 carries whatever has no status of
    /// its own (seen from several clients), so an unknown number there is a refusal of the request.
    pub const fn class_with(self, status: u16) -> Class {
        match self.class() {
            Some(class) => class,
            None => match status {
                401 => Class::Session,
                403 => Class::Denied,
                404 => Class::Missing,
                409 => Class::Conflict,
                413 => Class::Capacity,
                429 => Class::Busy,
                500..=598 => Class::Transient,
                _ => Class::Invalid,
            },
        }
    }

    /// Whether it says that the session is gone, so that a login and the same request help.
    pub const fn ends_session(self) -> bool {
        matches!(
            self,
            Self::SESSION_EXPIRED
                | Self::SESSION_TIMED_OUT
                | Self::NOT_LOGGED_IN
                | Self::LOGIN_REQUIRED
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_for_more_than_its_status() {
        for (code, status, class) in [
            (258, 404, Class::Missing),
            (3248, 599, Class::Missing),
            (293, 599, Class::Busy),
            (1541, 599, Class::InUse),
            (1642, 409, Class::Conflict),
            (444, 401, Class::Session),
            (99_999, 599, Class::Invalid),
            (99_999, 503, Class::Transient),
            (99_999, 404, Class::Missing),
            (0, 403, Class::Denied),
        ] {
            assert_eq!(Code(code).class_with(status), class, "{code} with {status}");
        }
    }

    #[test]
    fn wrong_credentials_do_not_end_a_session() {
        assert!(Code::SESSION_EXPIRED.ends_session() && Code::SESSION_TIMED_OUT.ends_session());
        assert!(!Code::NO_SUCH_USER.ends_session());
    }
}
