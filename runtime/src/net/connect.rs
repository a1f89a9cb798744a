//! Connecting, and being connected to: where the rules are asked.

use std::net::SocketAddr;

use rustix::{event::PollFlags, io::Errno};
use tokio::time::Instant;
use wasmtime::Caller;

use super::{
    Answer, Net, address,
    calls::CALL_FUEL,
    connection::Transport,
    grants::is_host,
    guest::memory,
    policy, refuse,
    socket::{FLAGS, Kind, Progress, Socket},
    tunnel::Tunnel,
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
    let Some((waits_for, events, until)) = socket.under_way() else { return Ok(0) };
    if !socket.blocking {
        return Err(Errno::INPROGRESS.into());
    }
    charge(caller, WAIT_FUEL).await?;
    wait::one(&waits_for, events, until).await?;
    let net = &mut caller.data_mut().net;
    let socket = net.socket(fd)?;
    socket.settle();
    let failed = match socket.progress {
        Progress::Failed(_) => socket.take_failure(),
        Progress::Fresh | Progress::Connected | Progress::Connecting(_) | Progress::Tunnelling => {
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
        (Kind::Tcp, Progress::Connecting(_) | Progress::Tunnelling) => return Err(Errno::ALREADY),
        (_, Progress::Failed(errno)) => {
            socket.progress = Progress::Fresh;
            return Err(state.net.failed(fd, errno));
        }
        (Kind::Tcp | Kind::Udp, Progress::Fresh) | (Kind::Udp, _) => {}
    }
    let transport = if matches!(socket.kind, Kind::Tcp) { Transport::Tcp } else { Transport::Udp };
    let fd_of = socket.fd.clone();
    let by_proxy = admit(state, fd, address, transport)?;
    if let Some(to) = by_proxy {
        return state.net.tunnel(fd, address, to);
    }
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

/// Whether the rules and the limit of connections let a socket go to `address`; lists it in any case. What the proxy is to be
/// asked for, where it goes that way.
pub(super) fn admit(
    state: &mut State,
    fd: i32,
    address: SocketAddr,
    transport: Transport,
) -> Result<Option<String>, Errno> {
    let net = &mut state.net;
    let stand_in = net.found.stood_in_for(address.ip());
    let is_tcp = transport == Transport::Tcp;
    let by_proxy = is_tcp.then(|| net.by_proxy(address, stand_in.as_deref())).flatten();
    let (host, refused) = match net.check(address) {
        Ok(host) if stand_in.is_some() && !is_tcp => {
            (host, Some(("datagrams do not go by the proxy".to_owned(), Errno::NETUNREACH)))
        }
        // At that port it goes past the proxy, and nobody here knows where.
        Ok(host) if stand_in.is_some() && by_proxy.is_none() => {
            let why = "it is reached without the proxy, and its name is not known here";
            (host, Some((why.to_owned(), Errno::HOSTUNREACH)))
        }
        Ok(host) => match net.count() {
            Ok(()) => (host, None),
            Err(limit) => (host, Some((limit, Errno::DQUOT))),
        },
        Err(refusal) => {
            let host = stand_in.clone().or_else(|| net.found.names(address.ip()).pop());
            (host, Some((refusal.0, Errno::ACCESS)))
        }
    };
    let known = stand_in.is_none().then(|| address.ip());
    let place = net.connections.begin(host.as_deref(), (known, address.port()), transport);
    if let Some((why, errno)) = refused {
        if let Some(connection) = net.connections.at(place) {
            connection.error = Some(why.clone());
            connection.refused = true;
        }
        return Err(refuse(state, why, errno));
    }
    let socket = net.socket(fd)?;
    let before = std::mem::replace(&mut socket.place, place);
    // What an earlier attempt came to.
    socket.why = None;
    net.connections.end(before);
    if let Some(connection) = net.connections.at(place) {
        connection.proxied = by_proxy.is_some();
    }
    Ok(by_proxy)
}

impl Net {
    /// What the proxy is to be asked for, a host with its port, where a connection goes by it. `stand_in`: the name whose
    /// address only the proxy knows.
    fn by_proxy(&self, address: SocketAddr, stand_in: Option<&str>) -> Option<String> {
        let (proxy, grants) = (self.proxy.as_ref()?, self.grants.as_ref()?);
        let (ip, port) = (address.ip(), address.port());
        if let Some(name) = stand_in {
            return proxy.carries(&[name.to_owned()], None, port).then(|| format!("{name}:{port}"));
        }
        let mut names = self.found.names(ip);
        if !proxy.carries(&names, Some(ip), port) {
            return None;
        }
        names.retain(|name| is_host(name) && policy::by_name(grants, name, port).is_ok());
        let name = names.pop().map(|name| format!("{name}:{port}"));
        Some(name.unwrap_or_else(|| SocketAddr::new(ip, port).to_string()))
    }

    fn tunnel(&mut self, fd: i32, address: SocketAddr, to: String) -> Result<(), Errno> {
        let proxy = self.proxy.clone().ok_or(Errno::NETUNREACH)?;
        let tunnel = Tunnel::begin(proxy, self.resolver.clone(), to, self.limits.connect)?;
        let socket = self.socket(fd)?;
        (socket.tunnel, socket.beyond, socket.progress) = (Some(tunnel), Some(address), Progress::Tunnelling);
        Ok(())
    }

    /// Notes in the record that a connection came to nothing.
    pub(super) fn failed(&mut self, fd: i32, errno: Errno) -> Errno {
        let socket = self.sockets.get_mut(&fd);
        let (place, why) = socket.map_or((None, None), |socket| (socket.place, socket.why.take()));
        self.connections.end(place);
        if let Some(connection) = self.connections.at(place) {
            connection.error = Some(why.unwrap_or_else(|| std::io::Error::from(errno).to_string()));
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
                let place =
                    (address.map(|address| address.ip()), address.map_or(0, |address| address.port()));
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
