//! Just enough of the policy language to see which host and path a rule is about, and whether it
//! turns away clients without a valid certificate.
//!
//! A rule is read as `&&`, `||`, `!` and `.NOT` over atoms. Atoms in the forms that controllers
//! write are understood; every other one is kept as text whose truth is unknown.

/// A boolean expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Atom(Atom),
}

/// A condition without boolean operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    /// `TRUE` or `FALSE`.
    Constant(bool),
    /// On the host that the client named, in lower case.
    Host(Match),
    /// On the path of the URL.
    Path(Match),
    /// `CLIENT.SSL.CLIENT_CERT.EXISTS`.
    CertificateExists,
    /// `CLIENT.SSL.CLIENT_CERT.IS_VALID`.
    CertificateIsValid,
    /// Anything else.
    Other(String),
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    /// In a way that is not understood.
    Text(String),
}

impl Expression {
    /// Reads a rule; what cannot be read becomes one atom of unknown truth.
    pub(super) fn parse(rule: &str) -> Self {
        let mut parser = Parser { rest: rule };
        match parser.any() {
            Some(expression) if parser.rest.trim().is_empty() => expression,
            Some(_) | None => Self::Atom(Atom::Other(rule.trim().to_owned())),
        }
    }

    /// Its truth where `truth` knows that of its atoms (Kleene's logic: unknown is `None`).
    pub(super) fn holds(&self, truth: &impl Fn(&Atom) -> Option<bool>) -> Option<bool> {
        match self {
            Self::All(parts) => combine(parts, truth, false),
            Self::Any(parts) => combine(parts, truth, true),
            Self::Not(part) => part.holds(truth).map(|holds| !holds),
            Self::Atom(Atom::Constant(value)) => Some(*value),
            Self::Atom(atom) => truth(atom),
        }
    }

    /// Whether it holds for no request, as it is written.
    pub(super) fn is_never(&self) -> bool {
        *self == Self::Atom(Atom::Constant(false))
    }

    /// The parts that must all hold.
    pub(super) fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            Self::Any(_) | Self::Not(_) | Self::Atom(_) => vec![self],
        }
    }

    /// The parts of which one must hold.
    pub(super) fn alternatives(&self) -> Vec<&Self> {
        match self {
            Self::Any(parts) => parts.iter().flat_map(Self::alternatives).collect(),
            Self::All(_) | Self::Not(_) | Self::Atom(_) => vec![self],
        }
    }
}

/// One part that is `decisive` decides; else one that is unknown leaves it unknown.
fn combine(
    parts: &[Expression],
    truth: &impl Fn(&Atom) -> Option<bool>,
    decisive: bool,
) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.holds(truth) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!decisive)
}

