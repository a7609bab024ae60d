//! A NetScaler ingress controller that is only a control plane.
//!
//! It reads Kubernetes Ingresses, their annotations and their Secrets, and makes a NetScaler
//! appliance match them through its NITRO REST API.
//!
//! ```text
//!    Kubernetes                              pure                                NetScaler
//!   ------------         ------------------------------------------           --------------
//!    YAML files,                                                                 NITRO REST
//!    or watches   --->   Snapshot  --translate-->  Translation                     |  ^
//!                           ^                          |                           |  |
//!                           |                        plan  --->  Plan  --execute---|--'
//!                           |                          ^                           |
//!                           '-- facts ---------- ObservedState  <-----observe------'
//! ```
//!
//! One value flows from left to right and is never mutated on the way. Modules stand in reading
//! order, and a file uses only what stands above it.

// Vocabulary: pure data.
mod chain;
pub mod model;
pub mod schema;
pub mod diagnostic;
pub mod snapshot;
pub mod observed;
pub mod policy;
// The steps: pure.
pub mod annotations;
pub mod tls;
pub mod translate;
pub mod plan;
pub mod explain;
// The shell: it talks to the appliance.
pub mod fence;
pub mod nitro;
pub mod observe;
pub mod execute;
// The shell: it talks to Kubernetes.
pub mod cluster;
pub mod report;
// The shell: it answers monitoring and the kubelet.
pub mod metrics;
pub mod admin;
// The loop: it knows all of the shell.
pub mod controller;
// What an operator chooses, and the commands.
pub mod settings;
pub mod cli;
