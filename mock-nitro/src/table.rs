//! An ordered map whose copies share what they have in common, so that keeping every state of an
//! appliance costs little more than keeping one.
//!
//! Entries lie in sorted chunks of bounded size. A write copies one chunk and the list of chunks if
//! a copy of the table still looks at them, and nothing otherwise.

use std::cmp::Ordering;
use std::sync::Arc;

/// Large enough to keep the list of chunks short, small enough that copying one is cheap.
const CHUNK: usize = 48;

type Chunk<K, V> = Arc<Vec<(K, Arc<V>)>>;

/// A sorted map with cheap clones.
///
/// Invariant: no chunk is empty, and keys grow strictly within and across chunks.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    chunks: Arc<Vec<Chunk<K, V>>>,
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// The value whose key the function calls equal. The function says how a key of the table
    /// compares with the one that is sought.
    pub(crate) fn find(&self, order: impl Fn(&K) -> Ordering) -> Option<&Arc<V>> {
        let chunk = self.chunks.get(self.chunk_for(&order))?;
        let place = chunk.binary_search_by(|(key, _)| order(key)).ok()?;
        Some(&chunk[place].1)
    }

    /// Puts a value under a key and returns the one that it replaces.
    pub(crate) fn insert(&mut self, key: K, value: Arc<V>) -> Option<Arc<V>> {
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::new(vec![(key, value)]));
            return None;
        }
        let index = chunk_for(chunks, &|other: &K| other.cmp(&key)).min(chunks.len() - 1);
        let chunk = Arc::make_mut(&mut chunks[index]);
        match chunk.binary_search_by(|(other, _)| other.cmp(&key)) {
            Ok(place) => Some(std::mem::replace(&mut chunk[place].1, value)),
            Err(place) => {
                chunk.insert(place, (key, value));
                if chunk.len() > CHUNK {
                    let upper = chunk.split_off(CHUNK / 2);
                    chunks.insert(index + 1, Arc::new(upper));
                }
                None
            }
        }
    }

    /// The value under a key, to be changed; copied first if another table shares it.
    pub(crate) fn get_mut(&mut self, order: impl Fn(&K) -> Ordering) -> Option<&mut V> {
        let index = self.chunk_for(&order);
        let place = self.chunks.get(index)?.binary_search_by(|(key, _)| order(key)).ok()?;
        let chunk = Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[index]);
        Some(Arc::make_mut(&mut chunk[place].1))
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, order: impl Fn(&K) -> Ordering) -> Option<Arc<V>> {
        let index = self.chunk_for(&order);
        let place = self.chunks.get(index)?.binary_search_by(|(key, _)| order(key)).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[index]);
        let (_, value) = chunk.remove(place);
        if chunk.is_empty() {
            chunks.remove(index);
        }
        Some(value)
    }

    /// All entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Arc<V>)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// The entries, in order, whose keys the function calls equal; they must be neighbours.
    pub(crate) fn range(
        &self,
        order: impl Fn(&K) -> Ordering + Clone,
    ) -> impl Iterator<Item = (&K, &Arc<V>)> {
        let first = self.chunk_for(&order);
        let start = self
            .chunks
            .get(first)
            .map_or(0, |chunk| chunk.partition_point(|(key, _)| order(key) == Ordering::Less));
        self.chunks
            .iter()
            .skip(first)
            .flat_map(|chunk| chunk.iter())
            .skip(start)
            .map(|(key, value)| (key, value))
            .take_while(move |(key, _)| order(key) == Ordering::Equal)
    }

    /// Whether both are copies of one table, and neither was written since.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
    }

    /// The keys whose entries differ between two tables. What the tables share costs nothing.
    pub(crate) fn differences<'a>(&'a self, other: &'a Self, mut report: impl FnMut(&'a K)) {
        let (mut one, mut two) = (Cursor::new(&self.chunks), Cursor::new(&other.chunks));
        loop {
            one.skip_shared(&mut two);
            let order = match (one.entry(), two.entry()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((left, _)), Some((right, _))) => left.cmp(right),
            };
            match order {
                Ordering::Less => one.advance().into_iter().for_each(|(key, _)| report(key)),
                Ordering::Greater => two.advance().into_iter().for_each(|(key, _)| report(key)),
                Ordering::Equal => {
                    let (left, right) = (one.advance(), two.advance());
                    if let (Some((key, left)), Some((_, right))) = (left, right)
                        && !Arc::ptr_eq(left, right)
                    {
                        report(key);
                    }
                }
            }
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    fn chunk_for(&self, order: &impl Fn(&K) -> Ordering) -> usize {
        chunk_for(&self.chunks, order)
    }
}

