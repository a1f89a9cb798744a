//! The images of prepared actions: hot ones in memory within a bound, the one unused for longest out first; all of them
//! on disk as differences from the base image, readable by this user only (they hold the action's environment).

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use lru::LruCache;

use crate::{cache::Cache, error::Result, image::Image, slot::Slots};

/// Names an action's image: equal keys, equal base image, files and environment.
pub(crate) type ImageKey = [u8; 32];

const SUFFIX: &str = ".delta";
/// Each hot image takes a descriptor and a mapping.
const HOT_MAX: usize = 1_024;
/// Images that may be read from disk at one time.
const READERS_MAX: usize = 16;

/// Those of one guest's actions; the bounds are for all guests' together.
#[derive(Debug)]
pub(crate) struct Images {
    all: Arc<All>,
    /// How often one came back from disk.
    reads: AtomicU64,
}

/// The images of all guests: keys hold the id of the base image, so none is taken for another's.
#[derive(Debug)]
struct All {
    cache: Cache,
    slots: Slots,
    hot_bytes_max: u64,
    cold_bytes_max: u64,
    hot: Mutex<Hot>,
    /// By key: of several that look for one image, one reads it and the others find what it read.
    readers: [Mutex<()>; READERS_MAX],
}

#[derive(Debug)]
struct Hot {
    images: LruCache<ImageKey, Arc<Image>>,
    bytes: u64,
}

impl Images {
    /// `hot_bytes_max`: memory for images. `cold_bytes_max`: disk for their differences.
    pub(crate) fn new(cache: Cache, slots: Slots, hot_bytes_max: u64, cold_bytes_max: u64) -> Self {
        let hot = Mutex::new(Hot { images: LruCache::unbounded(), bytes: 0 });
        let all = All { cache, slots, hot_bytes_max, cold_bytes_max, hot, readers: Default::default() };
        Self { all: Arc::new(all), reads: AtomicU64::new(0) }
    }

    /// For another guest's actions, within the same bounds.
    pub(crate) fn beside(&self) -> Self {
        Self { all: self.all.clone(), reads: AtomicU64::new(0) }
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.all.slots
    }

    /// The image of that name from memory, else from disk; `None` when it has to be made.
    pub(crate) fn find(&self, base: &Image, key: &ImageKey) -> Result<Option<Arc<Image>>> {
        let all = &*self.all;
        if let Some(image) = all.hot().images.get(key) {
            return Ok(Some(image.clone()));
        }
        let reader = &all.readers[usize::from(key[0]) % READERS_MAX];
        let _turn = reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = all.hot().images.get(key) {
            return Ok(Some(image.clone()));
        }
        let Some(delta) = all.cache.read(&file_name(key)) else { return Ok(None) };
        let Some(image) = Image::decode(Some(base), &delta)? else { return Ok(None) };
        let image = Arc::new(image);
        self.reads.fetch_add(1, Ordering::Relaxed);
        all.heat(*key, image.clone());
        Ok(Some(image))
    }

    /// Keeps an image and its difference from the base.
    pub(crate) fn keep(&self, key: ImageKey, image: Arc<Image>, delta: &[u8]) -> Result<()> {
        self.all.cache.write(&file_name(&key), delta)?;
        self.all.cache.prune(SUFFIX, self.all.cold_bytes_max)?;
        self.all.heat(key, image);
        Ok(())
    }

    /// Gives an image up, in memory and on disk.
    pub(crate) fn forget(&self, key: &ImageKey) -> Result<()> {
        let all = &*self.all;
        let mut hot = all.hot();
        let image = hot.images.pop(key);
        hot.bytes -= image.as_ref().map_or(0, |image| image.resident_bytes);
        drop(hot);
        if let Some(image) = image {
            all.slots.evict(&image.memory);
        }
        all.cache.remove(&file_name(key))
    }

    /// Of those that differ from `base`: how many are in memory, and what they take.
    pub(crate) fn hot_count_and_bytes(&self, base: &Image) -> (usize, u64) {
        let hot = self.all.hot();
        let of_base = hot.images.iter().filter(|(_, image)| image.memory.begins_as(&base.memory));
        of_base.fold((0, 0), |(count, bytes), (_, image)| (count + 1, bytes + image.resident_bytes))
    }

    /// How often an image came back from disk.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

impl All {
    fn heat(&self, key: ImageKey, image: Arc<Image>) {
        let mut cooled = Vec::new();
        {
            let mut hot = self.hot();
            hot.bytes += image.resident_bytes;
            if let Some(replaced) = hot.images.put(key, image) {
                hot.bytes -= replaced.resident_bytes;
                cooled.push(replaced);
            }
            while (hot.bytes > self.hot_bytes_max && hot.images.len() > 1) || hot.images.len() > HOT_MAX {
                let Some((_, image)) = hot.images.pop_lru() else { break };
                hot.bytes -= image.resident_bytes;
                cooled.push(image);
            }
        }
        for image in cooled {
            self.slots.evict(&image.memory);
        }
    }

    fn hot(&self) -> MutexGuard<'_, Hot> {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(key: &ImageKey) -> String {
    blake3::Hash::from_bytes(*key).to_hex().to_string() + SUFFIX
}
