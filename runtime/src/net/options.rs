//! The options of sockets that a guest may read and set; all others do not exist. Sizes are capped: buffers are the kernel's
//! memory, and a socket that lingers would hold up whoever closes it.

use std::time::Duration;

use rustix::{
    io::Errno,
    net::{AddressFamily, sockopt},
};
use wasmtime::Caller;

use super::{
    Answer,
    calls::CALL_FUEL,
    errno::wasi,
    guest::{bytes, memory, word, write},
    socket::{Kind, Socket},
};
use crate::{state::State, work::charge};

const BUFFER_BYTES_MIN: i32 = 2 << 10;
const BUFFER_BYTES_MAX: i32 = 1 << 20;
const KEEP_S_MAX: i32 = 32_767;
const VALUE_BYTES_MAX: u32 = 16;

const SOCKET: i32 = 1;
const IP: i32 = 0;
const TCP: i32 = 6;
const IPV6: i32 = 41;

/// Level and name, in Linux's numbers.
const REUSE_ADDRESS: (i32, i32) = (SOCKET, 2);
const TYPE: (i32, i32) = (SOCKET, 3);
const ERROR: (i32, i32) = (SOCKET, 4);
const BROADCAST: (i32, i32) = (SOCKET, 6);
const SEND_BUFFER: (i32, i32) = (SOCKET, 7);
const RECEIVE_BUFFER: (i32, i32) = (SOCKET, 8);
const KEEP_ALIVE: (i32, i32) = (SOCKET, 9);
const OOB_INLINE: (i32, i32) = (SOCKET, 10);
const LINGER: (i32, i32) = (SOCKET, 13);
const REUSE_PORT: (i32, i32) = (SOCKET, 15);
const ACCEPTS: (i32, i32) = (SOCKET, 30);
const PROTOCOL: (i32, i32) = (SOCKET, 38);
const DOMAIN: (i32, i32) = (SOCKET, 39);
const NO_DELAY: (i32, i32) = (TCP, 1);
const KEEP_IDLE: (i32, i32) = (TCP, 4);
const KEEP_INTERVAL: (i32, i32) = (TCP, 5);
const KEEP_COUNT: (i32, i32) = (TCP, 6);
const QUICK_ACK: (i32, i32) = (TCP, 12);
const USER_TIMEOUT: (i32, i32) = (TCP, 18);
const TOS: (i32, i32) = (IP, 1);
const TTL: (i32, i32) = (IP, 2);
const HOPS: (i32, i32) = (IPV6, 16);
const V6_ONLY: (i32, i32) = (IPV6, 26);
const TRAFFIC_CLASS: (i32, i32) = (IPV6, 67);

type Five = (i32, i32, i32, u32, u32);

pub(super) async fn get(caller: &mut Caller<'_, State>, (fd, level, name, to, len_at): Five) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    let room = word(raw, len_at)?.min(VALUE_BYTES_MAX);
    bytes(raw, to, room)?;
    let socket = state.net.socket(fd)?;
    let mut value = Vec::with_capacity(8);
    if (level, name) == LINGER {
        let linger = sockopt::socket_linger(&socket.fd)?;
        let seconds = linger.map_or(0, |linger| linger.as_secs() as u32);
        value.extend_from_slice(&u32::from(linger.is_some()).to_le_bytes());
        value.extend_from_slice(&seconds.to_le_bytes());
    } else if (level, name) == ERROR {
        let errno = match socket.take_failure() {
            Some(errno) => Some(errno),
            None => sockopt::socket_error(&socket.fd)?.err(),
        };
        let number = errno.map_or(0, |errno| wasi(state.net.failed(fd, errno)));
        value.extend_from_slice(&number.to_le_bytes());
    } else {
        value.extend_from_slice(&read(socket, (level, name))?.to_le_bytes());
    }
    value.truncate(room as usize);
    write(raw, to, &value)?;
    write(raw, len_at, &(value.len() as u32).to_le_bytes())?;
    Ok(0)
}

