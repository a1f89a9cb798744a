//! Waiting: sleeping without holding a thread.

use std::time::Duration;

use wasmtime::Caller;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as p1_calls;

use super::{COPIED_BYTES_MAX, EINVAL, SUCCESS, call, put};
use crate::{
    door::{memory, slice},
    state::State,
    work::charge,
};

/// Subscriptions in one `poll_oneoff`.
const SUBSCRIPTIONS_MAX: i32 = 1024;
/// Price of one of them.
const SUBSCRIPTION_FUEL: u64 = 1_000;

/// Waits without holding a thread. A single clock subscription, which is what sleeping is, is answered here; anything
/// else goes to wasmtime.
pub(super) async fn poll_oneoff(
    mut caller: Caller<'_, State>,
    (subscriptions, events, count, ready): (i32, i32, i32, i32),
) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    if !(1..=SUBSCRIPTIONS_MAX).contains(&count) {
        return Ok(EINVAL);
    }
    charge(&mut caller, SUBSCRIPTION_FUEL * u64::from(count.cast_unsigned())).await?;
    let single = (count == 1).then(|| Single::parse(memory.data(&caller), subscriptions)).transpose()?;
    let sleep = match single {
        Some(Single::Clock(sleep)) => sleep,
        Some(Single::UnknownClock) => return Ok(EINVAL),
        Some(Single::Descriptor) | None => {
            let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
            return p1_calls::poll_oneoff(call.wasi, &mut call.memory, subscriptions, events, count, ready)
                .await;
        }
    };
    tokio::time::sleep(sleep.duration).await;
    let bytes = memory.data_mut(&mut caller);
    // struct event: userdata (u64), error (u16), type (u8, 0 is a clock), padding.
    let mut event = [0; 32];
    event[..8].copy_from_slice(&sleep.userdata);
    put(bytes, events, &event)?;
    put(bytes, ready, &1_u32.to_le_bytes())?;
    Ok(SUCCESS)
}

/// What a single subscription is for.
enum Single {
    Clock(Sleep),
    /// Not for wasmtime: it would sleep on this thread.
    UnknownClock,
    Descriptor,
}

struct Sleep {
    userdata: [u8; 8],
    duration: Duration,
}

impl Single {
    /// Reads a `subscription`: userdata (u64), tag (u8 at 8; 0 is a clock), clock id (u32 at 16), timeout in
    /// nanoseconds (u64 at 24), flags (u16 at 40; 1 is absolute).
    fn parse(bytes: &[u8], at: i32) -> wasmtime::Result<Self> {
        let raw = slice(bytes, at.cast_unsigned(), 48)?;
        let word = |at: usize| <[u8; 8]>::try_from(&raw[at..at + 8]).expect("eight bytes of forty-eight");
        if raw[8] != 0 {
            return Ok(Self::Descriptor);
        }
        let timeout = Duration::from_nanos(u64::from_le_bytes(word(24)));
        let clock = match u32::from_le_bytes([raw[16], raw[17], raw[18], raw[19]]) {
            0 => rustix::time::ClockId::Realtime,
            1 => rustix::time::ClockId::Monotonic,
            _ => return Ok(Self::UnknownClock),
        };
        let duration = if raw[40] & 1 == 0 {
            timeout
        } else {
            let now = rustix::time::clock_gettime(clock);
            timeout.saturating_sub(Duration::new(now.tv_sec.cast_unsigned(), now.tv_nsec as u32))
        };
        Ok(Self::Clock(Sleep { userdata: word(0), duration }))
    }
}