/// Recursive descent over what is left of the text.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<Expression> {
        let mut parts = vec![self.all()?];
        while self.take("||") {
            parts.push(self.all()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
    }

    fn all(&mut self) -> Option<Expression> {
        let mut parts = vec![self.one()?];
        while self.take("&&") {
            parts.push(self.one()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
    }

    fn one(&mut self) -> Option<Expression> {
        if self.take("!") {
            return self.one().map(negated);
        }
        let inner = if self.take("(") {
            let inner = self.any()?;
            if !self.take(")") {
                return None;
            }
            inner
        } else {
            atom(self.atom_text()?)
        };
        Some(if self.take(".NOT") { negated(inner) } else { inner })
    }

    fn take(&mut self, token: &str) -> bool {
        let trimmed = self.rest.trim_start();
        let found =
            trimmed.get(..token.len()).is_some_and(|start| start.eq_ignore_ascii_case(token));
        if found {
            self.rest = &trimmed[token.len()..];
        }
        found
    }

    /// Everything up to an operator or a parenthesis that was not opened here.
    fn atom_text(&mut self) -> Option<&str> {
        let text = self.rest.trim_start();
        let mut depth = 0_u32;
        let mut quoted = false;
        let mut escaped = false;
        let mut end = text.len();
        for (index, character) in text.char_indices() {
            if quoted {
                quoted = escaped || character != '"';
                escaped = character == '\\' && !escaped;
                continue;
            }
            match character {
                '"' => quoted = true,
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                ')' => {
                    end = index;
                    break;
                }
                '&' | '|' if depth == 0 => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        if quoted || depth > 0 || end == 0 {
            return None;
        }
        self.rest = &text[end..];
        Some(text[..end].trim_end())
    }
}

fn negated(expression: Expression) -> Expression {
    match expression {
        Expression::Not(inner) => *inner,
        Expression::All(_) | Expression::Any(_) | Expression::Atom(_) => {
            Expression::Not(Box::new(expression))
        }
    }
}

fn atom(text: &str) -> Expression {
    let upper = text.to_ascii_uppercase();
    if let Some(positive) = upper.strip_suffix(".NOT") {
        return negated(atom(&text[..positive.len()]));
    }
    let atom = match upper.as_str() {
        "TRUE" => Atom::Constant(true),
        "FALSE" => Atom::Constant(false),
        "CLIENT.SSL.CLIENT_CERT.EXISTS" => Atom::CertificateExists,
        "CLIENT.SSL.CLIENT_CERT.IS_VALID" => Atom::CertificateIsValid,
        _ => compared(text, &upper),
    };
    Expression::Atom(atom)
}

/// Where a comparison begins: the whole host or path, with nothing cut out of it.
const HOSTS: [&str; 3] =
    ["HTTP.REQ.HOSTNAME", "HTTP.REQ.HEADER(\"HOST\")", "CLIENT.SSL.CLIENT_HELLO.SNI"];
const PATHS: [&str; 1] = ["HTTP.REQ.URL"];
/// What may stand before the comparison without changing what is compared.
const NEUTRAL: [&str; 6] = [
    ".SERVER",
    ".PATH",
    ".TO_LOWER",
    ".SET_TEXT_MODE(IGNORECASE)",
    ".TYPECAST_TEXT_T",
    ".DECODE_USING_TEXT_MODE",
];

fn compared(text: &str, upper: &str) -> Atom {
    let of = |subjects: &[&str]| {
        subjects.iter().find_map(|subject| upper.strip_prefix(subject)).map(str::len)
    };
    let operator = |length: usize| operator(&text[text.len() - length..]);
    if let Some(length) = of(&HOSTS) {
        Atom::Host(operator(length).map_or_else(
            || Match::Text(text.to_owned()),
            |(kind, literal)| kind(literal.to_ascii_lowercase()),
        ))
    } else if let Some(length) = of(&PATHS) {
        Atom::Path(
            operator(length)
                .map_or_else(|| Match::Text(text.to_owned()), |(kind, literal)| kind(literal)),
        )
    } else {
        Atom::Other(text.to_owned())
    }
}

/// What makes `*.domain` of a comparison with `.domain`.
const ONE_LABEL: &str = ".AFTER_STR(\".\").PREPEND(\".\")";

/// Makes a match of a literal.
type Operator = fn(String) -> Match;

/// `.EQ("x")` and its like, behind neutral parts only.
fn operator(mut calls: &str) -> Option<(Operator, String)> {
    const OPERATORS: [(&str, Operator); 4] = [
        (".EQ(", Match::Equals),
        (".STARTSWITH(", Match::StartsWith),
        (".ENDSWITH(", Match::EndsWith),
        (".EQUALS(", Match::Equals),
    ];
    let cut = |calls: &str, call: &str| {
        calls.get(..call.len()).is_some_and(|start| start.eq_ignore_ascii_case(call))
    };
    while let Some(call) = NEUTRAL.iter().find(|call| cut(calls, call)) {
        calls = &calls[call.len()..];
    }
    // One label in front of a domain: what follows the first dot is the domain.
    let below = cut(calls, ONE_LABEL);
    calls = &calls[if below { ONE_LABEL.len() } else { 0 }..];
    let (call, kind) = OPERATORS.iter().find(|(call, _)| cut(calls, call))?;
    let is_wildcard = below && call.eq_ignore_ascii_case(".EQ(");
    if below && !is_wildcard {
        return None;
    }
    let kind: &Operator = if is_wildcard { &(Match::EndsWith as Operator) } else { kind };
    let literal = calls[call.len()..].trim().strip_suffix(')')?.trim();
    let literal = literal.strip_prefix('"')?.strip_suffix('"')?;
    unescaped(literal).map(|literal| (*kind, literal))
}

/// The content of a string literal; nothing if a bare quote ends it early.
fn unescaped(literal: &str) -> Option<String> {
    let mut text = String::with_capacity(literal.len());
    let mut characters = literal.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => text.push(characters.next()?),
            _ => text.push(character),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exists() -> Expression {
        Expression::Atom(Atom::CertificateExists)
    }

    fn not(expression: Expression) -> Expression {
        Expression::Not(Box::new(expression))
    }

    fn other(text: &str) -> Expression {
        Expression::Atom(Atom::Other(text.to_owned()))
    }

    #[test]
    fn operators_bind_as_in_other_languages() {
        let valid = || Expression::Atom(Atom::CertificateIsValid);
        for (rule, expected) in [
            ("CLIENT.SSL.CLIENT_CERT.EXISTS", exists()),
            (" client.ssl.client_cert.exists ", exists()),
            ("CLIENT.SSL.CLIENT_CERT.EXISTS.NOT", not(exists())),
            ("!CLIENT.SSL.CLIENT_CERT.EXISTS", not(exists())),
            ("!(CLIENT.SSL.CLIENT_CERT.EXISTS).NOT", exists()),
            (
                "(CLIENT.SSL.CLIENT_CERT.EXISTS && CLIENT.SSL.CLIENT_CERT.IS_VALID).NOT",
                not(Expression::All(vec![exists(), valid()])),
            ),
            (
                "A || B && C",
                Expression::Any(vec![other("A"), Expression::All(vec![other("B"), other("C")])]),
            ),
            (
                "(A || B) && C",
                Expression::All(vec![Expression::Any(vec![other("A"), other("B")]), other("C")]),
            ),
        ] {
            assert_eq!(Expression::parse(rule), expected, "{rule}");
        }
    }

    #[test]
    fn literals_are_compared_with_hosts_and_paths() {
        for (rule, expected) in [
            (r#"HTTP.REQ.HOSTNAME.EQ("A.example")"#, Atom::Host(Match::Equals("a.example".into()))),
            (r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("a")"#, Atom::Host(Match::Equals("a".into()))),
            (r#"HTTP.REQ.HOSTNAME.ENDSWITH(".a")"#, Atom::Host(Match::EndsWith(".a".into()))),
            (
                r#"HTTP.REQ.URL.PATH.SET_TEXT_MODE(IGNORECASE).STARTSWITH("/A\"(&&")"#,
                Atom::Path(Match::StartsWith("/A\"(&&".into())),
            ),
            (
                r#"HTTP.REQ.URL.PATH.GET(1).EQ("a")"#,
                Atom::Path(Match::Text(r#"HTTP.REQ.URL.PATH.GET(1).EQ("a")"#.into())),
            ),
            (r#"HTTP.REQ.METHOD.EQ("GET")"#, Atom::Other(r#"HTTP.REQ.METHOD.EQ("GET")"#.into())),
        ] {
            assert_eq!(Expression::parse(rule), Expression::Atom(expected), "{rule}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_kept_as_text() {
        for rule in ["", "(A", "A &&", "A)", "\"", "!", "A && (B"] {
            assert_eq!(Expression::parse(rule), other(rule), "{rule}");
        }
    }

    #[test]
    fn what_is_unknown_decides_nothing() {
        let holds = |rule: &str| Expression::parse(rule).holds(&|_| None);
        for (rule, expected) in [
            ("A", None),
            ("A || TRUE", Some(true)),
            ("A && TRUE", None),
            ("A && FALSE", Some(false)),
            ("!(A && FALSE)", Some(true)),
            ("A.NOT || FALSE", None),
        ] {
            assert_eq!(holds(rule), expected, "{rule}");
        }
    }
}
