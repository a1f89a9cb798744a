//! What an engine holds at this moment, for whoever watches it: its guest's share of what engines beside it share.

use std::sync::atomic::Ordering;

use crate::engine::{Engine, Inner};

/// Counts that are cheap to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Images of prepared actions in memory.
    pub images_hot: usize,
    /// What those take, in bytes, without the base image that they share.
    pub images_hot_bytes: u64,
    /// How often an image came back from disk, since the engine was made.
    pub images_read: u64,
    /// Slots in use by its guest, and idle ones that hold an image of it.
    pub slots_alive: usize,
    /// Slots kept for the next runs of its images.
    pub slots_idle: usize,
}

impl Engine {
    /// What the engine holds at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let Inner { images, base, live, .. } = &*self.0;
        let (images_hot, images_hot_bytes) = images.hot_count_and_bytes(base);
        let slots_idle = images.slots().idle_of(&base.memory);
        let slots_alive = live.load(Ordering::Relaxed) + slots_idle;
        Stats { images_hot, images_hot_bytes, images_read: images.reads(), slots_alive, slots_idle }
    }
}
