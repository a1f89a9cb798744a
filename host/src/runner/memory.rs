//! The memories of stateful actions that ran lately, ready for their next run. All of them are in the store as well, so
//! that those unused for longest can be given up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use actiond_runtime::Saved;
use lru::LruCache;

use crate::model::id::ActionId;

/// What all of them may take, in bytes.
const BYTES_MAX: u64 = 256 << 20;

#[derive(Debug)]
pub(super) struct Memories(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    /// With the number of the plan that they are of.
    memories: LruCache<ActionId, (u64, Saved)>,
    bytes: u64,
}

impl Default for Memories {
    fn default() -> Self {
        // Bounded by what they take.
        Self(Mutex::new(Kept { memories: LruCache::unbounded(), bytes: 0 }))
    }
}

impl Memories {
    /// The memory after the last run by that plan, for the next run: whoever takes it puts one back.
    pub(super) fn take(&self, action: ActionId, plan: u64) -> Option<Saved> {
        let mut kept = self.kept();
        let (of, saved) = kept.memories.pop(&action)?;
        kept.bytes -= saved.resident_bytes();
        (of == plan).then_some(saved)
    }

    pub(super) fn put(&self, action: ActionId, plan: u64, saved: Saved) {
        let mut kept = self.kept();
        kept.bytes += saved.resident_bytes();
        if let Some((_, replaced)) = kept.memories.put(action, (plan, saved)) {
            kept.bytes -= replaced.resident_bytes();
        }
        while kept.bytes > BYTES_MAX && kept.memories.len() > 1 {
            let Some((_, (_, saved))) = kept.memories.pop_lru() else { break };
            kept.bytes -= saved.resident_bytes();
        }
    }

    /// The action is gone, or begins anew.
    pub(super) fn forget(&self, action: ActionId) {
        let mut kept = self.kept();
        if let Some((_, saved)) = kept.memories.pop(&action) {
            kept.bytes -= saved.resident_bytes();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
