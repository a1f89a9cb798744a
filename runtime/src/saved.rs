//! Saved memory: what a run of a stateful action left, for the next run to start from. Owns which memory may be kept, for
//! imports too, and the form in which callers store it; they alone know how long.

use std::sync::Arc;

use crate::{
    engine::{Engine, Inner},
    error::Result,
    image::{Difference, Image},
    images::ImageKey,
    live::Live,
    prepare::Prepared,
    slot::Slots,
};

const MAGIC: &[u8; 8] = b"ACTSAV01";
const CHECKSUM_BYTES: usize = blake3::OUT_LEN;

/// The memory after a run, usable as the start of later ones. Cheap to clone; when the last clone is dropped, its memory
/// and the slots that hold it are given back.
#[derive(Debug, Clone)]
pub struct Saved(pub(crate) Arc<Memory>);

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) action: Prepared,
    pub(crate) image: Image,
    slots: Slots,
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.slots.evict(&self.image.memory);
    }
}

impl Saved {
    /// What it takes in memory, in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.0.image.resident_bytes
    }
}

/// What became of the memory of a run that was to be kept.
#[derive(Debug)]
pub enum Kept {
    /// The next run starts here.
    Saved {
        /// For [`Engine::resume`].
        saved: Saved,
        /// The same for [`Engine::restore`], after a restart. Nothing else can make them again.
        bytes: Vec<u8>,
    },
    /// The run did not return: the state before it stays.
    Forgotten,
    /// The run returned, but its memory cannot be kept, for this reason: the state before it stays.
    Refused(&'static str),
}

impl Engine {
    /// Memory that an earlier run of the action left. `None` when `bytes` are damaged, or of another guest, base image,
    /// bundle or environment.
    ///
    /// # Errors
    /// When the machine is out of memory or descriptors.
    pub fn restore(&self, action: &Prepared, bytes: &[u8]) -> Result<Option<Saved>> {
        let engine = &*self.0;
        let Some(encoded) = unseal(&action.0.key, bytes) else { return Ok(None) };
        let image = Image::decode(Some(&engine.base), encoded)?;
        Ok(image.map(|image| engine.saved(action, image)))
    }
}

impl Inner {
    pub(crate) fn saved(&self, action: &Prepared, image: Image) -> Saved {
        Saved(Arc::new(Memory { action: action.clone(), image, slots: self.images.slots().clone() }))
    }
}

/// The memory of a guest between two calls, as an image and encoded, or why it cannot be one.
pub(crate) enum AtRest {
    Frozen(Image, Vec<u8>),
    FileOpen,
    ScratchUsed,
    TooLarge,
}

impl AtRest {
    pub(crate) fn of(engine: &Inner, live: &mut Live) -> Result<Self> {
        let (memory, state) = live.memory()?;
        if state.files.open() > 0 {
            return Ok(Self::FileOpen);
        }
        if !state.scratch.is_empty()? {
            return Ok(Self::ScratchUsed);
        }
        let difference = Difference::between(Some(&engine.base), memory);
        if difference.bytes() > engine.machine.image_bytes {
            return Ok(Self::TooLarge);
        }
        let (image, encoded) = difference.freeze()?;
        Ok(Self::Frozen(image, encoded))
    }
}

/// What callers store: magic, the key of the action's own image, the image, a checksum of all that.
pub(crate) fn seal(key: &ImageKey, encoded: &[u8]) -> Vec<u8> {
    let mut bytes = [MAGIC, &key[..], encoded].concat();
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

fn unseal<'a>(key: &ImageKey, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (sealed, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
    if blake3::hash(sealed) != *checksum {
        return None;
    }
    sealed.strip_prefix(MAGIC)?.strip_prefix(key)
}
