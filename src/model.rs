//! The vocabulary of the whole program: NetScaler's configuration as plain data.
//!
//! A configuration is two maps: named [entities](EntityId) with their fields, and
//! [bindings](BindingId) between them with their attributes. Nothing here knows Kubernetes or HTTP.

mod binding;
mod certificate;
mod entity;
mod fields;
mod front_end;
mod kind;
mod name;
mod owner;
mod protection;
mod redacted;
mod refusal;
mod route;
mod state;
mod value;

pub use binding::{BindingId, BindingShape, Role};
pub use certificate::{CertificateId, IssuerSerial, KeyType};
pub use entity::EntityId;
pub use fields::Fields;
pub use front_end::{FrontEndId, Protocol};
pub use kind::Kind;
pub use name::Name;
pub(crate) use owner::{Alone, base32, is_owner_comment};
pub use owner::{ClusterId, IngressId, Mark, ObjectKey, OwnerComment};
pub use protection::{AcceptedCa, BackEndTransport, ClientAuthentication, Protection};
pub use redacted::Redacted;
pub use refusal::{BoundResponder, CertificateFault};
pub(crate) use route::quote;
pub use route::{Host, PathMatch, RouteMatch};
pub use state::{State, disabled, is_disabled};
pub use value::Value;
