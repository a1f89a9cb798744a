//! WASI preview 1 as guests see it: wasmtime's implementation, with counters in front of the calls that open files and
//! write, standard streams turned into log lines, and sleeping that holds no thread.

use std::time::Duration;

use wasmtime::{Caller, Linker, Memory};
use wasmtime_wasi::p1::{self, WasiP1Ctx, wasi_snapshot_preview1 as p1_calls};
use wiggle::GuestMemory;

use crate::{
    door::{memory, slice},
    limits::Limits,
    output::Stream,
    state::State,
};

const MODULE: &str = "wasi_snapshot_preview1";

// `errno` values of the WASI preview 1 specification.
const SUCCESS: i32 = 0;
const EINVAL: i32 = 28;
const EMFILE: i32 = 33;
const ENOENT: i32 = 44;
const ENOSPC: i32 = 51;
const ENOTSUP: i32 = 58;

const OFLAG_CREAT: i32 = 1;
const OFLAG_EXCL: i32 = 4;
const STDOUT: i32 = 1;
const STDERR: i32 = 2;
/// As many vectors as Linux takes in one call.
const VECTORS_MAX: u32 = 1024;
/// Subscriptions in one `poll_oneoff`.
const SUBSCRIPTIONS_MAX: i32 = 1024;

/// Counts what a guest does with files.
#[derive(Debug)]
pub(crate) struct Files {
    open: u32,
    open_max: u32,
    entries: u32,
    entries_max: u32,
    written_bytes: u64,
    written_bytes_max: u64,
}

impl Files {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            open: 0,
            open_max: limits.open_files,
            entries: 0,
            entries_max: limits.scratch_entries,
            written_bytes: 0,
            written_bytes_max: limits.scratch_bytes,
        }
    }

    /// Files open now.
    pub(crate) fn open(&self) -> u32 {
        self.open
    }

    fn entries_full(&self) -> bool {
        self.entries >= self.entries_max
    }

    /// Whether `bytes` more still fit.
    fn fits(&self, bytes: u64) -> bool {
        bytes <= self.written_bytes_max.saturating_sub(self.written_bytes)
    }
}

