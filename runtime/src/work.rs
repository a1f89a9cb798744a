//! What the host does for a guest, paid with the guest's own fuel: bytes copied, paths walked, directories listed. A guest
//! that keeps the host busy reaches its fuel limit, and gives way as often as one that computes.

use wasmtime::{Caller, Trap};

use crate::state::State;

/// A busy guest gives way after this much fuel: half a millisecond to one of CPU.
pub(crate) const YIELD_FUEL: u64 = 4_000_000;

/// Price of walking a path: a system call or two.
const PATH_FUEL: u64 = 5_000;
/// Price of each byte of a path; every second one may begin a component.
const PATH_BYTE_FUEL: u64 = 32;
/// No path is longer, as far as Linux is concerned: it is refused before it is walked.
const PATH_BYTES_MAX: u32 = 4096;
/// Price of a byte that is copied or looked at: no less than the time it takes, at the pace of a busy guest.
const BYTE_FUEL: u64 = 2;

/// Fuel that a guest owes for the host's work.
#[derive(Debug, Default)]
pub(crate) struct Work {
    owed: u64,
}

impl Work {
    /// What was not yet taken from the guest's fuel.
    pub(crate) fn owed(&self) -> u64 {
        self.owed
    }
}

/// Adds `fuel` to what the guest owes. Once that is a turn's worth it is taken from the guest's fuel, and the guest gives
/// way; not sooner, because wasmtime begins a new turn whenever fuel is set.
pub(crate) async fn charge(caller: &mut Caller<'_, State>, fuel: u64) -> wasmtime::Result<()> {
    let work = &mut caller.data_mut().work;
    work.owed = work.owed.saturating_add(fuel);
    if work.owed < YIELD_FUEL {
        return Ok(());
    }
    let owed = std::mem::take(&mut work.owed);
    // An error says that this guest is not metered; it gives way all the same.
    if let Ok(left) = caller.get_fuel() {
        caller.set_fuel(left.saturating_sub(owed))?;
        if owed > left {
            return Err(Trap::OutOfFuel.into());
        }
    }
    tokio::task::yield_now().await;
    Ok(())
}

/// Price of copying or looking at so many bytes.
pub(crate) fn byte_fuel(bytes: u64) -> u64 {
    bytes.saturating_mul(BYTE_FUEL)
}

/// Price of a path of so many bytes.
pub(crate) fn path_fuel(path_len: i32) -> u64 {
    PATH_FUEL + PATH_BYTE_FUEL * u64::from(path_len.cast_unsigned().min(PATH_BYTES_MAX))
}
