//! Whose turn it is to import an action: of several that want one image, one makes it while the others wait without a thread.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OwnedMutexGuard;

use crate::images::ImageKey;

/// The images that are being made; there are as many as imports under way.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<ImageKey, Arc<tokio::sync::Mutex<()>>>>);

/// A turn, once it was waited for; over when dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    key: ImageKey,
    lock: Arc<tokio::sync::Mutex<()>>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else makes the image of that name.
    pub(crate) async fn take(&self, key: ImageKey) -> Turn<'_> {
        let lock = self.locks().entry(key).or_default().clone();
        // Before the wait: one that is given up is forgotten too.
        let mut turn = Turn { turns: self, key, lock, held: None };
        turn.held = Some(turn.lock.clone().lock_owned().await);
        turn
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<ImageKey, Arc<tokio::sync::Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut locks = self.turns.locks();
        // Ours and the map's: nobody else waits, and nobody can begin to while the map is locked.
        if Arc::strong_count(&self.lock) == 2 {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, timeout};

    use super::*;

    #[tokio::test]
    async fn a_turn_is_waited_for_by_those_of_its_key_and_leaves_nothing() {
        let turns = Turns::default();
        let (one, other) = ([1; 32], [2; 32]);
        let held = turns.take(one).await;
        drop(turns.take(other).await);
        assert!(timeout(Duration::ZERO, turns.take(one)).await.is_err(), "taken already");
        assert_eq!(turns.locks().len(), 1);
        let (next, ()) = tokio::join!(turns.take(one), async { drop(held) });
        assert!(timeout(Duration::ZERO, turns.take(one)).await.is_err(), "taken by the next");
        drop(next);
        assert!(turns.locks().is_empty());
    }
}
