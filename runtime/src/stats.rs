//! What an engine holds at this moment, for whoever watches it.

use crate::engine::Engine;

/// Counts that are cheap to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Images of prepared actions in memory.
    pub images_hot: usize,
    /// What those take, in bytes, without the base image that they share.
    pub images_hot_bytes: u64,
    /// How often an image came back from disk, since the engine was made.
    pub images_read: u64,
    /// Slots in use and idle ones.
    pub slots_alive: usize,
    /// Slots kept for the next runs of their images.
    pub slots_idle: usize,
}

impl Engine {
    /// What the engine holds at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let images = &self.0.images;
        let (images_hot, images_hot_bytes) = images.hot_count_and_bytes();
        let (slots_alive, slots_idle) = images.slots().alive_and_idle();
        Stats { images_hot, images_hot_bytes, images_read: images.reads(), slots_alive, slots_idle }
    }
}
