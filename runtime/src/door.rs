//! The Door: every function of ours that a guest can call, under the import module `actiond`. Owns checking what the
//! guest passes; what it reaches beyond this is WASI, in `wasi.rs`.
//!
//! | import | what it does |
//! |---|---|
//! | `input_len() -> i32` | bytes of the payload |
//! | `input_read(to)` | copies the payload to `to`, which has room for it |
//! | `result(at, len) -> i64` | hands back the result; 0, or the limit in bytes when it is too large |
//! | `raised(at, len)` | hands back an exception as JSON |
//! | `log(level, source, source_len, message, message_len)` | one log record |

use serde::Deserialize;
use wasmtime::{Caller, Extern, Linker, Memory, format_err};

use crate::{
    outcome::{Exception, Level},
    state::State,
    work::{byte_fuel, charge},
};

const MODULE: &str = "actiond";
/// The shim cuts tracebacks well below this; more is not from our shim.
const RAISED_BYTES_MAX: usize = 256 << 10;
/// Price of a log record besides its text.
const LOG_FUEL: u64 = 500;

/// What goes through the door in one call of the guest.
#[derive(Debug)]
pub(crate) struct Door {
    input: String,
    result: Option<Vec<u8>>,
    raised: Option<Exception>,
    result_bytes_max: usize,
}

impl Door {
    pub(crate) fn new(result_bytes_max: usize) -> Self {
        Self { input: String::new(), result: None, raised: None, result_bytes_max }
    }

    /// Lays out the next call's payload and forgets the last call's answer.
    pub(crate) fn offer(&mut self, input: String) {
        self.input = input;
        self.result = None;
        self.raised = None;
    }

    pub(crate) fn take_result(&mut self) -> Option<Vec<u8>> {
        self.result.take()
    }

    pub(crate) fn take_raised(&mut self) -> Option<Exception> {
        self.raised.take()
    }
}

/// An exception as the shim writes it.
#[derive(Deserialize)]
struct RaisedWire {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    traceback: String,
}

impl From<RaisedWire> for Exception {
    fn from(wire: RaisedWire) -> Self {
        Self { kind: wire.kind, message: wire.message, traceback: wire.traceback }
    }
}

/// Adds the imports to `linker`.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "input_len", |caller: Caller<'_, State>| -> wasmtime::Result<i32> {
        Ok(i32::try_from(caller.data().door.input.len())?)
    })?;
    linker.func_wrap_async(MODULE, "input_read", |caller, args| Box::new(input_read(caller, args)))?;
    linker.func_wrap_async(MODULE, "result", |caller, args| Box::new(result(caller, args)))?;
    linker.func_wrap_async(MODULE, "raised", |caller, args| Box::new(raised(caller, args)))?;
    linker.func_wrap_async(MODULE, "log", |caller, args| Box::new(log(caller, args)))?;
    Ok(())
}

async fn input_read(mut caller: Caller<'_, State>, (to,): (u32,)) -> wasmtime::Result<()> {
    let memory = memory(&mut caller)?;
    let len = caller.data().door.input.len() as u64;
    charge(&mut caller, byte_fuel(len)).await?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let input = &state.door.input;
    let place = (to as usize)..(to as usize).saturating_add(input.len());
    bytes.get_mut(place).ok_or_else(outside)?.copy_from_slice(input.as_bytes());
    Ok(())
}

async fn result(mut caller: Caller<'_, State>, (at, len): (u32, u32)) -> wasmtime::Result<i64> {
    let limit = caller.data().door.result_bytes_max;
    caller.data_mut().output.bytes += u64::from(len);
    if len as usize > limit {
        return Ok(i64::try_from(limit)?);
    }
    charge(&mut caller, byte_fuel(u64::from(len))).await?;
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    state.door.result = Some(slice(bytes, at, len)?.to_vec());
    Ok(0)
}

async fn raised(mut caller: Caller<'_, State>, (at, len): (u32, u32)) -> wasmtime::Result<()> {
    if len as usize > RAISED_BYTES_MAX {
        return Err(format_err!("an exception of {len} bytes"));
    }
    // Parsing costs more than copying.
    charge(&mut caller, u64::from(len)).await?;
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let wire: RaisedWire = serde_json::from_slice(slice(bytes, at, len)?)?;
    state.door.raised = Some(wire.into());
    Ok(())
}

type Log = (i32, u32, u32, u32, u32);

async fn log(mut caller: Caller<'_, State>, args: Log) -> wasmtime::Result<()> {
    let (level, source, source_len, message, message_len) = args;
    charge(&mut caller, LOG_FUEL + byte_fuel(u64::from(message_len))).await?;
    let memory = memory(&mut caller)?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let (source, message) = (slice(bytes, source, source_len)?, slice(bytes, message, message_len)?);
    state.output.log(Level::from_number(level), source, message);
    Ok(())
}

pub(crate) fn memory(caller: &mut Caller<'_, State>) -> wasmtime::Result<Memory> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    memory.ok_or_else(|| format_err!("the guest exports no memory"))
}

pub(crate) fn slice(bytes: &[u8], at: u32, len: u32) -> wasmtime::Result<&[u8]> {
    let (at, len) = (at as usize, len as usize);
    bytes.get(at..at.saturating_add(len)).ok_or_else(outside)
}

fn outside() -> wasmtime::Error {
    format_err!("the guest passed an address outside of its memory")
}
