//! The table as one who reads sees it: what was applied, and for the writer also what it collected and applies in a moment.
//! Owns laying the one over the other.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sled::IVec;

type Pair = (IVec, IVec);

/// The last word on each key; `None` removes it.
type Puts = BTreeMap<IVec, Option<IVec>>;

#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) db: sled::Db,
    /// Only the writer's has it.
    ahead: Option<Arc<Mutex<Puts>>>,
}

impl Table {
    pub(super) fn new(db: sled::Db) -> Self {
        Self { db, ahead: None }
    }

    /// The same table, on which can be [entered](Self::enter).
    pub(super) fn collecting(&self) -> Self {
        Self { db: self.db.clone(), ahead: Some(Arc::default()) }
    }

    pub(super) fn get(&self, key: impl AsRef<[u8]>) -> sled::Result<Option<IVec>> {
        let key = key.as_ref();
        if let Some(put) = self.ahead().and_then(|ahead| ahead.get(key).cloned()) {
            return Ok(put);
        }
        self.db.get(key)
    }

    pub(super) fn contains_key(&self, key: impl AsRef<[u8]>) -> sled::Result<bool> {
        self.get(key).map(|found| found.is_some())
    }

    pub(super) fn range(&self, range: Range<Vec<u8>>) -> Entries {
        let ahead = match self.ahead() {
            // A range that ends before it begins is no range for the map.
            Some(ahead) if range.start < range.end => {
                let (start, end) = (IVec::from(&*range.start), IVec::from(&*range.end));
                ahead.range(start..end).map(owned).collect()
            }
            Some(_) | None => VecDeque::new(),
        };
        Entries::new(self.db.range(range), ahead)
    }

    pub(super) fn scan_prefix(&self, prefix: &[u8]) -> Entries {
        let ahead = self.ahead().map_or_else(VecDeque::new, |ahead| {
            let from = ahead.range(IVec::from(prefix)..);
            from.take_while(|(key, _)| key.starts_with(prefix)).map(owned).collect()
        });
        Entries::new(self.db.scan_prefix(prefix), ahead)
    }

    /// From now on this one sees it; the others do once it is applied.
    pub(super) fn enter(&self, puts: impl IntoIterator<Item = (IVec, Option<IVec>)>) {
        if let Some(mut ahead) = self.ahead() {
            ahead.extend(puts);
        }
    }

