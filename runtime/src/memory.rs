//! Address space: sealed images, reserved ranges, the page scan, and the four traits by which wasmtime takes memory and
//! stacks from us. All `unsafe` of this crate is here, but for one `deserialize` in `cache.rs`; which range serves whom
//! is decided in `slot.rs` and `stack.rs`, which see no address.
#![expect(unsafe_code, reason = "memory mappings handed to wasmtime; see the notes at each block")]

use std::{
    io,
    ops::Range,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    ptr::{self, NonNull},
    sync::{Arc, OnceLock, atomic::AtomicBool},
};

use rustix::{
    fs::{MemfdFlags, Mode, OFlags, SealFlags},
    mm::{Advice, MapFlags, MprotectFlags, ProtFlags},
};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType, StackCreator, StackMemory};

use crate::{
    slot::{Leased, Slots},
    stack::{Stack, Stacks},
};

/// WASM and every Linux we run on agree on a multiple of this.
pub(crate) const PAGE_BYTES: usize = 4096;

// ---------------------------------------------------------------------------------------------------------------------

/// Bytes that never change again: a sealed memory file and a read-only view of it; all of them, or what is not as in another.
#[derive(Debug)]
pub(crate) struct Frozen {
    file: OwnedFd,
    view: NonNull<u8>,
    len: usize,
    below: Option<Below>,
    /// Whether nobody will start from it again: what holds it still is not worth keeping.
    pub(crate) retired: AtomicBool,
    /// Pages that a run wrote which started from it, rising and apart: of the first that tells.
    pub(crate) written: OnceLock<Box<[Range<usize>]>>,
}

/// What the rest of a frozen memory is like.
#[derive(Debug)]
struct Below {
    image: Arc<Frozen>,
    /// The stretches that are in the file above, rising and apart; all past the lower image's end is in them.
    own: Vec<Range<usize>>,
}

// SAFETY: the view is read-only, and the seals keep everyone from writing to or resizing the file below it.
unsafe impl Send for Frozen {}
// SAFETY: as above; shared reads of memory that nobody writes.
unsafe impl Sync for Frozen {}

impl Frozen {
    /// Freezes `len` bytes, zero but for `pieces` (offset, bytes). `len` is a positive multiple of [`PAGE_BYTES`].
    pub(crate) fn new<'a>(len: usize, pieces: impl Iterator<Item = (usize, &'a [u8])>) -> io::Result<Self> {
        Self::write(len, pieces, None)
    }

    /// Freezes `len` bytes: those of `pieces` lie in the stretches `own`, which rise, are apart and made of whole pages; the
    /// others are as in `image`. All past its end is in `own`.
    pub(crate) fn over<'a>(
        image: &Arc<Self>,
        len: usize,
        own: Vec<Range<usize>>,
        pieces: impl Iterator<Item = (usize, &'a [u8])>,
    ) -> io::Result<Self> {
        Self::write(len, pieces, Some(Below { image: image.clone(), own }))
    }

    fn write<'a>(
        len: usize,
        pieces: impl Iterator<Item = (usize, &'a [u8])>,
        below: Option<Below>,
    ) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create(c"actiond-image", flags)?;
        rustix::fs::ftruncate(&file, len as u64)?;
        for (offset, bytes) in pieces {
            let mut done = 0;
            while done < bytes.len() {
                done += rustix::io::pwrite(&file, &bytes[done..], (offset + done) as u64)?;
            }
        }
        // WRITE says the same of a file never mapped, but is refused while the kernel's own reclaim holds a page of it.
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing of ours.
        let view = unsafe {
            rustix::mm::mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, file.as_fd(), 0)?
        };
        let view = NonNull::new(view.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { file, view, len, below, retired: AtomicBool::new(false), written: OnceLock::new() })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether it is `image`, or was made as what is not as in `image`.
    pub(crate) fn begins_as(self: &Arc<Self>, image: &Arc<Self>) -> bool {
        Arc::ptr_eq(self, image) || self.below.as_ref().is_some_and(|below| Arc::ptr_eq(&below.image, image))
    }

    /// Bytes of the file: what this costs, but for what lies below it.
    pub(crate) fn file_bytes(&self) -> io::Result<u64> {
        Ok(rustix::fs::fstat(&self.file)?.st_blocks.cast_unsigned() * 512)
    }

    /// The bytes from `at` on, as far as they lie in one place; to the end where nothing lies below.
    pub(crate) fn stretch(&self, at: usize) -> &[u8] {
        // SAFETY: `view` maps `len` readable bytes until drop, and the seals rule out writes and truncation.
        let view = unsafe { std::slice::from_raw_parts(self.view.as_ptr(), self.len) };
        let Some(below) = &self.below else { return &view[at..] };
        let next = below.own.partition_point(|own| own.end <= at);
        match below.own.get(next) {
            Some(own) if own.start <= at => &view[at..own.end],
            Some(own) => &below.image.stretch(at)[..own.start - at],
            None => &below.image.stretch(at)[..self.len - at],
        }
    }

    /// What is to be mapped where, in this order: a later file over an earlier one.
    fn layers(&self) -> impl Iterator<Item = (Range<usize>, &OwnedFd)> {
        let whole = self
            .below
            .as_ref()
            .map_or((0..self.len, &self.file), |below| (0..self.len.min(below.image.len), &below.image.file));
        let own = self.below.iter().flat_map(|below| &below.own);
        std::iter::once(whole).chain(own.map(|own| (own.clone(), &self.file)))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // SAFETY: `new` made this mapping, and no reference outlives `self`. Of a range mapped whole it cannot fail.
        let _ = unsafe { rustix::mm::munmap(self.view.as_ptr().cast(), self.len) };
    }
}

