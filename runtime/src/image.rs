//! An image: a guest's linear memory, saved between two calls. Owns the format in which images and their differences
//! lie on disk; mapping them is `memory.rs`'s.
//!
//! Format, little-endian: magic, memory bytes (u64), id of the image it differs from (32 bytes, zero for none), number
//! of pages (u32), their numbers (u32 each, rising), their contents as one LZ4 block.

use std::sync::Arc;

use crate::{
    error::{Error, Result},
    memory::{Frozen, PAGE_BYTES},
};

const MAGIC: &[u8; 8] = b"ACTIMG01";
const ID_BYTES: usize = blake3::OUT_LEN;
const HEADER_BYTES: usize = MAGIC.len() + 8 + ID_BYTES + 4;
const MEMORY_BYTES_MAX: usize = 1 << 32;
const ZERO_PAGE: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// A saved linear memory.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) memory: Arc<Frozen>,
    /// Equal ids, equal bytes.
    id: [u8; ID_BYTES],
    /// Bytes of pages that are not zero: what keeping it in memory costs.
    pub(crate) resident_bytes: u64,
    /// Bytes of pages that are not as in its base.
    pub(crate) difference_bytes: u64,
}

impl Image {
    /// Freezes `memory`, and encodes how it differs from `base` (from zeros when there is none).
    pub(crate) fn freeze(base: Option<&Self>, memory: &[u8]) -> Result<(Self, Vec<u8>)> {
        Difference::between(base, memory).freeze()
    }

    /// The image that `encoded` describes; `None` when it is damaged or differs from another base.
    pub(crate) fn decode(base: Option<&Self>, encoded: &[u8]) -> Result<Option<Self>> {
        let Some((len, numbers, contents)) = decode(base, encoded) else { return Ok(None) };
        let pages = numbers.iter().zip(contents.chunks(PAGE_BYTES));
        let pages: Vec<(usize, &[u8])> = pages.map(|(number, page)| (*number as usize, page)).collect();
        Self::assemble(base, len, &pages, encoded).map(Some)
    }

    fn assemble(base: Option<&Self>, len: usize, changed: &[(usize, &[u8])], encoded: &[u8]) -> Result<Self> {
        let inherited = base.map_or(&[][..], |base| base.memory.bytes());
        let inherited = pages(inherited).take(len / PAGE_BYTES).filter(|(_, page)| *page != ZERO_PAGE);
        // Changed pages come second and overwrite what was inherited.
        let all = inherited.chain(changed.iter().copied());
        let mut resident_bytes = 0;
        let all = all.map(|(number, page)| {
            resident_bytes += PAGE_BYTES as u64;
            (number * PAGE_BYTES, page)
        });
        let memory = Arc::new(Frozen::new(len, all).map_err(Error::system("freeze an image"))?);
        let difference_bytes = (changed.len() * PAGE_BYTES) as u64;
        Ok(Self { memory, id: blake3::hash(encoded).into(), resident_bytes, difference_bytes })
    }

    pub(crate) fn id(&self) -> &[u8; ID_BYTES] {
        &self.id
    }
}

/// Memory beside the image that it began as.
#[derive(Debug)]
pub(crate) struct Difference<'a> {
    base: Option<&'a Image>,
    memory_bytes: usize,
    /// Pages that are not as in the base, by number.
    changed: Vec<(usize, &'a [u8])>,
}

impl<'a> Difference<'a> {
    /// `base`: zeros when there is none.
    pub(crate) fn between(base: Option<&'a Image>, memory: &'a [u8]) -> Self {
        let changed = pages(memory).filter(|(number, page)| *page != base_page(base, *number));
        Self { base, memory_bytes: memory.len(), changed: changed.collect() }
    }

    /// What freezing the memory costs.
    pub(crate) fn bytes(&self) -> u64 {
        (self.changed.len() * PAGE_BYTES) as u64
    }

    /// The memory as an image, and the difference encoded.
    pub(crate) fn freeze(self) -> Result<(Image, Vec<u8>)> {
        let encoded = encode(self.base, self.memory_bytes, &self.changed);
        let image = Image::assemble(self.base, self.memory_bytes, &self.changed, &encoded)?;
        Ok((image, encoded))
    }
}

fn pages(memory: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    memory.chunks_exact(PAGE_BYTES).enumerate()
}

fn base_page(base: Option<&Image>, number: usize) -> &[u8] {
    let at = number * PAGE_BYTES;
    base.and_then(|base| base.memory.bytes().get(at..at + PAGE_BYTES)).unwrap_or(&ZERO_PAGE)
}

fn encode(base: Option<&Image>, len: usize, changed: &[(usize, &[u8])]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + changed.len() * 4);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(len as u64).to_le_bytes());
    out.extend_from_slice(base.map_or(&[0; ID_BYTES], |base| &base.id));
    out.extend_from_slice(&(changed.len() as u32).to_le_bytes());
    for (number, _) in changed {
        out.extend_from_slice(&(*number as u32).to_le_bytes());
    }
    let contents: Vec<u8> = changed.iter().flat_map(|(_, page)| *page).copied().collect();
    out.extend_from_slice(&lz4_flex::block::compress(&contents));
    out
}

/// Memory length, page numbers, page contents.
fn decode(base: Option<&Image>, encoded: &[u8]) -> Option<(usize, Vec<u32>, Vec<u8>)> {
    let rest = encoded.strip_prefix(MAGIC)?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let (base_id, rest) = rest.split_first_chunk::<ID_BYTES>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
    let count = u32::from_le_bytes(*count) as usize;
    let sound = len > 0 && len <= MEMORY_BYTES_MAX && len.is_multiple_of(PAGE_BYTES);
    if !sound || count > len / PAGE_BYTES || base_id != base.map_or(&[0; ID_BYTES], |base| &base.id) {
        return None;
    }
    let (numbers, block) = rest.split_at_checked(count * 4)?;
    let numbers: Vec<u32> =
        numbers.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let rising = numbers.is_sorted_by(|one, next| one < next);
    if !rising || numbers.last().is_some_and(|last| *last as usize >= len / PAGE_BYTES) {
        return None;
    }
    let contents = lz4_flex::block::decompress(block, count * PAGE_BYTES).ok()?;
    (contents.len() == count * PAGE_BYTES).then_some((len, numbers, contents))
}

#[cfg(test)]
mod tests;
