//! The one thread that changes the store, and the one that flushes it. Changes happen one after another, each on what the
//! last one left: checking and then changing needs no lock. A flush serves all changes that wait for one.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, oneshot};

use super::{Change, Error, Result, change::View, files::Outside};

/// Changes that wait for the writer; past it, whoever makes one waits.
const WAITING_MAX: usize = 1_024;

/// A change, and telling whoever waits for it.
type Job = Box<dyn FnOnce(&View, &mpsc::Sender<Ack>) + Send>;
/// Told when what was changed is on the disk, or why it is not.
type Ack = Box<dyn FnOnce(Result<()>) + Send>;

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
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        view: View,
        table: &Path,
        flushed: Arc<dyn Fn(std::time::Duration) + Send + Sync>,
    ) -> io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_MAX);
        let (acks, mut flushes) = mpsc::channel::<Ack>(WAITING_MAX);
        let (db, table, broken) = (view.db.clone(), File::open(table)?, view.broken.clone());
        let write = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            while let Some(job) = waiting.blocking_recv() {
                // A bug in one change costs that change: whoever waits for it is told by what it drops.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&view, &acks)));
            }
        })?;
        let flush = thread::Builder::new().name("store-flusher".to_owned()).spawn(move || {
            let mut acks = Vec::new();
            while flushes.blocking_recv_many(&mut acks, WAITING_MAX) > 0 {
                let began = tokio::time::Instant::now();
                let done = flush(&db, &table).inspect_err(|_| broken.store(true, Ordering::Relaxed));
                flushed(began.elapsed());
                for ack in acks.drain(..) {
                    ack(done.clone());
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), threads: vec![write, flush] })
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
        self.send(job(made, work, tell)).await?;
        told.await.map_err(|_| Error::Closed)?
    }

    /// The same, without waiting for it; `then` is told on the writer's thread what became of it.
    pub(super) async fn write_later(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> Result<()> + Send + 'static,
        then: impl FnOnce(Result<()>) + Send + 'static,
    ) -> Result<()> {
        self.send(job(Made::Visible, work, then)).await
    }

    async fn send(&self, job: Job) -> Result<()> {
        let jobs = self.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).await.map_err(|_| Error::Closed)
    }
}

/// A change as the writer's thread takes it; `tell` is told when it counts as made.
fn job<T, E>(
    made: Made,
    work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E> + Send + 'static,
    tell: impl FnOnce(std::result::Result<T, E>) + Send + 'static,
) -> Job
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    Box::new(move |view, acks| {
        let (value, gone) = match apply(view, work) {
            Ok(done) => done,
            Err(error) => {
                tell(Err(error));
                return;
            }
        };
        let (files, removes) = (view.files.clone(), !gone.is_empty());
        // Until the table has forgotten them for good, a start after a power cut finds their names in it.
        let remove = move || gone.iter().for_each(|value| files.remove(value));
        let ack: Ack = match made {
            Made::Durable => Box::new(move |flushed| {
                if flushed.is_ok() {
                    remove();
                }
                tell(flushed.map(|()| value).map_err(E::from));
            }),
            Made::Visible => {
                tell(Ok(value));
                if !removes {
                    return;
                }
                Box::new(move |flushed| {
                    if flushed.is_ok() {
                        remove();
                    }
                })
            }
        };
        // The flusher ends after the writer.
        let _ = acks.blocking_send(ack);
    })
}

/// Does `work` and applies what it collected. With its answer come the files that can be removed after the next flush.
pub(super) fn apply<T, E: From<Error>>(
    view: &View,
    work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E>,
) -> std::result::Result<(T, Vec<Outside>), E> {
    let mut change = Change::new(view);
    let value = work(&mut change)?;
    if change.puts.is_empty() {
        return Ok((value, Vec::new()));
    }
    let ready = change.ready()?;
    let applied = view.db.apply_batch(ready.batch).map_err(Error::from);
    applied.inspect_err(|_| view.broken.store(true, Ordering::Relaxed))?;
    Ok((value, ready.gone))
}

/// Puts everything that was applied onto the disk. The library itself only has the kernel write its pages down: neither the
/// file's length nor the disk's own memory is seen to.
pub(super) fn flush(db: &sled::Db, table: &File) -> Result<()> {
    db.flush()?;
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
