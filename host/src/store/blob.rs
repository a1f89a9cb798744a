//! Values of any size, in chunks: the library is made for small ones.

use super::{Change, Result, change::View};

const CHUNK_BYTES: usize = 64 << 10;

impl View {
    /// The bytes kept under `key`; `None` when there are none.
    pub(super) fn blob(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut bytes = None;
        for entry in self.below(key) {
            bytes.get_or_insert_with(Vec::new).extend_from_slice(&entry?.1);
        }
        Ok(bytes)
    }
}

impl Change<'_> {
    /// Keeps `bytes` under `key`, below which nothing else may lie; what was there must have been removed before, unless
    /// it had as many chunks.
    pub(super) fn put_blob(&mut self, key: &[u8], bytes: &[u8]) {
        let chunks = if bytes.is_empty() { 1 } else { bytes.len().div_ceil(CHUNK_BYTES) };
        for number in 0..chunks {
            let chunk = &bytes[number * CHUNK_BYTES..bytes.len().min((number + 1) * CHUNK_BYTES)];
            self.put_bytes(chunk_key(key, number), chunk.to_vec());
        }
    }

    /// Keeps `bytes` in the place of what `key` held, whatever its size.
    pub(super) fn replace_blob(&mut self, key: &[u8], bytes: &[u8]) -> Result<()> {
        self.remove_below(key)?;
        self.put_blob(key, bytes);
        Ok(())
    }
}

/// The chunks of one part of a blob that is written in several changes.
pub(super) fn part(key: &[u8], bytes: &[u8], first: usize, count: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let chunks = bytes.chunks(CHUNK_BYTES).enumerate().skip(first).take(count);
    chunks.map(|(number, chunk)| (chunk_key(key, number), chunk.to_vec())).collect()
}

pub(super) fn chunks(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(CHUNK_BYTES)
}

fn chunk_key(key: &[u8], number: usize) -> Vec<u8> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    [key, &number.to_be_bytes()].concat()
}
