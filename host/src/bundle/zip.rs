//! A bundle that is a zip. The names, kinds and counts of all entries are checked before the first is unpacked; sizes,
//! ratios and checksums while each is.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::{Crc, bufread::DeflateDecoder};
use rawzip::{
    CompressionMethod, ErrorKind, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive, ZipVerification,
};

use super::{
    name::{Name, any_skipped},
    refusal::{Problem, Refusal},
    tree::{Tree, Unpacking},
    unpack::Limits,
};

/// The bits of a Unix mode that say what kind of file it is, and the kinds that a bundle may hold.
const MODE_KIND: u32 = 0o170_000;
const MODE_UNSAID: u32 = 0;
const MODE_FILE: u32 = 0o100_000;
const MODE_FOLDER: u32 = 0o040_000;
const MODE_LINK: u32 = 0o120_000;

type Archive<T> = ZipSliceArchive<T>;

/// Unpacks the zip at `path` into `tree`.
pub(super) fn unpack(path: &Path, tree: &mut Tree<'_>) -> Result<(), Problem> {
    unpack_bytes(read(path, tree.limits().zip_bytes)?, tree)
}

/// The same with a zip in memory.
pub(super) fn unpack_bytes<T: AsRef<[u8]>>(bytes: T, tree: &mut Tree<'_>) -> Result<(), Problem> {
    let archive = opened(bytes)?;
    for entry in listed(&archive, tree.limits())? {
        if entry.header.is_dir() {
            tree.folder(&entry.name)?;
        } else {
            let mut contents = Packed::open(&archive, &entry, tree.limits())?;
            tree.file(&entry.name, &mut contents)?;
        }
    }
    Ok(())
}

/// The names of all files and folders of a zip that is acceptable so far; of another, none.
pub(super) fn names(bytes: &[u8], limits: &Limits) -> Vec<String> {
    let Ok(archive) = opened(bytes) else { return Vec::new() };
    let listed = listed(&archive, limits).unwrap_or_default();
    listed.into_iter().map(|entry| entry.name.as_str().to_owned()).collect()
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
    read.map_err(|error| Refusal::Unreadable(error.kind()))?;
    if bytes.len() as u64 > bytes_max {
        return Err(Refusal::ZipTooLarge { bytes_max });
    }
    Ok(bytes)
}

fn opened<T: AsRef<[u8]>>(bytes: T) -> Result<Archive<T>, Refusal> {
    let begins_as_zip = bytes.as_ref().starts_with(b"PK");
    ZipArchive::from_slice(bytes).map_err(|error| {
        let endless = matches!(error.kind(), ErrorKind::MissingEndOfCentralDirectory | ErrorKind::Eof);
        match (endless, begins_as_zip) {
            (true, true) => damaged("its end is missing"),
            (true, false) => Refusal::NotZip,
            (false, _) => damaged(&error.to_string()),
        }
    })
}

struct Listed<'a> {
    name: Name,
    header: ZipFileHeaderRecord<'a>,
}

/// All entries that are to be unpacked, each of them acceptable by what the zip says about it.
fn listed<'a, T: AsRef<[u8]>>(archive: &'a Archive<T>, limits: &Limits) -> Result<Vec<Listed<'a>>, Refusal> {
    let (mut entries, mut listed) = (archive.entries(), Vec::new());
    let mut count = 0;
    while let Some(header) = entries.next_entry().map_err(|error| damaged(&error.to_string()))? {
        count += 1;
        if count > limits.entries {
            return Err(Refusal::TooMany { entries_max: limits.entries });
        }
        let spelled = header.file_path().as_bytes();
        let name = Name::parse(spelled.strip_suffix(b"/").unwrap_or(spelled), limits.depth)?;
        if any_skipped(&name) {
            continue;
        }
        acceptable(&name, &header)?;
        listed.push(Listed { name, header });
    }
    if count as u64 != archive.entries_hint() {
        return Err(damaged("its table of contents is incomplete"));
    }
    Ok(listed)
}

