//! What manifests become, who gets what, and what is refused.

mod ask;
mod back_ends;
mod certificates;
mod classes;
mod faults;
mod foreign;
mod front_ends;
mod laws;
mod members;
mod neighbours;
mod node_ports;
mod profiles;
mod routing;
mod sharing;
mod unmet;
mod walkthrough;
