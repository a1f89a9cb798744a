//! The functions themselves: each held against the guest's memory, paid for, and passed on.

use std::ops::Range;

use wasmtime::{Caller, Linker, format_err};

use super::{
    Access, BADF, Tls,
    connection::{Connection, Stuck},
};
use crate::{
    door::{memory, slice},
    state::State,
    work::{byte_fuel, charge},
};

const MODULE: &str = "tls";
const PEM_BYTES_MAX: u32 = 4 << 20;
const JSON_BYTES_MAX: u32 = 1 << 20;
/// More is not moved in one call.
const BUFFER_BYTES_MAX: u32 = 256 << 10;
/// Price of a key exchange and of checking a chain of certificates: a millisecond.
const HANDSHAKE_FUEL: u64 = 4_000_000;
/// Price of making a configuration.
const CHECK_FUEL: u64 = 400_000;
/// Price of any call.
const CALL_FUEL: u64 = 500;
/// Price of a record besides its bytes.
const RECORD_FUEL: u64 = 10_000;
const RECORD_BYTES: u64 = 16 << 10;
/// What each byte costs that is encrypted or decrypted, or parsed, in bytes that are copied.
const CIPHER_FACTOR: u64 = 2;
const PARSE_FACTOR: u64 = 4;

const AGAIN: i32 = -6;
const MSGSIZE: i32 = -35;
const PROTO: i32 = -65;

/// Adds the imports to `linker`.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap_async(MODULE, "roots", |caller, args| Box::new(roots(caller, args)))?;
    linker.func_wrap_async(MODULE, "check", |caller, args| Box::new(request(caller, args, Tls::check)))?;
    linker.func_wrap_async(MODULE, "open", |caller, args| Box::new(request(caller, args, Tls::open)))?;
    linker.func_wrap_async(MODULE, "feed", |caller, args| Box::new(feed(caller, args)))?;
    linker.func_wrap_async(MODULE, "take", |caller, args| Box::new(take(caller, args)))?;
    linker.func_wrap_async(MODULE, "write", |caller, args| Box::new(write(caller, args)))?;
    linker.func_wrap_async(MODULE, "read", |caller, args| Box::new(read(caller, args)))?;
    linker.func_wrap_async(MODULE, "state", |caller, args| Box::new(state(caller, args)))?;
    linker.func_wrap_async(MODULE, "notify", |caller, args| Box::new(notify(caller, args)))?;
    linker.func_wrap_async(MODULE, "fact", |caller, args| Box::new(fact(caller, args)))?;
    linker.func_wrap_async(MODULE, "carried", |caller, args| Box::new(carried(caller, args)))?;
    linker.func_wrap_async(MODULE, "close", |caller, args| Box::new(close(caller, args)))?;
    Ok(())
}

async fn roots(mut caller: Caller<'_, State>, (at, len, to): (u32, u32, u32)) -> wasmtime::Result<i32> {
    if len > PEM_BYTES_MAX {
        return Ok(MSGSIZE);
    }
    charge(&mut caller, CALL_FUEL + PARSE_FACTOR * byte_fuel(u64::from(len))).await?;
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let room = room(bytes, to, 32)?;
    Ok(match state.tls.roots(slice(bytes, at, len)?) {
        Ok((name, count)) => {
            bytes[room].copy_from_slice(&name);
            count
        }
        Err(error) => error,
    })
}

async fn request(
    mut caller: Caller<'_, State>,
    (at, len): (u32, u32),
    does: fn(&mut Tls, &[u8]) -> i32,
) -> wasmtime::Result<i32> {
    if len > JSON_BYTES_MAX {
        return Ok(MSGSIZE);
    }
    let connects = caller.data().tls.access != Access::Contexts;
    let price = if connects { HANDSHAKE_FUEL } else { CHECK_FUEL };
    charge(&mut caller, price + PARSE_FACTOR * byte_fuel(u64::from(len))).await?;
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    Ok(does(&mut state.tls, slice(bytes, at, len)?))
}

type Buffer = (i32, u32, u32);

async fn feed(mut caller: Caller<'_, State>, (number, at, len): Buffer) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let from = slice(bytes, at, len.min(BUFFER_BYTES_MAX))?;
    let Some(connection) = state.tls.table.find(number) else { return Ok(BADF) };
    let fed = connection.feed(from);
    let records = connection.records();
    let price = CALL_FUEL + cipher_fuel(records, fed.as_ref().map_or(from.len(), |fed| *fed));
    charge(&mut caller, price).await?;
    Ok(count(&fed))
}

