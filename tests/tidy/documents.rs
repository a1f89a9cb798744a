//! Rules about the documents: what they point to exists, and what they describe is all there is.

use super::{Rule, tree::File};

const CODE_MAP: &str = "ARCHITECTURE.md";
/// Documents that name files of this tree only.
const TRUE_TO_THE_TREE: &[&str] = &[CODE_MAP, "SECURITY.md"];
/// Where every source file is described in the code map.
const MAPPED: &[&str] = &["runtime/src/", "host/src/"];
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
        says: "the README shows the sample action as it is",
        find: |file, files| {
            let example = files.iter().find(|file| file.path == "examples/distinct-pods/main.py");
            let shown =
                example.is_some_and(|example| file.text.contains(&format!("```python\n{}```", example.text)));
            if file.path == "README.md" && !shown {
                vec![(0, "it shows another text".to_owned())]
            } else {
                Vec::new()
            }
        },
        flags: &[
            &[("README.md", "```python\na = 1\n```\n"), ("examples/distinct-pods/main.py", "a = 2\n")],
            &[("README.md", "")],
        ],
        passes: &[&[("README.md", "```python\na = 1\n```\n"), ("examples/distinct-pods/main.py", "a = 1\n")]],
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
