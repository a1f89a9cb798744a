//! An image: a guest's linear memory, saved between two calls. Owns the format in which images and their differences
//! lie on disk; mapping them is `memory.rs`'s.
//!
//! Format, little-endian: magic, memory bytes (u64), id of the image it differs from (32 bytes, zero for none), number
//! of pages (u32), their numbers (u32 each, rising), their contents as one LZ4 block.

use std::{io, ops::Range, sync::Arc};

use crate::{
    error::{Error, Result},
    memory::{Frozen, PAGE_BYTES},
};

const MAGIC: &[u8; 8] = b"ACTIMG01";
const ID_BYTES: usize = blake3::OUT_LEN;
const HEADER_BYTES: usize = MAGIC.len() + 8 + ID_BYTES + 4;
const MEMORY_BYTES_MAX: usize = 1 << 32;
/// An image is mapped in at most so many stretches beside its base. Fewer take more memory, for what lies between changed
/// pages is copied then; more take more of the 65,530 mappings that a process may have: two for each, in each slot.
const STRETCHES_MAX: usize = 16;
const ZERO_PAGE: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// A saved linear memory.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) memory: Arc<Frozen>,
    /// Equal ids, equal bytes.
    id: [u8; ID_BYTES],
    /// What keeping it in memory costs, in bytes: pages that are not as in its base, and what lies between them.
    pub(crate) resident_bytes: u64,
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
        let changed: Vec<(usize, &[u8])> =
            changed.iter().map(|(number, page)| (number * PAGE_BYTES, *page)).collect();
        let memory = match base {
            Some(base) => over(&base.memory, len, &changed),
            None => Frozen::new(len, changed.into_iter()),
        };
        let memory = Arc::new(memory.map_err(Error::system("freeze an image"))?);
        let resident_bytes = memory.file_bytes().map_err(Error::system("measure an image"))?;
        Ok(Self { memory, id: blake3::hash(encoded).into(), resident_bytes })
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

/// Memory of `len` bytes that is as `below`, and zero past its end, but for `pages`: offsets, rising, and whole pages.
fn over(below: &Arc<Frozen>, len: usize, pages: &[(usize, &[u8])]) -> io::Result<Frozen> {
    let end = below.len();
    let changed = pages.iter().map(|(offset, page)| *offset..offset + page.len());
    let past = (len > end).then_some(end..len);
    let apart: Vec<Range<usize>> = changed.filter(|changed| changed.start < end).chain(past).collect();
    let (own, gaps) = join(&apart);
    let gaps = gaps.into_iter().flat_map(|gap| {
        let pages = below.stretch(gap.start)[..gap.len()].chunks(PAGE_BYTES).enumerate();
        let pages = pages.map(move |(number, page)| (gap.start + number * PAGE_BYTES, page));
        pages.filter(|(_, page)| *page != ZERO_PAGE)
    });
    Frozen::over(below, len, own, gaps.chain(pages.iter().copied()))
}

/// Joins ranges, which rise, to at most [`STRETCHES_MAX`] by closing the narrowest gaps; and those gaps.
fn join(apart: &[Range<usize>]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let gaps = apart.array_windows().map(|[one, next]| one.end..next.start);
    let mut widths: Vec<usize> = gaps.clone().map(|gap| gap.len()).collect();
    widths.sort_unstable_by(|one, other| other.cmp(one));
    let closed_max = widths.get(STRETCHES_MAX - 1).copied().unwrap_or(0);
    let mut joined: Vec<Range<usize>> = apart.first().cloned().into_iter().collect();
    for next in apart.iter().skip(1) {
        match joined.last_mut() {
            Some(last) if next.start - last.end <= closed_max => last.end = next.end,
            Some(_) | None => joined.push(next.clone()),
        }
    }
    (joined, gaps.filter(|gap| !gap.is_empty() && gap.len() <= closed_max).collect())
}

fn pages(memory: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    memory.chunks_exact(PAGE_BYTES).enumerate()
}

fn base_page(base: Option<&Image>, number: usize) -> &[u8] {
    let (at, base) = (number * PAGE_BYTES, base.map(|base| &base.memory));
    base.filter(|memory| at < memory.len()).map_or(&ZERO_PAGE, |memory| &memory.stretch(at)[..PAGE_BYTES])
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