async fn take(mut caller: Caller<'_, State>, (number, to, len): Buffer) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let room = room(bytes, to, len.min(BUFFER_BYTES_MAX))?;
    let Some(connection) = state.tls.table.find(number) else { return Ok(BADF) };
    let taken = connection.take(&mut bytes[room]);
    charge(&mut caller, CALL_FUEL + byte_fuel(taken as u64)).await?;
    Ok(count(&Ok(taken)))
}

async fn write(mut caller: Caller<'_, State>, (number, at, len): Buffer) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let from = slice(bytes, at, len.min(BUFFER_BYTES_MAX))?;
    let Some(connection) = state.tls.table.find(number) else { return Ok(BADF) };
    let written = connection.write(from);
    let bytes = written.as_ref().map_or(0, |written| *written);
    charge(&mut caller, CALL_FUEL + cipher_fuel(1 + bytes as u64 / RECORD_BYTES, bytes)).await?;
    Ok(count(&written))
}

async fn read(mut caller: Caller<'_, State>, (number, to, len): Buffer) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let room = room(bytes, to, len.min(BUFFER_BYTES_MAX))?;
    let Some(connection) = state.tls.table.find(number) else { return Ok(BADF) };
    let read = connection.read(&mut bytes[room]);
    charge(&mut caller, CALL_FUEL + byte_fuel(read.as_ref().map_or(0, |read| *read) as u64)).await?;
    Ok(count(&read))
}

async fn state(mut caller: Caller<'_, State>, (number,): (i32,)) -> wasmtime::Result<i32> {
    charge(&mut caller, CALL_FUEL).await?;
    Ok(caller.data_mut().tls.table.find(number).map_or(BADF, Connection::state))
}

async fn notify(mut caller: Caller<'_, State>, (number,): (i32,)) -> wasmtime::Result<i32> {
    charge(&mut caller, CALL_FUEL + RECORD_FUEL).await?;
    let Some(connection) = caller.data_mut().tls.table.find(number) else { return Ok(BADF) };
    connection.notify();
    Ok(0)
}

async fn fact(mut caller: Caller<'_, State>, args: (i32, i32, u32, u32)) -> wasmtime::Result<i32> {
    let (number, what, to, len) = args;
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let room = room(bytes, to, len.min(BUFFER_BYTES_MAX))?;
    let fact = match state.tls.fact(number, what) {
        Ok(fact) => fact,
        Err(error) => return Ok(error),
    };
    if let Some(to) = bytes[room].get_mut(..fact.len()) {
        to.copy_from_slice(&fact);
    }
    charge(&mut caller, CALL_FUEL + byte_fuel(fact.len() as u64)).await?;
    Ok(count(&Ok(fact.len())))
}

async fn carried(mut caller: Caller<'_, State>, (number, fd): (i32, i32)) -> wasmtime::Result<i32> {
    charge(&mut caller, CALL_FUEL).await?;
    let state = caller.data_mut();
    if state.tls.table.find(number).is_none() {
        return Ok(BADF);
    }
    state.net.mark_tls(fd);
    Ok(0)
}

async fn close(mut caller: Caller<'_, State>, (number,): (i32,)) -> wasmtime::Result<i32> {
    charge(&mut caller, CALL_FUEL).await?;
    Ok(if caller.data_mut().tls.table.close(number) { 0 } else { BADF })
}

fn cipher_fuel(records: u64, bytes: usize) -> u64 {
    records * RECORD_FUEL + CIPHER_FACTOR * byte_fuel(bytes as u64)
}

fn count(moved: &Result<usize, Stuck>) -> i32 {
    match moved {
        // No buffer is larger than fits.
        Ok(bytes) => i32::try_from(*bytes).unwrap_or(i32::MAX),
        Err(Stuck::Again) => AGAIN,
        Err(Stuck::Failed) => PROTO,
    }
}

/// Where `len` bytes can be written, checked before anything is taken that would be lost.
fn room(bytes: &[u8], to: u32, len: u32) -> wasmtime::Result<Range<usize>> {
    let room = to as usize..(to as usize).saturating_add(len as usize);
    if room.end > bytes.len() {
        return Err(format_err!("the guest passed an address outside of its memory"));
    }
    Ok(room)
}
