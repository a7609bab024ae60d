//! Names of objects and of their fields.

/// A name, or a text that may be one. The same names stand in entities, in bindings, in needs and
/// in ops, for a hundred thousand objects: so copies share it, and a short one needs no heap.
pub type Name = smol_str::SmolStr;
