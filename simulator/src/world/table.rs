//! Tables of rows: internal numbers count up in order of creation, rows are shared between
//! forks until one of them changes a row.

use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use imbl::shared_ptr::DefaultSharedPtr;
use imbl::{GenericHashMap, OrdMap};
use serde::{Deserialize, Serialize};

use super::saved::form;

/// Finds something by its hash, in worlds that are forked. It has no seed of its own: two worlds that were made and
/// asked alike take the same steps and the same memory, which is what makes the counts of a benchmark comparable.
pub type HashIndex<K, V> = GenericHashMap<K, V, BuildHasherDefault<DefaultHasher>, DefaultSharedPtr>;

/// The internal number of a row. Clients see it in a few texts only (`i-2-17-VM`).
pub type Id = u64;

/// Rows by internal number.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Saved<T>", bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct Table<T> {
    #[serde(serialize_with = "form::map::serialize")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Id, T>"))]
    rows: OrdMap<Id, Arc<T>>,
    last: Id,
}

/// A table as it comes out of a file.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
struct Saved<T> {
    /// The rows by number.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Id, T>"))]
    rows: OrdMap<Id, Arc<T>>,
    /// The last number that was given; that row may be gone.
    last: Id,
}

impl<T> TryFrom<Saved<T>> for Table<T> {
    type Error = String;

    fn try_from(Saved { rows, last }: Saved<T>) -> Result<Self, String> {
        if last > Self::LARGEST {
            return Err(format!("the last number {last} leaves no room for more"));
        }
        let ends = [rows.get_min(), rows.get_max()];
        let wrong = ends.into_iter().flatten().map(|(id, _)| *id).find(|id| *id == 0 || *id > last);
        match wrong {
            Some(id) => Err(format!("row {id} has a number that was not given: they are 1 to {last}")),
            None => Ok(Self { rows, last }),
        }
    }
}

impl<T> Table<T> {
    /// The largest number in a saved table: what every reader of JSON knows exactly.
    pub(super) const LARGEST: Id = 1 << 53;
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), last: self.last }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: OrdMap::new(), last: 0 }
    }
}

impl<T: Clone> Table<T> {
    /// The number that the next row gets.
    #[must_use]
    pub fn next_id(&self) -> Id {
        self.last + 1
    }

    /// Makes the next row get at least this number.
    pub fn start_at(&mut self, id: Id) {
        self.last = self.last.max(id.saturating_sub(1));
    }

    /// Adds a row and answers its number.
    pub fn insert(&mut self, row: T) -> Id {
        self.last += 1;
        self.rows.insert(self.last, Arc::new(row));
        self.last
    }

    /// A row.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&T> {
        self.rows.get(&id).map(AsRef::as_ref)
    }

    /// A row, to change it.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.rows.get_mut(&id).map(Arc::make_mut)
    }

    /// Takes a row out; its number is never given again.
    pub fn remove(&mut self, id: Id) -> Option<Arc<T>> {
        self.rows.remove(&id)
    }

    /// Whether it shares all rows with a copy of it, because neither was changed since. A change that was taken back
    /// counts.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.rows.ptr_eq(&other.rows)
    }

    /// All rows, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Id, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row.as_ref()))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_does_not_see_what_the_other_changes() {
        let mut one = Table::default();
        let id = one.insert("a".to_owned());
        let mut two = one.clone();
        two.get_mut(id).expect("the row was inserted").push('b');
        two.insert("c".to_owned());
        assert_eq!(one.get(id).map(String::as_str), Some("a"));
        assert_eq!(two.get(id).map(String::as_str), Some("ab"));
        assert_eq!((one.len(), two.len()), (1, 2));
    }

    #[test]
    fn a_copy_is_the_same_until_one_of_the_two_is_changed() {
        let mut one = Table::default();
        let id = one.insert(1);
        let two = one.clone();
        assert!(one.is_same(&two));
        *one.get_mut(id).expect("the row was inserted") = 2;
        assert!(!one.is_same(&two));
        let mut three = one.clone();
        three.insert(3);
        assert!(!one.is_same(&three));
        let mut four = one.clone();
        four.remove(id);
        assert!(!one.is_same(&four));
    }

    #[test]
    fn numbers_are_never_given_twice() {
        let mut table = Table::default();
        let first = table.insert(1);
        table.remove(first);
        assert_eq!(table.insert(2), first + 1);
    }
}
