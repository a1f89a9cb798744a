//! Waiting for sockets without holding a thread, and `poll`.

use std::{collections::HashMap, future::poll_fn, os::fd::OwnedFd, sync::Arc, task::Poll, time::Duration};

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
    Answer, DESCRIPTORS, Net,
    guest::{bytes, memory, write},
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

/// A socket as the reactor knows it for one wait, and for what.
type Registered = (AsyncFd<Arc<OwnedFd>>, Interest);

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
fn register(waits: &[Wait]) -> Result<Vec<Registered>, Errno> {
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
async fn woken(registered: &[Registered]) {
    let mut all: Vec<_> = registered.iter().map(|(fd, interest)| Box::pin(fd.ready(*interest))).collect();
    poll_fn(|context| {
        let ready = all.iter_mut().any(|one| one.as_mut().poll(context).is_ready());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What one `poll` looks at.
#[derive(Default)]
struct Polled {
    entries: Vec<Entry>,
    waits: Vec<Wait>,
    /// Where in `waits` a descriptor is: one that is named twice is registered once.
    places: HashMap<i32, usize>,
    /// Whether something is known before anything is waited for.
    at_once: bool,
    /// When the first of the connections that are under way has taken too long.
    first_end: Option<Instant>,
}

/// A `pollfd` that is a socket's.
struct Entry {
    at: u32,
    events: PollFlags,
    ready: Ready,
}

enum Ready {
    /// As one of the waits says.
    Wait(usize),
    /// Not before its connection is decided.
    Later,
    Known(PollFlags),
}

impl Polled {
    /// Reads the list; entries that are no sockets are left alone.
    fn read(memory: &[u8], net: &mut Net, fds: u32, count: u32) -> Result<Self, Errno> {
        let mut polled = Self::default();
        for number in 0..count {
            let at = fds.checked_add(number * ENTRY_BYTES).ok_or(Errno::FAULT)?;
            let entry = bytes(memory, at, ENTRY_BYTES)?;
            let fd = i32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
            let events = PollFlags::from_bits_truncate(u16::from_le_bytes([entry[4], entry[5]])) & ASKED;
            if DESCRIPTORS.contains(&fd) {
                let ready = polled.add(net, fd, events);
                polled.at_once |= matches!(ready, Ready::Known(_));
                polled.entries.push(Entry { at, events, ready });
            }
        }
        Ok(polled)
    }

    fn add(&mut self, net: &mut Net, fd: i32, events: PollFlags) -> Ready {
        let Ok(socket) = net.socket(fd) else { return Ready::Known(PollFlags::NVAL) };
        socket.settle();
        match socket.progress {
            Progress::Failed(_) => return Ready::Known(events | PollFlags::ERR | PollFlags::HUP),
            Progress::Connecting(end) => {
                self.first_end = Some(self.first_end.map_or(end, |first| first.min(end)));
            }
            Progress::Fresh | Progress::Connected | Progress::Tunnelling => {}
        }
        if let Some(tunnel) = &socket.tunnel {
            let (fd, ready) = (tunnel.decided.clone(), PollFlags::empty());
            self.waits.push(Wait { fd, events: PollFlags::IN, ready });
            return Ready::Later;
        }
        let place = *self.places.entry(fd).or_insert_with(|| {
            let (events, ready) = (PollFlags::empty(), PollFlags::empty());
            self.waits.push(Wait { fd: socket.fd.clone(), events, ready });
            self.waits.len() - 1
        });
        self.waits[place].events |= events;
        Ready::Wait(place)
    }

    /// Writes what is ready; how many are.
    fn write(&self, memory: &mut [u8]) -> Result<i32, Errno> {
        let mut count = 0;
        for entry in &self.entries {
            let ready = match entry.ready {
                Ready::Wait(place) => self.waits[place].ready & (entry.events | ALWAYS),
                Ready::Known(ready) => ready,
                Ready::Later => PollFlags::empty(),
            };
            let at = entry.at.checked_add(6).ok_or(Errno::FAULT)?;
            write(memory, at, &ready.bits().to_le_bytes())?;
            count += i32::from(!ready.is_empty());
        }
        Ok(count)
    }
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
        let mut polled = Polled::read(raw, &mut state.net, fds, count)?;
        let at_once = polled.at_once.then(Instant::now);
        let end = at_once.into_iter().chain(until).chain(polled.first_end).min();
        any(&mut polled.waits, end).await?;
        let ready = polled.write(memory.data_mut(&mut *caller))?;
        // Else it ended for a connection's sake: looked at again, that one has failed.
        if ready > 0 || until.is_some_and(|until| Instant::now() >= until) {
            return Ok(ready);
        }
    }
}
