//! Fiber stacks, kept for the next run: mapping a fresh one costs more than instantiating the guest. The system calls are
//! in `memory.rs`.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use crate::memory::{PAGE_BYTES, Reserved};

#[derive(Debug, Clone)]
pub(crate) struct Stacks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    idle_max: usize,
    idle: Mutex<Vec<Reserved>>,
}

impl Stacks {
    /// `idle_max`: stacks kept while nobody uses them.
    pub(crate) fn new(idle_max: usize) -> Self {
        Self(Arc::new(Inner { idle_max, idle: Mutex::default() }))
    }

    /// A stack of at least `size` bytes above an inaccessible page.
    pub(crate) fn take(&self, size: usize) -> io::Result<Stack> {
        let total = size.checked_next_multiple_of(PAGE_BYTES).and_then(|bytes| bytes.checked_add(PAGE_BYTES));
        let total = total.ok_or(io::ErrorKind::OutOfMemory)?;
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let range = match idle {
            Some(range) if range.len() == total => range,
            _ => {
                let mut range = Reserved::new(total)?;
                range.open(PAGE_BYTES..total)?;
                range
            }
        };
        Ok(Stack { range: Some(range), stacks: self.clone() })
    }
}

/// One stack in use; goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Stack {
    range: Option<Reserved>,
    stacks: Stacks,
}

impl Stack {
    pub(crate) fn range(&self) -> &Reserved {
        self.range.as_ref().expect("taken only by drop")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(range) = self.range.take() {
            let mut idle = self.stacks.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < self.stacks.0.idle_max {
                idle.push(range);
            }
        }
    }
}
