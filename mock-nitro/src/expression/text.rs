//! Texts of the policy language and what can be asked of them.

use std::fmt::Write as _;

/// A text and how it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(super) content: String,
    /// Off at first (documented: texts are compared with regard to case).
    pub(super) ignores_case: bool,
    /// Whether [`Text::decoded`] does anything. Off at first (documented).
    pub(super) is_url_encoded: bool,
}

impl From<String> for Text {
    fn from(content: String) -> Self {
        Self { content, ..Self::default() }
    }
}

impl From<&str> for Text {
    fn from(content: &str) -> Self {
        content.to_owned().into()
    }
}

impl Text {
    /// The same way of comparing on another content.
    pub(super) fn with(&self, content: impl Into<String>) -> Self {
        Self { content: content.into(), ..*self }
    }

    fn folded(&self, other: &Self) -> (String, String) {
        if self.ignores_case {
            (self.content.to_ascii_lowercase(), other.content.to_ascii_lowercase())
        } else {
            (self.content.clone(), other.content.clone())
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        let (own, other) = self.folded(other);
        own == other
    }

    pub(super) fn contains(&self, other: &Self) -> bool {
        let (own, other) = self.folded(other);
        own.contains(&other)
    }

    pub(super) fn starts_with(&self, other: &Self) -> bool {
        let (own, other) = self.folded(other);
        own.starts_with(&other)
    }

    pub(super) fn ends_with(&self, other: &Self) -> bool {
        let (own, other) = self.folded(other);
        own.ends_with(&other)
    }

    /// What follows the first occurrence of a text; nothing if it does not occur (documented).
    pub(super) fn after(&self, other: &Self) -> Self {
        let (own, text) = self.folded(other);
        // Folding ASCII keeps the length.
        let rest = own.find(&text).map(|at| &self.content[at + text.len()..]);
        self.with(rest.unwrap_or_default())
    }

    /// What stands before the first occurrence of a text; nothing if it does not occur (documented).
    pub(super) fn before(&self, other: &Self) -> Self {
        let (own, text) = self.folded(other);
        self.with(own.find(&text).map_or("", |at| &self.content[..at]))
    }

    /// Percent signs and two digits replaced by what they stand for, if the mode says so
    /// (documented).
    pub(super) fn decoded(&self) -> Self {
        if !self.is_url_encoded {
            return self.clone();
        }
        let mut decoded = Vec::with_capacity(self.content.len());
        let mut rest = self.content.as_bytes();
        while let Some(first) = rest.first() {
            let (byte, length) = hexadecimal(rest).map_or((*first, 1), |byte| (byte, 3));
            decoded.push(byte);
            rest = &rest[length..];
        }
        self.with(String::from_utf8_lossy(&decoded))
    }

    /// Every character that may not stand in a URL as a percent sign and two digits (documented,
    /// with the list of those that may).
    pub(super) fn url_safe(&self) -> Self {
        const SAFE: &[u8] = b"*&@:,$.=!-()%+;'/~_?";
        let mut safe = String::with_capacity(self.content.len());
        for byte in self.content.bytes() {
            if byte.is_ascii_alphanumeric() || SAFE.contains(&byte) {
                safe.push(char::from(byte));
            } else {
                write!(safe, "%{byte:02X}").expect("a string takes all text");
            }
        }
        self.with(safe)
    }

    /// Line breaks escaped, so that a header stays one (documented).
    pub(super) fn header_safe(&self) -> Self {
        self.with(self.content.replace('\r', "%0D").replace('\n', "%0A"))
    }
}

fn hexadecimal(text: &[u8]) -> Option<u8> {
    let [b'%', digits @ ..] = text else { return None };
    let digits = digits.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
