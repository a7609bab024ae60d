//! The appliance's REST API: requests and responses as values, and the one client that sends them.
//!
//! [`Request`] and [`Answer`] are pure: what is sent for which [`Op`](crate::plan::Op) and what an
//! answer means can be tested without a network. Only [`Client`] sends, and it sends through a
//! [`Transport`], the one seam between us and an appliance.

mod code;
mod transport;
mod session;
mod request;
mod error;
mod response;
pub(crate) mod row;
mod exchange;
mod client;
mod https;

pub use client::{Client, Limits, is_local_node};
pub use code::{Class, Code};
pub use error::Error;
pub use exchange::Exchange;
pub use https::{Https, HttpsError, Trust};
pub use request::{Effect, Request};
pub use response::{Answer, Item};
pub use row::Row;
pub use session::Credentials;
pub use transport::{HttpRequest, HttpResponse, Method, SendError, Transport};
