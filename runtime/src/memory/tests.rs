//! Sealed memory, stacks, and what tests of slots read and write where a guest would.

use super::*;

/// What tests read and write where a guest would.
impl Reserved {
    /// A copy of what a guest would read.
    pub(crate) fn read(&self, range: Range<usize>) -> Vec<u8> {
        let (at, len) = (self.at(&range).cast::<u8>(), range.len());
        // SAFETY: `at` checked that the range is ours; tests only read what they opened, and copy it at once.
        unsafe { std::slice::from_raw_parts(at, len) }.to_vec()
    }

    /// Writes as a guest would.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) {
        let to = self.at(&(at..at + bytes.len())).cast::<u8>();
        // SAFETY: `at` checked that the range is ours; tests only write to what they opened, from one thread.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
    }

    /// Whether every page of the range is accessible (`Some(true)`), or none is (`Some(false)`).
    pub(crate) fn is_open(&self, range: Range<usize>) -> Option<bool> {
        let (from, to) = (self.at(&range) as usize, self.at(&range) as usize + range.len());
        let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
        let mut seen = [false; 2];
        for line in maps.lines() {
            let (addresses, rest) = line.split_once(' ')?;
            let (start, end) = addresses.split_once('-')?;
            let start = usize::from_str_radix(start, 16).ok()?;
            let end = usize::from_str_radix(end, 16).ok()?;
            if start < to && from < end {
                seen[usize::from(rest.starts_with("rw"))] = true;
            }
        }
        match seen {
            [false, true] => Some(true),
            [true, false] => Some(false),
            [false, false] | [true, true] => None,
        }
    }
}

impl Frozen {
    /// A copy of all of it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < self.len {
            bytes.extend_from_slice(self.stretch(bytes.len()));
        }
        bytes
    }
}

#[test]
fn frozen_bytes_stay_as_they_are() {
    let page = [7; PAGE_BYTES];
    let frozen = Frozen::new(3 * PAGE_BYTES, [(PAGE_BYTES, &page[..])].into_iter()).unwrap();
    let expected = [vec![0; PAGE_BYTES], page.to_vec(), vec![0; PAGE_BYTES]].concat();
    assert_eq!(frozen.bytes(), expected);
    assert_eq!(frozen.len(), expected.len());
    let file = &frozen.file;
    assert!(rustix::io::pwrite(file, b"x", 0).is_err(), "writing");
    assert!(rustix::fs::ftruncate(file, 0).is_err(), "shrinking");
    assert!(rustix::fs::ftruncate(file, 1 << 20).is_err(), "growing");
    assert!(rustix::fs::fcntl_add_seals(file, SealFlags::empty()).is_err(), "sealing anew");
    let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
    // SAFETY: a new mapping at an address of the kernel's choice touches nothing of ours.
    let mapped = unsafe { rustix::mm::mmap(ptr::null_mut(), PAGE_BYTES, prot, flags, file, 0) };
    assert!(mapped.is_err(), "mapping it so that it can be written");
    assert_eq!(frozen.bytes(), expected);
}

#[test]
fn lengths_that_cannot_be_are_errors() {
    assert!(Frozen::new(0, std::iter::empty()).is_err());
    assert!(Frozen::new(usize::MAX & !(PAGE_BYTES - 1), std::iter::empty()).is_err());
    assert!(Reserved::new(0).is_err());
    assert!(Reserved::new(usize::MAX & !(PAGE_BYTES - 1)).is_err());
}

#[test]
fn stacks_have_a_guard_below() {
    let stacks = Stacks::new(2);
    for size in [1, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1, 1 << 20] {
        let stack = stacks.new_stack(size, true).unwrap();
        let (range, guard) = (stack.range(), stack.guard_range());
        assert!(range.len() >= size && range.len() < size + PAGE_BYTES);
        assert!(range.start.is_multiple_of(PAGE_BYTES) && range.len().is_multiple_of(PAGE_BYTES));
        assert_eq!((guard.start as usize, guard.end as usize), (range.start - PAGE_BYTES, range.start));
        assert_eq!(stack.top() as usize, range.end);
        drop(stack);
        let stack = stacks.take(size).unwrap();
        let whole = stack.range();
        assert_eq!(whole.is_open(0..PAGE_BYTES), Some(false), "the guard of {size}");
        assert_eq!(whole.is_open(PAGE_BYTES..whole.len()), Some(true), "the stack of {size}");
    }
    assert!(stacks.new_stack(usize::MAX, false).is_err());
    assert!(stacks.new_stack(usize::MAX - PAGE_BYTES, false).is_err());
    assert!(stacks.new_stack(1 << 60, false).is_err());
}

#[test]
fn stacks_are_used_again() {
    let stacks = Stacks::new(1);
    let top = |stack: &dyn StackMemory| stack.top() as usize;
    let (first, second) = (stacks.new_stack(8192, false).unwrap(), stacks.new_stack(8192, false).unwrap());
    let kept = top(&*first);
    assert_ne!(kept, top(&*second));
    drop(first);
    drop(second);
    let again = stacks.new_stack(8192, false).unwrap();
    assert_eq!(top(&*again), kept);
    drop(again);
    // A stack of another size is another stack, whatever lies idle.
    let larger = stacks.new_stack(1 << 20, false).unwrap();
    assert_eq!(larger.range().len(), 1 << 20);
}
