//! Calls that take a path and make or open something: counted, against the limits on open files and on scratch entries.

use wasmtime::Caller;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as p1_calls;
use wiggle::GuestPtr;

use super::{COPIED_BYTES_MAX, Call, SUCCESS, call};
use crate::{
    door::memory,
    state::State,
    work::{charge, path_fuel},
};

const EMFILE: i32 = 33;
const ENOENT: i32 = 44;
const ENOSPC: i32 = 51;

const OFLAG_CREAT: i32 = 1;
const OFLAG_EXCL: i32 = 4;

pub(super) type PathOpen = (i32, i32, i32, i32, i32, i64, i64, i32, i32);

pub(super) async fn path_open(mut caller: Caller<'_, State>, args: PathOpen) -> wasmtime::Result<i32> {
    let (dir, lookup, path, path_len, oflags, rights, inheriting, fdflags, opened) = args;
    charge(&mut caller, path_fuel(path_len)).await?;
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
    if call.files.open() >= call.files.open_max {
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
    if errno == SUCCESS {
        call.files.open.insert(call.memory.read(GuestPtr::new(opened.cast_unsigned()))?);
    }
    Ok(errno)
}

pub(super) type SetTimes = (i32, i32, i32, i32, i64, i64, i32);

pub(super) async fn path_filestat_set_times(
    mut caller: Caller<'_, State>,
    (dir, flags, path, path_len, accessed, modified, which): SetTimes,
) -> wasmtime::Result<i32> {
    charge(&mut caller, path_fuel(path_len)).await?;
    let memory = memory(&mut caller)?;
    let Call { mut memory, wasi, .. } = call(&mut caller, memory, COPIED_BYTES_MAX);
    p1_calls::path_filestat_set_times(
        wasi,
        &mut memory,
        dir,
        flags,
        path,
        path_len,
        accessed,
        modified,
        which,
    )
    .await
}

pub(super) async fn path_create_directory(
    mut caller: Caller<'_, State>,
    (dir, path, path_len): (i32, i32, i32),
) -> wasmtime::Result<i32> {
    charge(&mut caller, path_fuel(path_len)).await?;
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
    if call.files.entries_full() {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::path_create_directory(call.wasi, &mut call.memory, dir, path, path_len).await?;
    call.files.entries += u32::from(errno == SUCCESS);
    Ok(errno)
}

pub(super) async fn path_symlink(
    mut caller: Caller<'_, State>,
    args: (i32, i32, i32, i32, i32),
) -> wasmtime::Result<i32> {
    let (old, old_len, dir, new, new_len) = args;
    charge(&mut caller, path_fuel(old_len) + path_fuel(new_len)).await?;
    let memory = memory(&mut caller)?;
    let mut call = call(&mut caller, memory, COPIED_BYTES_MAX);
    if call.files.entries_full() {
        return Ok(ENOSPC);
    }
    *call.touched = true;
    let errno = p1_calls::path_symlink(call.wasi, &mut call.memory, old, old_len, dir, new, new_len).await?;
    call.files.entries += u32::from(errno == SUCCESS);
    Ok(errno)
}
