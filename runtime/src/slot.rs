//! Slots: reserved ranges that guests' memories live in, each with an image mapped in it. Owns who gets which slot, and
//! how a slot becomes clean again; the system calls are in `memory.rs`.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use crate::memory::{Frozen, PageScan, Reserved};

/// Past this many bytes of private pages, a reset gives them back to the kernel instead of copying. Also what an idle slot
/// may keep of a run.
const COPY_BACK_BYTES_MAX: usize = 4 << 20;
/// Live and idle slots together. Each takes up to 36 of the 65,530 mappings that a process has by default, its stack included.
const SLOTS_MAX: usize = 1_600;

/// How a slot becomes equal to its image again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// Written pages are copied back from the image and stay mapped. Where the kernel cannot tell which those are (Linux
    /// before 6.7), as [`Reset::Forget`].
    CopyBack,
    /// Written pages are given back to the kernel; the next run faults them in anew.
    Forget,
}

/// One reserved range and the image that is mapped at its start.
#[derive(Debug)]
pub(crate) struct Slot {
    range: Reserved,
    image: Arc<Frozen>,
    /// Accessible bytes: the image, and what the guest grew beyond it.
    open_bytes: usize,
    /// Whether no run has ended here since the image was mapped.
    fresh: bool,
    /// Counts this slot among the living until it is dropped.
    _alive: Alive,
}

impl Slot {
    fn new(total: usize, image: Arc<Frozen>, alive: Alive) -> io::Result<Self> {
        let mut range = Reserved::new(total)?;
        range.map(&image)?;
        let open_bytes = image.len();
        let mut slot = Self { range, image, open_bytes, fresh: true, _alive: alive };
        slot.populate();
        Ok(slot)
    }

    /// Copies at once what runs of this image write. Left to the run, most of these pages are first mapped with their
    /// neighbours to be read, and each write then interrupts every core that runs guests, to have it forget that mapping.
    fn populate(&mut self) {
        for pages in self.image.written.get().into_iter().flatten() {
            if self.range.populate(pages.clone()).is_err() {
                // Linux before 5.14, or memory is short: the run will see.
                break;
            }
        }
    }

    pub(crate) fn range(&self) -> &Reserved {
        &self.range
    }

    pub(crate) fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// Maps another image. The slot must have been reset.
    fn remap(&mut self, image: Arc<Frozen>) -> io::Result<()> {
        if image.len() < self.open_bytes {
            self.range.close(image.len()..self.open_bytes)?;
        }
        self.range.map(&image)?;
        self.open_bytes = image.len();
        self.image = image;
        self.fresh = true;
        self.populate();
        Ok(())
    }

    /// Makes the memory equal to its image again. Pages stay mapped where that is cheaper than faulting them in.
    fn reset(&mut self, scan: Option<&PageScan>) -> io::Result<()> {
        let image_len = self.image.len();
        match scan {
            Some(scan) => self.copy_back(scan)?,
            None => self.range.forget(0..image_len)?,
        }
        if self.open_bytes > image_len {
            self.range.close(image_len..self.open_bytes)?;
            self.open_bytes = image_len;
        }
        Ok(())
    }

    fn copy_back(&mut self, scan: &PageScan) -> io::Result<()> {
        let (mut at, mut budget) = (0, COPY_BACK_BYTES_MAX);
        let mut asked = std::mem::take(&mut self.fresh) && self.image.written.get().is_none();
        let mut written = Vec::new();
        while at < self.image.len() {
            let (stretches, next) = scan.private(&self.range, at..self.image.len())?;
            for stretch in stretches {
                let bytes = stretch.range.len();
                if bytes <= budget && !stretch.swapped {
                    budget -= bytes;
                    self.range.copy_from(&self.image, stretch.range.clone());
                    if asked {
                        written.push(stretch.range);
                    }
                } else {
                    self.range.forget(stretch.range)?;
                    // Others are not to pay for a run like this.
                    asked = false;
                }
            }
            if next <= at {
                return Err(io::Error::other("the page scan does not advance"));
            }
            at = next;
        }
        if asked {
            // Another may have told meanwhile.
            let _ = self.image.written.set(written.into());
        }
        Ok(())
    }
}

/// Says whether a slot may be used again after its store is gone. Until somebody says so, it may not: a run that
/// trapped, was dropped half-way or panicked leaves a slot nobody should trust.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lease(Arc<AtomicBool>);

impl Lease {
    pub(crate) fn allow_reuse(&self) {
        self.0.store(true, Ordering::Release);
    }
}

thread_local! {
    /// What the instantiation under way on this thread wants to find in its memory: wasmtime's memory creator has no
    /// argument for it.
    static WANTED: RefCell<Option<(Arc<Frozen>, Lease)>> = const { RefCell::new(None) };
}

/// Runs `instantiate` so that the memory it creates starts as `image`.
pub(crate) fn with_image<T>(image: &Arc<Frozen>, lease: &Lease, instantiate: impl FnOnce() -> T) -> T {
    WANTED.set(Some((image.clone(), lease.clone())));
    let done = instantiate();
    WANTED.set(None);
    done
}

