//! Sockets: the import module `net`, on which the guest's libc builds its own (`python-wasm/net`). Owns what one run has open
//! and has used up; every number that a guest passes is checked before memory is taken or a socket is touched.
//!
//! All parameters and results are i32; a result below zero is an `errno`. Descriptors are the guest's choice, from 512 to 1023.
//! `…` marks those that wait without holding a thread.
//!
//! | import | what it does |
//! |---|---|
//! | `open(fd, family, type, protocol)` | makes a TCP or UDP socket |
//! | `pair(fd, other, type)` | two sockets that lead to each other |
//! | `close(fd)` | closes it |
//! | `connect(fd, address, len)` … | connects, where a rule allows that very address |
//! | `bind(fd, address, len)`, `listen(fd, backlog)` | on loopback, where a rule allows it |
//! | `accept(fd, to, address, len)` … | takes a connection |
//! | `send(fd, bytes, len, flags, address, address_len)` … | bytes sent |
//! | `recv(fd, bytes, len, flags, address, address_len)` … | bytes received |
//! | `shutdown(fd, how)` | ends one direction or both |
//! | `getopt(fd, level, name, value, len)`, `setopt(…)` | the options of `net/options.rs` |
//! | `name(fd, peer, address, len)` | its own address, or its peer's |
//! | `nonblock(fd, value)` | sets whether calls return instead of waiting; what it was |
//! | `avail(fd)` | bytes that can be read at once |
//! | `poll(fds, count, ms)` … | how many are ready |
//! | `resolve(fd, name, len, family)` | looks a name up; the answer is read from `fd` |
//! | `why(to, capacity)` | why the last call was refused, for people |

mod address;
mod calls;
mod connect;
mod connection;
mod errno;
mod grants;
mod guest;
mod names;
mod options;
mod policy;
mod proxy;
mod ranges;
mod socket;
mod transfer;
mod tunnel;
mod wait;

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use rustix::io::Errno;
use tokio::time::Instant;
use wasmtime::{Caller, Linker};

pub(crate) use self::names::Resolver;
use self::{
    connection::Connections,
    errno::{Failure, answer},
    names::Found,
    policy::Refusal,
    socket::Socket,
};
pub use self::{
    connection::{Connection, Transport},
    grants::{Grants, Rule, RuleError},
    proxy::Proxy,
};
use crate::{limits::NetLimits, state::State};

const MODULE: &str = "net";
/// Descriptors of sockets; below are WASI's.
const DESCRIPTORS: std::ops::RangeInclusive<i32> = 512..=1023;
/// Names that one run may look up.
const LOOKUPS_MAX: u32 = 1_024;

/// How the network is reached. One for all runs.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) proxy: Option<Arc<Proxy>>,
}

/// What one run has to do with the network.
pub(crate) struct Net {
    /// None until the run begins: while the guest boots or imports there is no network.
    grants: Option<Grants>,
    limits: NetLimits,
    sockets: HashMap<i32, Socket>,
    connections: Connections,
    connected: u32,
    lookups: u32,
    sent_bytes: u64,
    received_bytes: u64,
    resolver: Arc<Resolver>,
    proxy: Option<Arc<Proxy>>,
    found: Arc<Found>,
    /// Why the last call was refused.
    why: String,
}

impl Net {
    pub(crate) fn new(limits: &NetLimits, ways: &Ways, began: Instant) -> Self {
        Self {
            grants: None,
            limits: limits.clone(),
            sockets: HashMap::new(),
            connections: Connections::new(began),
            connected: 0,
            lookups: 0,
            sent_bytes: 0,
            received_bytes: 0,
            resolver: ways.resolver.clone(),
            proxy: ways.proxy.clone(),
            found: Arc::default(),
            why: String::new(),
        }
    }

    /// From now on there is a network, as far as `grants` say.
    pub(crate) fn begin(&mut self, grants: Grants) {
        self.grants = Some(grants);
    }

