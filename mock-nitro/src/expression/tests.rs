//! Tables of expressions and what they give.

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
    Expression::compile(rule).unwrap().holds(request)
}

#[track_caller]
fn gives(text: &str, request: &Request) -> String {
    Expression::compile(text).unwrap().text(request)
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
        (r#"HTTP.REQ.HOSTNAME.EQ("shop.example")"#, false),
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
        ("CLIENT.SSL.CLIENT_CERT.EXISTS", false),
        ("CLIENT.SSL.CLIENT_CERT.EXISTS.NOT || CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT", true),
    ] {
        assert_eq!(holds(rule, &request), expected, "{rule}");
    }
}

#[test]
fn a_certificate_that_is_not_accepted_exists_but_is_not_valid() {
    for (certificate, exists, is_valid) in [
        (ClientCertificate::None, false, false),
        (ClientCertificate::Invalid, true, false),
        (ClientCertificate::Valid, true, true),
    ] {
        let request = Request { certificate, ..request("a", "/") };
        assert_eq!(holds("CLIENT.SSL.CLIENT_CERT.EXISTS", &request), exists);
        assert_eq!(holds("CLIENT.SSL.CLIENT_CERT.IS_VALID", &request), is_valid);
    }
    let request = Request { subject: Some("CN=Ann".to_owned()), ..request("a", "/") };
    assert!(holds("CLIENT.SSL.CLIENT_CERT.SUBJECT.CONTAINS(\"CN=Ann\")", &request));
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
        ("HTTP.RES.STATUS.EQ(200)", 5),
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
