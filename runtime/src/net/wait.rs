//! Waiting for sockets without holding a thread, and `poll`.

use std::{future::poll_fn, os::fd::OwnedFd, sync::Arc, task::Poll, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    time::Instant,
};
use wasmtime::Caller;

use super::{
    Answer, DESCRIPTORS,
    guest::{bytes, bytes_mut, memory, write},
    socket::Progress,
};
use crate::{state::State, work::charge};

/// Price of looking whether a socket is ready, and of being told when it is.
pub(super) const WAIT_FUEL: u64 = 8_000;
const POLL_FUEL: u64 = 4_000;
/// Entries in one `poll`: there are as many descriptors.
const ENTRIES_MAX: u32 = 1_024;
const ENTRY_BYTES: u32 = 8;
/// Wakes for nothing after which the next one is waited for a while. None was ever seen; nobody shall spin.
const FALSE_WAKES_MAX: u32 = 8;
const PAUSE: Duration = Duration::from_millis(5);
/// What is reported without having been asked for.
const ALWAYS: PollFlags = PollFlags::ERR.union(PollFlags::HUP).union(PollFlags::NVAL);
const ASKED: PollFlags = PollFlags::IN.union(PollFlags::PRI).union(PollFlags::OUT);

/// One socket that is waited for.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) fd: Arc<OwnedFd>,
    pub(super) events: PollFlags,
    pub(super) ready: PollFlags,
}

/// What `fd` is ready for, of `events`, as the kernel sees it.
pub(super) fn now(fd: &OwnedFd, events: PollFlags) -> PollFlags {
    let mut polled = [PollFd::new(fd, events)];
    match rustix::event::poll(&mut polled, Some(&NO_TIME)) {
        Ok(_) => polled[0].revents(),
        Err(_) => PollFlags::empty(),
    }
}

const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Waits until `fd` is ready for one of `events`; false when `until` comes first.
pub(super) async fn one(fd: &Arc<OwnedFd>, events: PollFlags, until: Option<Instant>) -> Result<bool, Errno> {
    let mut waits = [Wait { fd: fd.clone(), events, ready: PollFlags::empty() }];
    Ok(any(&mut waits, until).await? > 0)
}

/// Waits until one of `waits` is ready; how many are. Sockets are registered for this wait only, and what counts is what
/// the kernel says when it is asked: notes that a registration keeps may be of another state of the socket.
pub(super) async fn any(waits: &mut [Wait], until: Option<Instant>) -> Result<usize, Errno> {
    let mut false_wakes = 0;
    loop {
        let ready = look(waits)?;
        if ready > 0 || until.is_some_and(|until| Instant::now() >= until) {
            return Ok(ready);
        }
        if false_wakes >= FALSE_WAKES_MAX {
            tokio::time::sleep(PAUSE).await;
        }
        false_wakes += 1;
        let registered = register(waits)?;
        let woken = woken(&registered);
        match until {
            // Its passing is seen above.
            Some(until) => drop(tokio::time::timeout_at(until, woken).await),
            None => woken.await,
        }
        drop(registered);
        tokio::task::yield_now().await;
    }
}

fn look(waits: &mut [Wait]) -> Result<usize, Errno> {
    let mut polled: Vec<_> = waits.iter().map(|wait| PollFd::new(&*wait.fd, wait.events)).collect();
    let count = match rustix::event::poll(&mut polled, Some(&NO_TIME)) {
        Err(Errno::INTR) => 0,
        count => count?,
    };
    let ready: Vec<_> = polled.iter().map(PollFd::revents).collect();
    for (wait, ready) in waits.iter_mut().zip(ready) {
        wait.ready = ready;
    }
    Ok(count)
}

#[expect(
    deprecated,
    reason = "its successor is unsafe to call; an `Arc<OwnedFd>` is what it must be: open, and always the same"
)]
fn register(waits: &[Wait]) -> Result<Vec<(AsyncFd<Arc<OwnedFd>>, Interest)>, Errno> {
    let one = |wait: &Wait| {
        let interest = interest(wait.events);
        let registered = AsyncFd::with_interest(wait.fd.clone(), interest);
        registered.map(|fd| (fd, interest)).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    };
    waits.iter().map(one).collect()
}

