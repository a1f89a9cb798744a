//! Addresses as the guest lays them out in its memory: Linux's `sockaddr_in` and `sockaddr_in6`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use rustix::io::Errno;

use super::guest::{bytes, word, write};

pub(super) const INET: u16 = 2;
pub(super) const INET6: u16 = 10;
const LEN_V4: usize = 16;
const LEN_V6: usize = 28;
/// Of a `sockaddr_storage`: no address is longer.
const LEN_MAX: u32 = 128;

/// Reads an address. It is made anew from its parts: nothing else of the guest's bytes goes on.
pub(super) fn read(memory: &[u8], at: u32, len: u32) -> Result<SocketAddr, Errno> {
    if len > LEN_MAX {
        return Err(Errno::INVAL);
    }
    let raw = bytes(memory, at, len)?;
    let family = raw.get(..2).ok_or(Errno::INVAL)?;
    match u16::from_le_bytes([family[0], family[1]]) {
        INET if raw.len() >= LEN_V4 => {
            let ip = Ipv4Addr::new(raw[4], raw[5], raw[6], raw[7]);
            Ok(SocketAddrV4::new(ip, u16::from_be_bytes([raw[2], raw[3]])).into())
        }
        INET6 if raw.len() >= LEN_V6 => {
            let ip = <[u8; 16]>::try_from(&raw[8..24]).map_err(|_| Errno::INVAL)?;
            let scope = u32::from_le_bytes([raw[24], raw[25], raw[26], raw[27]]);
            let port = u16::from_be_bytes([raw[2], raw[3]]);
            Ok(SocketAddrV6::new(Ipv6Addr::from(ip), port, 0, scope).into())
        }
        INET | INET6 => Err(Errno::INVAL),
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// Writes an address into the room whose size stands at `len_at`, and its whole length there, as Linux does. An `at` of 0 asks
/// for none.
pub(super) fn put(memory: &mut [u8], at: u32, len_at: u32, address: Option<SocketAddr>) -> Result<(), Errno> {
    if at == 0 {
        return Ok(());
    }
    let room = room(memory, at, len_at)?;
    let encoded = address.map_or_else(Vec::new, encode);
    let part = encoded.len().min(room as usize);
    write(memory, at, &encoded[..part])?;
    write(memory, len_at, &(encoded.len() as u32).to_le_bytes())
}

/// Checks the room for an address before anything is done that cannot be undone; its size.
pub(super) fn room(memory: &[u8], at: u32, len_at: u32) -> Result<u32, Errno> {
    if at == 0 {
        return Ok(0);
    }
    let room = word(memory, len_at)?.min(LEN_MAX);
    bytes(memory, at, room)?;
    Ok(room)
}

fn encode(address: SocketAddr) -> Vec<u8> {
    let mut raw = vec![0; if address.is_ipv4() { LEN_V4 } else { LEN_V6 }];
    raw[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address {
        SocketAddr::V4(four) => {
            raw[..2].copy_from_slice(&INET.to_le_bytes());
            raw[4..8].copy_from_slice(&four.ip().octets());
        }
        SocketAddr::V6(six) => {
            raw[..2].copy_from_slice(&INET6.to_le_bytes());
            raw[8..24].copy_from_slice(&six.ip().octets());
            raw[24..28].copy_from_slice(&six.scope_id().to_le_bytes());
        }
    }
    raw
}