fn read(socket: &Socket, option: (i32, i32)) -> Result<i32, Errno> {
    let fd = &socket.fd;
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let size = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    let seconds = |value: Duration| i32::try_from(value.as_secs()).unwrap_or(i32::MAX);
    Ok(match option {
        TYPE => number(socket.kind.socket_type().as_raw()),
        ACCEPTS => i32::from(sockopt::socket_acceptconn(fd)?),
        // A pair says what it was asked to be.
        DOMAIN if socket.is_local() => number(u32::from(AddressFamily::INET.as_raw())),
        DOMAIN => number(u32::from(sockopt::socket_domain(fd)?.as_raw())),
        PROTOCOL => sockopt::socket_protocol(fd)?.map_or(0, |protocol| number(protocol.as_raw().get())),
        REUSE_ADDRESS => i32::from(sockopt::socket_reuseaddr(fd)?),
        REUSE_PORT => i32::from(sockopt::socket_reuseport(fd)?),
        BROADCAST => i32::from(sockopt::socket_broadcast(fd)?),
        SEND_BUFFER => size(sockopt::socket_send_buffer_size(fd)?),
        RECEIVE_BUFFER => size(sockopt::socket_recv_buffer_size(fd)?),
        KEEP_ALIVE => i32::from(sockopt::socket_keepalive(fd)?),
        OOB_INLINE => i32::from(sockopt::socket_oobinline(fd)?),
        // Also of a pair, which scripts take for a connection.
        (TCP, _) if socket.is_local() => 0,
        NO_DELAY => i32::from(sockopt::tcp_nodelay(fd)?),
        KEEP_IDLE => seconds(sockopt::tcp_keepidle(fd)?),
        KEEP_INTERVAL => seconds(sockopt::tcp_keepintvl(fd)?),
        KEEP_COUNT => number(sockopt::tcp_keepcnt(fd)?),
        QUICK_ACK => i32::from(sockopt::tcp_quickack(fd)?),
        USER_TIMEOUT => number(sockopt::tcp_user_timeout(fd)?),
        TOS => i32::from(sockopt::ip_tos(fd)?),
        TTL => number(sockopt::ip_ttl(fd)?),
        HOPS => i32::from(sockopt::ipv6_unicast_hops(fd)?),
        V6_ONLY => i32::from(sockopt::ipv6_v6only(fd)?),
        TRAFFIC_CLASS => number(sockopt::ipv6_tclass(fd)?),
        _ => return Err(Errno::NOPROTOOPT),
    })
}

pub(super) async fn set(caller: &mut Caller<'_, State>, (fd, level, name, at, len): Five) -> Answer {
    charge(caller, CALL_FUEL).await?;
    let memory = memory(caller)?;
    let (raw, state) = memory.data_and_store_mut(&mut *caller);
    if !(4..=VALUE_BYTES_MAX).contains(&len) {
        return Err(Errno::INVAL.into());
    }
    let value = bytes(raw, at, len)?;
    let value_of = |at: usize| i32::from_le_bytes([value[at], value[at + 1], value[at + 2], value[at + 3]]);
    let socket = state.net.socket(fd)?;
    if (level, name) == LINGER {
        if len < 8 {
            return Err(Errno::INVAL.into());
        }
        // Not at all, or to break the connection off: what is in between waits while it is closed.
        let breaks_off = value_of(0) != 0 && value_of(4) == 0;
        sockopt::set_socket_linger(&socket.fd, breaks_off.then_some(Duration::ZERO))?;
    } else {
        change(socket, (level, name), value_of(0))?;
    }
    Ok(0)
}

fn change(socket: &Socket, option: (i32, i32), value: i32) -> Result<(), Errno> {
    let fd = &socket.fd;
    let on = value != 0;
    let count = u32::try_from(value).map_err(|_| Errno::INVAL);
    let byte = || u8::try_from(value).map_err(|_| Errno::INVAL);
    let buffer = value.clamp(BUFFER_BYTES_MIN, BUFFER_BYTES_MAX).cast_unsigned() as usize;
    let seconds = || {
        let seconds = u64::try_from(value.min(KEEP_S_MAX)).map_err(|_| Errno::INVAL)?;
        Ok::<_, Errno>(Duration::from_secs(seconds))
    };
    match option {
        REUSE_ADDRESS => sockopt::set_socket_reuseaddr(fd, on),
        // It would let one script listen where another does.
        REUSE_PORT => Ok(()),
        BROADCAST if matches!(socket.kind, Kind::Udp) => sockopt::set_socket_broadcast(fd, on),
        SEND_BUFFER => sockopt::set_socket_send_buffer_size(fd, buffer),
        RECEIVE_BUFFER => sockopt::set_socket_recv_buffer_size(fd, buffer),
        KEEP_ALIVE => sockopt::set_socket_keepalive(fd, on),
        OOB_INLINE => sockopt::set_socket_oobinline(fd, on),
        (TCP, _) if socket.is_local() => Ok(()),
        NO_DELAY => sockopt::set_tcp_nodelay(fd, on),
        KEEP_IDLE => sockopt::set_tcp_keepidle(fd, seconds()?),
        KEEP_INTERVAL => sockopt::set_tcp_keepintvl(fd, seconds()?),
        KEEP_COUNT => sockopt::set_tcp_keepcnt(fd, count?),
        QUICK_ACK => sockopt::set_tcp_quickack(fd, on),
        USER_TIMEOUT => sockopt::set_tcp_user_timeout(fd, count?),
        TOS => sockopt::set_ip_tos(fd, byte()?),
        TTL => sockopt::set_ip_ttl(fd, count?),
        HOPS => sockopt::set_ipv6_unicast_hops(fd, if value == -1 { None } else { Some(byte()?) }),
        V6_ONLY => sockopt::set_ipv6_v6only(fd, on),
        TRAFFIC_CLASS => sockopt::set_ipv6_tclass(fd, count?),
        _ => Err(Errno::NOPROTOOPT),
    }
}
