//! The repository's files as text.

use std::{fs, path::Path};

/// Directories that hold nothing of ours.
const FOREIGN: &[&str] = &[".git", "target", "__pycache__", ".ruff_cache"];

/// A file of the tree; `path` is relative to its root.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn new(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(super) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether it is a shell script to be started, rather than a part that scripts source.
    pub(super) fn is_script(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.starts_with("#!") && line.ends_with("sh"))
    }

    /// Whether it is a program text, of whatever language.
    pub(super) fn is_source(&self) -> bool {
        matches!(self.extension(), "rs" | "py" | "c" | "h" | "sh") || self.is_script()
    }

    /// Whether all of it is tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.name() == "tests.rs"
    }

    /// Its lines, numbered from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// All text files of the repository, in order.
pub(super) fn read() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
    let mut files = Vec::new();
    walk(root, "", &mut files);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

pub(super) fn example(files: &[(&str, &str)]) -> Vec<File> {
    files.iter().map(|(path, text)| File::new(path, *text)).collect()
}

fn walk(dir: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(dir).expect("the tree is readable") {
        let entry = entry.expect("the tree is readable");
        let name = entry.file_name().into_string().expect("names in the tree are UTF-8");
        let kind = entry.file_type().expect("the tree is readable");
        let path = format!("{prefix}{name}");
        // In a worktree of git's, `.git` is a file.
        if FOREIGN.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file()
            // What is not UTF-8 is data, such as a zip of a test.
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
}
