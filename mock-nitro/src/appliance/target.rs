//! What a request is aimed at: area, type, name, and the parts of its query.

/// The area of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// `config/`: the configuration.
    Config,
    /// `stat/`: statistics.
    Stat,
}

/// A decoded path and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) area: Area,
    /// The type; empty if only the body names it.
    pub(super) kind: String,
    /// The name of one object, or of the parent of bindings.
    pub(super) name: Option<String>,
    pub(super) query: Query,
}

/// The parts of a query. Pairs are decoded.
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of NITRO's own")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) action: Option<String>,
    pub(super) args: Vec<(String, String)>,
    pub(super) filter: Vec<(String, String)>,
    pub(super) attrs: Vec<String>,
    pub(super) onerror: Option<String>,
    pub(super) page_size: Option<usize>,
    pub(super) page: Option<usize>,
    pub(super) summary: bool,
    pub(super) count: bool,
    pub(super) bulk_bindings: bool,
    pub(super) warning: bool,
    pub(super) idempotent: bool,
    pub(super) overwrite: bool,
}

/// Reads a path and a query as they were sent. Nothing if the path is outside of NITRO.
pub(super) fn parse(path: &str, query: Option<&str>) -> Option<Target> {
    // A client doubles a slash (seen from client adc-nitro-go), so empty segments do not count.
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    if segments.next() != Some("nitro") || segments.next() != Some("v1") {
        return None;
    }
    let area = match segments.next()? {
        "config" => Area::Config,
        "stat" => Area::Stat,
        _ => return None,
    };
    let kind = segments.next().unwrap_or_default().to_owned();
    let name = segments.next().map(name);
    Some(Target { area, kind, name, query: query.map(self::query).unwrap_or_default() })
}

/// The name in a path segment. Clients encode it twice or once, and as blank either `%20` or `+`;
/// neither `+` nor `%` is legal in a name.
fn name(segment: &str) -> String {
    let once = decode(segment);
    let decoded = if has_escape(&once) { decode(&once) } else { once };
    decoded.replace('+', " ")
}

fn query(query: &str) -> Query {
    let mut parts = Query::default();
    for part in query.split(['&', ';']) {
        let (key, raw) = part.split_once('=').unwrap_or((part, ""));
        let value = decode(raw);
        match key {
            "action" => parts.action = Some(value).filter(|value| !value.is_empty()),
            "args" => parts.args = pairs(raw),
            "filter" => parts.filter = pairs(raw),
            "attrs" => parts.attrs = value.split(',').map(|attr| attr.trim().to_owned()).collect(),
            "onerror" => parts.onerror = Some(value),
            "pagesize" => parts.page_size = value.parse().ok(),
            "pageno" => parts.page = value.parse().ok(),
            "view" => parts.summary = value == "summary",
            "count" => parts.count = is_yes(&value),
            "bulkbindings" => parts.bulk_bindings = is_yes(&value),
            "warning" => parts.warning = is_yes(&value),
            "idempotent" => parts.idempotent = is_yes(&value),
            "override" => parts.overwrite = is_yes(&value),
            // Anything else is not for us to judge: proxies add parameters of their own.
            _ => {}
        }
    }
    parts
}

fn is_yes(value: &str) -> bool {
    value.eq_ignore_ascii_case("yes") || value.eq_ignore_ascii_case("true")
}

/// `key:value` pairs. Clients send them raw, with encoded values, or encoded as a whole; only the
/// first colon separates, and a comma inside a value must be encoded.
fn pairs(raw: &str) -> Vec<(String, String)> {
    let whole = if raw.contains(':') { None } else { Some(decode(raw)) };
    let text = whole.as_deref().unwrap_or(raw);
    let value = |text: &str| if whole.is_some() { text.to_owned() } else { decode(text) };
    text.split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, text) = pair.split_once(':').unwrap_or((pair, ""));
            (decode(key.trim()), value(text))
        })
        .collect()
}

/// Percent-decoding; what is no escape stays as it is.
pub(super) fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while place < bytes.len() {
        let escaped = escape(&bytes[place..]);
        decoded.push(escaped.unwrap_or(bytes[place]));
        place += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn has_escape(text: &str) -> bool {
    (0..text.len()).any(|place| escape(&text.as_bytes()[place..]).is_some())
}

fn escape(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => Some(hex(*high)? * 16 + hex(*low)?),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> Target {
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        parse(&format!("/nitro/v1/config/{path}"), query).unwrap()
    }

    #[test]
    fn names_are_decoded_whether_encoded_once_or_twice() {
        for path in ["ck/ck%252Fgo%2B1", "ck/ck%2Fgo%201", "ck/ck%252Fgo%25201", "/ck/ck%2Fgo+1"] {
            assert_eq!(target(path).name.as_deref(), Some("ck/go 1"), "{path}");
        }
        assert_eq!(target("ck/plain-name.1").name.as_deref(), Some("plain-name.1"));
        assert_eq!(target("ck/100%25").name.as_deref(), Some("100%"));
        assert_eq!(target("ck/").name, None);
    }

    #[test]
    fn pairs_may_be_raw_value_encoded_or_wholly_encoded() {
        let file = [
            ("filelocation".to_owned(), "/nsconfig/ssl".to_owned()),
            ("filename".to_owned(), "a.pem".to_owned()),
        ];
        for query in [
            "args=filelocation:/nsconfig/ssl,filename:a.pem",
            "args=filelocation:%2Fnsconfig%2Fssl,filename:a.pem",
            "args=filelocation%3A%2Fnsconfig%2Fssl%2Cfilename%3Aa.pem",
        ] {
            assert_eq!(target(&format!("systemfile?{query}")).query.args, file, "{query}");
        }
        assert_eq!(target("x?args=").query.args, []);
        let address = target("x?args=ip:2001:db8::1,port:80").query.args;
        assert_eq!(address[0].1, "2001:db8::1");
        assert_eq!(target("x?filter=name:a%2Cb").query.filter[0].1, "a,b");
    }

    #[test]
    fn paging_accepts_both_separators() {
        for query in ["pagesize=3&pageno=2", "pagesize=3;pageno=2"] {
            let query = target(&format!("x?{query}")).query;
            assert_eq!((query.page_size, query.page), (Some(3), Some(2)));
        }
    }
}
