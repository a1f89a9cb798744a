//! Packages of an action: packed into one zip that is kept with its bundle, and unpacked beside its `main.py`.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::{
    folder,
    refusal::{Error, Problem},
    tree::{Entry, Tree, digest},
    unpack::{Bundle, Limits},
    zip,
};

/// The folder that guests find packages in.
const PACKAGES: &str = "dependencies";

/// Packs all files below `folder`, checked as those of a bundle are. `into`: an empty folder to copy them to, for what is
/// packed must be what was checked.
pub(crate) fn pack(folder: &Path, into: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut tree = Tree::new(into, limits);
    folder::copy(folder, &mut tree).map_err(|problem| problem.at(Path::new(PACKAGES)))?;
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, entry) in tree.entries() {
        match entry {
            Entry::Folder => {}
            Entry::File(_) => add(&mut zip, name, into).map_err(|problem| problem.at(folder))?,
        }
    }
    zip.finish().map_err(|error| Error::packing(into)(io::Error::other(error)))
}

/// Unpacks what [`pack`] made into the bundle: to guests they are part of it.
pub(crate) fn add_packages(bundle: &mut Bundle, zip: &[u8], limits: &Limits) -> Result<(), Error> {
    let into = bundle.root.join(PACKAGES);
    fs::create_dir_all(&into).map_err(Error::packing(&into))?;
    let mut tree = Tree::new(&into, limits);
    zip::unpack_bytes(zip, &mut tree).map_err(|problem| problem.at(Path::new(PACKAGES)))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bundle.digest);
    hasher.update(&digest(tree.entries(), ""));
    bundle.digest = hasher.finalize().into();
    Ok(())
}

/// A zip of these names and contents, in this order. Nothing is checked: whoever unpacks it does that.
pub(crate) fn zipped<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> io::Result<Vec<u8>> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in files {
        deflate(&mut zip, name, bytes)?;
    }
    zip.finish().map_err(io::Error::other)
}

/// Whether a zip holds any of these, at its root or in its top folder. A zip that is none, or is refused later, holds none.
pub(crate) fn holds_any(zip: &[u8], wanted: &[&str], limits: &Limits) -> bool {
    zip::names(zip, limits).iter().any(|name| name.split('/').take(2).any(|part| wanted.contains(&part)))
}

fn add(zip: &mut ZipArchiveWriter<Vec<u8>>, name: &str, below: &Path) -> Result<(), Problem> {
    let path = below.join(name);
    let bytes = fs::read(&path).map_err(Error::work("read", &path))?;
    deflate(zip, name, &bytes).map_err(Error::work("pack", &path))
}

fn deflate(zip: &mut ZipArchiveWriter<Vec<u8>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let file = zip.new_file(name).compression_method(CompressionMethod::DEFLATE);
    let (mut entry, config) = file.start().map_err(io::Error::other)?;
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
    writer.write_all(bytes)?;
    let (encoder, written) = writer.finish().map_err(io::Error::other)?;
    encoder.finish()?;
    entry.finish(written).map(drop).map_err(io::Error::other)
}
