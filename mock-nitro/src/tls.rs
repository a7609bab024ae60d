//! TLS as the data plane speaks it: who is accepted is decided by our own check of chains, and
//! signatures are verified with the bare key, so that certificates of version 1 work.
