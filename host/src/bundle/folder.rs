//! A bundle that is a folder: walked without following links, so that nothing from outside of it comes in.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io::{self, Read},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileTypeExt as _, OpenOptionsExt as _},
    },
    path::Path,
};

use rustix::fs::OFlags;

use super::{
    name::{Name, skipped},
    refusal::{Problem, Refusal},
    tree::{Tree, Unpacking},
};

/// Copies everything below `folder` into `tree`.
pub(super) fn copy(folder: &Path, tree: &mut Tree<'_>) -> Result<(), Problem> {
    copy_below(folder, b"", tree)
}

/// `prefix`: the folder's name inside of the bundle with `/`, or nothing. As deep as the limit on depth allows.
fn copy_below(folder: &Path, prefix: &[u8], tree: &mut Tree<'_>) -> Result<(), Problem> {
    let unreadable = |why: io::Error| match prefix {
        [] => Refusal::Unreadable(why.kind()),
        [name @ .., _] => {
            Refusal::UnreadableFile { name: String::from_utf8_lossy(name).into_owned(), why: why.kind() }
        }
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !skipped(&entry.file_name()) {
            entries.push(entry);
        }
        // A folder is listed whole before it is walked; the list must not grow without bound.
        if entries.len() > tree.limits().entries {
            return Err(Refusal::TooMany { entries_max: tree.limits().entries }.into());
        }
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let spelled = [prefix, entry.file_name().as_bytes()].concat();
        let name = Name::parse(&spelled, tree.limits().depth)?;
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            tree.folder(&name)?;
            copy_below(&entry.path(), &[&spelled, b"/".as_slice()].concat(), tree)?;
        } else {
            let mut file = Plain::open(&entry.path(), kind, &name)?;
            tree.file(&name, &mut file)?;
        }
    }
    Ok(())
}

struct Plain<'a> {
    file: File,
    name: &'a Name,
}

impl<'a> Plain<'a> {
    fn open(path: &Path, kind: FileType, name: &'a Name) -> Result<Self, Refusal> {
        let special = |kind| Refusal::Special { name: name.as_str().to_owned(), kind };
        if let Some(kind) = special_kind(kind) {
            return Err(special(kind));
        }
        let unreadable =
            |why: io::Error| Refusal::UnreadableFile { name: name.as_str().to_owned(), why: why.kind() };
        // It may have become something else since it was listed: a link is not followed, a pipe not waited for.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)?;
        match special_kind(file.metadata().map_err(unreadable)?.file_type()) {
            Some(kind) => Err(special(kind)),
            None => Ok(Self { file, name }),
        }
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        self.file.read(chunk)
    }
}

impl Unpacking for Plain<'_> {
    fn check(&mut self, _chunk: &[u8], _bytes: u64) -> Result<(), Refusal> {
        Ok(())
    }

    fn unreadable(&self, why: io::Error) -> Refusal {
        Refusal::UnreadableFile { name: self.name.as_str().to_owned(), why: why.kind() }
    }
}

fn special_kind(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_symlink() {
        Some("a symbolic link")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("not a plain file")
    }
}
