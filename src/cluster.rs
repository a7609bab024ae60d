//! All that talks to Kubernetes: connection, watches, Secrets, custom resources, status and lease.

pub mod connect;
pub mod resources;
mod prune;
pub mod watch;
pub mod secrets;
pub mod lease;
pub mod status;
