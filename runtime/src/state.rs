//! What one store holds: its WASI context, its meters, what it was given and what it handed back.

use std::{path::Path, sync::Arc};

use tokio::time::Instant;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, WasiCtxBuilder, p1::WasiP1Ctx};

use crate::{
    door::Door,
    error::{Error, Result},
    guest::Guest,
    limits::{Limits, Meter},
    net::{Net, Ways},
    output::Output,
    scratch::Scratch,
    tls::{Cache, Tls},
    wasi::Files,
    work::Work,
};

/// What all stores of an engine share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) ways: Ways,
    pub(crate) tls: Arc<Cache>,
}

pub(crate) struct State {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) files: Files,
    pub(crate) meter: Meter,
    pub(crate) output: Output,
    pub(crate) door: Door,
    pub(crate) net: Net,
    pub(crate) work: Work,
    pub(crate) tls: Tls,
    /// Goes back to its pool after `wasi` closed its descriptors: fields drop in order.
    pub(crate) scratch: Scratch,
}

impl State {
    /// `action`: the directory seen as `/action`. `memory_bytes`: the size of the image.
    pub(crate) fn new(
        guest: &Guest,
        shared: &Shared,
        action: &Path,
        scratch: Scratch,
        limits: &Limits,
        memory_bytes: usize,
        started: Instant,
    ) -> Result<Self> {
        Ok(Self {
            wasi: context(guest, action, &scratch)?,
            files: Files::new(limits),
            meter: Meter::new(limits.memory_bytes, memory_bytes),
            output: Output::new(limits, started),
            door: Door::new(limits.result_bytes),
            net: Net::new(&limits.net, &shared.ways, started),
            work: Work::default(),
            tls: Tls::new(shared.tls.clone()),
            scratch,
        })
    }
}

/// No arguments, no environment, no input, no sockets of WASI's; four directories, of which only `/tmp` can be written. Their
/// order is part of every image: the guest's libc numbers them once, at boot.
fn context(guest: &Guest, action: &Path, scratch: &Scratch) -> Result<WasiP1Ctx> {
    let mut builder = WasiCtxBuilder::new();
    // File calls are short and local, and guests run on threads of their own: a hop to another thread costs more. What
    // really waits, `poll_oneoff`, is ours and asynchronous.
    builder.allow_blocking_current_thread(true);
    builder.monotonic_clock(Monotonic);
    let (lib, shim) = (guest.tree("lib"), guest.tree("shim"));
    let tree = [
        (lib.as_path(), "/lib", FsPerms::ReadOnly),
        (action, "/action", FsPerms::ReadOnly),
        (scratch.path(), "/tmp", FsPerms::ReadWrite),
        (shim.as_path(), "/shim", FsPerms::ReadOnly),
    ];
    for (path, seen_as, perms) in tree {
        let opened = builder.preopened_dir(path, seen_as, perms);
        opened.map_err(|source| Error::File {
            doing: "open",
            path: path.to_owned(),
            source: std::io::Error::other(source),
        })?;
    }
    Ok(builder.build_p1())
}

/// The machine's monotonic clock as it is: an action that kept a reading at import must find later ones larger.
struct Monotonic;

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
    }
}