    /// Applies all that was entered, whole or not at all.
    pub(super) fn apply(&self) -> sled::Result<()> {
        let puts = self.ahead().map(|mut ahead| std::mem::take(&mut *ahead)).unwrap_or_default();
        if puts.is_empty() {
            return Ok(());
        }
        let mut batch = sled::Batch::default();
        for (key, put) in puts {
            match put {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch)
    }

    fn ahead(&self) -> Option<MutexGuard<'_, Puts>> {
        let ahead = self.ahead.as_ref()?;
        Some(ahead.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn owned((key, put): (&IVec, &Option<IVec>)) -> (IVec, Option<IVec>) {
    (key.clone(), put.clone())
}

/// Entries in the order of their keys.
pub(super) struct Entries {
    applied: sled::Iter,
    ahead: VecDeque<(IVec, Option<IVec>)>,
    /// Taken from the front of `applied` and not given out yet, and from its back.
    front: Option<sled::Result<Pair>>,
    back: Option<sled::Result<Pair>>,
}

/// Which end of the entries is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Front,
    Back,
}

impl Entries {
    fn new(applied: sled::Iter, ahead: VecDeque<(IVec, Option<IVec>)>) -> Self {
        Self { applied, ahead, front: None, back: None }
    }

    fn take(&mut self, from: From) -> Option<sled::Result<Pair>> {
        loop {
            let applied = match self.take_applied(from) {
                Some(Ok(pair)) => Some(pair),
                Some(Err(error)) => return Some(Err(error)),
                None => None,
            };
            let ahead = match from {
                From::Front => self.ahead.front(),
                From::Back => self.ahead.back(),
            };
            let (applied, order) = match (applied, ahead) {
                (None, None) => return None,
                (Some(pair), None) => return Some(Ok(pair)),
                (Some(pair), Some((key, _))) => {
                    let order = pair.0.cmp(key);
                    (Some(pair), if from == From::Front { order } else { order.reverse() })
                }
                (None, Some(_)) => (None, Ordering::Greater),
            };
            match order {
                Ordering::Less => return applied.map(Ok),
                // What is ahead is the last word.
                Ordering::Equal => {}
                Ordering::Greater => self.put_back(from, applied),
            }
            let ahead = match from {
                From::Front => self.ahead.pop_front(),
                From::Back => self.ahead.pop_back(),
            };
            if let Some((key, Some(value))) = ahead {
                return Some(Ok((key, value)));
            }
        }
    }

    fn take_applied(&mut self, from: From) -> Option<sled::Result<Pair>> {
        match from {
            From::Front => self.front.take().or_else(|| self.applied.next()).or_else(|| self.back.take()),
            From::Back => self.back.take().or_else(|| self.applied.next_back()).or_else(|| self.front.take()),
        }
    }

    fn put_back(&mut self, from: From, pair: Option<Pair>) {
        let place = match from {
            From::Front => &mut self.front,
            From::Back => &mut self.back,
        };
        *place = pair.map(Ok);
    }
}

impl Iterator for Entries {
    type Item = sled::Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take(From::Front)
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.take(From::Back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(entries: impl Iterator<Item = sled::Result<Pair>>) -> String {
        let entries = entries.map(|entry| entry.unwrap());
        entries.map(|(key, value)| format!("{}{}", key[1] as char, value[0])).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_was_entered_is_seen_by_the_writer_and_by_all_once_it_is_applied() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        for key in ["ka", "kc", "ke", "kg", "la"] {
            db.insert(key, &[0]).unwrap();
        }
        let all = Table::new(db);
        let own = all.collecting();
        let put = |key: &str, value: Option<u8>| (IVec::from(key), value.map(|value| IVec::from(&[value])));
        own.enter([put("kb", Some(1)), put("kc", None), put("ke", Some(1)), put("kh", Some(1))]);
        own.enter([put("kb", Some(2)), put("kg", None), put("kd", None), put("lb", Some(1))]);
        let range = |from: &str, to: &str| from.as_bytes().to_vec()..to.as_bytes().to_vec();
        for (table, whole, part) in [(&own, "a0 b2 e1 h1", "b2 e1"), (&all, "a0 c0 e0 g0", "c0 e0")] {
            let backwards = |text: &str| text.split(' ').rev().collect::<Vec<_>>().join(" ");
            assert_eq!(keys(table.scan_prefix(b"k")), whole);
            assert_eq!(keys(table.scan_prefix(b"k").rev()), backwards(whole));
            assert_eq!(keys(table.range(range("kb", "kg"))), part);
            assert_eq!(keys(table.range(range("kb", "kg")).rev()), backwards(part));
            assert_eq!(keys(table.range(range("kg", "kb"))), "");
            // From both ends at once, each entry is seen once.
            let mut both = table.scan_prefix(b"k");
            let (first, last) = (both.next().unwrap(), both.next_back().unwrap());
            let rest = both.next().into_iter().chain(both.next_back()).collect::<Vec<_>>();
            assert!(both.next().is_none() && both.next_back().is_none());
            assert_eq!(keys([first].into_iter().chain(rest).chain([last])), whole);
        }
        assert!(own.get("kc").unwrap().is_none() && all.contains_key("kc").unwrap());
        own.apply().unwrap();
        assert_eq!(keys(all.scan_prefix(b"k")), "a0 b2 e1 h1");
        assert_eq!(keys(own.scan_prefix(b"k")), "a0 b2 e1 h1");
    }
}
