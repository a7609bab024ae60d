//! How error texts name an argument: as the CLI writes it (`certkeyName`, `serverName`), where that
//! spelling is known.

/// The CLI's spelling of a field, or its NITRO name where the CLI's is not known.
pub(crate) fn argument(field: &str) -> &str {
    // Seen in error texts that clients reported: serverName, IP, serviceName, serviceGroupName,
    // ocspCheck, CA, dhFile, certkeyName. The others are spelled by analogy (assumed).
    match field {
        "ca" => "CA",
        "certkeyname" => "certkeyName",
        "crlcheck" => "crlCheck",
        "dhfile" => "dhFile",
        "ip" => "IP",
        "ipaddress" => "IPAddress",
        "linkcertkeyname" => "linkCertKeyName",
        "monitorname" => "monitorName",
        "ocspcheck" => "ocspCheck",
        "policyname" => "policyName",
        "servername" => "serverName",
        "servicegroupname" => "serviceGroupName",
        "servicename" => "serviceName",
        "servicetype" => "serviceType",
        "skipcaname" => "skipCAName",
        "snicert" => "SNICert",
        "sslprofile" => "sslProfile",
        "targetlbvserver" => "targetLBVserver",
        "vservername" => "vServerName",
        other => other,
    }
}
