//! Reading directories. WASI asks for entries in pieces, and for each piece wasmtime lists the whole directory anew; here a
//! directory is listed when its reading begins, and pieces are cut from that.

use wasmtime::Caller;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as p1_calls;
use wiggle::GuestMemory;

use super::{SUCCESS, call, put};
use crate::{
    door::memory,
    state::State,
    work::{byte_fuel, charge},
};

const ENOMEM: i32 = 48;
/// A `dirent`: next cookie (u64), inode (u64), length of the name (u32 at 16), type (u8), padding; its name follows.
const ENTRY_BYTES: usize = 24;
/// Room for the number of bytes read, in front of the entries.
const HEAD_BYTES: usize = 8;
/// Sizes of the listing to try: few directories need more than the first, none that we make needs more than the last.
const LISTING_BYTES: [usize; 3] = [64 << 10, 512 << 10, 4 << 20];
/// Price of an entry: the host asks for each one's inode.
const ENTRY_FUEL: u64 = 4_000;

/// A directory as it was when its reading began.
#[derive(Debug)]
pub(super) struct Listing {
    fd: i32,
    entries: Vec<u8>,
    /// Where each entry begins.
    starts: Vec<usize>,
}

impl Listing {
    pub(super) fn is_of(&self, fd: i32) -> bool {
        self.fd == fd
    }

    fn new(fd: i32, entries: Vec<u8>) -> Self {
        let (mut starts, mut at) = (Vec::new(), 0);
        while let Some(head) = entries[at..].first_chunk::<ENTRY_BYTES>() {
            starts.push(at);
            let name_len = u32::from_le_bytes([head[16], head[17], head[18], head[19]]);
            at = at.saturating_add(ENTRY_BYTES + name_len as usize).min(entries.len());
        }
        Self { fd, entries, starts }
    }

    /// What comes after the first `cookie` entries.
    fn after(&self, cookie: i64) -> &[u8] {
        let start = usize::try_from(cookie).ok().and_then(|cookie| self.starts.get(cookie));
        start.map_or(&[], |start| &self.entries[*start..])
    }
}

pub(super) async fn fd_readdir(
    mut caller: Caller<'_, State>,
    (fd, to, to_len, cookie, used): (i32, i32, i32, i64, i32),
) -> wasmtime::Result<i32> {
    let memory = memory(&mut caller)?;
    let kept = caller.data_mut().files.listing.take();
    let listing = match kept.filter(|listing| listing.is_of(fd) && cookie != 0) {
        Some(listing) => listing,
        None => match list(&mut caller, fd).await? {
            Ok(listing) => listing,
            Err(errno) => return Ok(errno),
        },
    };
    let rest = listing.after(cookie);
    let piece = &rest[..rest.len().min(to_len.cast_unsigned() as usize)];
    let bytes = memory.data_mut(&mut caller);
    put(bytes, to, piece)?;
    put(bytes, used, &(piece.len() as u32).to_le_bytes())?;
    let copied = piece.len() as u64;
    caller.data_mut().files.listing = Some(listing);
    charge(&mut caller, ENTRY_FUEL + byte_fuel(copied)).await?;
    Ok(SUCCESS)
}

/// Has wasmtime list a directory, into memory of ours.
async fn list(caller: &mut Caller<'_, State>, fd: i32) -> wasmtime::Result<Result<Listing, i32>> {
    let memory = memory(caller)?;
    for bytes_max in LISTING_BYTES {
        let mut ours = vec![0; HEAD_BYTES + bytes_max];
        let call = call(caller, memory, 0);
        let mut place = GuestMemory::Unshared(&mut ours);
        let (to, to_len) = (HEAD_BYTES as i32, bytes_max as i32);
        let errno = p1_calls::fd_readdir(call.wasi, &mut place, fd, to, to_len, 0, 0).await?;
        if errno != SUCCESS {
            return Ok(Err(errno));
        }
        let used = u32::from_le_bytes([ours[0], ours[1], ours[2], ours[3]]) as usize;
        let whole = used < bytes_max;
        ours.drain(..HEAD_BYTES);
        ours.truncate(used);
        ours.shrink_to_fit();
        let listing = Listing::new(fd, ours);
        charge(caller, ENTRY_FUEL * listing.starts.len() as u64).await?;
        if whole {
            return Ok(Ok(listing));
        }
    }
    Ok(Err(ENOMEM))
}
