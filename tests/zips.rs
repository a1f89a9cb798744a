//! Zips of every kind, the impossible ones included: names, modes and methods are written as they are given.

use std::io::Write as _;

use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter, path::EntryPath};

/// A zip that is being written.
pub(crate) struct Zip(ZipArchiveWriter<Vec<u8>>);

/// How an entry says it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) method: CompressionMethod,
    /// Unix mode, its kind of file included.
    pub(crate) mode: Option<u32>,
    pub(crate) encrypted: bool,
}

pub(crate) const DEFLATED: Kind = Kind { method: CompressionMethod::DEFLATE, mode: None, encrypted: false };
pub(crate) const STORED: Kind = Kind { method: CompressionMethod::STORE, ..DEFLATED };

impl Zip {
    pub(crate) fn new() -> Self {
        Self(ZipArchiveWriter::new(Vec::new()))
    }

    /// A zip that would be fine, for what is done to it next.
    pub(crate) fn with_main() -> Self {
        Self::new().file("main.py", "def main():\n    return 'ok'\n")
    }

    pub(crate) fn file(self, name: impl AsRef<[u8]>, contents: impl AsRef<[u8]>) -> Self {
        self.entry(name, contents, DEFLATED)
    }

    pub(crate) fn entry(mut self, name: impl AsRef<[u8]>, contents: impl AsRef<[u8]>, kind: Kind) -> Self {
        let path = EntryPath::verbatim(name.as_ref().to_vec());
        let mut file = self.0.new_file(path).compression_method(kind.method).encrypted(kind.encrypted);
        if let Some(mode) = kind.mode {
            file = file.unix_permissions(mode);
        }
        let (mut entry, config) = file.start().expect("a zip can be written to memory");
        let contents = contents.as_ref();
        let descriptor = if kind.method == CompressionMethod::DEFLATE {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            writer.write_all(contents).expect("to memory");
            let (encoder, descriptor) = writer.finish().expect("to memory");
            encoder.finish().expect("to memory");
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(contents).expect("to memory");
            writer.finish().expect("to memory").1
        };
        entry.finish(descriptor).expect("to memory");
        self
    }

    pub(crate) fn folder(mut self, name: impl AsRef<[u8]>) -> Self {
        let path = EntryPath::verbatim(name.as_ref().to_vec());
        self.0.new_dir(path).create().expect("a zip can be written to memory");
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.finish().expect("a zip can be written to memory")
    }

    /// The zip with one run of bytes in place of another of the same length, wherever it occurs first.
    pub(crate) fn bytes_with(self, old: &[u8], new: &[u8]) -> Vec<u8> {
        assert_eq!(old.len(), new.len(), "places must stay");
        let mut bytes = self.bytes();
        let at = bytes.windows(old.len()).position(|window| window == old).expect("it is in the zip");
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    }
}