/// Just what is asked for: data that nobody wants to read must not wake anybody.
fn interest(events: PollFlags) -> Interest {
    let parts = [
        (PollFlags::IN, Interest::READABLE),
        (PollFlags::OUT, Interest::WRITABLE),
        (PollFlags::PRI, Interest::PRIORITY),
    ];
    let wanted = parts.into_iter().filter(|(flag, _)| events.contains(*flag)).map(|(_, interest)| interest);
    wanted.reduce(Interest::add).unwrap_or(Interest::PRIORITY)
}

/// Ends when one of them may be ready. Without any it never does.
async fn woken(registered: &[(AsyncFd<Arc<OwnedFd>>, Interest)]) {
    let mut all: Vec<_> = registered.iter().map(|(fd, interest)| Box::pin(fd.ready(*interest))).collect();
    poll_fn(|context| {
        let ready = all.iter_mut().any(|one| one.as_mut().poll(context).is_ready());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// An entry of `poll`: a `pollfd`, and which of the waits it belongs to.
struct Entry {
    number: u32,
    events: PollFlags,
    wait: Option<usize>,
}

pub(super) async fn poll(caller: &mut Caller<'_, State>, (fds, count, ms): (u32, u32, i32)) -> Answer {
    if count > ENTRIES_MAX {
        return Err(Errno::INVAL.into());
    }
    charge(caller, POLL_FUEL + WAIT_FUEL * u64::from(count)).await?;
    let memory = memory(caller)?;
    let until = u64::try_from(ms).ok().map(|ms| Instant::now() + Duration::from_millis(ms));
    loop {
        let (raw, state) = memory.data_and_store_mut(&mut *caller);
        let net = &mut state.net;
        let (mut entries, mut waits, mut places) =
            (Vec::new(), Vec::<Wait>::new(), std::collections::HashMap::new());
        let mut failed = 0;
        // When a connection that is under way has taken too long.
        let mut first_end: Option<Instant> = None;
        for number in 0..count {
            let at = fds.checked_add(number * ENTRY_BYTES).ok_or(Errno::FAULT)?;
            let entry = bytes(raw, at, ENTRY_BYTES)?;
            let fd = i32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
            let events = PollFlags::from_bits_truncate(u16::from_le_bytes([entry[4], entry[5]]));
            if !DESCRIPTORS.contains(&fd) {
                continue;
            }
            let events = events & ASKED;
            let wait = match net.socket(fd) {
                Err(_) => None,
                Ok(socket) => {
                    socket.settle();
                    match socket.progress {
                        Progress::Failed(_) => failed += 1,
                        Progress::Connecting(end) => {
                            first_end = Some(first_end.map_or(end, |first| first.min(end)))
                        }
                        Progress::Fresh | Progress::Connected => {}
                    }
                    // A descriptor that is named twice is registered once.
                    let place = *places.entry(fd).or_insert_with(|| {
                        waits.push(Wait {
                            fd: socket.fd.clone(),
                            events: PollFlags::empty(),
                            ready: PollFlags::empty(),
                        });
                        waits.len() - 1
                    });
                    waits[place].events |= events;
                    let failed = matches!(socket.progress, Progress::Failed(_));
                    (!failed).then_some(place)
                }
            };
            let failed = wait.is_none() && net.sockets.contains_key(&fd);
            let unknown = wait.is_none() && !failed;
            let now = match (failed, unknown) {
                (true, _) => events | PollFlags::ERR | PollFlags::HUP,
                (_, true) => PollFlags::NVAL,
                (false, false) => PollFlags::empty(),
            };
            bytes_mut(raw, at, ENTRY_BYTES)?[6..8].copy_from_slice(&now.bits().to_le_bytes());
            entries.push(Entry { number, events, wait });
        }
        let at_once = failed > 0 || entries.iter().any(|entry| entry.wait.is_none());
        let end = if at_once { Some(Instant::now()) } else { until.into_iter().chain(first_end).min() };
        any(&mut waits, end).await?;
        let raw = memory.data_mut(&mut *caller);
        let mut count = 0;
        for entry in &entries {
            let at = fds + entry.number * ENTRY_BYTES + 6;
            if let Some(place) = entry.wait {
                let ready = waits[place].ready & (entry.events | ALWAYS);
                write(raw, at, &ready.bits().to_le_bytes())?;
            }
            count += i32::from(bytes(raw, at, 2)? != [0, 0]);
        }
        // It ended for a connection's sake: look again, it has failed now.
        if count > 0 || at_once || until.is_some_and(|until| Instant::now() >= until) {
            return Ok(count);
        }
    }
}
