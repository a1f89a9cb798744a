//! Unpacking: from a path that a user gave to a folder that a guest may see.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    folder,
    refusal::{Error, Problem, Refusal},
    tree::{Entry, Tree, digest},
    zip,
};

const MAIN: &str = "main.py";
/// Top folders that a refusal names.
const NAMED_FOLDERS_MAX: usize = 5;

/// The bounds of one bundle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Size of a zip, in bytes.
    pub(crate) zip_bytes: u64,
    /// Files and folders, those that are only named in paths included.
    pub(crate) entries: usize,
    /// All files together, in bytes, unpacked.
    pub(crate) bytes: u64,
    /// How many times its packed size a file may have.
    pub(crate) ratio: u64,
    /// Files below this size, in bytes, may have any ratio.
    pub(crate) ratio_from_bytes: u64,
    /// Parts of a path.
    pub(crate) depth: usize,
}

/// An unpacked bundle.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// The folder with `main.py`.
    pub(crate) root: PathBuf,
    /// A hash of all files below `root`.
    pub(crate) digest: [u8; 32],
}

/// Unpacks the zip or copies the folder at `bundle` into the empty folder `into`.
pub(crate) fn unpack(bundle: &Path, into: &Path, limits: &Limits) -> Result<Bundle, Error> {
    let mut tree = Tree::new(into, limits);
    let unpacked = fill(bundle, &mut tree).and_then(|()| Ok(root(tree.entries())?));
    let prefix = unpacked.map_err(|problem| problem.at(bundle))?;
    Ok(Bundle { root: into.join(&prefix), digest: digest(tree.entries(), &prefix) })
}

/// Unpacks all of a zip into the empty folder `into`, whatever it is of.
pub(crate) fn unpack_all(zip: &[u8], into: &Path, limits: &Limits) -> Result<(), Error> {
    zip::unpack_bytes(zip, &mut Tree::new(into, limits)).map_err(|problem| problem.at(into))
}

fn fill(bundle: &Path, tree: &mut Tree<'_>) -> Result<(), Problem> {
    let metadata = fs::metadata(bundle).map_err(|error| {
        let missing = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
        if missing { Refusal::Missing } else { Refusal::Unreadable(error.kind()) }
    })?;
    if metadata.is_dir() {
        folder::copy(bundle, tree)
    } else if metadata.is_file() {
        zip::unpack(bundle, tree)
    } else {
        Err(Refusal::NeitherZipNorFolder.into())
    }
}

