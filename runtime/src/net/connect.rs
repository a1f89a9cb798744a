//! Connecting, and being connected to: where the rules are asked.

use std::net::SocketAddr;

use rustix::{event::PollFlags, io::Errno};
use tokio::time::Instant;
use wasmtime::Caller;

use super::{
    Answer, Net, address,
    calls::CALL_FUEL,
    connection::Transport,
    guest::memory,
    policy, refuse,
    socket::{FLAGS, Kind, Progress, Socket},
    wait::{self, WAIT_FUEL},
};
use crate::{state::State, work::charge};

const CONNECT_FUEL: u64 = 100_000;
const BACKLOG_MAX: i32 = 128;

pub(super) async fn connect(caller: &mut Caller<'_, State>, (fd, at, len): (i32, u32, u32)) -> Answer {
    charge(caller, CONNECT_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    state.net.grants()?;
    let address = address::read(raw, at, len)?;
    begin(state, fd, address)?;
    let socket = state.net.socket(fd)?;
    let Progress::Connecting(until) = socket.progress else { return Ok(0) };
    if !socket.blocking {
        return Err(Errno::INPROGRESS.into());
    }
    let waits_for = socket.fd.clone();
    charge(caller, WAIT_FUEL).await?;
    wait::one(&waits_for, PollFlags::OUT, Some(until)).await?;
    let net = &mut caller.data_mut().net;
    let socket = net.socket(fd)?;
    socket.settle();
    let failed = match socket.progress {
        Progress::Failed(_) => socket.take_failure(),
        Progress::Fresh | Progress::Connected | Progress::Connecting(_) => {
            rustix::net::sockopt::socket_error(&socket.fd)?.err()
        }
    };
    failed.map_or(Ok(0), |errno| Err(net.failed(fd, errno).into()))
}

/// Asks the rules and begins to connect. UDP is connected at once.
fn begin(state: &mut State, fd: i32, address: SocketAddr) -> Result<(), Errno> {
    let socket = state.net.socket(fd)?;
    socket.settle();
    match (&socket.kind, socket.progress) {
        (Kind::Local { .. }, _) | (Kind::Tcp, Progress::Connected) => return Err(Errno::ISCONN),
        (Kind::Tcp, Progress::Connecting(_)) => return Err(Errno::ALREADY),
        (_, Progress::Failed(errno)) => {
            socket.progress = Progress::Fresh;
            return Err(errno);
        }
        (Kind::Tcp | Kind::Udp, Progress::Fresh) | (Kind::Udp, _) => {}
    }
    let transport = if matches!(socket.kind, Kind::Tcp) { Transport::Tcp } else { Transport::Udp };
    let fd_of = socket.fd.clone();
    admit(state, fd, address, transport)?;
    let until = Instant::now() + state.net.limits.connect;
    let begun = rustix::net::connect(&fd_of, &address);
    let net = &mut state.net;
    match begun {
        Ok(()) => net.socket(fd)?.progress = Progress::Connected,
        Err(Errno::INPROGRESS) => net.socket(fd)?.progress = Progress::Connecting(until),
        Err(errno) => return Err(net.failed(fd, errno)),
    }
    Ok(())
}

/// Whether the rules and the limit of connections let a socket go to `address`; lists it in any case.
pub(super) fn admit(
    state: &mut State,
    fd: i32,
    address: SocketAddr,
    transport: Transport,
) -> Result<(), Errno> {
    let net = &mut state.net;
    let (host, refused) = match net.check(address) {
        Ok(host) => match net.count() {
            Ok(()) => (host, None),
            Err(limit) => (host, Some((limit, Errno::DQUOT))),
        },
        Err(refusal) => {
            let host = net.found.names(address.ip()).pop();
            (host, Some((refusal.0, Errno::ACCESS)))
        }
    };
    let place = net.connections.begin(host.as_deref(), Some((address.ip(), address.port())), transport);
    if let Some((why, errno)) = refused {
        if let Some(connection) = net.connections.at(place) {
            connection.error = Some(why.clone());
            connection.refused = true;
        }
        return Err(refuse(state, why, errno));
    }
    let socket = net.socket(fd)?;
    let before = std::mem::replace(&mut socket.place, place);
    net.connections.end(before);
    Ok(())
}

impl Net {
    /// Notes in the record that a connection came to nothing.
    pub(super) fn failed(&mut self, fd: i32, errno: Errno) -> Errno {
        let place = self.sockets.get(&fd).and_then(|socket| socket.place);
        self.connections.end(place);
        if let Some(connection) = self.connections.at(place) {
            connection.error = Some(std::io::Error::from(errno).to_string());
        }
        errno
    }
}

pub(super) async fn bind(caller: &mut Caller<'_, State>, (fd, at, len): (i32, u32, u32)) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    let (grants, address) = (state.net.grants()?, address::read(raw, at, len)?);
    let socket = state.net.socket(fd)?;
    if socket.is_local() {
        return Err(Errno::INVAL.into());
    }
    let fd = socket.fd.clone();
    if let Err(refusal) = policy::bind(&grants, address) {
        return Err(refuse(state, refusal.0, Errno::ACCESS).into());
    }
    rustix::net::bind(&fd, &address)?;
    Ok(0)
}

pub(super) async fn listen(caller: &mut Caller<'_, State>, (fd, backlog): (i32, i32)) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let state = caller.data_mut();
    let (grants, socket) = (state.net.grants()?, state.net.socket(fd)?);
    if !matches!(socket.kind, Kind::Tcp) {
        return Err(Errno::NOTSUP.into());
    }
    let (fd, address) = (socket.fd.clone(), socket.own_address()?.ok_or(Errno::INVAL)?);
    if let Err(refusal) = policy::listen(&grants, address) {
        return Err(refuse(state, refusal.0, Errno::ACCESS).into());
    }
    rustix::net::listen(&fd, backlog.clamp(0, BACKLOG_MAX))?;
    Ok(0)
}

pub(super) async fn accept(
    caller: &mut Caller<'_, State>,
    (fd, to, at, len_at): (i32, i32, u32, u32),
) -> Answer {
    charge(caller, CONNECT_FUEL).await?;
    let memory = memory(caller)?;
    loop {
        let (raw, state) = memory.data_and_store_mut(&mut *caller);
        state.net.room(to, 1)?;
        address::room(raw, at, len_at)?;
        let socket = state.net.socket(fd)?;
        let (fd, blocking) = (socket.fd.clone(), socket.blocking);
        match rustix::net::acceptfrom_with(&fd, FLAGS) {
            Ok((accepted, address)) => {
                let address: Option<SocketAddr> = address.and_then(|address| address.try_into().ok());
                address::put(raw, at, len_at, address)?;
                if let Err(limit) = state.net.count() {
                    return Err(refuse(state, limit, Errno::DQUOT).into());
                }
                let mut socket = Socket::new(accepted, Kind::Tcp);
                socket.progress = Progress::Connected;
                let place = address.map(|address| (address.ip(), address.port()));
                socket.place = state.net.connections.begin(None, place, Transport::Tcp);
                state.net.sockets.insert(to, socket);
                return Ok(0);
            }
            Err(Errno::AGAIN) if blocking => {
                charge(caller, WAIT_FUEL).await?;
                wait::one(&fd, PollFlags::IN, None).await?;
            }
            Err(errno) => return Err(errno.into()),
        }
    }
}
