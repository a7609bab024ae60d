//! What manifests become, who gets what, and what is refused.

mod walkthrough;
