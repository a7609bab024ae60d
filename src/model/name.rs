//! Names on the appliance.

/// The name of an object. The same names stand in entities, in bindings, in needs and in ops, for a
/// hundred thousand objects: so copies share it, and a short one needs no heap.
pub type Name = smol_str::SmolStr;