/// Hands out slots and takes them back; idle ones keep their image mapped for the next run of the same action.
#[derive(Debug, Clone)]
pub(crate) struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    scan: Option<PageScan>,
    idle_max: usize,
    /// Oldest first.
    idle: Mutex<VecDeque<Slot>>,
    alive_max: usize,
    alive: Arc<AtomicUsize>,
}

impl Slots {
    /// `idle_max`: slots kept while nobody uses them.
    pub(crate) fn new(idle_max: usize, reset: Reset) -> Self {
        Self::bounded(idle_max, SLOTS_MAX, reset)
    }

    /// `alive_max`: slots in use and idle ones together.
    fn bounded(idle_max: usize, alive_max: usize, reset: Reset) -> Self {
        let scan = match reset {
            Reset::CopyBack => PageScan::probe(),
            Reset::Forget => None,
        };
        let (idle, alive) = (Mutex::default(), Arc::default());
        Self(Arc::new(Inner { scan, idle_max, idle, alive_max, alive }))
    }

    /// Unmaps the idle slots of an image that is no longer kept; those in use are unmapped when they are given back.
    pub(crate) fn evict(&self, image: &Arc<Frozen>) {
        image.retired.store(true, Ordering::Release);
        self.idle().retain(|slot| !Arc::ptr_eq(&slot.image, image));
    }

    /// Idle slots whose image is `base` or differs from it.
    pub(crate) fn idle_of(&self, base: &Arc<Frozen>) -> usize {
        self.idle().iter().filter(|slot| slot.image.begins_as(base)).count()
    }

    /// Memory for the instantiation under way on this thread.
    pub(crate) fn lease(&self, minimum: usize, capacity: usize, guard: usize) -> io::Result<Leased> {
        let wanted = WANTED.take();
        let (image, lease) = wanted.ok_or_else(|| io::Error::other("memory outside of an instantiation"))?;
        if image.len() < minimum || image.len() > capacity {
            return Err(io::Error::other(format!(
                "an image of {} bytes does not fit its module",
                image.len()
            )));
        }
        let total = capacity.checked_add(guard).ok_or(io::ErrorKind::OutOfMemory)?;
        let slot = Some(self.take(total, image)?);
        Ok(Leased { slot, lease, slots: self.clone(), capacity })
    }

    /// A slot with `image` in it: one that has it already, else, when enough are idle or alive, the one unused for
    /// longest, else a new one.
    fn take(&self, total: usize, image: Arc<Frozen>) -> io::Result<Slot> {
        let found = {
            let mut idle = self.idle();
            let full =
                idle.len() >= self.0.idle_max || self.0.alive.load(Ordering::Relaxed) >= self.0.alive_max;
            match idle.iter().rposition(|slot| slot.range.len() == total && Arc::ptr_eq(&slot.image, &image))
            {
                Some(at) => idle.remove(at),
                None if full => idle.pop_front(),
                None => None,
            }
        };
        match found {
            Some(slot) if slot.range.len() == total && Arc::ptr_eq(&slot.image, &image) => Ok(slot),
            Some(mut slot) if slot.range.len() == total => {
                slot.remap(image)?;
                Ok(slot)
            }
            other => {
                drop(other);
                Slot::new(total, image, Alive::new(&self.0.alive, self.0.alive_max)?)
            }
        }
    }

    fn give_back(&self, mut slot: Slot, reusable: bool) {
        if reusable && slot.reset(self.0.scan.as_ref()).is_ok() {
            let mut idle = self.idle();
            // Retired before its idle slots are looked through, and asked under the same lock: none is missed.
            if idle.len() < self.0.idle_max && !slot.image.retired.load(Ordering::Acquire) {
                idle.push_back(slot);
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, VecDeque<Slot>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guest's memory for the life of its store; goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Leased {
    slot: Option<Slot>,
    lease: Lease,
    slots: Slots,
    capacity: usize,
}

impl Leased {
    pub(crate) fn slot(&self) -> &Slot {
        self.slot.as_ref().expect("taken only by drop")
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Opens the memory up to `bytes`.
    pub(crate) fn grow(&mut self, bytes: usize) -> io::Result<()> {
        let slot = self.slot.as_mut().expect("taken only by drop");
        if bytes > self.capacity {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if bytes > slot.open_bytes {
            slot.range.open(slot.open_bytes..bytes)?;
            slot.open_bytes = bytes;
        }
        Ok(())
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.slots.give_back(slot, self.lease.0.load(Ordering::Acquire));
        }
    }
}

/// One of at most `alive_max`.
#[derive(Debug)]
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>, alive_max: usize) -> io::Result<Self> {
        let alive = Self(count.clone());
        if count.fetch_add(1, Ordering::Relaxed) >= alive_max {
            return Err(io::Error::other(format!("{alive_max} sandboxes are alive already")));
        }
        Ok(alive)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
