//! Why the value of an annotation cannot be read, and what to write instead.

use crate::diagnostic::Code;
use crate::schema::{self, Mismatch};

/// Why a value was refused. The text makes sense after "because ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing, or nothing but blanks or braces.
    #[error("the value is empty")]
    Empty,
    /// `“` and its kin, which a word processor put there.
    #[error("the value contains typographic quotes ({quote}), which do not count as quotes")]
    TypographicQuotes {
        /// The first of them.
        quote: char,
    },
    /// JSON that is none.
    #[error("the value is not JSON: {reason} at line {line}, column {column}")]
    Json {
        /// Where reading stopped, from 1.
        line: usize,
        /// Where reading stopped, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Another shape of JSON was expected.
    #[error("the value is not {wanted}")]
    Shape {
        /// What is expected.
        wanted: &'static str,
        /// How that is written.
        example: &'static str,
    },
    /// Two members of one name.
    #[error("the member {member:?} is given twice")]
    MemberRepeated {
        /// The name.
        member: String,
    },
    /// Neither true nor false.
    #[error("{value} is neither \"True\" nor \"False\"")]
    NotBoolean {
        /// The value, in JSON.
        value: String,
    },
    /// No IP address.
    #[error("{value:?} is not an IP address")]
    NotAddress {
        /// The value.
        value: String,
    },
    /// An IP address that no client can connect to.
    #[error("{value:?} is {what}, which clients cannot connect to")]
    UnusableAddress {
        /// The value.
        value: String,
        /// What kind of address it is.
        what: &'static str,
    },
    /// No name of a Secret.
    #[error("{value:?} is not the name of a Secret")]
    NotSecretName {
        /// The value.
        value: String,
    },
    /// A Secret with its namespace.
    #[error("the Secret {value:?} is named with a namespace")]
    SecretNamespace {
        /// The value.
        value: String,
    },
    /// No word of those that the annotation knows.
    #[error("{value:?} is none of: {}", words.join(", "))]
    NotWord {
        /// The value.
        value: String,
        /// The words.
        words: Vec<&'static str>,
    },
    /// No port.
    #[error("{value:?} is not a port")]
    NotPort {
        /// The value.
        value: String,
    },
    /// No code that clients may get where nothing else answers.
    #[error("{value:?} is neither 404 nor 503")]
    NotResponseCode {
        /// The value.
        value: String,
    },
    /// A type of front end that the vendor's controller has.
    #[error("front ends of type {value:?} are not supported")]
    ServiceType {
        /// The type.
        value: String,
    },
    /// What no object on the appliance can be called.
    #[error("{value:?} is not the name of {what}")]
    NotObjectName {
        /// The value.
        value: String,
        /// What it should name.
        what: &'static str,
    },
    /// A member that is not known.
    #[error("the member {member:?} is not known")]
    MemberUnknown {
        /// The member.
        member: String,
        /// Those that are.
        known: &'static [&'static str],
    },
    /// A profile of back ends, but of none in particular.
    #[error("{name:?} names a profile without saying for which Service")]
    ProfileWithoutService {
        /// Its name.
        name: String,
    },
    /// One cipher twice in a list.
    #[error("the cipher {name:?} is given twice")]
    CipherRepeated {
        /// Its name.
        name: String,
    },
    /// Two ciphers without an order.
    #[error("the ciphers {:?} and {:?} have the same priority", names[0], names[1])]
    CipherPriorityRepeated {
        /// Their names.
        names: [String; 2],
    },
    /// Settings of a front end, given per Service.
    #[error("{what} settings are not per service, but {member:?} holds an object")]
    PerService {
        /// What is set.
        what: &'static str,
        /// The member that was probably meant as a Service.
        member: String,
    },
    /// Settings of back ends, without a Service.
    #[error("{what} settings are per Service, but {member:?} is a setting")]
    NotPerService {
        /// What is set.
        what: &'static str,
        /// The member that stands where a Service should.
        member: String,
    },
    /// A field that annotations may not set.
    #[error("{field:?} may not be set in {}", with_article(what))]
    FieldNotAllowed {
        /// The field.
        field: &'static str,
        /// What is set.
        what: &'static str,
        /// Why not, or what to do instead.
        advice: &'static str,
    },
    /// A value that annotations may not give to a field.
    #[error("{field:?} may not be {value:?}")]
    ValueNotAllowed {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// Why not, or what to do instead.
        advice: &'static str,
    },
    /// A field without which the others are not enough.
    #[error("{field:?} is missing: {why}")]
    FieldRequired {
        /// The field.
        field: &'static str,
        /// What asks for it.
        why: &'static str,
    },
    /// A field that means nothing unless another has one of some values.
    #[error("{field:?} has no effect unless {master:?} is {}", either(values))]
    WithoutMaster {
        /// The field.
        field: &'static str,
        /// What it depends on.
        master: &'static str,
        /// What that must be.
        values: &'static [&'static str],
    },
    /// A number that must lie below another one.
    #[error("{field:?} is too great beside {than:?}")]
    TooGreat {
        /// The field.
        field: &'static str,
        /// `below` or `not above`.
        limit: &'static str,
        /// The other one.
        than: &'static str,
    },
    /// A field that the schema refuses.
    #[error(transparent)]
    Field(#[from] Mismatch),
}