// ---------------------------------------------------------------------------------------------------------------------

/// A reserved range of addresses: inaccessible until parts of it are opened. Unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: owns its range; nothing in it is tied to a thread.
unsafe impl Send for Reserved {}
// SAFETY: `&Reserved` gives out addresses only, never access.
unsafe impl Sync for Reserved {}

impl Reserved {
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing of ours.
        let base = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), flags)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, len })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The address of `range`'s start, after checking that `range` lies inside.
    fn at(&self, range: &Range<usize>) -> *mut core::ffi::c_void {
        assert!(range.start <= range.end && range.end <= self.len, "a range outside of its reservation");
        self.base.as_ptr().wrapping_add(range.start).cast()
    }

    pub(crate) fn open(&mut self, range: Range<usize>) -> io::Result<()> {
        let flags = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: `at` checked that the range is ours; opening it invalidates nothing.
        unsafe { rustix::mm::mprotect(self.at(&range), range.len(), flags)? };
        Ok(())
    }

    /// Makes a range zero and inaccessible by mapping it anew.
    pub(crate) fn close(&mut self, range: Range<usize>) -> io::Result<()> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: `at` checked that the range is ours, and no guest runs in it: callers hold the slot exclusively.
        unsafe { rustix::mm::mmap_anonymous(self.at(&range), range.len(), ProtFlags::empty(), flags)? };
        Ok(())
    }

    /// Maps `image` copy-on-write at the start of the range.
    pub(crate) fn map(&mut self, image: &Frozen) -> io::Result<()> {
        let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::FIXED);
        for (range, file) in image.layers() {
            let (at, offset) = (self.at(&range), range.start as u64);
            // SAFETY: `at` checked that the range is ours, and no guest runs in it: callers hold the slot exclusively.
            unsafe { rustix::mm::mmap(at, range.len(), prot, flags, file.as_fd(), offset)? };
        }
        Ok(())
    }

    /// Drops the private copies of pages, so that they read as the image (or zeros) again.
    pub(crate) fn forget(&mut self, range: Range<usize>) -> io::Result<()> {
        // SAFETY: `at` checked that the range is ours; the range stays mapped, only its contents go back.
        unsafe { rustix::mm::madvise(self.at(&range), range.len(), Advice::LinuxDontNeed)? };
        Ok(())
    }

    /// Gives a mapped range private copies of its pages, as writing to each of them would.
    pub(crate) fn populate(&mut self, range: Range<usize>) -> io::Result<()> {
        // SAFETY: `at` checked that the range is ours; what it reads as stays the same.
        unsafe { rustix::mm::madvise(self.at(&range), range.len(), Advice::LinuxPopulateWrite)? };
        Ok(())
    }

    pub(crate) fn copy_from(&mut self, image: &Frozen, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let from = image.stretch(at);
            let from = &from[..from.len().min(range.end - at)];
            let to = self.at(&(at..at + from.len())).cast::<u8>();
            // SAFETY: `at` checked the range against this reservation; `map` made it writable over the image's length,
            // which the slice above checked; the two mappings are distinct.
            unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) };
            at += from.len();
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // SAFETY: the range was reserved by `new`, and whoever used it (a slot, a stack) is gone with `self`.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

// ---------------------------------------------------------------------------------------------------------------------