/// Adds all of WASI preview 1 to `linker`.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p1::add_to_linker_async(linker, |state: &mut State| &mut state.wasi)?;
    linker.allow_shadowing(true);
    linker.func_wrap_async(MODULE, "fd_write", |caller, args| Box::new(fd_write(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_pwrite", |caller, args| Box::new(fd_pwrite(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_close", |caller, args| Box::new(fd_close(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_filestat_set_size", |caller, args| {
        Box::new(fd_filestat_set_size(caller, args))
    })?;
    linker.func_wrap_async(MODULE, "path_open", |caller, args| Box::new(path_open(caller, args)))?;
    linker.func_wrap_async(MODULE, "path_create_directory", |caller, args| {
        Box::new(path_create_directory(caller, args))
    })?;
    linker.func_wrap_async(MODULE, "path_symlink", |caller, args| Box::new(path_symlink(caller, args)))?;
    linker.func_wrap_async(MODULE, "poll_oneoff", |caller, args| Box::new(poll_oneoff(caller, args)))?;
    // Would let a guest move descriptors away under the counters; CPython does not need it, nor hard links.
    linker.func_wrap(MODULE, "fd_renumber", |_: i32, _: i32| ENOTSUP)?;
    linker
        .func_wrap(MODULE, "path_link", |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| ENOTSUP)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Splits the caller into what wasmtime's own functions take, and our counters.
struct Call<'a> {
    memory: GuestMemory<'a>,
    wasi: &'a mut WasiP1Ctx,
    files: &'a mut Files,
    touched: &'a mut bool,
}

fn call<'a>(caller: &'a mut Caller<'_, State>, memory: Memory) -> Call<'a> {
    use wasi_snapshot_preview1_trait::WasiSnapshotPreview1 as _;
    let copied_bytes_max = caller.as_context_mut().hostcall_fuel();
    let (bytes, state) = memory.data_and_store_mut(caller);
    state.wasi.set_hostcall_fuel(copied_bytes_max);
    Call {
        memory: GuestMemory::Unshared(bytes),
        wasi: &mut state.wasi,
        files: &mut state.files,
        touched: &mut state.scratch.touched,
    }
}

use p1_calls as wasi_snapshot_preview1_trait;
use wasmtime::AsContextMut as _;

async fn fd_write(mut caller: Caller<'_, State>, args: (i32, i32, i32, i32)) -> wasmtime::Result<i32> {
    let (fd, vectors, count, written) = args;
    let memory = memory(&mut caller)?;
    let stream = match fd {
        STDOUT => Some(Stream::Stdout),
        STDERR => Some(Stream::Stderr),
        _ => None,
    };
    if let Some(stream) = stream {
        return write_stream(&mut caller, memory, stream, (vectors, count, written));
    }
    let Some(total) = vectors_bytes(memory.data(&caller), vectors, count)? else { return Ok(EINVAL) };
    let mut call = call(&mut caller, memory);
    if !call.files.fits(total) {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::fd_write(call.wasi, &mut call.memory, fd, vectors, count, written).await?;
    if errno == SUCCESS {
        call.files.written_bytes += total;
    }
    Ok(errno)
}

async fn fd_pwrite(mut caller: Caller<'_, State>, args: (i32, i32, i32, i64, i32)) -> wasmtime::Result<i32> {
    let (fd, vectors, count, offset, written) = args;
    let memory = memory(&mut caller)?;
    let Some(total) = vectors_bytes(memory.data(&caller), vectors, count)? else { return Ok(EINVAL) };
    let mut call = call(&mut caller, memory);
    if !call.files.fits(total) {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::fd_pwrite(call.wasi, &mut call.memory, fd, vectors, count, offset, written).await?;
    if errno == SUCCESS {
        call.files.written_bytes += total;
    }
    Ok(errno)
}

async fn fd_close(mut caller: Caller<'_, State>, (fd,): (i32,)) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory);
    let errno = p1_calls::fd_close(call.wasi, &mut call.memory, fd).await?;
    if errno == SUCCESS {
        call.files.open = call.files.open.saturating_sub(1);
    }
    Ok(errno)
}

async fn fd_filestat_set_size(
    mut caller: Caller<'_, State>,
    (fd, size): (i32, i64),
) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory);
    if !u64::try_from(size).is_ok_and(|size| call.files.fits(size)) {
        return Ok(ENOSPC);
    }
    p1_calls::fd_filestat_set_size(call.wasi, &mut call.memory, fd, size).await
}

type PathOpen = (i32, i32, i32, i32, i32, i64, i64, i32, i32);

async fn path_open(mut caller: Caller<'_, State>, args: PathOpen) -> wasmtime::Result<i32> {
    let (dir, lookup, path, path_len, oflags, rights, inheriting, fdflags, opened) = args;
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory);
    if call.files.open >= call.files.open_max {
        return Ok(EMFILE);
    }
    let (wasi, memory) = (call.wasi, &mut call.memory);
    // Without O_EXCL only the answer to an open that does not create tells whether the file is new.
    let mut errno = ENOENT;
    if oflags & OFLAG_CREAT == 0 || oflags & OFLAG_EXCL == 0 {
        let existing = oflags & !OFLAG_CREAT;
        errno = p1_calls::path_open(
            wasi, memory, dir, lookup, path, path_len, existing, rights, inheriting, fdflags, opened,
        )
        .await?;
    }
    if errno == ENOENT && oflags & OFLAG_CREAT != 0 {
        if call.files.entries_full() {
            return Ok(ENOSPC);
        }
        *call.touched = true;
        errno = p1_calls::path_open(
            wasi, memory, dir, lookup, path, path_len, oflags, rights, inheriting, fdflags, opened,
        )
        .await?;
        call.files.entries += u32::from(errno == SUCCESS);
    }
    call.files.open += u32::from(errno == SUCCESS);
    Ok(errno)
}

async fn path_create_directory(
    mut caller: Caller<'_, State>,
    (dir, path, path_len): (i32, i32, i32),
) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory);
    if call.files.entries_full() {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::path_create_directory(call.wasi, &mut call.memory, dir, path, path_len).await?;
    call.files.entries += u32::from(errno == SUCCESS);
    Ok(errno)
}

