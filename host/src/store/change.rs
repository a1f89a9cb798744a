//! Reading the store and changing it. The verbs of each noun lie in the noun's own file.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Result, files::Files, table::Table, value::Put};

/// Records begin with this, so that a later form can be told from this one.
const RECORD_FORM: u8 = 1;

/// Reads. Each thing is as it was at one moment during the call; in a list, things that are changed meanwhile are shown
/// before or after that. Within a [`Change`] nothing changes.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(super) db: Table,
    pub(super) files: Arc<Files>,
    /// The library could not write: it does not again until the store is opened anew.
    pub(super) broken: Arc<AtomicBool>,
}

/// Collects what is to be changed. Reading through it shows the store as the changes before it left it: a change does not
/// see itself.
pub(crate) struct Change<'a> {
    pub(super) view: &'a View,
    /// The last word on each key.
    pub(super) puts: BTreeMap<sled::IVec, Put>,
}

impl View {
    /// The thing whose record lies under `key`.
    pub(super) fn one<R, D>(&self, key: &[u8], what: &'static str) -> Result<Option<D>>
    where
        R: DeserializeOwned,
        D: TryFrom<R, Error = String>,
    {
        let Some(stored) = self.db.get(key)? else { return Ok(None) };
        let Some(bytes) = self.resolve(key, &stored)? else { return Ok(None) };
        let record: R = decode(&bytes, what)?;
        D::try_from(record).map(Some).map_err(Error::damaged(what))
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
        let view = self.clone();
        self.below(prefix).filter_map(move |entry| {
            let thing = |(key, stored): (sled::IVec, sled::IVec)| {
                let Some(bytes) = view.resolve(&key, &stored)? else { return Ok(None) };
                let record: R = decode(&bytes, what)?;
                D::try_from(record).map(Some).map_err(Error::damaged(what))
            };
            entry.and_then(thing).transpose()
        })
    }
}

impl<'a> Change<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        Self { view, puts: BTreeMap::new() }
    }

    pub(super) fn put<R: Serialize>(&mut self, key: Vec<u8>, record: &R, what: &'static str) -> Result<()> {
        let value = encode(record, what)?;
        self.enter(key, Put::Value(value));
        Ok(())
    }

    /// Keeps a few bytes as they are.
    pub(super) fn put_bytes(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.enter(key, Put::Plain(value));
    }

    pub(super) fn remove(&mut self, key: impl Into<sled::IVec>) {
        self.enter(key, Put::Nothing);
    }

    pub(super) fn enter(&mut self, key: impl Into<sled::IVec>, put: Put) {
        self.puts.insert(key.into(), put);
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