/// Asks the kernel which pages of a mapping were written since they were mapped (Linux 6.7: `PAGEMAP_SCAN`).
#[derive(Debug)]
pub(crate) struct PageScan {
    pagemap: OwnedFd,
}

/// A stretch of private pages.
#[derive(Debug)]
pub(crate) struct Private {
    pub(crate) range: Range<usize>,
    pub(crate) swapped: bool,
}

/// `struct page_region` of `linux/fs.h`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
#[derive(Default)]
struct ScanArg {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// Stretches asked of the kernel in one call.
const SCAN_REGIONS: usize = 512;
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
/// `_IOWR('f', 16, struct pm_scan_arg)`
const PAGEMAP_SCAN: libc::Ioctl = 0xC060_6610_u32 as libc::Ioctl;

impl PageScan {
    /// `None` where the kernel does not know the call.
    pub(crate) fn probe() -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let pagemap = rustix::fs::open("/proc/self/pagemap", flags, Mode::empty()).ok()?;
        let scan = Self { pagemap };
        scan.private(&Reserved::new(PAGE_BYTES).ok()?, 0..PAGE_BYTES).ok()?;
        Some(scan)
    }

    /// The private pages of `range`, up to [`SCAN_REGIONS`] stretches of them, and where to go on scanning.
    pub(crate) fn private(&self, of: &Reserved, range: Range<usize>) -> io::Result<(Vec<Private>, usize)> {
        let base = of.at(&range) as u64 - range.start as u64;
        let mut regions = [PageRegion::default(); SCAN_REGIONS];
        let mut arg = ScanArg {
            size: size_of::<ScanArg>() as u64,
            start: base + range.start as u64,
            end: base + range.end as u64,
            vec: regions.as_mut_ptr() as u64,
            vec_len: SCAN_REGIONS as u64,
            // A page is private when it is no page of the file, and either in memory or swapped out.
            category_inverted: PAGE_IS_FILE,
            category_mask: PAGE_IS_FILE,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            ..ScanArg::default()
        };
        // SAFETY: `arg` has the kernel's layout, its size is stated, and `vec` points to `vec_len` regions that live
        // across the call. The call reads page tables and writes nothing else.
        let found = unsafe { libc::ioctl(self.pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut arg) };
        let found = usize::try_from(found).map_err(|_| io::Error::last_os_error())?;
        let private = regions[..found].iter().map(|region| Private {
            range: (region.start - base) as usize..(region.end - base) as usize,
            swapped: region.categories & PAGE_IS_SWAPPED != 0,
        });
        Ok((private.collect(), (arg.walk_end - base) as usize))
    }
}

// ---------------------------------------------------------------------------------------------------------------------

// SAFETY: the range is reserved for `capacity` and the guard asked for, `byte_size` bytes of it are accessible, the base
// never moves, and growing only opens more of the same reservation.
unsafe impl LinearMemory for Leased {
    fn byte_size(&self) -> usize {
        self.slot().open_bytes()
    }

    fn byte_capacity(&self) -> usize {
        self.capacity()
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        Ok(self.grow(new_size)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot().range().base.as_ptr()
    }
}

// SAFETY: each memory has its own reservation of `reserved + guard` bytes, of which only `byte_size` are accessible. It
// holds an image instead of zeros on purpose: the module has no data segments, the image is its initial memory.
unsafe impl MemoryCreator for Slots {
    fn new_memory(
        &self,
        _ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved_size_in_bytes: Option<usize>,
        guard_size_in_bytes: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let capacity = reserved_size_in_bytes.ok_or("memory of unknown size was asked for")?;
        let leased = self.lease(minimum, capacity, guard_size_in_bytes).map_err(|error| error.to_string())?;
        Ok(Box::new(leased))
    }
}

// SAFETY: `range` is readable and writable but for its lowest page, the guard; `top` is its page-aligned upper end.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        let range = Stack::range(self);
        range.base.as_ptr().wrapping_add(range.len)
    }

    fn range(&self) -> Range<usize> {
        let range = Stack::range(self);
        let base = range.base.as_ptr() as usize;
        base + PAGE_BYTES..base + range.len
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let base = Stack::range(self).base.as_ptr();
        base..base.wrapping_add(PAGE_BYTES)
    }
}

// SAFETY: every stack is a reservation of its own with an inaccessible guard page below it. Stacks are not zeroed: wasm
// code cannot read native stack that it did not write.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, _zeroed: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        Ok(Box::new(self.take(size)?))
    }
}

#[cfg(test)]
mod tests;