/// The first chunk whose last key is not before the one that is sought.
fn chunk_for<K, V>(chunks: &[Chunk<K, V>], order: &impl Fn(&K) -> Ordering) -> usize {
    chunks
        .partition_point(|chunk| chunk.last().is_some_and(|(key, _)| order(key) == Ordering::Less))
}

/// A place in a table.
struct Cursor<'a, K, V> {
    chunks: &'a [Chunk<K, V>],
    place: usize,
}

impl<'a, K, V> Cursor<'a, K, V> {
    fn new(chunks: &'a [Chunk<K, V>]) -> Self {
        Self { chunks, place: 0 }
    }

    fn entry(&self) -> Option<&'a (K, Arc<V>)> {
        self.chunks.first().and_then(|chunk| chunk.get(self.place))
    }

    fn advance(&mut self) -> Option<&'a (K, Arc<V>)> {
        let entry = self.entry()?;
        self.place += 1;
        if self.place == self.chunks[0].len() {
            (self.chunks, self.place) = (&self.chunks[1..], 0);
        }
        Some(entry)
    }

    /// Steps over chunks that both tables hold, if both cursors stand in front of one.
    fn skip_shared(&mut self, other: &mut Self) {
        while self.place == 0 && other.place == 0 {
            let (Some(one), Some(two)) = (self.chunks.first(), other.chunks.first()) else {
                return;
            };
            if !Arc::ptr_eq(one, two) {
                return;
            }
            self.chunks = &self.chunks[1..];
            other.chunks = &other.chunks[1..];
        }
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { chunks: Arc::default() }
    }
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { chunks: Arc::clone(&self.chunks) }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.iter().zip(other.iter());
        Arc::ptr_eq(&self.chunks, &other.chunks)
            || (self.len() == other.len()
                && pairs.all(|((one, value), (two, other))| {
                    one == two && (Arc::ptr_eq(value, other) || value == other)
                }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_behaves_as_an_ordered_map(steps in prop::collection::vec((0u16..300, any::<bool>()), 0..600)) {
            let mut table = Table::default();
            let mut model = BTreeMap::new();
            for (number, (key, insert)) in steps.into_iter().enumerate() {
                let before = table.clone();
                let copy = model.clone();
                if insert {
                    prop_assert_eq!(
                        table.insert(key, Arc::new(number)).map(|v| *v),
                        model.insert(key, number)
                    );
                } else {
                    prop_assert_eq!(table.remove(|k| k.cmp(&key)).map(|v| *v), model.remove(&key));
                }
                if number % 50 == 0 {
                    prop_assert!(before.iter().map(|(k, v)| (*k, **v)).eq(copy.clone()));
                }
                let mut changed = Vec::new();
                before.differences(&table, |key| changed.push(*key));
                let expected = if insert || copy.contains_key(&key) { vec![key] } else { vec![] };
                prop_assert_eq!(changed, expected);
            }
            prop_assert_eq!(table.len(), model.len());
            prop_assert!(table.iter().map(|(k, v)| (*k, **v)).eq(model.clone()));
            let tens = |key: &u16| (key / 10).cmp(&7);
            prop_assert!(
                table.range(tens).map(|(k, _)| *k).eq(model.keys().copied().filter(|k| k / 10 == 7))
            );
        }
    }
}
