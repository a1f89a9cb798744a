//! The guest's memory as our imports touch it: checked before anything is read, written or allocated.

use rustix::io::Errno;
use wasmtime::{Caller, Memory};

use super::errno::Failure;
use crate::{door, state::State};

pub(super) fn memory(caller: &mut Caller<'_, State>) -> Result<Memory, Failure> {
    Ok(door::memory(caller)?)
}

pub(super) fn bytes(memory: &[u8], at: u32, len: u32) -> Result<&[u8], Errno> {
    let end = (at as usize).checked_add(len as usize).ok_or(Errno::FAULT)?;
    memory.get(at as usize..end).ok_or(Errno::FAULT)
}

pub(super) fn bytes_mut(memory: &mut [u8], at: u32, len: u32) -> Result<&mut [u8], Errno> {
    let end = (at as usize).checked_add(len as usize).ok_or(Errno::FAULT)?;
    memory.get_mut(at as usize..end).ok_or(Errno::FAULT)
}

pub(super) fn word(memory: &[u8], at: u32) -> Result<u32, Errno> {
    let raw = bytes(memory, at, 4)?;
    Ok(u32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]))
}

pub(super) fn write(memory: &mut [u8], at: u32, value: &[u8]) -> Result<(), Errno> {
    let len = u32::try_from(value.len()).map_err(|_| Errno::FAULT)?;
    bytes_mut(memory, at, len)?.copy_from_slice(value);
    Ok(())
}
