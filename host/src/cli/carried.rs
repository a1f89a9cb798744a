//! The guests that a release carries at the end of its executable (`scripts/release`): the base guest last, and before it the data
//! guest, if it was made with that. Each is unpacked into the cache once, under its hash.

use std::{
    env,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};

use super::command::Failure;
use crate::{bundle, config::Places, terminal::Terminal};

const HASH_CHARS: usize = 64;
const LENGTH_CHARS: usize = 12;
/// Far beyond any guest; its pieces are bounded so too.
const LIMITS: bundle::Limits = bundle::Limits {
    zip_bytes: 256 << 20,
    entries: 20_000,
    bytes: 512 << 20,
    ratio: 1_000,
    ratio_from_bytes: 1 << 20,
    depth: 32,
};

/// How a guest is carried: a zip, and a line that begins with this mark; then come the zip's SHA-256 and how many bytes it has.
struct Carried {
    mark: &'static str,
    /// What its folder's name begins with.
    folder: &'static str,
}

const BASE: Carried = Carried { mark: "actiond-guest ", folder: "guest-" };
const DATA: Carried = Carried { mark: "actiond-data-guest ", folder: "guest-data-" };

/// What such a line says.
#[derive(Debug, PartialEq, Eq)]
struct Trailer {
    hash: String,
    bytes: u64,
}

/// Where things are, with the guests that this program carries unless others are named.
pub(super) fn places(terminal: &Terminal) -> Result<Places, Failure> {
    let mut places = Places::from_environment().map_err(Failure::bad_input)?;
    if !places.guest_is_named || !places.data_guest_is_named {
        let unpacked = unpack_all(&mut places, terminal);
        unpacked.context("the guest of this program").map_err(Failure::Internal)?;
    }
    Ok(places)
}

fn unpack_all(places: &mut Places, terminal: &Terminal) -> anyhow::Result<()> {
    let path = env::current_exe().context("cannot tell where it is")?;
    let mut program = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut end = program.metadata().context("cannot tell how long it is")?.len();
    for (carried, is_named, dir) in [
        (BASE, places.guest_is_named, &mut places.guest_dir),
        (DATA, places.data_guest_is_named, &mut places.data_guest_dir),
    ] {
        let trailer = carried.trailer(&mut program, end).context("cannot read its end")?;
        let Some(trailer) = trailer else { return Ok(()) };
        end = end.checked_sub(carried.bytes() + trailer.bytes).context("it is cut off")?;
        if !is_named {
            let cache = dir.parent().unwrap_or(Path::new("."));
            *dir = find(&carried, &trailer, (&mut program, end), cache, terminal)?;
        }
    }
    Ok(())
}

/// The folder of what is carried from `start` on.
fn find(
    carried: &Carried,
    trailer: &Trailer,
    (program, start): (&mut File, u64),
    cache: &Path,
    terminal: &Terminal,
) -> anyhow::Result<PathBuf> {
    let folder = cache.join(format!("{}{}", carried.folder, &trailer.hash[..16]));
    if !folder.is_dir() {
        terminal.progress("unpacking the guest, once on this machine …");
        let zip = trailer.zip(program, start)?;
        unpack(&zip, cache, &folder).with_context(|| format!("cannot unpack it to {}", folder.display()))?;
        terminal.progress_done();
    }
    Ok(folder)
}

/// Others see the whole folder or none.
fn unpack(zip: &[u8], cache: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(cache)?;
    let aside = tempfile::Builder::new().prefix(".guest-").tempdir_in(cache)?;
    let whole = aside.path().join("guest");
    fs::create_dir(&whole)?;
    bundle::unpack_all(zip, &whole, &LIMITS)?;
    // A folder of that name is taken for whole: it must be so after a power cut too.
    sync(&whole)?;
    match fs::rename(&whole, folder) {
        // Another process was faster.
        Err(_) if folder.is_dir() => Ok(()),
        renamed => Ok(renamed?),
    }
}

/// Folders are no deeper than `LIMITS` lets them be.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

impl Carried {
    /// Of its line: the mark, the hash, a blank, the length, a line end.
    fn bytes(&self) -> u64 {
        (self.mark.len() + HASH_CHARS + 1 + LENGTH_CHARS + 1) as u64
    }

    /// The line that ends at `end`; `None`: there is none.
    fn trailer(&self, program: &mut File, end: u64) -> io::Result<Option<Trailer>> {
        let Some(start) = end.checked_sub(self.bytes()) else { return Ok(None) };
        program.seek(SeekFrom::Start(start))?;
        let mut text = Vec::new();
        program.take(self.bytes()).read_to_end(&mut text)?;
        Ok(str::from_utf8(&text).ok().and_then(|text| self.parse(text)))
    }

    fn parse(&self, text: &str) -> Option<Trailer> {
        let (hash, bytes) = text.strip_prefix(self.mark)?.strip_suffix('\n')?.split_once(' ')?;
        let is_hash = hash.len() == HASH_CHARS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = bytes.parse().ok().filter(|bytes| *bytes <= LIMITS.zip_bytes)?;
        is_hash.then(|| Trailer { hash: hash.to_owned(), bytes })
    }
}

impl Trailer {
    /// The zip before it, which is what was put there.
    fn zip(&self, program: &mut File, start: u64) -> anyhow::Result<Vec<u8>> {
        program.seek(SeekFrom::Start(start))?;
        let mut zip = Vec::new();
        program.take(self.bytes).read_to_end(&mut zip).context("cannot read it")?;
        let hash: String = Sha256::digest(&zip).iter().map(|byte| format!("{byte:02x}")).collect();
        if hash == self.hash { Ok(zip) } else { Err(anyhow!("it is damaged: install the program again")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_is_one_line_of_a_form() {
        let hash = "0123456789abcdef".repeat(4);
        for (carried, other) in [(BASE, DATA), (DATA, BASE)] {
            let good = format!("{}{hash} 000000000012\n", carried.mark);
            assert_eq!(good.len() as u64, carried.bytes());
            assert_eq!(carried.parse(&good), Some(Trailer { hash: hash.clone(), bytes: 12 }));
            assert_eq!(other.parse(&good), None);
            for bad in [
                String::new(),
                good.replace("actiond", "another"),
                good.replace("abcdef", "../../"),
                good.replace("12\n", "1x\n"),
                format!("{}{hash} 999999999999\n", carried.mark),
            ] {
                assert_eq!(carried.parse(&bad), None, "{bad}");
            }
        }
    }
}
