//! The imports that do not wait: opening, closing, names and states of sockets, starting a look-up.

use rustix::{
    io::Errno,
    net::{AddressFamily, Shutdown, SocketType},
};
use tokio::runtime::Handle;
use wasmtime::Caller;

use super::{
    Answer, LOOKUPS_MAX,
    address::{self, INET, INET6},
    connection::Transport,
    grants::normal,
    guest::{bytes, memory, write},
    names::{Asks, Family, look_up},
    policy, refuse,
    socket::{FLAGS, Kind, Lookup, Socket},
};
use crate::{
    state::State,
    work::{byte_fuel, charge},
};

/// Price of a system call or two.
pub(super) const CALL_FUEL: u64 = 5_000;
const OPEN_FUEL: u64 = 20_000;
/// Some packets, and the work of several tasks.
const LOOKUP_FUEL: u64 = 200_000;

const STREAM: i32 = 1;
const DGRAM: i32 = 2;
const TCP: i32 = 6;
const UDP: i32 = 17;
const NAME_BYTES_MAX: u32 = 253;

type Four = (i32, i32, i32, i32);

pub(super) async fn open(caller: &mut Caller<'_, State>, (fd, family, kind, protocol): Four) -> Answer {
    charge(caller, OPEN_FUEL).await?;
    let net = &mut caller.data_mut().net;
    net.room(fd, 1)?;
    let family = match u16::try_from(family) {
        Ok(INET) => AddressFamily::INET,
        Ok(INET6) => AddressFamily::INET6,
        _ => return Err(Errno::AFNOSUPPORT.into()),
    };
    let kind = match (kind, protocol) {
        (STREAM, 0 | TCP) => Kind::Tcp,
        (DGRAM, 0 | UDP) => Kind::Udp,
        (STREAM | DGRAM, _) => return Err(Errno::PROTONOSUPPORT.into()),
        _ => return Err(Errno::PROTOTYPE.into()),
    };
    net.sockets.insert(fd, Socket::open(family, kind)?);
    Ok(0)
}

pub(super) async fn pair(caller: &mut Caller<'_, State>, (fd, other, kind): (i32, i32, i32)) -> Answer {
    charge(caller, OPEN_FUEL).await?;
    let net = &mut caller.data_mut().net;
    net.room(fd, 2)?;
    net.room(other, 2)?;
    let kind = match kind {
        STREAM => SocketType::STREAM,
        DGRAM => SocketType::DGRAM,
        _ => return Err(Errno::PROTOTYPE.into()),
    };
    if fd == other {
        return Err(Errno::INVAL.into());
    }
    let ends = rustix::net::socketpair(AddressFamily::UNIX, kind, FLAGS, None)?;
    for (fd, end) in [(fd, ends.0), (other, ends.1)] {
        net.sockets.insert(fd, Socket::new(end, Kind::Local { _lookup: None, kind }));
    }
    Ok(0)
}

pub(super) async fn close(caller: &mut Caller<'_, State>, (fd,): (i32,)) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let net = &mut caller.data_mut().net;
    let socket = net.sockets.remove(&fd).ok_or(Errno::BADF)?;
    net.connections.end(socket.place);
    Ok(0)
}

pub(super) async fn shutdown(caller: &mut Caller<'_, State>, (fd, how): (i32, i32)) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let socket = caller.data_mut().net.socket(fd)?;
    let how = match how {
        0 => Shutdown::Read,
        1 => Shutdown::Write,
        2 => Shutdown::Both,
        _ => return Err(Errno::INVAL.into()),
    };
    rustix::net::shutdown(&socket.fd, how)?;
    Ok(0)
}

pub(super) async fn name(
    caller: &mut Caller<'_, State>,
    (fd, peer, at, len_at): (i32, i32, u32, u32),
) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    let socket = state.net.socket(fd)?;
    if at == 0 {
        return Err(Errno::FAULT.into());
    }
    let address = if peer == 0 { socket.own_address()? } else { socket.peer_address()? };
    // A pair is of the family that was asked for.
    let none = || std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    address::put(raw, at, len_at, Some(address.unwrap_or_else(none)))?;
    Ok(0)
}

pub(super) async fn nonblock(caller: &mut Caller<'_, State>, (fd, value): (i32, i32)) -> Answer {
    charge(caller, CALL_FUEL / 5).await?;
    let socket = caller.data_mut().net.socket(fd)?;
    let was = i32::from(!socket.blocking);
    if value >= 0 {
        socket.blocking = value == 0;
    }
    Ok(was)
}

pub(super) async fn avail(caller: &mut Caller<'_, State>, (fd,): (i32,)) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let socket = caller.data_mut().net.socket(fd)?;
    let bytes = rustix::io::ioctl_fionread(&socket.fd)?;
    Ok(i32::try_from(bytes).unwrap_or(i32::MAX))
}

pub(super) async fn resolve(
    caller: &mut Caller<'_, State>,
    (fd, at, len, family): (i32, u32, u32, i32),
) -> Answer {
    charge(caller, LOOKUP_FUEL).await?;
    let family = match u16::try_from(family) {
        Ok(0) => None,
        Ok(INET) => Some(Family::V4),
        Ok(INET6) => Some(Family::V6),
        _ => return Err(Errno::AFNOSUPPORT.into()),
    };
    if !(1..=NAME_BYTES_MAX).contains(&len) {
        return Err(Errno::NAMETOOLONG.into());
    }
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    let name = std::str::from_utf8(bytes(raw, at, len)?).map_err(|_| Errno::INVAL)?;
    let plain = normal(name).filter(|name| name.bytes().all(|byte| byte.is_ascii_graphic()));
    let plain = plain.ok_or(Errno::INVAL)?;
    // With its dot a name is whole; without one the machine's search list may complete it.
    let name = name.to_ascii_lowercase();
    state.net.room(fd, 1)?;
    if let Err(refusal) = policy::look_up(&state.net.grants()?, &plain) {
        let place = state.net.connections.begin(Some(&plain), (None, 0), Transport::Tcp);
        if let Some(connection) = state.net.connections.at(place) {
            connection.error = Some(refusal.0.clone());
            connection.refused = true;
        }
        return Err(refuse(state, refusal.0, Errno::ACCESS).into());
    }
    if state.net.lookups >= LOOKUPS_MAX {
        let why = format!("the run's limit of {LOOKUPS_MAX} names to look up is reached");
        return Err(refuse(state, why, Errno::DQUOT).into());
    }
    let net = &mut state.net;
    net.lookups += 1;
    let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
    let proxy = net.proxy.clone().filter(|proxy| proxy.carries(std::slice::from_ref(&plain), None, 0));
    let asks = Asks {
        resolver: net.resolver.clone(),
        found: net.found.clone(),
        name,
        family,
        by_proxy: proxy.is_some(),
    };
    let task = look_up(asks, theirs);
    let lookup = Lookup(Handle::current().spawn(task).abort_handle());
    net.sockets
        .insert(fd, Socket::new(ours, Kind::Local { _lookup: Some(lookup), kind: SocketType::STREAM }));
    Ok(0)
}

pub(super) async fn why(caller: &mut Caller<'_, State>, (to, capacity): (u32, u32)) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    let mut text = std::mem::take(&mut state.net.why);
    while text.len() > capacity as usize {
        text.pop();
    }
    write(raw, to, text.as_bytes())?;
    charge(caller, byte_fuel(text.len() as u64)).await?;
    Ok(i32::try_from(text.len()).unwrap_or(0))
}
