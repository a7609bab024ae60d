//! The fields of an entity, or the attributes of a binding.

use std::fmt;
use std::iter::Map;
use std::ops::Index;
use std::sync::Arc;
use std::{slice, vec};

use super::{Name, Value};

/// Fields by NITRO's spelling, sorted.
///
/// The same fields stand in the desired state, in the aim of a plan and in its ops, for a hundred
/// thousand objects: so copies share them until one changes, and a few fields take little room.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fields(Option<Arc<Vec<Field>>>);

type Field = (Name, Value);

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let place = self.place(name).ok()?;
        self.as_slice().get(place).map(|(_, value)| value)
    }

    /// Whether a field is there.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Puts a field in, over the one of that name, which is given back.
    pub fn insert(&mut self, name: impl Into<Name>, value: Value) -> Option<Value> {
        let name = name.into();
        let place = self.place(&name);
        let fields = self.as_mut();
        match place {
            Ok(place) => Some(std::mem::replace(&mut fields[place].1, value)),
            Err(place) => {
                fields.insert(place, (name, value));
                None
            }
        }
    }

    /// Puts a field in unless there is one of that name.
    pub fn insert_if_absent(&mut self, name: &str, value: impl Into<Value>) {
        if let Err(place) = self.place(name) {
            self.as_mut().insert(place, (name.into(), value.into()));
        }
    }

    /// The value of a field, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let place = self.place(name).ok()?;
        self.as_mut().get_mut(place).map(|(_, value)| value)
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.place(name).ok()?;
        let (_, value) = self.as_mut().remove(place);
        if self.is_empty() {
            self.0 = None;
        }
        Some(value)
    }

    /// Keeps the fields for which this holds.
    pub fn retain(&mut self, mut keeps: impl FnMut(&Name, &Value) -> bool) {
        if self.iter().all(|(name, value)| keeps(name, value)) {
            return;
        }
        *self =
            std::mem::take(self).into_iter().filter(|(name, value)| keeps(name, value)).collect();
    }

    /// The fields in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Name, &Value)> {
        self.into_iter()
    }

    /// Their names in order.
    pub fn keys(&self) -> impl Iterator<Item = &Name> {
        self.as_slice().iter().map(|(name, _)| name)
    }

    /// Their values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.as_slice().iter().map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    fn as_slice(&self) -> &[Field] {
        self.0.as_ref().map_or(&[], |fields| fields.as_slice())
    }

    fn as_mut(&mut self) -> &mut Vec<Field> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.as_slice().binary_search_by(|(other, _)| other.as_str().cmp(name))
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a Name, &'a Value);
    type IntoIter = Map<slice::Iter<'a, Field>, fn(&'a Field) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter().map(|(name, value)| (name, value))
    }
}

impl IntoIterator for Fields {
    type Item = Field;
    type IntoIter = vec::IntoIter<Field>;

    fn into_iter(self) -> vec::IntoIter<Field> {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}

impl<N: Into<Name>> FromIterator<(N, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(fields: I) -> Self {
        let mut fields: Vec<Field> =
            fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        // Of two fields of one name the last counts, as in any map.
        fields.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                std::mem::swap(next, kept);
            }
            is_same
        });
        Self((!fields.is_empty()).then(|| Arc::new(fields)))
    }
}

impl<N: Into<Name>, const COUNT: usize> From<[(N, Value); COUNT]> for Fields {
    fn from(fields: [(N, Value); COUNT]) -> Self {
        fields.into_iter().collect()
    }
}

impl Extend<Field> for Fields {
    fn extend<I: IntoIterator<Item = Field>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.insert(name, value);
        }
    }
}

impl Index<&str> for Fields {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.get(name).expect("the field that is indexed is there")
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: i64) -> Field {
        (name.into(), value.into())
    }

    #[test]
    fn fields_are_a_sorted_map() {
        let mut fields = Fields::from([field("b", 1), field("a", 2), field("b", 3)]);
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((fields.get("b"), fields.get("c")), (Some(&3.into()), None));
        let before = fields.clone();
        assert_eq!(fields.insert("c", 4.into()), None);
        assert_eq!(fields.insert("a", 5.into()), Some(2.into()));
        assert_eq!(fields.remove("b"), Some(3.into()));
        assert_eq!(format!("{fields:?}"), r#"{"a": Number(5), "c": Number(4)}"#);
        assert_eq!(before, Fields::from([field("a", 2), field("b", 3)]), "copies stay as they are");
        fields.retain(|name, _| name == "x");
        assert_eq!(fields, Fields::new());
        fields.extend(before);
        assert_eq!([fields.remove("a"), fields.remove("b")], [Some(2.into()), Some(3.into())]);
        assert_eq!(fields, Fields::default());
    }
}
