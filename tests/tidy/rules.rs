//! Rules about single files: how they begin, how long they are, what they are called.

use super::{Finding, Rule, code::code, words::TESTS_BEGIN};

const LINES_MAX: usize = 400;
/// Names that say nothing about what is inside.
const VAGUE: &[&str] = &["utils", "util", "common", "types", "helpers", "helper", "misc"];
/// Text that people wrote; data of tests may look as it likes.
const WRITTEN: &[&str] = &["rs", "py", "c", "h", "sh", "md", "toml", "yml"];
/// Where things lie on the machine of whoever wrote them. In halves: this file is checked too.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Use", "rs/")];

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "a Rust file begins with //! and what it owns",
        find: |file, _| {
            let wrong = file.extension() == "rs" && !file.text.starts_with("//! ");
            whole(wrong, "its first line is something else")
        },
        flags: &[&[("a.rs", "fn a() {}\n")], &[("a.rs", "\n//! A.\n")]],
        passes: &[&[("a.rs", "//! A.\n")], &[("a.py", "a = 1\n")]],
    },
    Rule {
        says: "a module of the shim begins with its docstring",
        find: |file, _| {
            let seen = file.path.starts_with("python-wasm/shim/") && file.extension() == "py";
            whole(seen && !file.text.starts_with("\"\"\""), "its first line is something else")
        },
        flags: &[&[("python-wasm/shim/a.py", "import os\n")]],
        passes: &[
            &[("python-wasm/shim/a.py", "\"\"\"A.\"\"\"\n")],
            &[("tests/actions/a/main.py", "import os\n")],
        ],
    },
    Rule {
        says: "a source file has at most 400 lines (aim at 250): split it by noun",
        find: |file, _| {
            let lines = file.lines().count();
            let seen = file.is_source() && !file.is_test();
            whole(seen && lines > LINES_MAX, &format!("{lines} lines"))
        },
        flags: &[&[("a.rs", LONG)], &[("shim/a.py", LONG)], &[("a.c", LONG)], &[("a.sh", LONG)]],
        passes: &[
            &[("tests/a.rs", LONG)],
            &[("a/tests.rs", LONG)],
            &[("data.json", LONG)],
            &[("a.rs", "//! Short.\n")],
        ],
    },
    Rule {
        says: "a file is one noun",
        find: |file, _| {
            let stem = file.name().split('.').next().unwrap_or_default();
            whole(file.is_source() && VAGUE.contains(&stem), "its name says nothing about what is inside")
        },
        flags: &[&[("host/src/utils.rs", "")], &[("shim/helpers.py", "")], &[("lib/common.sh", "")]],
        passes: &[&[("host/src/util_time.rs", "")], &[("docs/types.md", "")]],
    },
    Rule {
        says: "lib.rs and mod.rs list and re-export, the rest lives in files with a name",
        find: |file, _| {
            if !matches!(file.name(), "lib.rs" | "mod.rs") {
                return Vec::new();
            }
            let lists = |line: &str| {
                [
                    "mod ",
                    "pub mod ",
                    "pub(crate) mod ",
                    "use ",
                    "pub use ",
                    "pub(crate) use ",
                    "pub(super) use ",
                ]
                .iter()
                .any(|start| line.starts_with(start))
            };
            let code = code(&file.text);
            let items = code
                .lines()
                .enumerate()
                .filter(|(_, line)| line.starts_with(|first: char| first.is_alphabetic()) && !lists(line));
            items.map(|(index, line)| (index + 1, line.trim().to_owned())).collect()
        },
        flags: &[
            &[("host/src/api/mod.rs", "//! A.\nfn a() {}\n")],
            &[("lib.rs", "//! A.\nimpl A for B {}\n")],
        ],
        passes: &[
            &[("lib.rs", "//! A.\n\nmod a;\npub use a::{\n    A,\n    B,\n};\n")],
            &[("a.rs", "//! A.\nfn a() {}\n")],
        ],
    },
    Rule {
        says: "tests stand once, at the end, in `mod tests` or a file of that name",
        find: |file, _| {
            let code = if file.extension() == "rs" { code(&file.text) } else { String::new() };
            let Some((_, tests)) = code.split_once(TESTS_BEGIN) else { return Vec::new() };
            let after = match tests.trim_start().strip_prefix("mod tests {") {
                Some(body) => body.split_once("\n}").map(|(_, after)| after),
                None => tests.trim_start().strip_prefix("mod tests;"),
            };
            let last = after.is_some_and(|after| after.trim().is_empty());
            whole(!last, "something else is marked as a test, or code follows the tests")
        },
        flags: &[
            &[("a.rs", "//! A.\n#[cfg(test)]\nuse b::C;\n")],
            &[("a.rs", "//! A.\n#[cfg(test)]\nmod tests {\n    fn a() {}\n}\n\nfn b() {}\n")],
            &[("a.rs", "//! A.\n#[cfg(test)]\nmod tests;\n\nfn b() {}\n")],
        ],
        passes: &[
            &[("a.rs", "//! A.\n#[cfg(test)]\nmod tests {\n    fn a() {\n    }\n}\n")],
            &[("a.rs", "//! A.\n#[cfg(test)]\nmod tests;\n")],
            &[("a.rs", "//! A.\nconst A: &str = \"#[cfg(test)]\";\n")],
        ],
    },
    Rule {
        says: "text has no blanks at line ends, no carriage returns, and ends with a line end",
        find: |file, _| {
            if !WRITTEN.contains(&file.extension()) && !file.is_script() {
                return Vec::new();
            }
            let lines = file.text.split('\n').enumerate();
            let blanks = lines.filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
            let mut found: Vec<Finding> =
                blanks.map(|(index, _)| (index + 1, "a blank at the end".to_owned())).collect();
            let unended = !file.text.is_empty() && !file.text.ends_with('\n');
            found.extend(whole(unended, "no line end at its end"));
            found
        },
        flags: &[
            &[("a.md", "a \nb\n")],
            &[("a.rs", "//! a\r\n")],
            &[("a.toml", "a = 1")],
            &[("s", "#!/bin/sh\n\t\n")],
        ],
        passes: &[&[("a.md", "a\n\nb\n")], &[("case.out", "a ")], &[("python-wasm/shim/__init__.py", "")]],
    },
    Rule {
        says: "a shell script stops at the first failure",
        find: |file, _| {
            let strict = file.text.lines().any(|line| line == "set -euo pipefail");
            whole(file.is_script() && !strict, "no `set -euo pipefail`")
        },
        flags: &[&[("scripts/a", "#!/usr/bin/env bash\nset -e\n")], &[("a.sh", "#!/bin/sh\necho\n")]],
        passes: &[
            &[("scripts/a", "#!/usr/bin/env bash\nset -euo pipefail\n")],
            &[("lib/part.sh", "a() { true; }\n")],
        ],
    },
    Rule {
        says: "a script explains itself with --help",
        find: |file, _| whole(file.is_script() && !file.text.contains("--help"), "no --help"),
        flags: &[&[("scripts/a", "#!/usr/bin/env bash\nset -euo pipefail\n")]],
        passes: &[&[("scripts/a", "#!/usr/bin/env bash\n# a --help prints this\n")], &[("a.md", "#!\n")]],
    },
    Rule {
        says: "every package takes the workspace's lints",
        find: |file, _| {
            let package = file.name() == "Cargo.toml" && file.text.contains("[package]");
            whole(
                package && !file.text.contains("[lints]\nworkspace = true"),
                "no `[lints] workspace = true`",
            )
        },
        flags: &[&[("host/Cargo.toml", "[package]\nname = \"a\"\n")]],
        passes: &[
            &[("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n")],
            &[("Cargo.toml", "[workspace]\n")],
        ],
    },
    Rule {
        says: "no paths of somebody's machine",
        find: |file, _| {
            let lines =
                file.lines().filter(|(_, line)| MACHINE_PATHS.iter().any(|path| has_root(line, path)));
            lines.map(|(number, line)| (number, line.trim().to_owned())).collect()
        },
        flags: &[
            &[("a.md", concat!("see /ho", "me/me/notes\n"))],
            &[("scripts/a", concat!("cd /wo", "rk/main\n"))],
        ],
        passes: &[&[("a.md", concat!("~/.cache/actiond, /tmp, cache/wo", "rk/a, $CACHE/wo", "rk/a\n"))]],
    },
];

/// More lines than any source file may have.
const LONG: &str = {
    const BYTES: [u8; LINES_MAX + 1] = [b'\n'; LINES_MAX + 1];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("line ends are ASCII"),
    }
};

/// Whether `path` stands in `line` as an absolute path: not as the end of a relative one.
fn has_root(line: &str, path: &str) -> bool {
    line.match_indices(path)
        .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

/// A finding about a file as a whole, if it is one.
fn whole(wrong: bool, what: &str) -> Vec<Finding> {
    if wrong { vec![(0, what.to_owned())] } else { Vec::new() }
}
