//! PEM as people have it: several blocks, text around them, any line ends, blanks at both ends of a
//! line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::model::Redacted;

/// One armoured block.
#[derive(Debug)]
pub(super) struct Block {
    /// What its BEGIN line calls it.
    pub(super) label: String,
    /// The line of its BEGIN, from 1.
    pub(super) line: usize,
    /// Its content.
    pub(super) der: Redacted<Vec<u8>>,
    /// Whether its headers say that the content is encrypted.
    pub(super) is_encrypted: bool,
}

/// What a text is that has no readable block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotPem {
    /// Nothing at all.
    Empty,
    /// DER: what a block holds, without base64 and armour.
    Der,
    /// A PKCS#12 file, which holds certificates and keys under a password.
    Pkcs12,
    /// The base64 of a block, without its BEGIN and END lines.
    Unarmoured,
    /// Text without a BEGIN line.
    Text,
    /// A block that is damaged.
    Broken {
        /// The line where that shows, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Reads all blocks. At least one comes back.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, NotPem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut blocks = Vec::new();
    let mut open: Option<Draft> = None;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let line = line.trim_ascii();
        match (marker(line), open.as_mut()) {
            (Some(Marker::Begin(label)), None) => open = Some(Draft::new(label, number)),
            (Some(Marker::Begin(_)), Some(draft)) => return Err(draft.without_end()),
            (Some(Marker::End(label)), Some(draft)) if label == draft.label => {
                blocks.push(draft.close(number)?);
                open = None;
            }
            (Some(Marker::End(_)), _) => {
                return Err(NotPem::Broken { line: number, problem: "an END line has no BEGIN" });
            }
            (None, Some(draft)) => draft.take(line),
            (None, None) => {}
        }
    }
    match open {
        Some(draft) => Err(draft.without_end()),
        None if blocks.is_empty() => Err(diagnose(bytes)),
        None => Ok(blocks),
    }
}

/// Writes one block with lines of 64 characters, as RFC 7468 wants.
pub(super) fn write(label: &str, der: &[u8]) -> String {
    let body = Redacted::new(STANDARD.encode(der));
    let lines = body.reveal().len().div_ceil(64);
    let mut pem = String::with_capacity(body.reveal().len() + lines + 2 * label.len() + 40);
    for part in ["-----BEGIN ", label, "-----\n"] {
        pem.push_str(part);
    }
    for line in body.reveal().as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        pem.push('\n');
    }
    for part in ["-----END ", label, "-----\n"] {
        pem.push_str(part);
    }
    pem
}

enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
}

fn marker(line: &[u8]) -> Option<Marker<'_>> {
    let inner = line.strip_prefix(b"-----")?.strip_suffix(b"-----")?;
    // A dash inside would be the end of a block whose line breaks are lost.
    let label = |prefix: &[u8]| {
        let label = inner.strip_prefix(prefix).filter(|label| !label.contains(&b'-'))?;
        std::str::from_utf8(label).ok()
    };
    label(b"BEGIN ").map(Marker::Begin).or_else(|| label(b"END ").map(Marker::End))
}

/// A block whose END has not come yet.
struct Draft {
    label: String,
    line: usize,
    body: Zeroizing<Vec<u8>>,
    is_encrypted: bool,
}

impl Draft {
    fn new(label: &str, line: usize) -> Self {
        Self { label: label.to_owned(), line, body: Zeroizing::default(), is_encrypted: false }
    }

    fn take(&mut self, line: &[u8]) {
        // Base64 has no colon, so this is a header as in RFC 1421.
        if line.contains(&b':') {
            self.is_encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
            return;
        }
        self.body.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
    }

    fn close(&mut self, line: usize) -> Result<Block, NotPem> {
        let problem = "a block is not base64";
        let der = STANDARD.decode(&*self.body).map_err(|_| NotPem::Broken { line, problem })?;
        let Self { label, line, is_encrypted, .. } = self;
        Ok(Block {
            label: std::mem::take(label),
            line: *line,
            der: Redacted::new(der),
            is_encrypted: *is_encrypted,
        })
    }

