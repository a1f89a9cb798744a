//! What `uv` installed: nothing but packages, and each of them pure.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{declared::is_native, refusal::Error, requirement::normalized};

const DIST_INFO: &str = ".dist-info";
/// Of a file that describes a wheel.
const WHEEL_BYTES_MAX: u64 = 64 << 10;
/// Commands that wheels bring along: there is no shell to call them from.
const COMMANDS: &str = "bin";

/// A package as it lies in a folder.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) name: String,
    /// `name-version.dist-info`.
    pub(super) info: PathBuf,
    /// Its lines are `Tag: py3-none-any` and the like.
    pub(super) wheel: String,
}

/// The packages in `folder`.
pub(super) fn packages(folder: &Path) -> io::Result<Vec<Installed>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(label) = file_name.to_str().and_then(|name| name.strip_suffix(DIST_INFO)) else { continue };
        let path = entry.path().join("WHEEL");
        let is_small = fs::symlink_metadata(&path)?.len() <= WHEEL_BYTES_MAX;
        let wheel = if is_small { fs::read_to_string(&path)? } else { String::new() };
        let name = label.rsplit_once('-').map_or(label, |(name, _)| name);
        found.push(Installed { name: normalized(name), info: entry.path(), wheel });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Whether every tag says that it runs anywhere.
pub(super) fn is_pure(wheel: &str) -> bool {
    let mut tags = wheel.lines().filter_map(|line| line.strip_prefix("Tag:")).map(str::trim);
    tags.clone().next().is_some() && tags.all(|tag| tag.ends_with("-none-any"))
}

/// Leaves the packages in `folder`, and refuses one that is not pure. Blocks.
pub(super) fn tidy(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    if let Some(native) = packages(folder).map_err(failed)?.into_iter().find(|found| !is_pure(&found.wheel)) {
        return Err(Error::NotPure(native.name));
    }
    let commands = folder.join(COMMANDS);
    if commands.is_dir() && !commands.join("__init__.py").exists() {
        fs::remove_dir_all(commands).map_err(failed)?;
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Such as a lock of the installer's.
        if entry.file_name().as_encoded_bytes().starts_with(b".") && entry.path().is_file() {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    drop_natives(folder).map_err(failed)
}

/// Removes what no sandbox can load. Wheels are as deep as the names in them are long.
pub(super) fn drop_natives(folder: &Path) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if is_native(&entry.path()) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_is_pure_when_all_its_tags_are() {
        for (wheel, expected) in [
            ("Wheel-Version: 1.0\nTag: py3-none-any\n", true),
            ("Tag: py2-none-any\nTag: py3-none-any\n", true),
            ("Tag: cp313-cp313-manylinux_2_17_x86_64\n", false),
            ("Tag: py3-none-any\nTag: cp313-cp313-pyodide_2024_0_wasm32\n", false),
            ("Root-Is-Purelib: true\n", false),
        ] {
            assert_eq!(is_pure(wheel), expected, "{wheel}");
        }
    }
}
