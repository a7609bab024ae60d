//! What can be wrong with the certificates of a Secret, in words that say what to do.

use std::fmt;

use jiff::Timestamp;

use super::pem::NotPem;
use crate::diagnostic::Code;

/// Why a Secret cannot be used as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It lacks a key.
    KeyMissing {
        /// The keys of which one is wanted.
        wanted: &'static [&'static str],
        /// The keys that it has.
        present: Vec<String>,
    },
    /// A value is no PEM.
    NotPem {
        /// The key of the value.
        key: &'static str,
        /// What should be in it: `CERTIFICATE` or `PRIVATE KEY`.
        wanted: &'static str,
        /// What is in it instead.
        found: Encoding,
    },
    /// A value is PEM, of something else.
    BlockMissing {
        /// The key of the value.
        key: &'static str,
        /// What should be in it.
        wanted: &'static str,
        /// The labels of the blocks that are.
        found: Vec<String>,
    },
    /// A block is not what its label says, or of no use.
    BadBlock {
        /// The key of the value.
        key: &'static str,
        /// The line in the value, from 1.
        line: usize,
        /// What is wrong with it.
        problem: BlockProblem,
    },
    /// The private key belongs to another certificate.
    KeyMismatch {
        /// The certificate that stands first.
        subject: String,
    },
    /// A certificate that should be a CA is none.
    NotCa {
        /// The key of the value.
        key: &'static str,
        /// The certificate.
        subject: String,
        /// Its X.509 version.
        version: u32,
    },
}

/// In what form a value is that is no PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// Nothing at all.
    Empty,
    /// DER.
    Der,
    /// PKCS#12.
    Pkcs12,
    /// Base64 of DER without BEGIN and END lines.
    Unarmoured,
    /// Other text.
    Text,
    /// PEM that is damaged.
    Broken {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: &'static str,
    },
}

/// What is wrong with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockProblem {
    /// It is no X.509 certificate.
    NoCertificate,
    /// It is no private key.
    NoKey,
    /// Its algorithm is neither RSA nor ECDSA on P-256, P-384 or P-521.
    Algorithm,
    /// It is encrypted.
    Encrypted,
    /// It does not say its public part, and its curve is one on which nobody here can compute it.
    WithoutPublicPart,
}

/// What a person should know about a certificate that is used all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It has expired.
    Expired {
        /// The certificate.
        subject: String,
        /// Its last moment.
        on: Timestamp,
    },
    /// It is not valid yet.
    NotYetValid {
        /// The certificate.
        subject: String,
        /// Its first moment.
        from: Timestamp,
    },
    /// It expires soon.
    ExpiresSoon {
        /// The certificate.
        subject: String,
        /// Its last moment.
        on: Timestamp,
        /// The whole days until then.
        days: i64,
    },
    /// It is of X.509 version 1.
    Version1 {
        /// The certificate.
        subject: String,
        /// Whether it is used as a CA.
        as_ca: bool,
    },
    /// It has no DNS names but its common name.
    CommonNameOnly {
        /// The certificate.
        subject: String,
    },
    /// It stands in a bundle, and nothing of that bundle leads to it.
    Unused {
        /// The key of the bundle.
        key: &'static str,
        /// The certificate.
        subject: String,
    },
    /// It does not cover a host that it is for.
    HostUncovered {
        /// The certificate.
        subject: String,
        /// The host.
        host: String,
        /// The names that it covers.
        names: Vec<String>,
    },
}

impl From<NotPem> for Encoding {
    fn from(found: NotPem) -> Self {
        match found {
            NotPem::Empty => Self::Empty,
            NotPem::Der => Self::Der,
            NotPem::Pkcs12 => Self::Pkcs12,
            NotPem::Unarmoured => Self::Unarmoured,
            NotPem::Text => Self::Text,
            NotPem::Broken { line, problem } => Self::Broken { line, problem },
        }
    }
}