fn acceptable(name: &Name, header: &ZipFileHeaderRecord<'_>) -> Result<(), Refusal> {
    let name = || name.as_str().to_owned();
    let flags = header.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Err(Refusal::Encrypted(name()));
    }
    // Whatever system the zip says it is from: who unpacks it might look at these bits all the same.
    match header.external_attributes() >> 16 & MODE_KIND {
        MODE_UNSAID | MODE_FILE => {}
        MODE_FOLDER if header.is_dir() => {}
        MODE_LINK => return Err(Refusal::Special { name: name(), kind: "a symbolic link" }),
        _ => return Err(Refusal::Special { name: name(), kind: "not a plain file" }),
    }
    match header.compression_method() {
        CompressionMethod::STORE | CompressionMethod::DEFLATE => Ok(()),
        method => Err(Refusal::Method { name: name(), method: method.as_u16() }),
    }
}

/// One file's bytes while they are unpacked.
struct Packed<'a> {
    name: &'a Name,
    decoder: Decoder<'a>,
    checksum: Crc,
    /// What the zip says size and checksum are.
    claim: ZipVerification,
    ratio_max: u64,
    ratio_from_bytes: u64,
}

enum Decoder<'a> {
    Stored(&'a [u8]),
    Deflated(DeflateDecoder<&'a [u8]>),
}

impl<'a> Packed<'a> {
    fn open<T: AsRef<[u8]>>(
        archive: &'a Archive<T>,
        listed: &'a Listed<'a>,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        let Listed { name, header } = listed;
        let entry = archive.get_entry(header.wayfinder());
        let entry = entry.map_err(|error| damaged_file(name, &error.to_string()))?;
        // Other tools would unpack it by this name.
        if entry.local_header().file_path().as_bytes() != header.file_path().as_bytes() {
            return Err(damaged_file(name, "it has another name where its bytes are"));
        }
        let decoder = if header.compression_method() == CompressionMethod::STORE {
            Decoder::Stored(entry.data())
        } else {
            Decoder::Deflated(DeflateDecoder::new(entry.data()))
        };
        Ok(Self {
            name,
            decoder,
            checksum: Crc::new(),
            claim: entry.claim_verifier(),
            ratio_max: limits.ratio,
            ratio_from_bytes: limits.ratio_from_bytes,
        })
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        match &mut self.decoder {
            Decoder::Stored(bytes) => bytes.read(chunk),
            Decoder::Deflated(decoder) => decoder.read(chunk),
        }
    }
}

impl Unpacking for Packed<'_> {
    fn check(&mut self, chunk: &[u8], bytes: u64) -> Result<(), Refusal> {
        if chunk.is_empty() {
            let found = ZipVerification { crc: self.checksum.sum(), uncompressed_size: bytes };
            return match self.claim.valid(found) {
                Ok(()) => Ok(()),
                Err(_) if bytes == self.claim.uncompressed_size => {
                    Err(damaged_file(self.name, "its checksum is wrong"))
                }
                Err(_) => Err(damaged_file(self.name, "its size is not what the zip says")),
            };
        }
        self.checksum.update(chunk);
        let packed_bytes = match &self.decoder {
            Decoder::Stored(_) => bytes,
            // What was consumed, not what the entry holds: padding must not hide a bomb.
            Decoder::Deflated(decoder) => decoder.total_in(),
        };
        if bytes > self.ratio_from_bytes && bytes > packed_bytes.saturating_mul(self.ratio_max) {
            return Err(Refusal::Bomb { name: self.name.as_str().to_owned(), ratio_max: self.ratio_max });
        }
        Ok(())
    }

    fn unreadable(&self, why: io::Error) -> Refusal {
        damaged_file(self.name, &why.to_string())
    }
}

fn damaged(why: &str) -> Refusal {
    Refusal::Damaged(why.to_lowercase())
}

fn damaged_file(name: &Name, why: &str) -> Refusal {
    Refusal::DamagedFile { name: name.as_str().to_owned(), why: why.to_lowercase() }
}
