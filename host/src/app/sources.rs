//! An action's files as an editor shows them: a bundle of a few texts, and back.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use super::{
    packages::{NotPackaged, blocking},
    state::App,
};
use crate::bundle;

/// Files of one bundle that an editor shows.
pub(crate) const FILES_MAX: usize = 32;
/// Of one of them.
const FILE_BYTES_MAX: usize = 256 << 10;

/// A file in an editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    /// Below the folder of `main.py`.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl App {
    /// The files of a bundle, `main.py` first; `None` when it holds more than an editor shows, or what is no text.
    pub(crate) async fn sources(&self, zip: Arc<[u8]>) -> Result<Option<Vec<SourceFile>>, NotPackaged> {
        let packaging = self.packaging().clone();
        blocking(move || {
            let unpacked = packaging.unpacked(&zip)?;
            let mut files = Vec::new();
            let is_all = collect(&unpacked.root, "", &mut files).map_err(NotPackaged::files)?;
            files.sort_by(|one: &SourceFile, other| order(&one.name).cmp(&order(&other.name)));
            Ok(is_all.then_some(files))
        })
        .await
    }

    /// The files as a zip; what breaks a rule is refused as an upload of it would be.
    pub(crate) async fn packed(&self, files: Vec<SourceFile>) -> Result<Arc<[u8]>, NotPackaged> {
        let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        if names.len() < files.len() {
            return Err(NotPackaged::Zip("names a file twice: give each a name of its own".to_owned()));
        }
        let zip = blocking(move || {
            let files = files.iter().map(|file| (file.name.as_str(), file.text.as_bytes()));
            bundle::zipped(files).map_err(NotPackaged::files)
        });
        Ok(zip.await?.into())
    }
}

/// `main.py` before all others.
fn order(name: &str) -> (bool, &str) {
    (name != "main.py", name)
}

/// Whether all files below `folder` are among `files` now.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) -> std::io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { return Ok(false) };
        let name = format!("{prefix}{name}");
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            if !collect(&entry.path(), &format!("{name}/"), files)? {
                return Ok(false);
            }
            continue;
        }
        if files.len() >= FILES_MAX || metadata.len() > FILE_BYTES_MAX as u64 {
            return Ok(false);
        }
        let Ok(text) = String::from_utf8(fs::read(entry.path())?) else { return Ok(false) };
        files.push(SourceFile { name, text });
    }
    Ok(true)
}
