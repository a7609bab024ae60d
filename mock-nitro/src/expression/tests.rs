//! Tables of expressions and what they give.

use jiff::Timestamp;

use super::*;

fn request(host: &str, url: &str) -> Request {
    let vip = IpAddr::from([192, 0, 2, 1]);
    let mut request = Request::get(vip, 443, host, url);
    let headers = [("X-One", "Abc"), ("Cookie", "a=1; b=2=3")];
    request.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    request
}

#[track_caller]
fn holds(rule: &str, request: &Request) -> bool {
    Expression::compile(rule).unwrap().holds(request.into())
}

#[track_caller]
fn gives(text: &str, request: &Request) -> String {
    Expression::compile(text).unwrap().text(request.into())
}

#[test]
fn texts_are_made_of_requests() {
    let request = request("Shop.example:8443", "/a/b.png?x=1&y=2 3");
    for (text, expected) in [
        ("HTTP.REQ.HOSTNAME", "Shop.example:8443"),
        ("HTTP.REQ.HOSTNAME.SERVER", "Shop.example"),
        ("http.req.hostname.server.to_lower", "shop.example"),
        ("HTTP.REQ.HOSTNAME.PORT", "8443"),
        (r#"HTTP.REQ.HEADER("host")"#, "Shop.example:8443"),
        (r#"HTTP.REQ.HEADER("x-one").TO_UPPER"#, "ABC"),
        (r#"HTTP.REQ.HEADER("none")"#, ""),
        (r#"HTTP.REQ.COOKIE.VALUE("b")"#, "2=3"),
        ("HTTP.REQ.URL", "/a/b.png?x=1&y=2 3"),
        ("HTTP.REQ.URL.PATH", "/a/b.png"),
        ("HTTP.REQ.URL.PATH.GET(1)", "a"),
        ("HTTP.REQ.URL.PATH.GET(3)", ""),
        ("HTTP.REQ.URL.PATH.SUFFIX", "png"),
        ("HTTP.REQ.URL.QUERY", "x=1&y=2 3"),
        (r#"HTTP.REQ.URL.QUERY.VALUE("y")"#, "2 3"),
        ("HTTP.REQ.URL.PATH_AND_QUERY.HTTP_URL_SAFE", "/a/b.png?x=1&y=2%203"),
        ("CLIENT.IP.SRC", "198.51.100.1"),
        ("CLIENT.TCP.DSTPORT", "443"),
        ("CLIENT.SSL.CLIENT_HELLO.SNI", "Shop.example"),
        (r#""a".APPEND("b").PREPEND("c")"#, "cab"),
        (r#""www.a.b".AFTER_STR(".")"#, "a.b"),
        (r#""www.a.b".BEFORE_STR(".")"#, "www"),
        (r#""localhost".AFTER_STR(".").PREPEND(".")"#, "."),
        (r#""%41+".SET_TEXT_MODE(URLENCODED).DECODE_USING_TEXT_MODE"#, "A+"),
        (r#""%41".DECODE_USING_TEXT_MODE"#, "%41"),
        (r#""a\"b\\c\r\n""#, "a\"b\\c\r\n"),
        (r#""a" + 1 + 'b'"#, "a1b"),
        ("1 + 2 - 4", "-1"),
        (
            r#""https://" + HTTP.REQ.HOSTNAME.SERVER.HTTP_URL_SAFE + ":444" + HTTP.REQ.URL.PATH"#,
            "https://Shop.example:444/a/b.png",
        ),
    ] {
        assert_eq!(gives(text, &request), expected, "{text}");
    }
}

#[test]
fn texts_are_made_of_texts() {
    let request = request("Shop.example:8443", "/a/b.png?x=1&y=2 3");
    for (text, expected) in [
        ("1 + 2 + \"a\" + 1 + 2", "3a12"),
        ("HTTP.REQ.VERSION", "HTTP/1.1"),
        ("HTTP.REQ.VERSION.MAJOR + HTTP.REQ.VERSION.MINOR", "2"),
        ("HTTP.REQ.CONTENT_LENGTH", "0"),
        ("HTTP.REQ.CONTENT_TYPE", ""),
        ("HTTP.REQ.HEADER(\"x-one\").VALUE(0)", "Abc"),
        ("HTTP.REQ.URL.SUFFIX", "png"),
        ("HTTP.REQ.HOSTNAME.DOMAIN", "Shop.example"),
        ("\"www.foobar.com:8080\".TYPECAST_HTTP_HOSTNAME_T.DOMAIN", "foobar.com"),
        // Documented by these examples.
        ("\"peninsula\".SUFFIX('n', 0)", "sula"),
        ("\"peninsula\".SUFFIX('n', 1)", "insula"),
        ("\"peninsula\".SUFFIX('n', 2)", "peninsula"),
        ("\"peninsula\".PREFIX('n', 0)", "pe"),
        ("\"peninsula\".PREFIX('n', 1)", "peni"),
        ("\"peninsula\".PREFIX('n', 5)", "peninsula"),
        ("\"peninsula\".TRUNCATE(3)", "penins"),
        ("\"peninsula\".TRUNCATE(0)", "peninsula"),
        ("\"ab\".TRUNCATE(3)", ""),
        ("\"peninsula\".SUBSTR(3, 2)", "in"),
        ("\"peninsula\".SUBSTR(8, 20)", "a"),
        ("\"peninsula\".SUBSTR(20, 1)", ""),
        ("\"peninsula\".SUBSTR(\"ins\")", "ins"),
        ("\"peninsula\".SUBSTR(\"x\")", ""),
        ("\"aXbXc\".STRIP_CHARS(\"Xc\")", "ab"),
        ("\"--a-\".STRIP_START_CHARS(\"-\")", "a-"),
        ("\"--a-\".STRIP_END_CHARS(\"-\")", "--a"),
        ("\" a \".STRIP_START_WS + 1", "a 1"),
        ("\" a \".STRIP_END_WS + 1", " a1"),
        ("\"KXDAPPER\".AFTER_REGEX(re/KX/)", "DAPPER"),
        ("\"KXDAPPER\".BEFORE_REGEX(re/D.P/)", "KX"),
        ("\"KXDAPPER\".REGEX_SELECT(re/D.P/)", "DAP"),
        ("\"KXDAPPER\".REGEX_SELECT(re/Z/)", ""),
        ("\"user:pass\".B64ENCODE", "dXNlcjpwYXNz"),
        ("\"dXNlcjpwYXNz\".B64DECODE", "user:pass"),
        ("\"?\".B64DECODE", ""),
        ("\"12\".TYPECAST_NUM_AT + 1", "13"),
        ("\"12\".TYPECAST_NUM_T(DECIMAL).SUB(2).MUL(3).ADD(1)", "31"),
        ("\"ff\".TYPECAST_NUM_T(HEX)", "255"),
        ("\"none\".TYPECAST_NUM_AT", "0"),
        ("1.SUB(3).ABS", "2"),
        ("1.APPEND(\"a\")", "1a"),
        ("\"a=1;b=2\".TYPECAST_NVLIST_T('=', ';').VALUE(\"b\")", "2"),
    ] {
        assert_eq!(gives(text, &request), expected, "{text}");
    }
}

#[test]
fn rules_hold_or_not() {
    let request = request("Shop.example", "/a/b");
    for (rule, expected) in [
        ("TRUE", true),
        ("FALSE", false),
        ("!TRUE || FALSE", false),
        ("!!TRUE", true),
        ("TRUE || TRUE && FALSE", true),
        ("(TRUE || TRUE) && FALSE", false),
        ("FALSE.NOT", true),
        ("!(FALSE).NOT", false),
        (r#"HTTP.REQ.HOSTNAME.EQ("shop.example")"#, true),
        (r#"HTTP.REQ.HOSTNAME.NE("shop.example")"#, false),
        (r#"HTTP.REQ.HOSTNAME.EQ("shop.example:80")"#, false),
        (r#"HTTP.REQ.HOSTNAME.EQ("Shop.Example.")"#, true),
        (r#"HTTP.REQ.HOSTNAME.SERVER.EQ("shop.example")"#, true),
        (r#"HTTP.REQ.HOSTNAME.CONTAINS("shop")"#, false),
        (r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example")"#, true),
        (r#"HTTP.REQ.HOSTNAME.SET_TEXT_MODE(IGNORECASE).EQ("SHOP.EXAMPLE")"#, true),
        (r#"HTTP.REQ.HOSTNAME.CONTAINS("hop.")"#, true),
        (r#"HTTP.REQ.URL.PATH.STARTSWITH("/a/")"#, true),
        (r#"HTTP.REQ.URL.PATH.ENDSWITH("/B")"#, false),
        (r#"HTTP.REQ.URL.PATH.SET_TEXT_MODE(IGNORECASE).ENDSWITH("/B")"#, true),
        ("HTTP.REQ.URL.PATH.REGEX_MATCH(re#^/a/(b|c)$#)", true),
        ("HTTP.REQ.URL.LENGTH > 3 && HTTP.REQ.URL.LENGTH.LE(4)", true),
        ("HTTP.REQ.METHOD.EQ(get) && HTTP.REQ.METHOD.NE(\"POST\")", true),
        (r#"HTTP.REQ.HEADER("X-One").EXISTS && !HTTP.REQ.HEADER("X-Two").EXISTS"#, true),
        (r#"HTTP.REQ.HEADER("X-One").CONTAINS("bc") == TRUE"#, true),
        ("CLIENT.IP.SRC.IN_SUBNET(198.51.100.0/24)", true),
        ("CLIENT.IP.SRC.IN_SUBNET(0.0.0.0/0)", true),
        ("CLIENT.IP.SRC.IN_SUBNET(2001:db8::/32)", false),
        ("CLIENT.IP.DST.EQ(192.0.2.1) && CLIENT.TCP.DSTPORT.BETWEEN(443, 444)", true),
        (r#""a".LT("b") && "b".GE("a") && "b".GT("a") && "a".LE("a")"#, true),
        (r#""10.1.2.3".TYPECAST_IP_ADDRESS_AT.IN_SUBNET(10.0.0.0/8)"#, true),
        (r#""nobody".TYPECAST_IP_ADDRESS_AT.IN_SUBNET(0.0.0.0/0)"#, false),
        (r#""nobody".TYPECAST_IP_ADDRESS_AT.EQ(10.0.0.1)"#, false),
        ("CLIENT.SSL.CLIENT_CERT.EXISTS", false),
        ("CLIENT.SSL.CLIENT_CERT.EXISTS.NOT || CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT", true),
    ] {
        assert_eq!(holds(rule, &request), expected, "{rule}");
    }
}

#[test]
fn a_certificate_that_is_not_accepted_exists_but_is_not_valid() {
    let shown = |is_valid| Some(ClientCertificate { is_valid, ..ClientCertificate::default() });
    for (certificate, exists, is_valid) in
        [(None, false, false), (shown(false), true, false), (shown(true), true, true)]
    {
        let request = Request { certificate, ..request("a", "/") };
        assert_eq!(holds("CLIENT.SSL.CLIENT_CERT.EXISTS", &request), exists);
        assert_eq!(holds("CLIENT.SSL.CLIENT_CERT.IS_VALID", &request), is_valid);
    }
}

/// Ann of Acme, with a key on P-256, valid for the year 2026.
fn certificate(now: &str) -> ClientCertificate {
    let mut parameters = rcgen::CertificateParams::default();
    let names = [
        (rcgen::DnType::CountryName, "US"),
        (rcgen::DnType::OrganizationName, "Acme"),
        (rcgen::DnType::CommonName, "Ann"),
    ];
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, name) in names {
        parameters.distinguished_name.push(kind, name);
    }
    parameters.serial_number = Some(rcgen::SerialNumber::from(0x1234_u64));
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let made = parameters.self_signed(&key).unwrap();
    ClientCertificate::read(made.der(), true, now.parse().unwrap())
}

#[test]
fn what_is_known_of_the_connection_and_the_certificate() {
    let bare = request("a:8080", "/");
    let tls =
        Tls { version: 0x0303, cipher: "TLS1.2-ECDHE-RSA-AES128-GCM-SHA256".into(), bits: 128 };
    let certificate = Some(certificate("2026-12-31T12:00:00Z"));
    let shown = Request { tls: Some(tls), certificate, ..bare.clone() };
    for (text, expected, without) in [
        ("CLIENT.TCP.SRCPORT", "40000", "40000"),
        ("CLIENT.IPV6.DST", "192.0.2.1", "192.0.2.1"),
        ("CLIENT.SSL.IS_SSL + 1", "TRUE1", "FALSE1"),
        ("CLIENT.SSL.VERSION", "771", "0"),
        ("CLIENT.SSL.CIPHER_NAME", "TLS1.2-ECDHE-RSA-AES128-GCM-SHA256", ""),
        ("CLIENT.SSL.CIPHER_BITS", "128", "0"),
        ("CLIENT.SSL.CIPHER_EXPORTABLE + 1", "FALSE1", "FALSE1"),
        ("CLIENT.SSL.CLIENT_CERT.SUBJECT", "/C=US/O=Acme/CN=Ann", ""),
        ("CLIENT.SSL.CLIENT_CERT.SUBJECT.VALUE(\"CN\")", "Ann", ""),
        ("CLIENT.SSL.CLIENT_CERT.SUBJECT.VALUE(\"OU\")", "", ""),
        ("CLIENT.SSL.CLIENT_CERT.SUBJECT.TYPECAST_TEXT_T.AFTER_STR(\"/O=\")", "Acme/CN=Ann", ""),
        ("CLIENT.SSL.CLIENT_CERT.ISSUER.VALUE(\"O\")", "Acme", ""),
        ("CLIENT.SSL.CLIENT_CERT.SERIALNUMBER", "1234", ""),
        ("CLIENT.SSL.CLIENT_CERT.SIGNATURE_ALGORITHM", "ecdsa-with-SHA256", ""),
        ("CLIENT.SSL.CLIENT_CERT.PK_ALGORITHM", "id-ecPublicKey", ""),
        ("CLIENT.SSL.CLIENT_CERT.PK_SIZE", "256", "0"),
        ("CLIENT.SSL.CLIENT_CERT.VERSION", "3", "0"),
        ("CLIENT.SSL.CLIENT_CERT.DAYS_TO_EXPIRE", "0", "-1"),
        ("CLIENT.SSL.CLIENT_CERT.TO_PEM.PREFIX(\"\n\", 0)", "-----BEGIN CERTIFICATE-----", ""),
        (
            "HTTP.REQ.HOSTNAME.TYPECAST_TEXT_T.BEFORE_STR(\":\").TYPECAST_HTTP_HOSTNAME_T.PORT",
            "443",
            "80",
        ),
        ("HTTP.REQ.URL.PORT", "8080", "8080"),
    ] {
        assert_eq!(gives(text, &shown), expected, "{text}");
        assert_eq!(gives(text, &bare), without, "{text}");
    }
    assert!(holds("CLIENT.SSL.CLIENT_CERT.SUBJECT.CONTAINS(\"CN=Ann\")", &shown));
}

#[test]
fn the_days_of_a_certificate_that_has_expired_are_minus_one() {
    for (now, days) in
        [("2026-01-01T00:00:00Z", 365), ("2027-01-01T00:00:00Z", 0), ("2027-01-01T00:00:01Z", -1)]
    {
        assert_eq!(certificate(now).days_to_expire, days, "{now}");
    }
    let unread = ClientCertificate::read(b"x", true, Timestamp::UNIX_EPOCH);
    assert_eq!((unread.is_valid, unread.days_to_expire), (true, -1));
}

#[test]
fn what_a_response_says() {
    let request = request("a.b", "/");
    let headers = [("Server", "one"), ("server", "two"), ("Content-Length", "12")];
    let response = Response {
        version: "HTTP/1.1".to_owned(),
        status: 302,
        reason: "Found".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    };
    for (text, expected, without) in [
        ("HTTP.RES.STATUS", "302", "0"),
        ("HTTP.RES.STATUS.BETWEEN(300, 399) + 1", "TRUE1", "FALSE1"),
        ("HTTP.RES.STATUS_MSG", "Found", ""),
        ("HTTP.RES.VERSION", "HTTP/1.1", ""),
        ("HTTP.RES.VERSION.MINOR", "1", "0"),
        ("HTTP.RES.IS_REDIRECT + 1", "TRUE1", "FALSE1"),
        ("HTTP.RES.IS_VALID + 1", "TRUE1", "FALSE1"),
        ("HTTP.RES.CONTENT_LENGTH", "12", "0"),
        ("HTTP.RES.CONTENT_TYPE", "", ""),
        ("HTTP.RES.HEADER(\"SERVER\")", "two", ""),
        ("HTTP.RES.HEADER(\"SERVER\").COUNT", "2", "0"),
        ("HTTP.RES.HEADER(\"SERVER\").VALUE(0)", "two", ""),
        ("HTTP.RES.HEADER(\"SERVER\").INSTANCE(1)", "one", ""),
        ("HTTP.RES.HEADER(\"SERVER\").VALUE(2)", "", ""),
        ("HTTP.RES.HEADER(\"SERVER\").EXISTS + 1", "TRUE1", "FALSE1"),
        ("HTTP.REQ.HOSTNAME + HTTP.RES.STATUS", "a.b302", "a.b0"),
    ] {
        let compiled = Expression::compile(text).unwrap();
        assert!(compiled.reads_response(), "{text}");
        let exchange = Exchange { request: &request, response: Some(&response) };
        assert_eq!(compiled.text(exchange), expected, "{text}");
        assert_eq!(compiled.text((&request).into()), without, "{text}");
    }
    assert!(!Expression::compile("HTTP.REQ.URL").unwrap().reads_response());
}

/// The rules of this project's routes.
const HOST: &str = r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example")"#;
const WILDCARD: &str =
    r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.AFTER_STR(".").PREPEND(".").EQ(".shop.example")"#;
const PREFIX: &str = r#"(HTTP.REQ.URL.PATH.EQ("/a") || HTTP.REQ.URL.PATH.STARTSWITH("/a/"))"#;

#[test]
fn a_host_is_found_whatever_its_case_and_port_and_nothing_else_is() {
    for (host, one, below) in [
        ("shop.example", true, false),
        ("SHOP.Example", true, false),
        ("shop.example:8080", true, false),
        ("shop.example:", true, false),
        // A dot at the end makes another name (assumed: nothing takes it away).
        ("shop.example.", false, false),
        ("shop.example.:80", false, false),
        ("a.shop.example", false, true),
        ("A.shop.example:80", false, true),
        ("a.b.shop.example", false, false),
        (".shop.example", false, true),
        ("xshop.example", false, false),
        ("", false, false),
        ("[2001:db8::1]:80", false, false),
    ] {
        let request = request(host, "/");
        assert_eq!(holds(HOST, &request), one, "{host}");
        assert_eq!(holds(WILDCARD, &request), below, "{host}");
    }
    let absent = Request { host_header: None, ..request("", "/") };
    assert!(!holds(HOST, &absent) && !holds(WILDCARD, &absent));
}

#[test]
fn a_whole_url_names_the_host() {
    let request = request("other.example", "http://shop.example:80/a?b");
    assert!(holds(HOST, &request));
    assert_eq!(gives("HTTP.REQ.URL.PATH_AND_QUERY", &request), "/a?b");
    let bare = Request { url: "http://shop.example".to_owned(), ..request.clone() };
    assert_eq!(gives("HTTP.REQ.URL.PATH", &bare), "/");
    let in_query = Request { url: "/a?to=http://b".to_owned(), ..request };
    assert_eq!(gives("HTTP.REQ.HOSTNAME", &in_query), "other.example");
}

#[test]
fn a_path_is_compared_as_it_was_sent() {
    for (url, expected) in [
        ("/a", true),
        ("/a/", true),
        ("/a/b", true),
        ("/a?b", true),
        ("/a?/b", true),
        ("/ab", false),
        ("/A", false),
        ("/", false),
        // Nothing is put right (assumed).
        ("//a", false),
        ("/b/../a", false),
        ("/a/../b", true),
        ("/a//b", true),
        ("/%61", false),
        ("/a%2fb", false),
        ("/a%2Fb", false),
        ("/a/%2e%2e/b", true),
        ("/a;x", false),
        ("*", false),
        ("", false),
    ] {
        assert_eq!(holds(PREFIX, &request("a", url)), expected, "{url:?}");
    }
}

#[test]
fn what_is_no_expression_is_refused_where_it_stops() {
    for (text, offset) in [
        ("", 0),
        ("HTTP.REQ.HOSTNAME.EQ(\"a\"", 24),
        ("HTTP.REQ.HOSTNAME.EQ(\"a)", 21),
        ("HTTP.REQ.URL.EQ(/a)", 16),
        ("TRUE &&", 7),
        ("TRUE FALSE", 5),
        ("HTTP..REQ", 5),
        ("https://shop.example", 0),
        ("HTTP.REQ", 8),
        ("HTTP.RES.NOTHING", 9),
        ("HTTP.RES.STATUS.EQ(\"200\")", 19),
        ("HTTP.REQ.URL.CONTAINS_ANY(\"set\")", 13),
        ("HTTP.REQ.BODY(10)", 9),
        ("SYS.TIME", 0),
        ("SERVER.IP.SRC", 0),
        ("CLIENT.SSL.CLIENT_CERT.VALID_NOT_AFTER", 23),
        ("HTTP.REQ.URL.PREFIX(\"ab\", 1)", 20),
        ("HTTP.REQ.URL.SUBSTR(1)", 20),
        ("HTTP.REQ.URL.SUBSTR", 19),
        ("HTTP.REQ.URL.LENGTH()", 19),
        ("HTTP.REQ.URL.TYPECAST_NUM_T(OCTAL)", 28),
        ("HTTP.REQ.HOSTNAME.STARTS_WITH(\"a\")", 18),
        ("HTTP.REQ.HOSTNAME.EQ(1)", 21),
        ("HTTP.REQ.HOSTNAME.EQ", 20),
        ("HTTP.REQ.URL.LENGTH.EQ(\"1\")", 23),
        ("HTTP.REQ.URL.SET_TEXT_MODE(SOMEHOW)", 27),
        ("CLIENT.IP.SRC.IN_SUBNET(10.0.0.0/33)", 24),
        ("HTTP.REQ.URL.REGEX_MATCH(re/(/)", 25),
        ("!HTTP.REQ.URL", 0),
        ("TRUE && \"a\"", 5),
        ("TRUE + HTTP", 5),
        ("\"a\" - \"b\"", 4),
        ("\"a\" < \"b\"", 4),
        ("1 == \"a\"", 2),
    ] {
        assert_eq!(Expression::compile(text).err(), Some(offset), "{text}");
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_refused() {
    let literal = |length| format!("HTTP.REQ.URL.PATH.EQ(\"{}\")", "a".repeat(length));
    assert!(Expression::compile(&literal(255)).is_ok());
    assert_eq!(Expression::compile(&literal(256)).err(), Some(21));
    let joined = format!("HTTP.REQ.URL.PATH.EQ(\"{0}\" + \"{0}\")", "a".repeat(200));
    assert!(Expression::compile(&joined).is_ok());
    let nested = |depth| format!("{}TRUE{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Expression::compile(&nested(50)).is_ok());
    assert!(Expression::compile(&nested(4000)).is_err());
    assert!(Expression::compile(&format!("{}TRUE", "!".repeat(8000))).is_ok());
    assert_eq!(Expression::compile(&"TRUE||".repeat(2000)).err(), Some(0));
}

#[test]
fn as_many_calls_as_there_may_be_need_little_stack() {
    let request = request("a", "/");
    let chain = |calls| format!("HTTP.REQ.URL{}", ".TO_LOWER".repeat(calls));
    let text = chain(490);
    assert_eq!(gives(&text, &request), "/");
    assert!(Expression::compile(&chain(500)).is_err());
    let sum = format!("1{}", " + 1".repeat(2000));
    assert_eq!(gives(&sum, &request), "2001");
    let grown = format!("HTTP.REQ.URL{}", ".B64ENCODE".repeat(400));
    assert!(gives(&grown, &request).len() < 100_000);
}

#[test]
fn what_can_be_changed_is_a_simple_reference() {
    for (text, place) in [
        ("HTTP.REQ.URL", Some(Place::Url)),
        ("(HTTP.REQ.URL)", Some(Place::Url)),
        ("HTTP.REQ.URL.PATH", Some(Place::Path)),
        ("HTTP.REQ.URL.HOSTNAME", Some(Place::Hostname)),
        ("HTTP.REQ.HEADER(\"A\").INSTANCE(0)", Some(Place::RequestHeader("A".to_owned()))),
        ("HTTP.RES.HEADER(\"A\")", Some(Place::ResponseHeader("A".to_owned()))),
        ("HTTP.RES.HEADER(\"A\").VALUE(1)", None),
        ("HTTP.REQ.URL.PATH.GET(1)", None),
        ("!HTTP.REQ.IS_VALID", None),
        ("HTTP.REQ.URL + \"\"", None),
    ] {
        assert_eq!(Expression::compile(text).unwrap().place(), place.as_ref(), "{text}");
    }
}