impl ParseError {
    /// The stable name.
    pub const fn code(&self) -> Code {
        match self {
            Self::Field(Mismatch::UnknownField { .. }) => Code::FieldUnknown,
            Self::Field(
                Mismatch::ReadOnly { .. }
                | Mismatch::NotAllowed { .. }
                | Mismatch::OutOfRange { .. }
                | Mismatch::TooLong { .. }
                | Mismatch::WrongType { .. },
            )
            | Self::CipherRepeated { .. }
            | Self::CipherPriorityRepeated { .. }
            | Self::FieldNotAllowed { .. }
            | Self::ValueNotAllowed { .. }
            | Self::FieldRequired { .. }
            | Self::WithoutMaster { .. }
            | Self::TooGreat { .. } => Code::FieldRefused,
            Self::SecretNamespace { .. } => Code::SecretForeign,
            Self::ServiceType { .. } => Code::RuleUnsupported,
            Self::Empty
            | Self::TypographicQuotes { .. }
            | Self::Json { .. }
            | Self::Shape { .. }
            | Self::MemberRepeated { .. }
            | Self::MemberUnknown { .. }
            | Self::NotBoolean { .. }
            | Self::NotAddress { .. }
            | Self::UnusableAddress { .. }
            | Self::NotSecretName { .. }
            | Self::NotObjectName { .. }
            | Self::NotWord { .. }
            | Self::NotPort { .. }
            | Self::NotResponseCode { .. }
            | Self::ProfileWithoutService { .. }
            | Self::NotPerService { .. }
            | Self::PerService { .. } => Code::AnnotationMalformed,
        }
    }

    /// What to do about it; `example` is a value that the annotation accepts.
    pub fn remedy(&self, example: &str) -> String {
        match self {
            Self::Empty => format!("write a value such as {example}, or remove the annotation"),
            Self::TypographicQuotes { .. } if example.contains('"') => {
                format!("type straight quotes (\"), as in {example}")
            }
            Self::TypographicQuotes { .. } => format!("write it without them, such as {example}"),
            Self::Json { .. } | Self::NotBoolean { .. } | Self::NotSecretName { .. } => {
                format!("write a value such as {example}")
            }
            Self::NotObjectName { .. } => "write the name that it has on the appliance".to_owned(),
            Self::NotWord { value, words } => did_you_mean(value, words)
                .unwrap_or_else(|| format!("write one of these: {}", words.join(", "))),
            Self::NotPort { .. } => format!("write a number from 1 to 65535, such as {example}"),
            Self::NotResponseCode { .. } => "write 404 or 503".to_owned(),
            Self::ServiceType { .. } => "write http or tcp, or leave this Ingress to another \
                                         controller"
                .to_owned(),
            Self::MemberUnknown { member, known } => did_you_mean(member, known)
                .unwrap_or_else(|| format!("remove it; known are {}", known.join(" and "))),
            Self::ProfileWithoutService { name } => {
                format!("say for which Service: {{\"SERVICE\": \"{name}\"}}")
            }
            Self::CipherPriorityRepeated { .. } => {
                "give each a number of its own, the smallest to the most wanted".to_owned()
            }
            Self::Shape { example, .. } => format!("write {example}"),
            Self::MemberRepeated { .. } | Self::CipherRepeated { .. } => {
                "keep one of the two".to_owned()
            }
            Self::NotAddress { value } => {
                format!("replace {value:?} by the address of the front end, such as {example}")
            }
            Self::UnusableAddress { .. } => format!("write an address such as {example}"),
            Self::SecretNamespace { .. } => {
                "name a Secret of the namespace of the Ingress, without a namespace".to_owned()
            }
            Self::PerService { .. } => {
                format!("write the settings without a service, such as {example}")
            }
            Self::NotPerService { .. } => {
                format!("put the settings under the name of a Service, such as {example}")
            }
            Self::FieldNotAllowed { advice, .. } | Self::ValueNotAllowed { advice, .. } => {
                (*advice).to_owned()
            }
            Self::FieldRequired { field, .. } => format!("add {field:?}, as in {example}"),
            Self::WithoutMaster { field, master, values } => {
                format!("set {master:?} to {}, or remove {field:?}", either(values))
            }
            Self::TooGreat { field, limit, than } => {
                format!("write a value for {field:?} {limit} that of {than:?}")
            }
            Self::Field(mismatch) => field_remedy(mismatch),
        }
    }
}

/// The one of some words that was probably meant.
fn did_you_mean(word: &str, words: &[&'static str]) -> Option<String> {
    let folded = word.to_ascii_lowercase();
    let near = schema::nearest(&folded, words.iter().copied())?;
    Some(format!("did you mean {near:?}?"))
}

/// A NITRO name is read out letter by letter: `an lbvserver`. What there is one of brings its own.
fn with_article(what: &str) -> String {
    if what.starts_with("the ") {
        return what.to_owned();
    }
    let article = if what.starts_with("lb") { "an" } else { "a" };
    format!("{article} {what}")
}

/// Words as alternatives.
fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [words @ .., last] => format!("{} or {last}", words.join(", ")),
    }
}

fn field_remedy(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::UnknownField { nearest: Some(nearest), .. } => {
            format!("did you mean {nearest:?}?")
        }
        Mismatch::UnknownField { nearest: None, field, kind } => {
            format!("remove {field:?}, or look its name up in the NITRO reference of {kind}")
        }
        Mismatch::ReadOnly { field, .. } => format!("remove {field:?}"),
        Mismatch::NotAllowed { field, value, allowed } => {
            let folded = value.to_ascii_uppercase();
            let near = schema::nearest(&folded, allowed.iter().map(String::as_str));
            let all = || format!("write one of these for {field:?}: {}", allowed.join(", "));
            near.map_or_else(all, |near| format!("did you mean {near:?}?"))
        }
        Mismatch::OutOfRange { field, min, max, .. } => {
            format!("write a number from {min} to {max} for {field:?}")
        }
        Mismatch::TooLong { field, max } => {
            format!("write at most {max} bytes for {field:?}")
        }
        Mismatch::WrongType { field, wanted, .. } => format!("write a {wanted} for {field:?}"),
    }
}
