//! The threads that guests run on, and who gets them next: the organisation that has had least of them. A guest gives way
//! every few milliseconds, so one organisation's busy runs cost another's no more than one such turn.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use async_task::Runnable;
use tokio::{runtime::Handle, time::Instant};

use crate::model::id::OrgId;

/// Guests give way to the threads that serve HTTP.
const NICENESS: i32 = 5;
/// Organisations that are remembered while nothing of theirs runs; those are as good as new.
const IDLE_ORGS_MAX: usize = 1_024;

/// Threads for guests. Dropping it ends them; what still runs on them is dropped where it stands.
#[derive(Debug)]
pub(crate) struct Executor {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    turns: Mutex<Turns<Runnable>>,
    ready: Condvar,
}

impl Executor {
    /// `threads`: how many. Timers and sockets of what runs on them are `handle`'s.
    pub(crate) fn start(threads: usize, handle: &Handle) -> io::Result<Self> {
        let mut executor = Self { shared: Arc::default(), threads: Vec::new() };
        for number in 0..threads {
            let (shared, handle) = (executor.shared.clone(), handle.clone());
            let thread = thread::Builder::new().name(format!("guest-{number}")).spawn(move || {
                let _entered = handle.enter();
                lower_priority();
                shared.work();
            })?;
            executor.threads.push(thread);
        }
        Ok(executor)
    }

    /// Runs `future` to its end, on behalf of `org`. Nobody needs to wait for it.
    pub(crate) fn spawn(&self, org: &OrgId, future: impl Future<Output = ()> + Send + 'static) {
        let (shared, org) = (Arc::downgrade(&self.shared), org.clone());
        let schedule = move |runnable| {
            // After the executor is gone, what wakes up is dropped.
            if let Some(shared) = shared.upgrade() {
                shared.turns().push(&org, runnable);
                shared.ready.notify_one();
            }
        };
        let (runnable, task) = async_task::spawn(future, schedule);
        task.detach();
        runnable.schedule();
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shared.turns().closed = true;
        self.shared.ready.notify_all();
        for thread in self.threads.drain(..) {
            // That it panicked was reported by the panic.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        let mut turns = self.turns();
        while !turns.closed {
            let Some((org, runnable)) = turns.pop() else {
                turns = self.ready.wait(turns).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(turns);
            let began = Instant::now();
            // A panic ends the run that it happened in: whoever waits for it is told by what it drops.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runnable.run()));
            turns = self.turns();
            turns.charge(&org, began.elapsed());
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns<Runnable>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is ready to run, by organisation, and how much each has had.
#[derive(Debug)]
struct Turns<T> {
    orgs: HashMap<OrgId, Share<T>>,
    /// What the organisation that was served last had had: whoever comes anew begins here, not at zero.
    floor: Duration,
    closed: bool,
}

#[derive(Debug)]
struct Share<T> {
    had: Duration,
    ready: VecDeque<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { orgs: HashMap::new(), floor: Duration::ZERO, closed: false }
    }
}

impl<T> Turns<T> {
    fn push(&mut self, org: &OrgId, ready: T) {
        let floor = self.floor;
        match self.orgs.get_mut(org) {
            Some(share) => {
                if share.ready.is_empty() {
                    // What it did not use while it was away is not saved up.
                    share.had = share.had.max(floor);
                }
                share.ready.push_back(ready);
            }
            None => {
                if self.orgs.len() >= IDLE_ORGS_MAX {
                    self.orgs.retain(|_, share| !share.ready.is_empty());
                }
                self.orgs.insert(org.clone(), Share { had: floor, ready: VecDeque::from([ready]) });
            }
        }
    }

    /// What runs next: the oldest of the organisation that has had least.
    fn pop(&mut self) -> Option<(OrgId, T)> {
        let waiting = self.orgs.iter_mut().filter(|(_, share)| !share.ready.is_empty());
        let (org, share) = waiting.min_by_key(|(_, share)| share.had)?;
        self.floor = self.floor.max(share.had);
        Some((org.clone(), share.ready.pop_front()?))
    }

    fn charge(&mut self, org: &OrgId, had: Duration) {
        if let Some(share) = self.orgs.get_mut(org) {
            share.had += had;
        }
    }
}

fn lower_priority() {
    // Of this thread alone, as Linux has it. Where it may not be lowered, all is as it was.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(name: &str) -> OrgId {
        name.parse().unwrap()
    }

    #[test]
    fn whoever_had_least_is_next() {
        let (busy, quiet) = (org("busy"), org("quiet"));
        let mut turns = Turns::default();
        for number in 0..3 {
            turns.push(&busy, number);
        }
        let ms = Duration::from_millis;
        assert_eq!(turns.pop(), Some((busy.clone(), 0)));
        turns.charge(&busy, ms(100));
        assert_eq!(turns.pop(), Some((busy.clone(), 1)));
        turns.charge(&busy, ms(100));
        // It comes late and is served at once, but what it did not use before is not saved up for it.
        turns.push(&quiet, 10);
        turns.push(&quiet, 11);
        assert_eq!(turns.pop(), Some((quiet.clone(), 10)));
        turns.charge(&quiet, ms(150));
        assert_eq!(turns.pop(), Some((busy.clone(), 2)));
        turns.charge(&busy, ms(100));
        assert_eq!(turns.pop(), Some((quiet, 11)));
        assert_eq!(turns.pop(), None);
    }

    #[test]
    fn organisations_that_are_away_are_forgotten() {
        let mut turns = Turns::default();
        for number in 0..2 * IDLE_ORGS_MAX {
            turns.push(&org(&format!("org{number}")), ());
            assert!(turns.pop().is_some());
        }
        assert!(turns.orgs.len() <= IDLE_ORGS_MAX);
    }

    #[tokio::test]
    async fn what_waits_holds_no_thread_and_a_panic_ends_one_run_only() {
        let executor = Executor::start(1, &Handle::current()).unwrap();
        let (tell, mut told) = tokio::sync::mpsc::channel(8);
        executor.spawn(&org("a"), async { panic!("this is a test") });
        let (first, second) = (tokio::sync::oneshot::channel::<()>(), tell.clone());
        let (go, waits) = first;
        executor.spawn(&org("a"), async move {
            let _ = waits.await;
            let _ = tell.send("waited").await;
        });
        executor.spawn(&org("b"), async move {
            let _ = second.send("ran").await;
            let _ = go.send(());
        });
        assert_eq!(told.recv().await, Some("ran"));
        assert_eq!(told.recv().await, Some("waited"));
        drop(executor);
    }
}
