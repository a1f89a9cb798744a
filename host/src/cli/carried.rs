//! The guest that a release carries at the end of its executable (`scripts/release`): unpacked into the cache once, under its
//! hash.

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

/// What the last line of the executable begins with; then come the zip's SHA-256 and how many bytes it has.
const MARK: &str = "actiond-guest ";
const HASH_CHARS: usize = 64;
const LENGTH_CHARS: usize = 12;
/// The mark, the hash, a blank, the length, a line end.
const TRAILER_BYTES: usize = MARK.len() + HASH_CHARS + 1 + LENGTH_CHARS + 1;
/// Far beyond any guest; its pieces are bounded so too.
const LIMITS: bundle::Limits = bundle::Limits {
    zip_bytes: 256 << 20,
    entries: 20_000,
    bytes: 512 << 20,
    ratio: 1_000,
    ratio_from_bytes: 1 << 20,
    depth: 32,
};

/// What the trailer says.
#[derive(Debug, PartialEq, Eq)]
struct Trailer {
    hash: String,
    bytes: u64,
}

/// Where things are, with the guest that this program carries unless another is named.
pub(super) fn places(terminal: &Terminal) -> Result<Places, Failure> {
    let places = Places::from_environment().map_err(Failure::bad_input)?;
    if places.guest_is_named {
        return Ok(places);
    }
    let guest = find(&places, terminal).context("the guest of this program").map_err(Failure::Internal)?;
    Ok(Places { guest_dir: guest.unwrap_or_else(|| places.guest_dir.clone()), ..places })
}

fn find(places: &Places, terminal: &Terminal) -> anyhow::Result<Option<PathBuf>> {
    let path = env::current_exe().context("cannot tell where it is")?;
    let mut program = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let Some(trailer) = Trailer::read(&mut program).context("cannot read its end")? else { return Ok(None) };
    let cache = places.guest_dir.parent().unwrap_or(Path::new("."));
    let folder = cache.join(format!("guest-{}", &trailer.hash[..16]));
    if !folder.is_dir() {
        terminal.progress("unpacking the guest, once on this machine …");
        let zip = trailer.zip(&mut program)?;
        unpack(&zip, cache, &folder).with_context(|| format!("cannot unpack it to {}", folder.display()))?;
        terminal.progress_done();
    }
    Ok(Some(folder))
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

impl Trailer {
    /// `None`: the program carries nothing.
    fn read(program: &mut File) -> io::Result<Option<Self>> {
        let mut text = [0; TRAILER_BYTES];
        if program.metadata()?.len() < TRAILER_BYTES as u64 {
            return Ok(None);
        }
        program.seek(SeekFrom::End(-(TRAILER_BYTES as i64)))?;
        program.read_exact(&mut text)?;
        Ok(str::from_utf8(&text).ok().and_then(Self::parse))
    }

    fn parse(text: &str) -> Option<Self> {
        let (hash, bytes) = text.strip_prefix(MARK)?.strip_suffix('\n')?.split_once(' ')?;
        let is_hash = hash.len() == HASH_CHARS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = bytes.parse().ok().filter(|bytes| *bytes <= LIMITS.zip_bytes)?;
        is_hash.then(|| Self { hash: hash.to_owned(), bytes })
    }

    /// The zip before it, which is what was put there.
    fn zip(&self, program: &mut File) -> anyhow::Result<Vec<u8>> {
        let before = self.bytes + TRAILER_BYTES as u64;
        let start = program.metadata()?.len().checked_sub(before).context("it is cut off")?;
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
        let good = format!("actiond-guest {hash} 000000000012\n");
        assert_eq!(good.len(), TRAILER_BYTES);
        assert_eq!(Trailer::parse(&good), Some(Trailer { hash: hash.clone(), bytes: 12 }));
        for bad in [
            String::new(),
            good.replace("actiond", "another"),
            good.replace("abcdef", "../../"),
            good.replace("12\n", "1x\n"),
            format!("actiond-guest {hash} 999999999999\n"),
        ] {
            assert_eq!(Trailer::parse(&bad), None, "{bad}");
        }
    }
}
