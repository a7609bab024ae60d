//! Carries out commands on a state: generic for all types, by the schema.
