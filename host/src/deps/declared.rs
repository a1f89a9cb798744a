//! What an action declares: `pyproject.toml`, `requirements.txt`, or a folder of packages that came along.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::Path,
    str::FromStr as _,
};

use pep440_rs::{Version, VersionSpecifiers};
use toml::{Table, Value};

use super::{
    provided::{self, Vendored},
    refusal::{BadDeclaration, Error},
    requirement::Requirement,
};

/// The folder of packages that came along.
pub(super) const VENDORED: &str = "dependencies";
const PYPROJECT: &str = "pyproject.toml";
const REQUIREMENTS: &str = "requirements.txt";
/// A bundle with none of these declares nothing.
pub(crate) const FILES: [&str; 3] = [PYPROJECT, REQUIREMENTS, VENDORED];

/// Of a file that declares something.
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Of one action.
const REQUIREMENTS_MAX: usize = 200;
/// Native modules that a warning names.
const NATIVES_NAMED_MAX: usize = 10;
const NATIVE: [&str; 3] = ["so", "pyd", "dylib"];

/// What an action declares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Nothing,
    /// Its packages came along.
    Vendored {
        /// Files among them that no sandbox can load: some of them, and how many there are.
        natives: Vec<String>,
        count: usize,
        /// Those among them that the data guest has instead.
        data: Vec<Vendored>,
    },
    Required(Requirements),
}

/// Requirements, and the file that has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirements {
    pub(super) file: &'static str,
    pub(super) lines: Vec<Requirement>,
}

impl Declared {
    /// What the owner should know, a line each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let Self::Vendored { natives, count, data } = self else { return Vec::new() };
        let own = (!data.is_empty()).then(|| {
            let names: Vec<&str> = data.iter().map(|vendored| vendored.name).collect();
            format!("dependencies/ is ignored for {}: a sandbox has its own", names.join(" and "))
        });
        let more = if *count > natives.len() { ", …" } else { "" };
        let named = natives.join(", ");
        let natives = (*count > 0).then(|| {
            format!("native modules cannot be loaded in a sandbox and are ignored: {named}{more} ({count})")
        });
        own.into_iter().chain(natives).collect()
    }
}

/// Reads what the unpacked bundle in `root` declares. `python`: the version that runs it. Blocks.
pub(crate) fn declared(root: &Path, python: &Version) -> Result<Declared, Error> {
    let project = match read(root, PYPROJECT)? {
        Some(text) => project(&text, python)?,
        None => None,
    };
    if has_entries(&root.join(VENDORED)) {
        let data = provided::vendored(&root.join(VENDORED));
        let (mut natives, mut count) = (Vec::new(), 0);
        find_natives(&root.join(VENDORED), VENDORED, &data, &mut natives, &mut count);
        return Ok(Declared::Vendored { natives, count, data });
    }
    let (file, lines) = match (project, read(root, REQUIREMENTS)?) {
        (Some(lines), _) => (PYPROJECT, lines),
        (None, Some(text)) => (REQUIREMENTS, logical_lines(&text)),
        (None, None) => return Ok(Declared::Nothing),
    };
    if lines.is_empty() {
        return Ok(Declared::Nothing);
    }
    if lines.len() > REQUIREMENTS_MAX {
        return Err(Error::Declared { file, why: BadDeclaration::Many { max: REQUIREMENTS_MAX } });
    }
    let lines = lines.iter().map(|line| {
        let parsed = Requirement::parse(line);
        let text = || line.chars().take(200).collect();
        parsed.map_err(|why| Error::Declared { file, why: BadDeclaration::Requirement { text: text(), why } })
    });
    Ok(Declared::Required(Requirements { file, lines: lines.collect::<Result<_, _>>()? }))
}

/// The name that a project gives itself, where it has one that can be read.
pub(crate) fn project_name(root: &Path) -> Option<String> {
    let table: Table = toml::from_str(&read(root, PYPROJECT).ok()??).ok()?;
    table.get("project")?.get("name")?.as_str().map(str::to_owned)
}