impl Fault {
    /// The name of this kind of fault.
    pub const fn code(&self) -> Code {
        match self {
            Self::KeyMissing { .. } | Self::NotPem { found: Encoding::Empty, .. } => {
                Code::SecretKeyMissing
            }
            Self::NotPem { .. } | Self::BlockMissing { .. } | Self::BadBlock { .. } => {
                Code::CertificateMalformed
            }
            Self::KeyMismatch { .. } => Code::CertificateKeyMismatch,
            Self::NotCa { .. } => Code::CertificateNotCa,
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::KeyMissing { wanted, .. } => {
                format!("put PEM under the key {}", either(wanted))
            }
            Self::NotPem { key, wanted, found } => found.remedy(key, wanted),
            Self::BlockMissing { key, wanted, .. } => {
                format!("put a block \"-----BEGIN {wanted}-----\" into {key:?}")
            }
            Self::BadBlock { problem, .. } => problem.remedy().to_owned(),
            Self::KeyMismatch { .. } => "put the certificate that was issued for this key \
                into \"tls.crt\" as the first block, or its key into \"tls.key\""
                .to_owned(),
            Self::NotCa { version: 1, .. } => "use the root that issued it, or issue the CA as \
                X.509 version 3 with basicConstraints CA:TRUE"
                .to_owned(),
            Self::NotCa { .. } => "put the certificate of the issuing authority there; an \
                authority has basicConstraints CA:TRUE and may sign certificates"
                .to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyMissing { wanted, present } if present.is_empty() => {
                write!(f, "the Secret is empty; it needs the key {}", either(wanted))
            }
            Self::KeyMissing { wanted, present } => {
                write!(f, "the Secret has no key {}, only {}", either(wanted), list(present))
            }
            Self::NotPem { key, found, .. } => write!(f, "the value of {key:?} {found}"),
            Self::BlockMissing { key, wanted, found } => {
                let article = if wanted.starts_with('P') { "private key" } else { "certificate" };
                write!(f, "the value of {key:?} holds no {article}, only {}", list(found))
            }
            Self::BadBlock { key, line, problem } => {
                write!(f, "the block at line {line} of {key:?} {problem}")
            }
            Self::KeyMismatch { subject } => {
                write!(f, "the private key does not belong to the certificate {subject:?}")
            }
            Self::NotCa { key, subject, version: 1 } => write!(
                f,
                "the certificate {subject:?} in {key:?} is of X.509 version 1 and not its own \
                 issuer, so it is no CA"
            ),
            Self::NotCa { key, subject, .. } => {
                write!(f, "the certificate {subject:?} in {key:?} is no CA")
            }
        }
    }
}

impl Encoding {
    fn remedy(&self, key: &str, wanted: &str) -> String {
        let tool = if wanted == "CERTIFICATE" { "x509" } else { "pkey" };
        match self {
            Self::Empty | Self::Text => format!("put PEM with \"-----BEGIN {wanted}-----\" there"),
            Self::Der => format!(
                "convert it with `openssl {tool} -inform DER -in FILE -out {key}` and create the \
                 Secret again"
            ),
            Self::Pkcs12 => "take certificate and key out of it with `openssl pkcs12 -nodes -in \
                FILE` and create the Secret again"
                .to_owned(),
            Self::Unarmoured => format!(
                "put \"-----BEGIN {wanted}-----\" on a line before it and \"-----END \
                 {wanted}-----\" on a line after it"
            ),
            Self::Broken { .. } => "copy the file again, whole and with its line breaks".to_owned(),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Der => f.write_str("is DER, not PEM"),
            Self::Pkcs12 => f.write_str("is a PKCS#12 file, not PEM"),
            Self::Unarmoured => {
                f.write_str("is the inside of a PEM block, without its BEGIN and END lines")
            }
            Self::Text => f.write_str("is no PEM"),
            Self::Broken { line, problem } => {
                write!(f, "is damaged PEM: {problem} (line {line})")
            }
        }
    }
}

