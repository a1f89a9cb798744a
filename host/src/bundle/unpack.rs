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