/// The requirements of a project; `None` when it says nothing of any.
fn project(text: &str, python: &Version) -> Result<Option<Vec<String>>, Error> {
    let refuse = |why| Error::Declared { file: PYPROJECT, why };
    let table: Table = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (line, message) = (before.matches('\n').count() + 1, error.message().replace('\n', ", "));
        refuse(BadDeclaration::Toml { line, message })
    })?;
    let project = match table.get("project") {
        Some(Value::Table(project)) => project,
        Some(_) => return Err(refuse(BadDeclaration::Kind { key: "project", right: "a table" })),
        None => return Ok(None),
    };
    if let Some(wanted) = project.get("requires-python") {
        let key = "project.requires-python";
        let bad = || refuse(BadDeclaration::Kind { key, right: "versions as \">=3.8\"" });
        let wanted = wanted.as_str().ok_or_else(bad)?;
        let specifiers = VersionSpecifiers::from_str(wanted).map_err(|_| bad())?;
        if !specifiers.contains(python) {
            let (wanted, python) = (wanted.to_owned(), python.to_string());
            return Err(refuse(BadDeclaration::Python { wanted, python }));
        }
    }
    let dynamic = project.get("dynamic").and_then(Value::as_array);
    if dynamic.is_some_and(|dynamic| dynamic.iter().any(|name| name.as_str() == Some("dependencies"))) {
        return Err(refuse(BadDeclaration::Dynamic));
    }
    let Some(listed) = project.get("dependencies") else { return Ok(None) };
    let bad = || refuse(BadDeclaration::Kind { key: "project.dependencies", right: "a list of texts" });
    let listed = listed.as_array().ok_or_else(bad)?;
    let texts = listed.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(bad));
    texts.collect::<Result<_, _>>().map(Some)
}

/// Lines without comments; one that ends with `\` goes on.
fn logical_lines(text: &str) -> Vec<String> {
    let (mut lines, mut begun) = (Vec::new(), String::new());
    for line in text.lines() {
        let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
        let line = comment.map_or(line, |(at, _)| &line[..at]);
        let (line, goes_on) = match line.trim_end().strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        begun.push_str(line);
        if !goes_on {
            let whole = begun.split_whitespace().collect::<Vec<_>>().join(" ");
            begun.clear();
            if !whole.is_empty() {
                lines.push(whole);
            }
        }
    }
    if !begun.trim().is_empty() {
        lines.push(begun.trim().to_owned());
    }
    lines
}

fn read(root: &Path, file: &'static str) -> Result<Option<String>, Error> {
    let refuse = |why| Error::Declared { file, why };
    let opened = match File::open(root.join(file)) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refuse(BadDeclaration::Unreadable(error.kind()))),
    };
    if opened.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| refuse(BadDeclaration::Unreadable(error.kind())))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refuse(BadDeclaration::Large { bytes_max: FILE_BYTES_MAX }));
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse(BadDeclaration::NotUtf8))?;
    Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
}

fn has_entries(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// As deep as a bundle may be. What cannot be read is not there for guests either. Those of `but` are told of elsewhere.
fn find_natives(folder: &Path, name: &str, but: &[Vendored], found: &mut Vec<String>, count: &mut usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if but.iter().any(|vendored| vendored.is_folder(&file_name)) {
            continue;
        }
        let name = format!("{name}/{file_name}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_natives(&path, &name, &[], found, count);
        } else if is_native(&path) {
            *count += 1;
            if found.len() < NATIVES_NAMED_MAX {
                found.push(name);
            }
        }
    }
}

/// Whether a file is machine code that Python would load.
pub(super) fn is_native(path: &Path) -> bool {
    path.extension().is_some_and(|end| NATIVE.iter().any(|native| end.eq_ignore_ascii_case(native)))
}

#[cfg(test)]
mod tests;
