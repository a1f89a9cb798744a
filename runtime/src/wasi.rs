//! WASI preview 1 as guests see it: wasmtime's implementation, with counters in front of the calls that open files and
//! write, standard streams turned into log lines, sleeping that holds no thread, directories read once per listing, and a
//! price for what keeps the host busy.

mod listing;
mod paths;
mod poll;

use std::collections::HashSet;

use wasmtime::{Caller, Linker, Memory};
use wasmtime_wasi::{
    I32Exit,
    p1::{self, WasiP1Ctx, wasi_snapshot_preview1 as p1_calls},
};
use wiggle::GuestMemory;

use self::{
    listing::{Listing, fd_readdir},
    paths::{path_create_directory, path_filestat_set_times, path_open, path_symlink},
    poll::poll_oneoff,
};
use crate::{
    door::{memory, slice},
    limits::Limits,
    output::Stream,
    state::State,
    work::{byte_fuel, charge, path_fuel},
};

const MODULE: &str = "wasi_snapshot_preview1";

// `errno` values of the WASI preview 1 specification.
const SUCCESS: i32 = 0;
const EINVAL: i32 = 28;
const ENOSPC: i32 = 51;
const ENOTSUP: i32 = 58;

const STDOUT: i32 = 1;
const STDERR: i32 = 2;
/// As many vectors as Linux takes in one call.
const VECTORS_MAX: u32 = 1024;
/// What wasmtime may copy in one call: paths, subscriptions. A path that Linux takes has at most 4 KiB.
const COPIED_BYTES_MAX: usize = 128 << 10;
/// Random bytes in one call; Python's libc asks for 256 at most.
const RANDOM_BYTES_MAX: u32 = 64 << 10;

/// Counts what a guest does with files.
#[derive(Debug)]
pub(crate) struct Files {
    /// Descriptors that `path_open` gave and nobody closed since.
    open: HashSet<u32>,
    open_max: u32,
    entries: u32,
    entries_max: u32,
    written_bytes: u64,
    written_bytes_max: u64,
    /// The directory that is being read.
    listing: Option<Listing>,
}

impl Files {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            open: HashSet::new(),
            open_max: limits.open_files,
            entries: 0,
            entries_max: limits.scratch_entries,
            written_bytes: 0,
            written_bytes_max: limits.scratch_bytes,
            listing: None,
        }
    }

    /// Files open now.
    pub(crate) fn open(&self) -> u32 {
        self.open.len() as u32
    }

    fn entries_full(&self) -> bool {
        self.entries >= self.entries_max
    }

    /// Whether `bytes` more still fit.
    fn fits(&self, bytes: u64) -> bool {
        bytes <= self.written_bytes_max.saturating_sub(self.written_bytes)
    }
}

