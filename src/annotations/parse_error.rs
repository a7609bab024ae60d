//! Why the value of an annotation cannot be read, and what to write instead.

use crate::diagnostic::Code;
use crate::schema::Mismatch;

use super::profile::Side;

/// Why a value was refused. The text makes sense after "because ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing, or nothing but blanks or braces.
    #[error("the value is empty")]
    Empty,
    /// `“` and its kin, which a word processor put there.
    #[error("the value contains typographic quotes ({quote}), which are not JSON")]
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
    /// A profile by name, which is somebody else's object.
    #[error("{name:?} names an SSL profile on the appliance, which is not supported yet")]
    ProfileByName {
        /// Its name.
        name: String,
    },
    /// Settings of a front end, given per service.
    #[error("front-end settings are not per service, but {member:?} holds an object")]
    PerService {
        /// The member that was probably meant as a Service.
        member: String,
    },
    /// A field that annotations may not set.
    #[error("{field:?} may not be set in a {side} SSL profile")]
    FieldNotAllowed {
        /// The field.
        field: &'static str,
        /// The side.
        side: Side,
        /// Why not, or what to do instead.
        advice: &'static str,
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
            | Self::FieldNotAllowed { .. } => Code::FieldRefused,
            Self::SecretNamespace { .. } => Code::SecretForeign,
            Self::ProfileByName { .. } => Code::RuleUnsupported,
            Self::Empty
            | Self::TypographicQuotes { .. }
            | Self::Json { .. }
            | Self::Shape { .. }
            | Self::MemberRepeated { .. }
            | Self::NotBoolean { .. }
            | Self::NotAddress { .. }
            | Self::UnusableAddress { .. }
            | Self::NotSecretName { .. }
            | Self::PerService { .. } => Code::AnnotationMalformed,
        }
    }

    /// What to do about it; `example` is a value that the annotation accepts.
    pub fn remedy(&self, example: &str) -> String {
        match self {
            Self::Empty => format!("write a value such as {example}, or remove the annotation"),
            Self::TypographicQuotes { .. } => {
                format!("type straight quotes (\"), as in {example}")
            }
            Self::Json { .. } | Self::NotBoolean { .. } | Self::NotSecretName { .. } => {
                format!("write a value such as {example}")
            }
            Self::Shape { example, .. } => format!("write {example}"),
            Self::MemberRepeated { .. } => "keep one of the two".to_owned(),
            Self::NotAddress { value } => {
                format!("replace {value:?} by the address of the front end, such as {example}")
            }
            Self::UnusableAddress { .. } => format!("write an address such as {example}"),
            Self::SecretNamespace { .. } => {
                "name a Secret of the namespace of the Ingress, without a namespace".to_owned()
            }
            Self::ProfileByName { .. } => {
                format!("write the settings themselves, such as {example}")
            }
            Self::PerService { .. } => {
                format!("write the settings without a service, such as {example}")
            }
            Self::FieldNotAllowed { advice, .. } => (*advice).to_owned(),
            Self::Field(mismatch) => field_remedy(mismatch),
        }
    }
}

fn field_remedy(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::UnknownField { nearest: Some(nearest), .. } => {
            format!("did you mean {nearest:?}?")
        }
        Mismatch::UnknownField { nearest: None, field, .. } => {
            format!("remove {field:?}, or look its name up in the NITRO reference of sslprofile")
        }
        Mismatch::ReadOnly { field, .. } => format!("remove {field:?}"),
        Mismatch::NotAllowed { field, allowed, .. } => {
            format!("write one of these for {field:?}: {}", allowed.join(", "))
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
