//! NITRO's error numbers: a name, the HTTP status that carries it, and the appliance's own text.
//!
//! Numbers and texts are documented (the list of error messages). The statuses of 258, 273,
//! 278, 354, 444, 1027, 1092, 1093, 1095, 1642, 3740 and 3741 were seen from clients; the others
//! follow by the rule that fits those: 401 for credentials, 400 for what fails before it runs,
//! 404 for what is missing, 409 for what exists, else 599. 3248 and 1544 must not be 404, because
//! a client looks for them in the text of an error. 209 marks a warning.

macro_rules! codes {
    ($($name:ident = $number:literal, $status:literal, $text:literal;)*) => {
        $(#[doc = concat!("`", $text, "`")] pub const $name: u32 = $number;)*

        /// All of them, in the order above.
        static CODES: &[(u32, u16, &str)] = &[$(($number, $status, $text),)*];
    };
}

codes! {
    // Login, session, authorisation.
    NOUSER = 354, 401, "Invalid username or password";
    LOGINREQD = 352, 401, "Login is required";
    NOLOGIN = 1026, 401, "Not logged in";
    AUTHTIMEOUT = 1027, 401, "Not logged in or connection timed out";
    SESSION_EXPIRED = 444, 401, "Session expired or killed. Please login again";
    SESSION_EXCEEDED = 445, 599, "Session limit exceeded";
    CFE_CONN_EXCEEDED = 446, 599, "Connection limit to CFE exceeded";
    CFE_KILLSELF = 449, 599, "Invalid session id. Current session cannot be killed";
    CFE_SESSION_NOEXIST = 452, 599, "Session does not exist";
    NOTAUTHORIZED = 2138, 403, "Not authorized to execute this command";
    // Parsing and argument checks.
    NITRO_INVALID_OBJECTNAME = 1232, 400, "Invalid object name";
    NITRO_INVALID_JSON_INPUT = 1233, 400, "Invalid JSON input";
    NITRO_INVALID_JSON_DATATYPE = 1234, 400, "Invalid JSON data type";
    NITRO_INVALID_METHOD = 1237, 405,
        "Invalid method name. It should be either post, put, get, stat or delete";
    NITRO_INVALID_ACTION = 1240, 599, "Invalid nitro action or operation";
    INVAL = 278, 599, "Invalid argument";
    INVALIDVALUE = 1074, 599, "Invalid value";
    INVALIDNAME = 1075, 400,
        "Invalid name; names must begin with an alphanumeric character or underscore and must \
         contain only alphanumerics, '_', '#', '.', ' ', ':', '@', '=' or '-'";
    NOSUCHCMD = 1088, 599, "No such command";
    NOSUCHARG = 1090, 400, "No such argument";
    ARGVALMISSING = 1091, 400, "Required argument value missing";
    ARGSMUTEX = 1092, 400, "Arguments cannot both be specified";
    ARGPREREQ = 1093, 400, "Argument pre-requisite missing";
    ARGMISSING = 1095, 400, "Required argument missing";
    ARGVALBAD = 1097, 400, "Invalid argument value";
    STRMAXLEN = 1106, 400, "String length exceeds maximum";
    STRMINLEN = 1107, 400, "String too short";
    INTMAXVAL = 1108, 400, "Integer value exceeds maximum";
    INTMINVAL = 1109, 400, "Integer value below minimum";
    INVALIDIP = 1110, 400, "Invalid IP address";
    SETNOTEXIST = 1164, 599, "set operation does not exist";
    REQ_SET_ARGS = 431, 599, "No arguments to set";
    NITRO_BULK_FAILED = 1243, 207, "Bulk operation failed";
    NITRO_ROLLBACK_NOT_SUPPORTED = 1242, 400, "Rollback not supported for this action";
    NITRO_CMD_NOTATTEMPTED = 1265, 599, "command not attempted for configuration";
    // Existence and references, generic.
    NOENT = 258, 404, "No such resource";
    EXIST = 273, 409, "Resource already exists";
    PERM = 257, 599, "Operation not permitted";
    BUSY = 272, 599, "Device busy";
    ADDRINUSE = 304, 599, "Address already in use";
    TOOMANYREFS = 315, 599, "Resource in use";
    OBJECT_IN_USE = 1070, 599, "Object in use, cannot delete";
    MAXLIMIT = 1072, 599, "Maximum resource limit reached";
    NOSERVICE = 344, 404, "No Service";
    NOSERVER = 351, 404, "No such server";
    NOENT_VSERVER = 461, 404, "No such Vserver";
    NOENT_SVC_SVCGRP = 463, 404, "No such service/serviceGroup";
    ACTION_NOTPRESENT = 538, 404, "Action does not exist";
    ACTION_BOUND = 832, 599, "Action bound to policy can not be deleted.";
    CPE_REM_INUSE = 810, 599, "Bound policy cannot be removed.";
    NOPOL = 2054, 404, "No such policy exists";
    UNBIND_INVALIDPOL = 2097, 599, "Policy not bound";
    DATASET_NOTPRESENT = 2823, 404, "Dataset/Patset does not exist";
    NO_SUCH_PROFILE = 3248, 599, "Profile does not exist";
    PROFILE_IN_USE = 3249, 599, "Profile in use";
    SERVER_EXIST = 1335, 409, "Server already exists";
    // System, HA, save, files, features.
    ALREADY = 293, 599, "Operation already in progress";
    SAVECONFIG_IN_PROGRESS = 603, 599, "Configuration is being saved, please try again later";
    MAX_CONC_SAVECONFIG = 1461, 599,
        "Maximum number of concurrent save configs are in progress. Try again later.";
    LICENSE = 356, 599, "Feature(s) not licensed";
    FEATDISABLED = 1067, 209, "Feature(s) not enabled";
    NOT_PRIMARY = 1028, 209,
        "You are connected to a secondary node; configuration changes made in this session will \
         not be propagated to, or saved on, other nodes";
    CMDPROPFAIL = 347, 599, "Command propagation failed";
    SECONDARYFAIL = 349, 209,
        "Command failed on secondary node, but succeeded on primary node. Configuration will be \
         synchronized to ensure secondary and primary have same configuration.";
    SYNC_PROGRESS = 412, 599, "Synchronization is in progress";
    NOPNOW = 366, 599,
        "Operation not possible now. Please wait for system to stabilize before retrying.";
    NORESPONSE = 1056, 599, "No response from NetScaler";
    INTERNAL = 1043, 599, "Internal error";
    NO_PERM_ON_PLATFORM = 1501, 599, "Operation not supported on this platform";
    ERR_FILEEXISTS = 1642, 409, "Cannot create output file. File already exists";
    NO_DIR = 3440, 599, "Directory does not exist.";
    FILECONT_NOTSUP = 3443, 599, "Unsupported file content. file content should be base64 encoded.";
    FILEENC_NOTSUP = 3444, 599, "Unsupported encoding type. only BASE64 encoding is allowed.";
    FBIG = 283, 599, "File too large";
    NOSPACE = 284, 599, "No space left on device";
    // Certificates.
    SSL_CERT = 1536, 599, "Invalid certificate";
    SSL_PKEY = 1537, 599, "Invalid private key, or PEM pass phrase required for this private key";
    SSL_NOMATCH = 1538, 599, "Certificate and private key do not match";
    SSL_CERTTYPE = 1539, 599, "Invalid cetificate type";
    SSL_NOCERT = 1540, 404, "Certificate does not exist";
    SSL_REFEXT = 1541, 599,
        "Certificate is referenced by a CRL, OCSP responder, vserver, service, monitor, SSL \
         profile, CA Cert Group, another certificate, or a policy expression using XML_ENCRYPT() \
         or XML_DECRYPT()";
    SSL_BIND = 1542, 599, "Certificate binding does not exist";
    SSL_LINK = 1543, 599, "Certificate can't be linked to the same certificate";
    SSL_NEED_SSLPROTO = 1544, 599, "Object's protocol type is not SSL";
    SSL_NOLINK = 1545, 599, "Certificate does not have any CA link";
    SSL_BINDOR = 1546, 209, "Current certificate replaces the previous binding";
    SSL_NOSVRCERT = 1547, 599, "Certificate is not a server/client certificate";
    SSL_ISSUBMIS = 1548, 599, "Issuer certificate mismatch";
    SSL_PKEY_SIZE = 1562, 599,
        "Certificate with key size greater than RSA4096 or DSA2048 bits not supported";
    SSL_BRKLINK = 1587, 209,
        "All incompatible CA links/Cert bindings were broken during the update operation";
    SSL_CERT_NOT_YET_VALID = 1588, 209, "The specified certificate is not yet valid";
    SSL_CERT_EXPIRED = 1589, 209, "The certificate has expired";
    SSL_EXPIRED_BRKLINK = 1590, 209,
        "All incompatible CA links were broken during the update operation. (Note: the \
         certificate has expired)";
    SSL_NYVALID_BRKLINK = 1591, 209,
        "All incompatible CA links were broken during the update operation. (Note: the \
         certificate is not yet valid)";
    SSL_DEFLOCATION = 1647, 599, "Input file(s) not present or not accessible in current partition";
    SSL_ECDSA_CURVE_SUPPORT = 1676, 599, "The EC curve in the ECDSA certificate is not supported.";
    SSL_LINK_LOOP = 1677, 599, "Certificate can't be linked. This is creating a loop.";
    SSL_CERT_LINK_NOT_ALLOWED = 3418, 599,
        "SSL certificate link can be done only for Non CA certificates";
    SSL_CERT_NOT_CA = 3605, 599, "Not a CA certificate";
    SSL_PKEY_SIZE_CA = 3617, 599, "CA certificate of size greater than 4096 bits not supported";
    SSL_PKEY_MINSIZE = 3590, 599, "Certificate of size smaller than 512 bits not supported";
    SSL_DOMINCOMPAT = 3585, 599,
        "Certificate is registered to a different domain; use the 'no domain check' option to \
         force the operation";
    SSL_SNI_NOTENABLE = 3627, 599, "SNI feature not enabled on the vserver/service";
    SSL_NO_CN = 3628, 599,
        "CommonName not present in certificate, it is must for a certificate to use for SNI";
    SSL_DUP_SNICERT = 3629, 599,
        "Trying to bind SNI certificate with duplicate CommonName, operation failed";
    SSL_DUP_SNICERT_BRKLINK = 3637, 209,
        "Some of the existing SNI cert bindings are broken due to presence of certificate with \
         duplicate Common Name.";
    SSL_NO_CN_BRLLINK = 3638, 209,
        "All exitsing SNI Cert bindings are broken during update operation due to missing Common \
         Name.";
    SSL_CERTKEY_SIZE64 = 3645, 599,
        "Certificate with key size (modulus) that is not multiple of 512 bits is not supported";
    SSL_BUNDLE_FAILED = 3663, 599, "Processing of certificate bundle file failed.";
    SSL_DEFAULT_CERT_DEL = 3719, 599, "Cannot delete internal default certificate.";
    SSL_DEFAULT_CERT_BIND = 3722, 599, "Cannot bind internal default certificate.";
    SSL_SNICERT_INVALID = 3805, 599,
        "Cannot bind SNI cert on an internal and backend service. SNI cert can be bound only to \
         SSL vserver.";
    SSL_NO_CERTKEY_FILE = 3807, 209,
        "CertKey files deleted from file system, do save config, unsaved reboot will not bring \
         deleted certKey files.";
    // SSL parameters, profiles, ciphers, CRL, OCSP, actions.
    SSL_DHCOUNT = 1551, 599, "DH Refresh count should be 0 or >=500";
    CIPHER_BACKEND = 1682, 599,
        "The cipher alias cannot be bound to this entity. It is only applicable for a SSL backend \
         service or a SSL serviceGroup";
    SSL_ERSACOUNT = 1553, 599, "eRSA Refresh count should be 0 or >=500";
    SSL_ERSADISABLED = 1559, 599, "Setting eRSA count when eRSA is disabled";
    SSL_PROFILE_QUIC_MISMATCH = 1776, 599,
        "SSL profiles of type QUIC-FrontEnd can only be associated with HTTP_QUIC virtual servers.";
    SSL_SESSTO = 1552, 599, "Session timeout should be > 0";
    CERTHEADER = 1556, 599, "Cert header tag mandatory if cert enabled";
    SESSHEADER = 1557, 599, "Sess header tag mandatory if sess enabled";
    CERTDNHEADER = 1564, 599, "Cert DN tag mandatory if cert-DN enabled";
    CERTISSUERHEADER = 1565, 599, "Cert issuer tag mandatory if cert-issuer enabled";
    CIPHERHEADER = 1566, 599, "Cipher tag mandatory if cipher header enabled";
    CIPHER_PERM = 1558, 599, "Default ciphers/aliases cannot be added or removed";
    SSL_DHDISABLED = 1560, 599, "Setting DH count when DH is disabled";
    SSL_SESSDISABLED = 1561, 599, "Setting session timeout when session reuse is disabled";
    SSL_NOT_APPLICABLE = 1563, 599, "Option is not applicable for this type of service";
    SSL_PORTREWRITE = 1585, 599,
        "SSL port rewrite can be enabled only when SSL redirect is enabled";
    SSL_BOUNDTO_SSLACTION = 1598, 599,
        "Vserver cannot be removed as it's referenced by one or more SSL Actions. Remove SSL \
         action(s) prior to removing vserver.";
    SSL_NO_USABLE_CIPHERS = 3604, 599, "No usable ciphers configured on the SSL vserver/service";
    NOENT_CIPHER = 3621, 599, "No such cipher/cipherAlias/cipherGroup";
    SSL_NO_PROTOCOL_ENABLED = 3674, 599, "SSL or TLS protocols not enabled on the service.";
    SSL_NO_ECC_CURVES = 3677, 599, "No ECC curves bound for ECDHE ciphers.";
    SSL_PROFILE_ATTACHED = 3679, 599,
        "Operation not permitted. Use set ssl profile for setting these parameters.";
    SSL_PROFILE_USED = 3680, 599, "Profile is being used by Virtual Server, Service or Monitor.";
    SSL_PROFILE_NOT_VAILD_PARAM = 3681, 599,
        "Specified parameters are not applicable for this type of SSL profile.";
    SSL_PROFILE_FE = 3727, 599, "Cannot bind front-end profile to a back-end SSL service.";
    SSL_PROFILE_BE = 3728, 599, "Cannot bind back-end profile to a front-end SSL vserver.";
    SSL_PROFILE_NO_USABLE_CIPHERS = 3735, 599,
        "No usable ciphers configured for some of the SSL vserver/service binded to this profile";
    SSL_PROFILE_UNSET_DEFAULT = 3737, 599, "Unsetting a default SSL Profile is not allowed";
    SSL_DEFAULT_PROFILE_ENABLED = 3738, 599, "Disabling ssl default profile is not allowed";
    SSL_PROFILE_DEFAULT_DISABLED = 3739, 599,
        "Operation not permitted. To do this Enable default ssl profile by setting 'set ssl \
         parameter -defaultProfile E'";
    SSL_PROFILE_DEFAULT_ENABLED = 3740, 599,
        "Operation not permitted. To do this Disable default ssl profile by setting 'set ssl \
         parameter -defaultProfile D'";
    SSL_CIPHER_EXIST_HIGHER_PRI = 3741, 599,
        "Specified cipher is already bound with higher priority";
    SSL_DEFAULT_PROFILE_PERM = 3742, 599, "Default ssl profile can not be removed";
    SSL_SERVERAUTH_SNI_REQUIRED = 3752, 599,
        "Argument pre-requisite missing serverAuth == ENABLED or SNIEnable == ENABLED";
    SSL_NOCRL = 1550, 599, "CRL does not exist";
    SSL_CRL_DEFLOCATION = 1650, 599,
        "Input CRL file not present or not accessible under the partition's default CRL directory";
    OCSP_REFERENCES = 3632, 599,
        "OCSP responder is bound to a vserver/certkey pair. Use unbind ssl certkey.";
    SSL_NOT_SUPPORTED = 3634, 599, "OCSP responder must be an HTTP server; SSL is not supported.";
    SSL_OCSPNAMENOTSUPP = 3759, 599, "Ocsp responder name should not start with ns_internal.";
    SSL_OCSP_DUPLICATE = 3657, 599,
        "An ocspResponder is already bound with the specified priority.";
    // Load balancing, content switching, policies, monitors.
    NONHTTP_CSW_BIND_HTTP_SSL_POLICY = 688, 599,
        "HTTP/SSL protocol based policies can be bound only to HTTP/SSL CS vserver";
    PRIORITY_COMP_PI_CSW = 695, 599, "Priority is mandatory for advanced expressions.";
    INVAL_PRIORITY = 3090, 599,
        "Priority is mandatory for advanced expressions and should be in the range from 1 to \
         2147483647";
    PI_PRIORITY_EXISTS = 3041, 599, "A policy is already bound to the specified priority";
    CSW_BIND_INCOMPAT_TGT = 707, 599, "The target vserver is not compatible with the CS verver.";
    BOUNDTO_CSACT = 1371, 599, "The Vserver referred by Content Switching action cannot be removed";
    BOUNDTO_CSPOLICY = 1372, 599,
        "The Content Switching Action bound to Content Switching Policy cannot be removed";
    INVALID_MULTIPLEBIND = 1373, 599,
        "Multiple Bind not supported for Content Switching Advanced policies without action";
    CSPOLICY_HASACTION = 1374, 599,
        "LB vserver/gotoPriorityExpression/invoke not allowed during bind when content swtiching \
         policy already has an action.";
    ACTION_NOTNOOP_CS = 1386, 599,
        "Do not provide gotoPriorityExpression/invoke because policy has action";
    CSPOLICY_NOACTION = 1387, 599,
        "Either LB vserver or GotoPriorityExpression or Invoke must be provided while binding a \
         Content Switching policy without action.";
    LBREFFERED_IN_CSBINDING = 1409, 599,
        "Cannot remove LB Vserver which is reffered in CS policy bindings";
    DEFAULTLB_NOT_BOUND = 1410, 599, "default LB mentioned is not bound";
    SET_CSACTION_DISALLOWED = 1426, 599,
        "Set disallowed for CS action from Target LB/targetVserver to Target Expression and vice \
         versa";
    CSW_ACTION_INCOMPTIBLE = 764, 599,
        "Incompatible Content Switching action provided. During set operation the old and the new \
         action should have compatible fields. eg, target LB vserver to target LB vserver.";
    SVC_NOT_BOUND = 1303, 599, "Service not bound to Vserver";
    SVCTYPE_MISMATCH = 1304, 599, "Service type mismatch between the vserver and service";
    VSR_BOUND = 1325, 599,
        "Service/servicegroup is bound to one or more vserver. Please unbind and retry the \
         operation. Also check 'allowBoundSvcRemoval' option in lb parameter to change this \
         behaviour.";
    LB_SO_DYNAMICCON_THRESHOLD = 1291, 599,
        "Spill-over threshold cannot be set for dynamic connection spill-over method";
    LB_SO_ADDRVIP = 1292, 599, "DYNAMICCONNECTION spill-over cannot be set on a non-LB vserver";
    LB_SO_HEALTH = 1336, 599, "HEALTH spill-over cannot be set on a non-LB vserver";
    CS_SOTHRESHOLD = 1370, 599,
        "Spillover threshold must be given with spillover method in Content Switching vserver";
    INVALID_PERSISTENCE = 1332, 599, "Invalid Persistence type";
    LB_METHOD_SAMEAS_BACKUP_METHOD = 1334, 599,
        "Backup load balancing method cannot be the same as the primary load balancing method";
    REQ_RULE_MISSING = 1337, 599, "Request Rule is required, when Response rule is specified.";
    COOKIEINSERT_NOTSET = 1381, 599, "Persistence type is not COOKIEINSERT.";
    TIMEOUT_RANGE = 2136, 599,
        "Timeout value out of range; enter a value between 2 minutes and 1440 minutes";
    BACKUP_LOOP = 2144, 599, "The VIP is already a backup in the chain";
    SETVS_INVAL_PROTOCOL_PARAMS = 2205, 599,
        "The parameters are only applicable to HTTP or SSL vservers.";
    TCPKA_IDLETIME_TOO_LOW = 1396, 599,
        "Connection idle time cannot be lower than keep-alive probe interval";
    MONITOR_DESTIP = 2129, 599,
        "Destination IP must be specified for transparent, tunneled or tos monitors";
    SECURE_UDP = 2154, 599, "Secure mode not supported for this protocol";
    MONITOR_NOCODES = 2161, 599, "A response code is required for this monitor type";
    REDIRECT_URL_NOT_APPLICABLE = 1340, 599, "Redirect URL cannot be configured on this vserver.";
    MONITOR_INTERVAL = 2128, 599, "Monitor interval must be greater than response timeout";
    MONITOR_FAILURERETRIES = 2196, 599,
        "Monitor retries must be greater than monitor failureRetries";
    MONITOR_CODES = 2130, 599, "Too many response codes, only 16 allowed";
    MONITOR_REF = 2131, 599, "Monitor must be unbound before it can be deleted";
    MONITOR_BUILTIN = 2132, 599, "Built-in monitors cannot be deleted";
    MONITOR_BOUND = 2133, 409, "The monitor is already bound to the service";
    MONITOR_DEFAULT = 2139, 599, "No operations allowed with the default monitor";
    MONITOR_WRONG_TYPE = 2155, 599, "Existing monitor is of different type than given";
    MONITOR_UNBIND_DEFAULT = 2164, 599, "Default monitor cannot be unbound from a service";
    MONITOR_BIND_DEFAULT = 2165, 599, "Default monitor cannot be bound explicitly to a service";
    MONITOR_NOT_BOUND = 2170, 599, "Monitor not bound to service";
    RESP_ACT_RESPONSE_CODE_REASON_PHRASE_NOT_ALLOWED = 2904, 599,
        "responseStatusCode and reasonPhrase options are allowed only for respondwithhtmlpage and \
         redirect action types.";
    RESP_ACT_INVALID_REDIRECT_CODE = 2905, 599,
        "For redirect action type the response status code must be in the range 300-399.";
    RW_ACT_INVAL = 2817, 599, "Invalid rewrite action";
    ACTFLOWMISMATCH = 2819, 599,
        "Flow types of target and string expression are incompatible";
    RONLY_TAR_EXPR = 2820, 599,
        "Target must be a simple reference to an unmodified portion of the message";
    RSP_ACT_INVAL = 2824, 599, "Invalid responder action";
    RSP_POLICY_FLOWTYPE_REQ = 2825, 599, "Responder policy must be a request policy";
    TAR_FLOWTYPE_NRES = 2826, 599, "Flow type of target should not be response type";
    INVALPICEXPR = 3081, 599, "Expression syntax error";
    INVALPISEXPR = 3085, 599, "String expression syntax error";
    POLICY_FLOWTYPE_NONE = 3089, 599,
        "Policy should either be a request or response policy";
    BOOLEXPR = 3092, 599, "Expression should evaluate to true or false";
    POLICY_SET_NOTALLOWED = 3095, 599, "Invalid rule/action for bound policy";
    INVALID_POLICY_BINDING = 3438, 599,
        "Policy cannot be bound/unbound to/from this vserver for the given bindtype.";
}

/// The appliance's text for a code, without the part in brackets.
pub fn text(code: u32) -> &'static str {
    find(code).map_or("Internal error", |(_, _, text)| text)
}

/// The HTTP status that carries an error code; 599 for a code that is not listed.
pub fn status(code: u32) -> u16 {
    find(code).map_or(599, |&(_, status, _)| status)
}

/// Whether a code is only a warning: the command was carried out.
pub fn is_warning(code: u32) -> bool {
    status(code) == 209
}

/// Whether a code is listed here.
pub fn is_known(code: u32) -> bool {
    find(code).is_some()
}

fn find(code: u32) -> Option<&'static (u32, u16, &'static str)> {
    CODES.iter().find(|(number, _, _)| *number == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_listed_twice() {
        let mut numbers: Vec<u32> = CODES.iter().map(|(number, _, _)| *number).collect();
        numbers.sort_unstable();
        let listed = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), listed);
    }

    #[test]
    fn a_client_that_searches_error_texts_finds_a_missing_profile() {
        assert_eq!(status(NO_SUCH_PROFILE), 599);
        assert_eq!(status(NOENT), 404);
        assert!(is_warning(FEATDISABLED));
    }
}
