//! Changes that were handed over and are not made yet: how many, so that readers wait for them, and that they are not too many.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Each holds its result and log in memory.
const UNMADE_MAX: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct Unmade(Arc<AtomicUsize>);

/// One of them; to be dropped when it is made, or cannot be.
#[derive(Debug)]
pub(super) struct One(Unmade);

impl Unmade {
    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// `None` when there are too many.
    pub(super) fn one_more(&self) -> Option<One> {
        let one = One(self.clone());
        (self.0.fetch_add(1, Ordering::AcqRel) < UNMADE_MAX).then_some(one)
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_counted_up_to_a_bound() {
        let unmade = Unmade::default();
        let some: Vec<One> = (0..UNMADE_MAX).map(|_| unmade.one_more().unwrap()).collect();
        assert!(unmade.one_more().is_none() && unmade.any());
        drop(some);
        assert!(!unmade.any() && unmade.one_more().is_some());
        assert!(!unmade.any());
    }
}
