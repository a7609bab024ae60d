//! Texts of the policy language and what can be asked of them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest text that is encoded: one longer is undefined (assumed), so that no expression grows
/// without end.
const LONGEST_ENCODED: usize = 64_000;

/// A text and how it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub(super) content: Cow<'a, str>,
    /// Off at first (documented: texts are compared with regard to case).
    pub(super) ignores_case: bool,
    /// Whether [`Text::decoded`] does anything. Off at first (documented).
    pub(super) is_url_encoded: bool,
}

impl From<String> for Text<'_> {
    fn from(content: String) -> Self {
        Self { content: content.into(), ..Self::default() }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(content: &'a str) -> Self {
        Self { content: content.into(), ..Self::default() }
    }
}

impl<'a> Text<'a> {
    /// The same way of comparing on another content.
    pub(super) fn with(self, content: impl Into<Cow<'a, str>>) -> Self {
        Self { content: content.into(), ..self }
    }

    /// A part of it.
    pub(super) fn cut(self, part: Range<usize>) -> Self {
        let content = match self.content {
            Cow::Borrowed(content) => Cow::Borrowed(&content[part]),
            Cow::Owned(ref content) => Cow::Owned(content[part].to_owned()),
        };
        Self { content, ..self }
    }

    /// The part that a function finds in it.
    pub(super) fn part(self, find: impl FnOnce(&str) -> &str) -> Self {
        let found = find(&self.content);
        let start = found.as_ptr().addr() - self.content.as_ptr().addr();
        let part = start..start + found.len();
        self.cut(part)
    }

    fn folded(&'a self, other: &'a Self) -> (Cow<'a, str>, Cow<'a, str>) {
        if self.ignores_case {
            let lower = |text: &Self| Cow::Owned(text.content.to_ascii_lowercase());
            (lower(self), lower(other))
        } else {
            (Cow::Borrowed(&*self.content), Cow::Borrowed(&*other.content))
        }
    }

    pub(super) fn equals(&self, other: &Text<'_>) -> bool {
        if self.ignores_case {
            self.content.eq_ignore_ascii_case(&other.content)
        } else {
            self.content == other.content
        }
    }

    pub(super) fn order(&self, other: &Text<'_>) -> Ordering {
        let (own, other) = self.folded(other);
        own.cmp(&other)
    }

    pub(super) fn contains(&self, other: &Text<'_>) -> bool {
        let (own, other) = self.folded(other);
        own.contains(&*other)
    }

    pub(super) fn starts_with(&self, other: &Text<'_>) -> bool {
        let (own, other) = self.folded(other);
        own.starts_with(&*other)
    }

    pub(super) fn ends_with(&self, other: &Text<'_>) -> bool {
        let (own, other) = self.folded(other);
        own.ends_with(&*other)
    }

    /// Where the first occurrence of a text is. Folding ASCII keeps the length.
    pub(super) fn find(&self, other: &Text<'_>) -> Option<Range<usize>> {
        let (own, text) = self.folded(other);
        own.find(&*text).map(|at| at..at + text.len())
    }

    /// Percent signs and two digits replaced by what they stand for, if the mode says so
    /// (documented).
    pub(super) fn decoded(self) -> Self {
        if !self.is_url_encoded {
            return self;
        }
        let mut decoded = Vec::with_capacity(self.content.len());
        let mut rest = self.content.as_bytes();
        while let Some(first) = rest.first() {
            let (byte, length) = hexadecimal(rest).map_or((*first, 1), |byte| (byte, 3));
            decoded.push(byte);
            rest = &rest[length..];
        }
        self.with(String::from_utf8_lossy(&decoded).into_owned())
    }

    /// Every character that may not stand in a URL as a percent sign and two digits (documented,
    /// with the list of those that may).
    pub(super) fn url_safe(self) -> Self {
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
    pub(super) fn header_safe(self) -> Self {
        let safe = self.content.replace('\r', "%0D").replace('\n', "%0A");
        self.with(safe)
    }

    /// In Base64 (documented).
    pub(super) fn encoded(self) -> Self {
        let encoded = if self.content.len() > LONGEST_ENCODED {
            String::new()
        } else {
            STANDARD.encode(self.content.as_bytes())
        };
        self.with(encoded)
    }

    /// What Base64 stands for; what is none stands for nothing (assumed).
    pub(super) fn base64_decoded(self) -> Self {
        let decoded = STANDARD.decode(self.content.as_bytes()).unwrap_or_default();
        self.with(String::from_utf8_lossy(&decoded).into_owned())
    }

    /// Without its last characters; nothing if it has not so many (documented).
    pub(super) fn truncated(self, count: usize) -> Self {
        self.part(|text| {
            let end = if count == 0 {
                Some(text.len())
            } else {
                text.char_indices().rev().nth(count - 1).map(|(at, _)| at)
            };
            &text[..end.unwrap_or_default()]
        })
    }

    /// So many characters from a place on, counted from 0 (assumed).
    pub(super) fn portion(self, start: usize, count: usize) -> Self {
        self.part(|text| {
            let at = |place: usize| text.char_indices().nth(place).map_or(text.len(), |(at, _)| at);
            &text[at(start)..at(start.saturating_add(count))]
        })
    }

    /// The longest beginning in which a character occurs at most so often (documented).
    pub(super) fn prefix(self, character: char, count: usize) -> Self {
        self.part(|text| {
            let end = text.match_indices(character).nth(count).map_or(text.len(), |(at, _)| at);
            &text[..end]
        })
    }

    /// The longest end in which a character occurs at most so often (documented).
    pub(super) fn suffix(self, character: char, count: usize) -> Self {
        self.part(|text| {
            let start = text.rmatch_indices(character).nth(count);
            &text[start.map_or(0, |(at, _)| at + character.len_utf8())..]
        })
    }

    /// The value of a name; nothing if the name is not there. Of several it is the first (assumed).
    pub(super) fn named(self, name: &str, between: char, after: char) -> Self {
        self.part(|list| {
            let mut pairs = list.split(after).map(|pair| match pair.split_once(between) {
                Some(pair) => pair,
                None => (pair, &pair[pair.len()..]),
            });
            let found = pairs.find(|(key, _)| key.trim() == name);
            found.map_or(&list[..0], |(_, value)| value)
        })
    }
}

fn hexadecimal(text: &[u8]) -> Option<u8> {
    let [b'%', digits @ ..] = text else { return None };
    let digits = digits.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