async fn path_symlink(
    mut caller: Caller<'_, State>,
    args: (i32, i32, i32, i32, i32),
) -> wasmtime::Result<i32> {
    let (old, old_len, dir, new, new_len) = args;
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory);
    if call.files.entries_full() {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::path_symlink(call.wasi, &mut call.memory, old, old_len, dir, new, new_len).await?;
    call.files.entries += u32::from(errno == SUCCESS);
    Ok(errno)
}

/// Waits without holding a thread. A single clock subscription, which is what sleeping is, is answered here; anything
/// else goes to wasmtime.
async fn poll_oneoff(
    mut caller: Caller<'_, State>,
    (subscriptions, events, count, ready): (i32, i32, i32, i32),
) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    if !(1..=SUBSCRIPTIONS_MAX).contains(&count) {
        return Ok(EINVAL);
    }
    let sleep =
        (count == 1).then(|| Sleep::parse(memory.data(&caller), subscriptions)).transpose()?.flatten();
    let Some(sleep) = sleep else {
        let mut call = call(&mut caller, memory);
        return p1_calls::poll_oneoff(call.wasi, &mut call.memory, subscriptions, events, count, ready).await;
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

struct Sleep {
    userdata: [u8; 8],
    duration: Duration,
}

impl Sleep {
    /// Reads a `subscription`: userdata (u64), tag (u8 at 8; 0 is a clock), clock id (u32 at 16), timeout in
    /// nanoseconds (u64 at 24), flags (u16 at 40; 1 is absolute). `None` when it is not for a clock we know.
    fn parse(bytes: &[u8], at: i32) -> wasmtime::Result<Option<Self>> {
        let raw = slice(bytes, at.cast_unsigned(), 48)?;
        let word = |at: usize| <[u8; 8]>::try_from(&raw[at..at + 8]).expect("eight bytes of forty-eight");
        let timeout = Duration::from_nanos(u64::from_le_bytes(word(24)));
        let clock = match raw[16] {
            0 => rustix::time::ClockId::Realtime,
            1 => rustix::time::ClockId::Monotonic,
            _ => return Ok(None),
        };
        let duration = if raw[40] & 1 == 0 {
            timeout
        } else {
            let now = rustix::time::clock_gettime(clock);
            timeout.saturating_sub(Duration::new(now.tv_sec.cast_unsigned(), now.tv_nsec as u32))
        };
        Ok((raw[8] == 0).then(|| Self { userdata: word(0), duration }))
    }
}

/// Takes what a guest writes to a standard stream; all of it counts as written, what is kept is the output's matter.
fn write_stream(
    caller: &mut Caller<'_, State>,
    memory: Memory,
    stream: Stream,
    (vectors, count, written): (i32, i32, i32),
) -> wasmtime::Result<i32> {
    if count.cast_unsigned() > VECTORS_MAX {
        return Ok(EINVAL);
    }
    let (bytes, state) = memory.data_and_store_mut(caller);
    let mut total = 0_u32;
    for vector in 0..count.cast_unsigned() {
        let (at, len) = read_vector(bytes, vectors, vector)?;
        state.output.write(stream, slice(bytes, at, len)?);
        total = total.wrapping_add(len);
    }
    put(bytes, written, &total.to_le_bytes())?;
    Ok(SUCCESS)
}

/// The bytes that a list of vectors covers; `None` when there are too many vectors.
fn vectors_bytes(bytes: &[u8], vectors: i32, count: i32) -> wasmtime::Result<Option<u64>> {
    if count.cast_unsigned() > VECTORS_MAX {
        return Ok(None);
    }
    let mut total = 0;
    for vector in 0..count.cast_unsigned() {
        total += u64::from(read_vector(bytes, vectors, vector)?.1);
    }
    Ok(Some(total))
}

fn read_vector(bytes: &[u8], vectors: i32, index: u32) -> wasmtime::Result<(u32, u32)> {
    let raw = slice(bytes, vectors.cast_unsigned().saturating_add(index * 8), 8)?;
    let word = |at: usize| u32::from_le_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]);
    Ok((word(0), word(4)))
}

fn put(bytes: &mut [u8], at: i32, value: &[u8]) -> wasmtime::Result<()> {
    slice(bytes, at.cast_unsigned(), value.len() as u32)?;
    let at = at.cast_unsigned() as usize;
    bytes[at..at + value.len()].copy_from_slice(value);
    Ok(())
}
