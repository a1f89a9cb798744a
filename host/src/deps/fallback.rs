//! Packages that work without their native modules, though the index has them as native wheels only: such a wheel is
//! unpacked, its native modules are left out, and what remains is a pure wheel of the same version.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::{
    installed::{self, Installed},
    refusal::Error,
};

/// Written into what was made here, so that it is known again.
const TAGS: &str = "Wheel-Version: 1.0\nGenerator: actiond\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
/// Of one package.
const FILES_MAX: usize = 10_000;

/// Makes pure wheels in `wheels` of the packages that lie unpacked in `folder`. Blocks.
pub(super) fn make(folder: &Path, wheels: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    installed::drop_natives(folder).map_err(failed)?;
    for package in installed::packages(folder).map_err(failed)? {
        wheel(&package, folder, wheels).map_err(failed)?;
    }
    Ok(())
}

fn wheel(package: &Installed, folder: &Path, wheels: &Path) -> io::Result<()> {
    let Some(label) = package.info.file_stem().and_then(|stem| stem.to_str()) else { return Ok(()) };
    let mut files = Vec::new();
    list(folder, &mut files)?;
    let record = PathBuf::from(format!("{label}.dist-info")).join("RECORD");
    let about = PathBuf::from(format!("{label}.dist-info")).join("WHEEL");
    let out = BufWriter::new(File::create(wheels.join(format!("{label}-py3-none-any.whl")))?);
    let mut zip = ZipArchiveWriter::new(out);
    let mut lines = String::new();
    for path in files.iter().filter(|path| **path != record) {
        let Some(name) = path.to_str() else { continue };
        let bytes = if *path == about { TAGS.as_bytes().to_vec() } else { fs::read(folder.join(path))? };
        add(&mut zip, name, &bytes)?;
        lines.push_str(&format!("{name},,\n"));
    }
    if let Some(name) = record.to_str() {
        lines.push_str(&format!("{name},,\n"));
        add(&mut zip, name, lines.as_bytes())?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

fn add(zip: &mut ZipArchiveWriter<BufWriter<File>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    // Sizes come after the bytes: such an entry is only read when its bytes tell where they end.
    let file = zip.new_file(name).compression_method(CompressionMethod::DEFLATE);
    let (mut entry, config) = file.start().map_err(io::Error::other)?;
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
    writer.write_all(bytes)?;
    let (encoder, written) = writer.finish().map_err(io::Error::other)?;
    encoder.finish()?;
    entry.finish(written).map(drop).map_err(io::Error::other)
}

/// The plain files below `root`, by their paths from there, but for those of the installer.
fn list(root: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (entry, hidden) = entry.map(|entry| {
                let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                (entry, hidden)
            })?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && !hidden {
                found.extend(entry.path().strip_prefix(root).ok().map(Path::to_owned));
            }
            if found.len() > FILES_MAX {
                return Err(io::Error::other("too many files"));
            }
        }
    }
    found.sort();
    Ok(())
}
