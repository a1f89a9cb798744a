//! Reading the store and changing it. The verbs of each noun lie in the noun's own file.

use std::ops::Deref;

use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Result};

/// Records begin with this, so that a later form can be told from this one.
const RECORD_FORM: u8 = 1;

/// Reads. Sees what was changed before the call, never a part of a change.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(super) db: sled::Db,
}

/// Collects what is to be changed. Reading through it shows the store as it was when the change began: a change does not
/// see itself.
pub(crate) struct Change<'a> {
    view: &'a View,
    pub(super) batch: sled::Batch,
    pub(super) len: usize,
}

impl View {
    pub(super) fn get<R: DeserializeOwned>(&self, key: &[u8], what: &'static str) -> Result<Option<R>> {
        self.db.get(key)?.map(|bytes| decode(&bytes, what)).transpose()
    }

    /// The thing whose record lies under `key`.
    pub(super) fn one<R, D>(&self, key: &[u8], what: &'static str) -> Result<Option<D>>
    where
        R: DeserializeOwned,
        D: TryFrom<R, Error = String>,
    {
        let record: Option<R> = self.get(key, what)?;
        record.map(|record| D::try_from(record).map_err(Error::damaged(what))).transpose()
    }

    /// The keys and values below `prefix`, in order.
    pub(super) fn below(
        &self,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(sled::IVec, sled::IVec)>> + use<> {
        self.db.scan_prefix(prefix).map(|entry| entry.map_err(Error::from))
    }

    /// The things whose records lie below `prefix`, in the order of their keys.
    pub(super) fn all<R, D>(
        &self,
        prefix: &[u8],
        what: &'static str,
    ) -> impl DoubleEndedIterator<Item = Result<D>> + use<R, D>
    where
        R: DeserializeOwned,
        D: TryFrom<R, Error = String>,
    {
        self.below(prefix).map(move |entry| {
            let record: R = decode(&entry?.1, what)?;
            D::try_from(record).map_err(Error::damaged(what))
        })
    }
}

impl<'a> Change<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self { view, batch: sled::Batch::default(), len: 0 }
    }

    pub(super) fn put<R: Serialize>(&mut self, key: Vec<u8>, record: &R, what: &'static str) -> Result<()> {
        let value = encode(record, what)?;
        self.put_bytes(key, value);
        Ok(())
    }

    pub(super) fn put_bytes(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.len += 1;
        self.batch.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: impl Into<sled::IVec>) {
        self.len += 1;
        self.batch.remove(key);
    }

    pub(super) fn remove_below(&mut self, prefix: &[u8]) -> Result<()> {
        for entry in self.view.below(prefix) {
            let (key, _) = entry?;
            self.remove(key);
        }
        Ok(())
    }
}

impl Deref for Change<'_> {
    type Target = View;

    fn deref(&self) -> &View {
        self.view
    }
}

pub(super) fn encode<R: Serialize>(record: &R, what: &'static str) -> Result<Vec<u8>> {
    let mut bytes = vec![RECORD_FORM];
    serde_json::to_writer(&mut bytes, record).map_err(|error| Error::damaged(what)(error.to_string()))?;
    Ok(bytes)
}

pub(super) fn decode<R: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<R> {
    let damaged = Error::damaged(what);
    match bytes.split_first() {
        Some((&RECORD_FORM, json)) => {
            serde_json::from_slice(json).map_err(|error| damaged(error.to_string()))
        }
        Some((form, _)) => Err(damaged(format!("its form {form} is not known"))),
        None => Err(damaged("it is empty".to_owned())),
    }
}
