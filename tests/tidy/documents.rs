//! Rules about the documents: what they point to exists, and what they describe is all there is.

use super::{Rule, tree::File};

const CODE_MAP: &str = "ARCHITECTURE.md";
/// Documents that name files of this tree only.
const TRUE_TO_THE_TREE: &[&str] = &[CODE_MAP, "SECURITY.md"];
/// Where every source file is described in the code map.
const MAPPED: &[&str] = &["runtime/src/", "host/src/"];
/// The pages that users read, and their order.
const BOOK: &str = "docs/";
const SUMMARY: &str = "docs/SUMMARY.md";
const FILE_EXTENSIONS: &[&str] = &["rs", "c", "py", "sh", "md", "toml"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "a relative link in a document leads to a file",
        find: |file, files| {
            if file.extension() != "md" {
                return Vec::new();
            }
            let links = file.lines().flat_map(|(line, text)| links(text).map(move |target| (line, target)));
            let dead = links.filter(|(_, target)| !exists(files, &beside(&file.path, target)));
            dead.map(|(line, target)| (line, target.to_owned())).collect()
        },
        flags: &[
            &[("README.md", "see [there](docs/gone.md)\n"), ("docs/here.md", "")],
            &[("docs/a.md", "see [b](b.md) and [c](../c.md#part)\n"), ("docs/b.md", "")],
        ],
        passes: &[
            &[
                ("docs/a.md", "[b](b.md), [c](../c.md#part), [up](..), [d](#d), [e](https://e.org/f)\n"),
                ("docs/b.md", ""),
                ("c.md", ""),
            ],
            &[("a.rs", "//! [a](gone.md)\n")],
        ],
    },
    Rule {
        says: "the code map names each source file",
        find: |file, files| {
            let mapped = MAPPED.iter().any(|dir| file.path.starts_with(dir));
            let mapped = mapped && file.extension() == "rs" && !file.is_test();
            let map = files.iter().find(|file| file.path == CODE_MAP);
            let named = map.is_some_and(|map| map.text.contains(&format!("`{}`", in_map(&file.path))));
            if mapped && !named { vec![(0, format!("not in {CODE_MAP}"))] } else { Vec::new() }
        },
        flags: &[
            &[("ARCHITECTURE.md", "`a.rs` does a\n"), ("runtime/src/a.rs", ""), ("runtime/src/b.rs", "")],
            &[("host/src/cli/run.rs", "")],
        ],
        passes: &[
            &[
                ("ARCHITECTURE.md", "`a.rs`, `cli/run.rs`\n"),
                ("runtime/src/a.rs", ""),
                ("host/src/cli/run.rs", ""),
            ],
            &[("tests/a.rs", "")],
            &[("runtime/src/a/tests.rs", "")],
        ],
    },
    Rule {
        says: "the code map and the threat model name no file that is not there",
        find: |file, files| {
            if !TRUE_TO_THE_TREE.contains(&file.path.as_str()) {
                return Vec::new();
            }
            let names = file.lines().flat_map(|(line, text)| quoted(text).map(move |name| (line, name)));
            let files_named = names.filter(|(_, name)| {
                let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
                FILE_EXTENSIONS.contains(&extension) && !name.contains([' ', '*', '(', '<'])
            });
            let is_it = |path: &str, name: &str| path == name || path.ends_with(&format!("/{name}"));
            let gone = files_named.filter(|(_, name)| !files.iter().any(|file| is_it(&file.path, name)));
            gone.map(|(line, name)| (line, name.to_owned())).collect()
        },
        flags: &[
            &[("ARCHITECTURE.md", "`gone.rs` did it\n"), ("runtime/src/not_gone.rs", "")],
            &[("SECURITY.md", "| escape | wall | `gone.rs` |\n")],
        ],
        passes: &[
            &[("ARCHITECTURE.md", "`a.rs`, `lib/*.sh`, `a.key`\n"), ("runtime/src/a.rs", "")],
            &[("README.md", "`gone.rs`\n")],
        ],
    },
    Rule {
        says: "the README shows the sample action (tests/book.rs compares it)",
        find: |file, _| {
            let shown = file.text.contains("```python,file=examples/distinct-pods/main.py\n");
            if file.path == "README.md" && !shown { vec![(0, "it does not".to_owned())] } else { Vec::new() }
        },
        flags: &[&[("README.md", "```python\na = 1\n```\n")], &[("README.md", "")]],
        passes: &[
            &[("README.md", "```python,file=examples/distinct-pods/main.py\na = 1\n```\n")],
            &[("docs/README.md", "")],
        ],
    },
    Rule {
        says: "a page of the book leads to pages of the book",
        find: |file, _| {
            if !file.path.starts_with(BOOK) || file.extension() != "md" {
                return Vec::new();
            }
            let links = file.lines().flat_map(|(line, text)| links(text).map(move |target| (line, target)));
            let out = links.filter(|(_, target)| target.contains('/'));
            out.map(|(line, target)| (line, target.to_owned())).collect()
        },
        flags: &[&[("docs/a.md", "[up](../README.md)\n"), ("README.md", "")]],
        passes: &[
            &[("docs/a.md", "[b](b.md#c), [e](https://e.org/f)\n"), ("docs/b.md", "")],
            &[("README.md", "[a](docs/a.md)\n"), ("docs/a.md", "")],
        ],
    },
    Rule {
        says: "docs/SUMMARY.md lists each page of the book once",
        find: |file, files| {
            if !file.path.starts_with(BOOK) || file.extension() != "md" || file.path == SUMMARY {
                return Vec::new();
            }
            let summary = files.iter().find(|file| file.path == SUMMARY);
            let name = format!("({})", file.name());
            let count = summary.map_or(0, |summary| summary.text.matches(&name).count());
            if count == 1 { Vec::new() } else { vec![(0, format!("it is there {count} times"))] }
        },
        flags: &[
            &[("docs/a.md", "")],
            &[("docs/a.md", ""), ("docs/SUMMARY.md", "- [B](b.md)\n")],
            &[("docs/a.md", ""), ("docs/SUMMARY.md", "- [A](a.md)\n- [A](a.md)\n")],
        ],
        passes: &[
            &[("docs/a.md", ""), ("docs/SUMMARY.md", "- [A](a.md)\n")],
            &[("README.md", "")],
            &[("docs/a.svg", "")],
        ],
    },
];

/// The targets of a line's links that lead to files, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.filter(|target| !target.contains(':') && !target.starts_with('#'));
    files.map(|target| target.split('#').next().unwrap_or(target))
}

/// The parts of a line between backquotes.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// A source file's name in the code map: below its package's `src/`.
fn in_map(path: &str) -> &str {
    path.split_once("/src/").map_or(path, |(_, inside)| inside)
}

/// `target` as seen from the directory of `path`.
fn beside(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/').filter(|part| !matches!(*part, "." | "")) {
        match part {
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn exists(files: &[File], path: &str) -> bool {
    path.is_empty()
        || files.iter().any(|file| file.path == path || file.path.starts_with(&format!("{path}/")))
}
