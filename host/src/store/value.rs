//! Values of any size: short ones lie in the table, long ones in a file that the table names. A value's first byte says
//! which.

use std::borrow::Cow;

use super::{
    Change, Error, Result,
    change::View,
    files::{Files, Outside},
    key,
};

const INSIDE: u8 = 1;
const OUTSIDE: u8 = 2;
/// A leaf of the table holds up to 17 values, and must be shorter than a quarter of [`super::open::SEGMENT_BYTES`].
pub(super) const INSIDE_BYTES_MAX: usize = 16 << 10;

/// What a change makes of one key.
pub(super) enum Put {
    /// As it is: an entry of an order, or a part of a record that is always short.
    Plain(Vec<u8>),
    /// Of any size.
    Value(Vec<u8>),
    Nothing,
}

/// A change that is ready to be entered.
pub(super) struct Ready {
    pub(super) puts: Vec<(sled::IVec, Option<sled::IVec>)>,
    /// Values that nobody will know any more.
    pub(super) gone: Vec<Outside>,
}

impl View {
    /// What `stored`, found under `key`, stands for; `None` when it was removed meanwhile.
    pub(super) fn resolve<'a>(&self, key: &[u8], stored: &'a [u8]) -> Result<Option<Cow<'a, [u8]>>> {
        if let Some(inside) = inside(stored) {
            return Ok(Some(inside.into()));
        }
        let mut outside = outside(stored).ok_or_else(|| unknown(stored))?;
        loop {
            if let Some(bytes) = self.files.read(&outside)? {
                return Ok(Some(bytes.into()));
            }
            // Its file is removed after it is: what is there now?
            let Some(stored) = self.db.get(key)? else { return Ok(None) };
            if let Some(inside) = inside(&stored) {
                return Ok(Some(inside.to_vec().into()));
            }
            let found = self::outside(&stored).ok_or_else(|| unknown(&stored))?;
            if found == outside {
                return Err(Error::damaged("value")(format!("its file {:016x} is missing", found.id)));
            }
            outside = found;
        }
    }

    /// The bytes kept under the keys that begin with `prefix`, one after another; `None` when there are none.
    pub(super) fn blob(&self, prefix: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut bytes = None;
        for entry in self.below(prefix) {
            let (key, stored) = entry?;
            if let Some(value) = self.resolve(&key, &stored)? {
                bytes.get_or_insert_with(Vec::new).extend_from_slice(&value);
            }
        }
        Ok(bytes)
    }
}

impl Change<'_> {
    pub(super) fn put_blob(&mut self, key: Vec<u8>, bytes: &[u8]) {
        self.enter(key, Put::Value(bytes.to_vec()));
    }

    /// Writes long values to their files, and says what is to be done with the table.
    pub(super) fn ready(self) -> Result<Ready> {
        let (db, files) = (&self.view.db, &*self.view.files);
        let mut made = Made { files, values: Vec::new() };
        let mut ready = Ready { puts: Vec::new(), gone: Vec::new() };
        for (key, put) in self.puts {
            if key::may_be_outside(&key)
                && let Some(outside) = db.get(&key)?.and_then(|stored| outside(&stored))
            {
                ready.puts.push((outside.entry().0.into(), None));
                ready.gone.push(outside);
            }
            match put {
                Put::Plain(bytes) => ready.puts.push((key, Some(bytes.into()))),
                Put::Nothing => ready.puts.push((key, None)),
                Put::Value(bytes) if bytes.len() <= INSIDE_BYTES_MAX => {
                    ready.puts.push((key, Some(marked(INSIDE, &bytes).into())));
                }
                Put::Value(bytes) => {
                    let outside = files.write(&bytes)?;
                    made.values.push(outside);
                    let (name, entry) = outside.entry();
                    ready.puts.push((name.into(), Some(entry.into())));
                    ready.puts.push((key, Some(marked(OUTSIDE, &outside.encode()).into())));
                }
            }
        }
        if !made.values.is_empty() {
            files.sync()?;
        }
        made.values.clear();
        Ok(ready)
    }
}

/// Files of a change; removed unless all of it is ready.
struct Made<'a> {
    files: &'a Files,
    values: Vec<Outside>,
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        for value in &self.values {
            self.files.remove(value);
        }
    }
}

fn marked(mark: u8, bytes: &[u8]) -> Vec<u8> {
    [&[mark], bytes].concat()
}

fn inside(stored: &[u8]) -> Option<&[u8]> {
    stored.split_first().filter(|(mark, _)| **mark == INSIDE).map(|(_, bytes)| bytes)
}

fn outside(stored: &[u8]) -> Option<Outside> {
    let (_, bytes) = stored.split_first().filter(|(mark, _)| **mark == OUTSIDE)?;
    Outside::decode(bytes)
}

fn unknown(stored: &[u8]) -> Error {
    Error::damaged("value")(format!("its form {:?} is not known", stored.first()))
}
