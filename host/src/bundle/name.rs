//! The name of a file inside of a bundle: a plain relative path that means the same wherever it is unpacked.

use std::ffi::OsStr;

use super::refusal::{BadName, Refusal};

/// Longest part of a path, in bytes: what Linux's file systems take.
const PART_BYTES_MAX: usize = 255;

/// Left out of every bundle: what version control, editors, installers and Python itself leave beside the sources.
const SKIPPED: [&str; 14] = [
    ".DS_Store",
    ".git",
    ".hg",
    ".idea",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__MACOSX",
    "__pycache__",
    "node_modules",
];

/// A checked name: parts joined by `/`, each of them an ordinary name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(String);

impl Name {
    /// Checks a name as a zip spells it, without the `/` at the end of a folder's name.
    pub(super) fn parse(bytes: &[u8], depth_max: usize) -> Result<Self, Refusal> {
        let refuse = |why| Refusal::Name { name: String::from_utf8_lossy(bytes).into_owned(), why };
        let text = std::str::from_utf8(bytes).map_err(|_| refuse(BadName::NotUtf8))?;
        check(text, depth_max).map_err(refuse)?;
        Ok(Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders that this name lies in, outermost first.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
}

/// Whether a part of a path is left out, with everything below it.
pub(crate) fn skipped(part: &OsStr) -> bool {
    let Some(part) = part.to_str() else { return false };
    // `._x` is what macOS puts beside `x`.
    SKIPPED.contains(&part) || part.starts_with("._")
}

/// Whether any part of a name as a zip spells it is left out.
pub(super) fn any_skipped(name: &Name) -> bool {
    name.0.split('/').any(|part| skipped(OsStr::new(part)))
}

fn check(text: &str, depth_max: usize) -> Result<(), BadName> {
    if text.is_empty() {
        return Err(BadName::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(BadName::Control);
    }
    if text.contains('\\') {
        return Err(BadName::Backslash);
    }
    if text.starts_with('/') {
        return Err(BadName::Absolute);
    }
    if let [letter, b':', ..] = text.as_bytes()
        && letter.is_ascii_alphabetic()
    {
        return Err(BadName::Drive);
    }
    for (depth, part) in text.split('/').enumerate() {
        match part {
            "" => return Err(BadName::EmptyPart),
            "." => return Err(BadName::Dot),
            ".." => return Err(BadName::DotDot),
            _ if part.len() > PART_BYTES_MAX => return Err(BadName::LongPart),
            _ if depth >= depth_max => return Err(BadName::Deep),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &[u8]) -> Option<BadName> {
        match Name::parse(name, 3) {
            Ok(_) => None,
            Err(Refusal::Name { why, .. }) => Some(why),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn plain_names_are_taken_and_others_refused() {
        let long = "x".repeat(256);
        let rows: &[(&[u8], Option<BadName>)] = &[
            (b"main.py", None),
            (b"a/b/main.py", None),
            ("caf\u{e9}/\u{65e5}.txt".as_bytes(), None),
            (b"..a/b..", None),
            (b"a b", None),
            (&long.as_bytes()[1..], None),
            (long.as_bytes(), Some(BadName::LongPart)),
            (b"a/b/c/main.py", Some(BadName::Deep)),
            (b"", Some(BadName::Empty)),
            (b"/etc/passwd", Some(BadName::Absolute)),
            (b"../x", Some(BadName::DotDot)),
            (b"a/../x", Some(BadName::DotDot)),
            (b"a/..", Some(BadName::DotDot)),
            (b"./x", Some(BadName::Dot)),
            (b"a//x", Some(BadName::EmptyPart)),
            (b"a/", Some(BadName::EmptyPart)),
            (b"a\\x", Some(BadName::Backslash)),
            (b"..\\x", Some(BadName::Backslash)),
            (b"C:/x", Some(BadName::Drive)),
            (b"c:x", Some(BadName::Drive)),
            (b"a\0b", Some(BadName::Control)),
            (b"a\nb", Some(BadName::Control)),
            (b"a\x1b[31m", Some(BadName::Control)),
            (b"\xff.py", Some(BadName::NotUtf8)),
        ];
        for (name, expected) in rows {
            assert_eq!(refused(name), *expected, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn leftovers_are_skipped_by_whole_parts() {
        for (name, expected) in [
            ("__MACOSX/._main.py", true),
            ("a/.DS_Store", true),
            ("a/__pycache__/x.pyc", true),
            (".venv/bin/python", true),
            ("._main.py", true),
            (".env", false),
            ("my__pycache__/x", false),
            ("git/x", false),
        ] {
            let name = Name::parse(name.as_bytes(), 32).unwrap();
            assert_eq!(any_skipped(&name), expected, "{}", name.as_str());
        }
    }
}