impl BlockProblem {
    const fn remedy(self) -> &'static str {
        match self {
            Self::NoCertificate | Self::NoKey => "copy the file again, whole",
            Self::Algorithm => "issue it with an RSA key, or an EC key on P-256, P-384 or P-521",
            Self::Encrypted => {
                "decrypt it with `openssl pkey -in FILE -out tls.key`; the Secret is what guards it"
            }
            Self::WithoutPublicPart => {
                "write it again with its public part: `openssl ec -in FILE -out tls.key`"
            }
        }
    }
}

impl fmt::Display for BlockProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "is no X.509 certificate",
            Self::NoKey => "is no private key of the kind that its BEGIN line names",
            Self::Algorithm => "has a key that the appliance cannot serve TLS with",
            Self::Encrypted => "is encrypted, and there is nobody to ask for its pass phrase",
            Self::WithoutPublicPart => "does not hold its public part, so it cannot be matched",
        })
    }
}

impl Finding {
    /// The name of this kind of finding.
    pub const fn code(&self) -> Code {
        match self {
            Self::Expired { .. } | Self::NotYetValid { .. } | Self::ExpiresSoon { .. } => {
                Code::CertificateExpired
            }
            Self::Version1 { .. } => Code::CertificateVersion1,
            Self::CommonNameOnly { .. } => Code::CertificateCommonNameOnly,
            Self::Unused { .. } => Code::CertificateUnused,
            Self::HostUncovered { .. } => Code::CertificateHostUncovered,
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Expired { .. } | Self::ExpiresSoon { .. } => {
                "renew it and put the new one into the Secret".to_owned()
            }
            Self::NotYetValid { .. } => {
                "wait, or check the clocks of the issuer and of this machine".to_owned()
            }
            Self::Version1 { as_ca: true, .. } => "issue the root as version 3 with \
                basicConstraints CA:TRUE (`openssl req -x509` does)"
                .to_owned(),
            Self::Version1 { as_ca: false, .. } | Self::CommonNameOnly { .. } => "issue it with \
                subjectAltName, for example `openssl x509 -req -extfile` with \
                \"subjectAltName=DNS:...\""
                .to_owned(),
            Self::Unused { key, .. } => {
                format!("put the certificates between into {key:?}, or take this one out")
            }
            Self::HostUncovered { host, .. } => {
                format!("name a Secret whose certificate has {host:?} as a subjectAltName")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { subject, on } => {
                write!(f, "the certificate {subject:?} expired on {on}")
            }
            Self::NotYetValid { subject, from } => {
                write!(f, "the certificate {subject:?} is not valid before {from}")
            }
            Self::ExpiresSoon { subject, on, days } => {
                write!(f, "the certificate {subject:?} expires on {on}, in {days} days")
            }
            Self::Version1 { subject, as_ca: true } => write!(
                f,
                "the root {subject:?} is of X.509 version 1, which cannot say that it is a CA; it \
                 counts as one because it is its own issuer"
            ),
            Self::Version1 { subject, as_ca: false } => write!(
                f,
                "the certificate {subject:?} is of X.509 version 1: it names its host in its \
                 common name only, which most clients no longer read"
            ),
            Self::CommonNameOnly { subject } => write!(
                f,
                "the certificate {subject:?} names its host in its common name only, which most \
                 clients no longer read"
            ),
            Self::Unused { key, subject } => {
                write!(f, "the certificate {subject:?} in {key:?} belongs to no chain there")
            }
            Self::HostUncovered { subject, host, names } => {
                let names = if names.is_empty() { "nothing".to_owned() } else { list(names) };
                write!(f, "the certificate {subject:?} is not for {host:?}; it covers {names}")
            }
        }
    }
}

fn either(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(" or ")
}

fn list(items: &[String]) -> String {
    items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ")
}