/// Where `main.py` lies: an empty prefix, or the one top folder's name with `/`.
fn root(entries: &BTreeMap<String, Entry>) -> Result<String, Refusal> {
    let holds_main = |prefix: &str| matches!(entries.get(&format!("{prefix}{MAIN}")), Some(Entry::File(_)));
    if holds_main("") {
        return Ok(String::new());
    }
    let top_folders: Vec<&str> = entries
        .iter()
        .filter(|(name, entry)| matches!(entry, Entry::Folder) && !name.contains('/'))
        .map(|(name, _)| name.as_str())
        .collect();
    match top_folders.as_slice() {
        [] if entries.is_empty() => Err(Refusal::Empty),
        [] => Err(Refusal::NoMain),
        [only] if holds_main(&format!("{only}/")) => Ok(format!("{only}/")),
        [only] => Err(Refusal::NoMainInFolder((*only).to_owned())),
        [first @ .., _] => {
            let mut named =
                top_folders.iter().take(NAMED_FOLDERS_MAX).copied().collect::<Vec<_>>().join(", ");
            if first.len() >= NAMED_FOLDERS_MAX {
                named.push_str(", …");
            }
            Err(Refusal::NoMainManyFolders(named))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::DeflateEncoder};
    use rawzip::{CompressionMethod, DataDescriptorOutput, ZipArchiveWriter};
    use tempfile::TempDir;

    use super::*;

    const LIMITS: Limits =
        Limits { zip_bytes: 1_000, entries: 4, bytes: 300, ratio: 10, ratio_from_bytes: 100, depth: 3 };

    /// The files as a folder, and as a zip that says `claimed` of each file's size, or the truth.
    fn unpack_both(files: &[(&str, &[u8])], claimed: Option<u64>) -> [Result<Bundle, String>; 2] {
        let place = TempDir::new().unwrap();
        let mut zip = ZipArchiveWriter::new(Vec::new());
        for (name, contents) in files {
            let path = place.path().join("folder").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
            let file = zip.new_file(*name).compression_method(CompressionMethod::DEFLATE);
            let (mut entry, config) = file.start().unwrap();
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
            writer.write_all(contents).unwrap();
            let (encoder, truth) = writer.finish().unwrap();
            encoder.finish().unwrap();
            let size = claimed.unwrap_or(truth.uncompressed_size());
            entry.finish(DataDescriptorOutput::new(truth.crc(), size)).unwrap();
        }
        fs::write(place.path().join("zip"), zip.finish().unwrap()).unwrap();
        ["folder", "zip"].map(|kind| {
            let into = place.path().join(format!("{kind}-work"));
            fs::create_dir(&into).unwrap();
            let prefix = format!("{}: ", place.path().join(kind).display());
            let unpacked = unpack(&place.path().join(kind), &into, &LIMITS);
            unpacked.map_err(|error| error.to_string().strip_prefix(&prefix).unwrap().to_owned())
        })
    }

    #[track_caller]
    fn check(files: &[(&str, &[u8])], folder: Result<(), &str>, zip: Result<(), &str>) {
        let found = unpack_both(files, None);
        let found = found.each_ref().map(|unpacked| unpacked.as_ref().map(drop).map_err(String::as_str));
        assert_eq!(found, [folder, zip]);
    }

    /// Text that deflate makes little of.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn each_limit_takes_what_is_below_and_refuses_what_is_above() {
        let main: (&str, &[u8]) = ("main.py", b"");
        let (most, over) = (noise(300), noise(301));
        let too_large = Err("holds more than 300 bytes: leave out what the action does not need");
        check(&[main, ("x", &most)], Ok(()), Ok(()));
        check(&[main, ("x", &over)], too_large, too_large);
        check(&[main, ("x", &most[..150]), ("y", &over[..151])], too_large, too_large);

        let too_many = Err("holds more than 4 files and folders: leave out what the action does not need");
        check(&[main, ("a/b/x", b"")], Ok(()), Ok(()));
        check(&[main, ("a/b/x", b""), ("y", b"")], too_many, too_many);

        let name = |name: &str| {
            format!(
                "the name \"{name}\" is nested too deeply: name files by plain paths below the action's folder"
            )
        };
        check(&[("a/main.py", b""), ("a/b/x", b"")], Ok(()), Ok(()));
        check(&[("a/main.py", b""), ("a/b/c/x", b"")], Err(&name("a/b/c/x")), Err(&name("a/b/c/x")));

        let bomb =
            "\"x\" unpacks to more than 10 times its size: compress such data inside the action's own format";
        check(&[main, ("x", &[0; 100])], Ok(()), Ok(()));
        check(&[main, ("x", &[0; 300])], Ok(()), Err(bomb));
    }

    #[test]
    fn a_zip_that_lies_about_a_size_is_found_out() {
        for (bytes, why) in [
            (2, "\"main.py\" is damaged (its size is not what the zip says): make the zip again"),
            (301, "holds more than 300 bytes: leave out what the action does not need"),
        ] {
            let [_, zip] = unpack_both(&[("main.py", &noise(bytes))], Some(1));
            assert_eq!(zip.unwrap_err(), why);
        }
    }

    #[test]
    fn a_zip_is_read_up_to_its_limit() {
        let place = TempDir::new().unwrap();
        let path = place.path().join("zip");
        for (bytes, why) in [
            (1_000, "is not a zip: give a zip file, or the folder itself"),
            (1_001, "is larger than 1000 bytes: leave out what the action does not need"),
        ] {
            fs::write(&path, vec![0; bytes]).unwrap();
            let refused = unpack(&path, place.path(), &LIMITS).unwrap_err().to_string();
            assert_eq!(refused, format!("{}: {why}", path.display()));
        }
    }

    #[test]
    fn the_digest_tells_files_apart_and_nothing_else() {
        let digest = |files: &[(&str, &[u8])]| {
            let [folder, zip] = unpack_both(files, None).map(|unpacked| unpacked.unwrap().digest);
            assert_eq!(folder, zip);
            folder
        };
        let one = digest(&[("main.py", b"1"), ("x", b"")]);
        assert_eq!(one, digest(&[("x", b""), ("main.py", b"1")]));
        assert_eq!(one, digest(&[("top/main.py", b"1"), ("top/x", b"")]));
        assert_eq!(one, digest(&[("main.py", b"1"), ("x", b""), (".DS_Store", b"left by a tool")]));
        for other in [
            digest(&[("main.py", b"2"), ("x", b"")]),
            digest(&[("main.py", b"1"), ("y", b"")]),
            digest(&[("main.py", b"1")]),
            digest(&[("main.py", b""), ("x", b"1")]),
        ] {
            assert_ne!(one, other);
        }
    }
}