    const fn without_end(&self) -> NotPem {
        NotPem::Broken { line: self.line, problem: "a BEGIN line has no END" }
    }
}

fn diagnose(bytes: &[u8]) -> NotPem {
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return NotPem::Empty;
    }
    if let Some(kind) = binary(bytes) {
        return kind;
    }
    if let Some(at) = text.windows(11).position(|window| window == b"-----BEGIN ") {
        let line = text[..at].split(|byte| *byte == b'\n').count();
        return NotPem::Broken { line, problem: "a BEGIN line is not on a line of its own" };
    }
    let unbroken: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let unbroken = Redacted::new(unbroken);
    let decoded = STANDARD.decode(unbroken.reveal()).map(Redacted::new);
    match decoded.as_ref().map(|der| binary(der.reveal())) {
        Ok(Some(NotPem::Pkcs12)) => NotPem::Pkcs12,
        Ok(Some(_)) => NotPem::Unarmoured,
        Ok(None) | Err(_) => NotPem::Text,
    }
}

/// Whether bytes are one DER sequence, and of which sort.
fn binary(bytes: &[u8]) -> Option<NotPem> {
    use x509_parser::asn1_rs::{Any, FromDer, Tag};
    let (rest, outer) = Any::from_der(bytes).ok()?;
    if outer.tag() != Tag::Sequence || !rest.trim_ascii().is_empty() {
        return None;
    }
    // PFX ::= SEQUENCE { version INTEGER {v3(3)}, .. } (RFC 7292)
    Some(if outer.data.starts_with(&[2, 1, 3]) { NotPem::Pkcs12 } else { NotPem::Der })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";

    fn ders(text: &str) -> Vec<Vec<u8>> {
        read(text.as_bytes()).unwrap().iter().map(|block| block.der.reveal().clone()).collect()
    }

    #[test]
    fn blocks_are_found_whatever_stands_around_them() {
        let der = [0x30, 3, 2, 1, 1];
        for text in [
            BLOCK.to_owned(),
            BLOCK.replace('\n', "\r\n"),
            format!("\u{feff}{BLOCK}"),
            format!("subject=CN = x\n\n{BLOCK}text after"),
            BLOCK.replace("MAMC", "  MA\n\n  MC").replace("-----\n", "-----  \n"),
            BLOCK.trim_end().to_owned(),
            BLOCK.replace("MAMC", "X-Header: value\n\nMAMC"),
        ] {
            assert_eq!(ders(&text), [der], "{text}");
        }
        assert_eq!(ders(&format!("{BLOCK}between\n{BLOCK}")), [der, der]);
    }

    #[test]
    fn what_is_written_reads_back() {
        let der = vec![7; 100];
        let pem = write("CERTIFICATE", &der);
        assert!(pem.lines().all(|line| line.len() <= 64), "{pem}");
        assert_eq!(ders(&pem), [der]);
    }

    #[test]
    fn what_is_no_pem_is_told_apart() {
        let broken = |line, problem| NotPem::Broken { line, problem };
        for (text, expected) in [
            (&b""[..], NotPem::Empty),
            (b" \n", NotPem::Empty),
            (b"\x30\x03\x02\x01\x01", NotPem::Der),
            (b"\x30\x03\x02\x01\x03", NotPem::Pkcs12),
            (b"MAMC\nAQE=\n", NotPem::Unarmoured),
            (b"hello", NotPem::Text),
            (b"a\n-----BEGIN X-----\nMA==\n", broken(2, "a BEGIN line has no END")),
            (b"-----END X-----\n", broken(1, "an END line has no BEGIN")),
            (b"-----BEGIN X-----\n\xff\n-----END X-----\n", broken(3, "a block is not base64")),
            (
                br"-----BEGIN X-----\nMA==\n-----END X-----",
                broken(1, "a BEGIN line is not on a line of its own"),
            ),
        ] {
            assert_eq!(read(text).err(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn an_encrypted_block_is_known_by_its_headers() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                    DEK-Info: AES-128-CBC,00\n\nMAMC\n-----END RSA PRIVATE KEY-----\n";
        assert!(read(text.as_bytes()).unwrap()[0].is_encrypted);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
