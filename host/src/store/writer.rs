//! The one thread that changes the store, and the one that flushes it. Changes happen one after another, each on what the
//! last one left: checking and then changing needs no lock. Those that come together are applied as one, and a flush serves
//! all changes that wait for one.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};

use super::{Change, Error, Result, change::View, files::Outside};

/// Changes that wait for the writer; past it, whoever makes one waits.
const WAITING_MAX: usize = 1_024;

/// Changes that are applied at once.
const GROUP_MAX: usize = 64;
/// A change that nobody waits for is applied with those that come within this time: each batch costs the library a write to
/// the disk.
const GROUP_WAIT: Duration = Duration::from_millis(10);

/// A change: it enters what it collected, and says what is left to do.
type Job = Box<dyn FnOnce(&View) -> Option<Entered> + Send>;
/// Told when what was changed is on the disk, or why it is not.
type Ack = Box<dyn FnOnce(Result<()>) + Send>;

/// A change that is applied with its group.
struct Entered {
    /// Whether somebody waits for it.
    awaited: bool,
    /// Told when the group is applied, or why it is not; what waits for the disk comes back.
    applied: Box<dyn FnOnce(Result<()>) -> Option<Ack>>,
}

/// When a change counts as made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// When everybody sees it. It is on the disk a moment later.
    Visible,
    /// When it is on the disk.
    Durable,
}

#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    /// Told that a change waits for which somebody waits.
    awaited: Arc<Notify>,
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        view: View,
        table: &Path,
        flushed: Arc<dyn Fn(Duration) + Send + Sync>,
    ) -> io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_MAX);
        let (acks, mut flushes) = mpsc::channel::<Ack>(WAITING_MAX);
        let (db, table, broken) = (view.db.db.clone(), File::open(table)?, view.broken.clone());
        let awaited = Arc::new(Notify::new());
        let hurry = awaited.clone();
        let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let write = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            let view = View { db: view.db.collecting(), ..view };
            while let Some(job) = waiting.blocking_recv() {
                let group = executor.block_on(group(&view, job, &mut waiting, &hurry));
                apply_group(&view, group, &acks);
            }
        })?;
        let flush = thread::Builder::new().name("store-flusher".to_owned()).spawn(move || {
            let mut acks = Vec::new();
            while flushes.blocking_recv_many(&mut acks, WAITING_MAX) > 0 {
                let began = Instant::now();
                let done = flush(&db, &table).inspect_err(|_| broken.store(true, Ordering::Relaxed));
                flushed(began.elapsed());
                for ack in acks.drain(..) {
                    ack(done.clone());
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), awaited, threads: vec![write, flush] })
    }

    /// Has `work` done on the writer's thread and what it collected applied. Once this was begun it happens, also when
    /// nobody waits for it any more.
    pub(super) async fn write<T, E>(
        &self,
        made: Made,
        work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        // Nobody may be waiting any more.
        let tell = move |done| drop(tell.send(done));
        self.send(job(made, true, work, tell)).await?;
        self.awaited.notify_one();
        told.await.map_err(|_| Error::Closed)?
    }

    /// The same, without waiting for it; `then` is told on the writer's thread what became of it.
    pub(super) async fn write_later(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> Result<()> + Send + 'static,
        then: impl FnOnce(Result<()>) + Send + 'static,
    ) -> Result<()> {
        self.send(job(Made::Visible, false, work, then)).await
    }

    async fn send(&self, job: Job) -> Result<()> {
        let jobs = self.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).await.map_err(|_| Error::Closed)
    }
}

/// A change as the writer's thread takes it; `tell` is told when it counts as made.
fn job<T, E>(
    made: Made,
    awaited: bool,
    work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E> + Send + 'static,
    tell: impl FnOnce(std::result::Result<T, E>) + Send + 'static,
) -> Job
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    Box::new(move |view| {
        let (value, gone) = match enter(view, work) {
            Ok(done) => done,
            Err(error) => {
                tell(Err(error));
                return None;
            }
        };
        let (files, removes) = (view.files.clone(), !gone.is_empty());
        // Until the table has forgotten them for good, a start after a power cut finds their names in it.
        let remove = move || gone.iter().for_each(|value| files.remove(value));
        let applied = move |applied: Result<()>| -> Option<Ack> {
            if let Err(error) = applied {
                tell(Err(error.into()));
                return None;
            }
            match made {
                Made::Durable => Some(Box::new(move |flushed| {
                    if flushed.is_ok() {
                        remove();
                    }
                    tell(flushed.map(|()| value).map_err(E::from));
                })),
                Made::Visible => {
                    tell(Ok(value));
                    removes.then(|| -> Ack { Box::new(move |flushed| drop(flushed.map(|()| remove()))) })
                }
            }
        };
        Some(Entered { awaited, applied: Box::new(applied) })
    })
}

/// Does `job` and those that wait behind it; when nobody waits for any of them, also those that come within a moment.
async fn group(view: &View, job: Job, waiting: &mut mpsc::Receiver<Job>, awaited: &Notify) -> Vec<Entered> {
    let mut group = Vec::new();
    let mut waits = true;
    let mut next = Some(job);
    while let Some(job) = next {
        // A bug in one change costs that change: whoever waits for it is told by what it drops.
        let entered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(view)));
        group.extend(entered.ok().flatten());
        next = if group.len() >= GROUP_MAX {
            None
        } else {
            waits &= !group.last().is_some_and(|entered: &Entered| entered.awaited);
            match waiting.try_recv() {
                Err(mpsc::error::TryRecvError::Empty) if std::mem::take(&mut waits) => {
                    // Not woken up for each of them.
                    let _ = tokio::time::timeout(GROUP_WAIT, awaited.notified()).await;
                    waiting.try_recv().ok()
                }
                next => next.ok(),
            }
        };
    }
    group
}

fn apply_group(view: &View, group: Vec<Entered>, acks: &mpsc::Sender<Ack>) {
    let applied = view.db.apply().map_err(Error::from);
    if applied.is_err() {
        view.broken.store(true, Ordering::Relaxed);
    }
    for entered in group {
        if let Some(ack) = (entered.applied)(applied.clone()) {
            // The flusher ends after the writer.
            let _ = acks.blocking_send(ack);
        }
    }
}

/// Does `work` and enters what it collected. With its answer come the files that can be removed after the next flush.
pub(super) fn enter<T, E: From<Error>>(
    view: &View,
    work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E>,
) -> std::result::Result<(T, Vec<Outside>), E> {
    let mut change = Change::new(view);
    let value = work(&mut change)?;
    if change.puts.is_empty() {
        return Ok((value, Vec::new()));
    }
    let ready = change.ready()?;
    view.db.enter(ready.puts);
    Ok((value, ready.gone))
}

/// Puts everything that was applied onto the disk. The library itself only has the kernel write its pages down: neither the
/// file's length nor the disk's own memory is seen to.
pub(super) fn flush(db: &sled::Db, table: &File) -> Result<()> {
    db.flush()?;
    // The library lets go of what it wrote from, 2 MiB at a time, when this thread has collected 64 such things, or now.
    crossbeam_epoch::pin().flush();
    table.sync_data().map_err(|error| Error::Library(error.to_string()))
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            // It ends when it has done what was waiting; that it panicked was reported by the panic.
            let _ = thread.join();
        }
    }
}