    /// Closes everything. What was connected or refused, and how many more than are listed.
    pub(crate) fn finish(mut self) -> (Vec<Connection>, u64) {
        for (_, socket) in self.sockets.drain() {
            self.connections.end(socket.place);
        }
        self.connections.finish()
    }

    /// Marks the connection of a socket as encrypted by the host.
    pub(crate) fn mark_tls(&mut self, fd: i32) {
        let place = self.sockets.get(&fd).and_then(|socket| socket.place);
        if let Some(connection) = self.connections.at(place) {
            connection.tls = true;
        }
    }

    fn grants(&self) -> Result<Grants, Errno> {
        self.grants.clone().ok_or(Errno::NETDOWN)
    }

    fn socket(&mut self, fd: i32) -> Result<&mut Socket, Errno> {
        self.sockets.get_mut(&fd).ok_or(Errno::BADF)
    }

    /// Whether `more` further sockets may be open, and the guest may call one of them `fd`.
    fn room(&self, fd: i32, more: usize) -> Result<(), Errno> {
        self.grants.as_ref().ok_or(Errno::NETDOWN)?;
        if !DESCRIPTORS.contains(&fd) || self.sockets.contains_key(&fd) {
            return Err(Errno::BADF);
        }
        let open_max = self.limits.open as usize;
        if self.sockets.len().saturating_add(more) > open_max { Err(Errno::MFILE) } else { Ok(()) }
    }

    /// Counts a connection.
    fn count(&mut self) -> Result<(), String> {
        if self.connected >= self.limits.connections {
            return Err(format!("the run's limit of {} connections is reached", self.limits.connections));
        }
        self.connected += 1;
        Ok(())
    }

    /// Whether `address` may be reached; the name it goes by.
    fn check(&self, address: SocketAddr) -> Result<Option<String>, Refusal> {
        let Some(grants) = &self.grants else { return Err(Refusal(String::new())) };
        if let Some(name) = self.found.stood_in_for(address.ip()) {
            return policy::by_name(grants, &name, address.port()).map(|()| Some(name));
        }
        let names = self.found.names(address.ip());
        policy::reach(grants, address, &names).map(|name| name.map(str::to_owned))
    }
}

/// Says why a call is refused, to the script and in the run's log.
fn refuse(state: &mut State, why: String, errno: Errno) -> Errno {
    state.output.remark(crate::outcome::Level::Warning, why.clone());
    state.net.why = why;
    errno
}

type Answer = Result<i32, Failure>;

/// An import that waits, or costs enough to be paid for at once.
macro_rules! waiting {
    ($linker:ident, $name:literal, $call:path) => {
        $linker.func_wrap_async(MODULE, $name, |mut caller: Caller<'_, State>, args| {
            Box::new(async move { answer($call(&mut caller, args).await) })
        })?;
    };
}

/// Adds the imports to `linker`.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    waiting!(linker, "open", calls::open);
    waiting!(linker, "pair", calls::pair);
    waiting!(linker, "close", calls::close);
    waiting!(linker, "connect", connect::connect);
    waiting!(linker, "bind", connect::bind);
    waiting!(linker, "listen", connect::listen);
    waiting!(linker, "accept", connect::accept);
    waiting!(linker, "send", transfer::send);
    waiting!(linker, "recv", transfer::recv);
    waiting!(linker, "shutdown", calls::shutdown);
    waiting!(linker, "getopt", options::get);
    waiting!(linker, "setopt", options::set);
    waiting!(linker, "name", calls::name);
    waiting!(linker, "nonblock", calls::nonblock);
    waiting!(linker, "avail", calls::avail);
    waiting!(linker, "poll", wait::poll);
    waiting!(linker, "resolve", calls::resolve);
    waiting!(linker, "why", calls::why);
    Ok(())
}

#[cfg(test)]
mod tests;
