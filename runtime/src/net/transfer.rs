//! Sending and receiving, and the counts of bytes.

use std::net::SocketAddr;

use rustix::{
    event::PollFlags,
    io::Errno,
    net::{RecvFlags, SendFlags},
};
use wasmtime::Caller;

use super::{
    Answer, Net, address,
    calls::CALL_FUEL,
    connect::admit,
    connection::Transport,
    errno::Failure,
    guest::{bytes, bytes_mut, memory},
    refuse,
    socket::{Kind, Progress},
    wait::{self, WAIT_FUEL},
};
use crate::{
    state::State,
    work::{byte_fuel, charge},
};

/// What one call moves; the guest goes on with the rest.
const PIECE_BYTES: u32 = 1 << 20;

const MSG_OOB: i32 = 0x01;
const MSG_PEEK: i32 = 0x02;
const MSG_TRUNC: i32 = 0x20;
const MSG_DONTWAIT: i32 = 0x40;

type Six = (i32, u32, u32, i32, u32, u32);

pub(super) async fn send(caller: &mut Caller<'_, State>, args: Six) -> Answer {
    let (fd, at, len, flags, to, to_len) = args;
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    state.net.grants()?;
    let len = len.min(PIECE_BYTES);
    bytes(raw, at, len)?;
    let to = if to == 0 { None } else { Some(address::read(raw, to, to_len)?) };
    decided(caller, fd, flags).await?;
    let state = caller.data_mut();
    let socket = state.net.socket(fd)?;
    let to = to.filter(|_| matches!(socket.kind, Kind::Udp));
    if let Some(to) = to {
        destination(state, fd, to)?;
    }
    let counted = !state.net.socket(fd)?.is_local();
    let len = if counted { allowance(state, len, Way::Out)? } else { len };
    loop {
        let (raw, state) = memory.data_and_store_mut(&mut *caller);
        let socket = state.net.socket(fd)?;
        let part = bytes(raw, at, len)?;
        let mut send_flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        send_flags.set(SendFlags::OOB, flags & MSG_OOB != 0);
        let sent = match to {
            Some(to) => rustix::net::sendto(&socket.fd, part, send_flags, &to),
            None => rustix::net::send(&socket.fd, part, send_flags),
        };
        match sent {
            Ok(sent) => {
                if counted && state.tls.is_carried_by(part) {
                    state.net.mark_tls(fd);
                }
                state.net.count_bytes(fd, Way::Out, sent);
                charge(caller, byte_fuel(sent as u64)).await?;
                return Ok(i32::try_from(sent).unwrap_or(0));
            }
            Err(Errno::AGAIN) if socket.blocking && flags & MSG_DONTWAIT == 0 => {
                let fd = socket.fd.clone();
                charge(caller, WAIT_FUEL).await?;
                wait::one(&fd, PollFlags::OUT, None).await?;
            }
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Waits until the proxy has decided on a connection, where the call may wait; fails where there is none.
async fn decided(caller: &mut Caller<'_, State>, fd: i32, flags: i32) -> Result<(), Failure> {
    loop {
        let net = &mut caller.data_mut().net;
        let socket = net.socket(fd)?;
        if let Some(errno) = socket.take_failure() {
            return Err(net.failed(fd, errno).into());
        }
        let Some(tunnel) = &socket.tunnel else { return Ok(()) };
        if !socket.blocking || flags & MSG_DONTWAIT != 0 {
            return Err(Errno::AGAIN.into());
        }
        let waits_for = tunnel.decided.clone();
        charge(caller, WAIT_FUEL).await?;
        wait::one(&waits_for, PollFlags::IN, None).await?;
    }
}

/// Asks the rules for where a datagram goes. Many go to one place in a row: that is one connection.
fn destination(state: &mut State, fd: i32, to: SocketAddr) -> Result<(), Errno> {
    let place = state.net.socket(fd)?.place;
    let same = state
        .net
        .connections
        .at(place)
        .is_some_and(|connection| connection.address == Some(to.ip()) && connection.port == to.port());
    if same { Ok(()) } else { admit(state, fd, to, Transport::Udp).map(drop) }
}

pub(super) async fn recv(caller: &mut Caller<'_, State>, args: Six) -> Answer {
    let (fd, at, len, flags, from, from_len) = args;
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let len = len.min(PIECE_BYTES);
    let raw = memory.data(&*caller);
    bytes(raw, at, len)?;
    address::room(raw, from, from_len)?;
    decided(caller, fd, flags).await?;
    let state = caller.data_mut();
    let is_local = state.net.socket(fd)?.is_local();
    let len = if is_local { len } else { allowance(state, len, Way::In)? };
    let mut recv_flags = RecvFlags::DONTWAIT;
    recv_flags.set(RecvFlags::PEEK, flags & MSG_PEEK != 0);
    recv_flags.set(RecvFlags::OOB, flags & MSG_OOB != 0);
    loop {
        let (raw, state) = memory.data_and_store_mut(&mut *caller);
        let socket = state.net.socket(fd)?;
        let (socket_fd, blocking) = (socket.fd.clone(), socket.blocking);
        let connected = socket.progress == Progress::Connected || socket.is_local();
        match rustix::net::recvfrom(&socket_fd, bytes_mut(raw, at, len)?, recv_flags) {
            Ok((got, whole, sender)) => {
                let sender: Option<SocketAddr> = sender.and_then(|sender| sender.try_into().ok());
                // Whoever found the port of an unconnected socket may write to it, but is heard only if a rule has it.
                if !connected && sender.is_some_and(|sender| state.net.check(sender).is_err()) {
                    bytes_mut(raw, at, len)?.fill(0);
                    charge(caller, CALL_FUEL).await?;
                    continue;
                }
                address::put(raw, from, from_len, sender)?;
                if flags & MSG_PEEK == 0 {
                    state.net.count_bytes(fd, Way::In, got);
                }
                charge(caller, byte_fuel(got as u64)).await?;
                let told = if flags & MSG_TRUNC == 0 { got } else { whole };
                return Ok(i32::try_from(told).unwrap_or(0));
            }
            Err(Errno::AGAIN) if blocking && flags & MSG_DONTWAIT == 0 => {
                charge(caller, WAIT_FUEL).await?;
                wait::one(&socket_fd, PollFlags::IN, None).await?;
            }
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// How many of `len` bytes the run may still send or receive.
fn allowance(state: &mut State, len: u32, way: Way) -> Result<u32, Errno> {
    let net = &mut state.net;
    let (used, limit, verb) = match way {
        Way::In => (net.received_bytes, net.limits.received_bytes, "receive"),
        Way::Out => (net.sent_bytes, net.limits.sent_bytes, "send"),
    };
    let left = u32::try_from(limit.saturating_sub(used)).unwrap_or(u32::MAX);
    if left == 0 && len > 0 {
        return Err(refuse(
            state,
            format!("the run's limit of {limit} bytes to {verb} is reached"),
            Errno::DQUOT,
        ));
    }
    Ok(len.min(left))
}

impl Net {
    fn count_bytes(&mut self, fd: i32, way: Way, bytes: usize) {
        let Some(socket) = self.sockets.get(&fd) else { return };
        if socket.is_local() {
            return;
        }
        let (bytes, place) = (bytes as u64, socket.place);
        let connection = self.connections.at(place);
        match way {
            Way::In => {
                self.received_bytes = self.received_bytes.saturating_add(bytes);
                connection.into_iter().for_each(|connection| connection.received_bytes += bytes);
            }
            Way::Out => {
                self.sent_bytes = self.sent_bytes.saturating_add(bytes);
                connection.into_iter().for_each(|connection| connection.sent_bytes += bytes);
            }
        }
    }
}
