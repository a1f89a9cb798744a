//! Our own failures. How a script ended is never one of these: that is [`crate::Outcome`].

use std::{io, path::PathBuf};

/// What went wrong on our side: the machine, the disk, the guest's build, or a bug.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory holds no guest, or one that another version of the build script made.
    #[error("no usable guest in {path} (scripts/setup builds one)")]
    Guest {
        /// The directory that was opened.
        path: PathBuf,
        /// What was wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of ours could not be read or written.
    #[error("cannot {doing} {path}")]
    File {
        /// The verb: read, write, create…
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel refused memory, a mapping or a descriptor.
    #[error("cannot {doing}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// wasmtime refused the module, its imports, or a new store.
    #[error("cannot {doing}")]
    Wasm {
        /// What was being done.
        doing: &'static str,
        /// What wasmtime said.
        source: wasmtime::Error,
    },
    /// The memory limit is below what the image alone takes; no run could start.
    #[error(
        "the memory limit of {limit_bytes} bytes is below the {image_bytes} bytes that the action's image takes"
    )]
    MemoryLimit {
        /// The limit that was asked for, in bytes.
        limit_bytes: usize,
        /// The size of the image, in bytes.
        image_bytes: usize,
    },
    /// The payload is over its limit; nothing was run.
    #[error("the payload has {bytes} bytes, the limit is {limit_bytes}")]
    InputSize {
        /// The size of the payload, in bytes of JSON.
        bytes: usize,
        /// The limit, in bytes.
        limit_bytes: usize,
    },
    /// CPython did not come up to the base image. Holds what it wrote.
    #[error("the guest did not boot: {0}")]
    Boot(String),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    pub(crate) fn system<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { doing, source: source.into() }
    }

    pub(crate) fn wasm(doing: &'static str) -> impl FnOnce(wasmtime::Error) -> Self {
        move |source| Self::Wasm { doing, source }
    }
}