/// A function of wasmtime's that takes paths, at its price.
macro_rules! by_path {
    ($linker:ident, $name:ident($($arg:ident),*), $($len:ident),*) => {
        $linker.func_wrap_async(MODULE, stringify!($name), |mut caller, ($($arg,)*)| {
            Box::new(async move {
                charge(&mut caller, 0 $(+ path_fuel($len))*).await?;
                let memory = memory(&mut caller)?;
                let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
                p1_calls::$name(call.wasi, &mut call.memory, $($arg),*).await
            })
        })?;
    };
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
    linker.func_wrap_async(MODULE, "fd_read", |caller, args| Box::new(fd_read(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_pread", |caller, args| Box::new(fd_pread(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_readdir", |caller, args| Box::new(fd_readdir(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_sync", |caller, args| Box::new(fd_sync(caller, args)))?;
    linker.func_wrap_async(MODULE, "fd_datasync", |caller, args| Box::new(fd_sync(caller, args)))?;
    linker.func_wrap_async(MODULE, "random_get", |caller, args| Box::new(random_get(caller, args)))?;
    by_path!(linker, path_filestat_get(dir, flags, path, path_len, to), path_len);
    by_path!(linker, path_readlink(dir, path, path_len, to, to_len, used), path_len);
    by_path!(linker, path_remove_directory(dir, path, path_len), path_len);
    by_path!(linker, path_rename(dir, old, old_len, new_dir, new, new_len), old_len, new_len);
    by_path!(linker, path_unlink_file(dir, path, path_len), path_len);
    linker.func_wrap_async(MODULE, "path_filestat_set_times", |caller, args| {
        Box::new(path_filestat_set_times(caller, args))
    })?;
    // wasmtime's refuses codes from 126 on; a process has eight bits.
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(I32Exit(code & 0xff).into())
    })?;
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

/// `copied_bytes_max`: what wasmtime may copy, and so allocate, in this call.
fn call<'a>(caller: &'a mut Caller<'_, State>, memory: Memory, copied_bytes_max: usize) -> Call<'a> {
    use p1_calls::WasiSnapshotPreview1 as _;
    let (bytes, state) = memory.data_and_store_mut(caller);
    state.wasi.set_hostcall_fuel(copied_bytes_max);
    Call {
        memory: GuestMemory::Unshared(bytes),
        wasi: &mut state.wasi,
        files: &mut state.files,
        touched: &mut state.scratch.touched,
    }
}

async fn fd_write(mut caller: Caller<'_, State>, args: (i32, i32, i32, i32)) -> wasmtime::Result<i32> {
    let (fd, vectors, count, written) = args;
    let memory = memory(&mut caller)?;
    let stream = match fd {
        STDOUT => Some(Stream::Stdout),
        STDERR => Some(Stream::Stderr),
        _ => None,
    };
    if let Some(stream) = stream {
        return write_stream(&mut caller, memory, stream, (vectors, count, written)).await;
    }
    let Some(total) = vectors_bytes(memory.data(&caller), vectors, count)? else { return Ok(EINVAL) };
    let mut call = call(&mut caller, memory, usize::MAX);
    if !call.files.fits(total) {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::fd_write(call.wasi, &mut call.memory, fd, vectors, count, written).await?;
    if errno == SUCCESS {
        call.files.written_bytes += total;
    }
    charge(&mut caller, byte_fuel(total)).await?;
    Ok(errno)
}

async fn fd_pwrite(mut caller: Caller<'_, State>, args: (i32, i32, i32, i64, i32)) -> wasmtime::Result<i32> {
    let (fd, vectors, count, offset, written) = args;
    let memory = memory(&mut caller)?;
    let Some(total) = vectors_bytes(memory.data(&caller), vectors, count)? else { return Ok(EINVAL) };
    let mut call = call(&mut caller, memory, usize::MAX);
    if !call.files.fits(total) {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::fd_pwrite(call.wasi, &mut call.memory, fd, vectors, count, offset, written).await?;
    if errno == SUCCESS {
        call.files.written_bytes += total;
    }
    charge(&mut caller, byte_fuel(total)).await?;
    Ok(errno)
}

async fn fd_read(mut caller: Caller<'_, State>, args: (i32, i32, i32, i32)) -> wasmtime::Result<i32> {
    let (fd, vectors, count, read) = args;
    let memory = memory(&mut caller)?;
    let Some(total) = vectors_bytes(memory.data(&caller), vectors, count)? else { return Ok(EINVAL) };
    let mut call = call(&mut caller, memory, usize::MAX);
    let errno = p1_calls::fd_read(call.wasi, &mut call.memory, fd, vectors, count, read).await?;
    pay_for_read(&mut caller, memory, errno, total, read).await
}

async fn fd_pread(mut caller: Caller<'_, State>, args: (i32, i32, i32, i64, i32)) -> wasmtime::Result<i32> {
    let (fd, vectors, count, offset, read) = args;
    let memory = memory(&mut caller)?;
    let Some(total) = vectors_bytes(memory.data(&caller), vectors, count)? else { return Ok(EINVAL) };
    let mut call = call(&mut caller, memory, usize::MAX);
    let errno = p1_calls::fd_pread(call.wasi, &mut call.memory, fd, vectors, count, offset, read).await?;
    pay_for_read(&mut caller, memory, errno, total, read).await
}

/// `read`: where the guest was told how much it got.
async fn pay_for_read(
    caller: &mut Caller<'_, State>,
    memory: Memory,
    errno: i32,
    asked: u64,
    read: i32,
) -> wasmtime::Result<i32> {
    let got = slice(memory.data(&*caller), read.cast_unsigned(), 4)?;
    let got = u32::from_le_bytes([got[0], got[1], got[2], got[3]]);
    charge(caller, byte_fuel(if errno == SUCCESS { u64::from(got) } else { asked.min(1 << 20) })).await?;
    Ok(errno)
}

/// Scratch files do not outlive their run: there is nothing to wait for a disk for.
async fn fd_sync(mut caller: Caller<'_, State>, (fd,): (i32,)) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let call = call(&mut caller, memory, 0);
    // Only to know whether there is such a descriptor; the answer goes to memory of ours.
    let mut answer = [0; 24];
    p1_calls::fd_fdstat_get(call.wasi, &mut GuestMemory::Unshared(&mut answer), fd, 0).await
}

async fn random_get(mut caller: Caller<'_, State>, (to, len): (i32, i32)) -> wasmtime::Result<i32> {
    if len.cast_unsigned() > RANDOM_BYTES_MAX {
        return Ok(EINVAL);
    }
    charge(&mut caller, byte_fuel(u64::from(len.cast_unsigned()))).await?;
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
    p1_calls::random_get(call.wasi, &mut call.memory, to, len)
}

async fn fd_close(mut caller: Caller<'_, State>, (fd,): (i32,)) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
    let errno = p1_calls::fd_close(call.wasi, &mut call.memory, fd).await?;
    if errno == SUCCESS {
        call.files.open.remove(&fd.cast_unsigned());
        call.files.listing.take_if(|listing| listing.is_of(fd));
    }
    Ok(errno)
}

async fn fd_filestat_set_size(
    mut caller: Caller<'_, State>,
    (fd, size): (i32, i64),
) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
    if !u64::try_from(size).is_ok_and(|size| call.files.fits(size)) {
        return Ok(ENOSPC);
    }
    p1_calls::fd_filestat_set_size(call.wasi, &mut call.memory, fd, size).await
}

/// Takes what a guest writes to a standard stream; all of it counts as written, what is kept is the output's matter.
async fn write_stream(
    caller: &mut Caller<'_, State>,
    memory: Memory,
    stream: Stream,
    (vectors, count, written): (i32, i32, i32),
) -> wasmtime::Result<i32> {
    if count.cast_unsigned() > VECTORS_MAX {
        return Ok(EINVAL);
    }
    let (bytes, state) = memory.data_and_store_mut(&mut *caller);
    let mut total = 0_u32;
    for vector in 0..count.cast_unsigned() {
        let (at, len) = read_vector(bytes, vectors, vector)?;
        let text = slice(bytes, at, len)?;
        // Vectors may overlap; Linux refuses such a sum too.
        let Some(sum) = total.checked_add(len) else { return Ok(EINVAL) };
        total = sum;
        state.output.write(stream, text);
    }
    put(bytes, written, &total.to_le_bytes())?;
    charge(caller, byte_fuel(u64::from(total))).await?;
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

#[cfg(test)]
mod tests;
