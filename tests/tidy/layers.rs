//! Which module of host may import which: imports go down the layers, never up or sideways.

use super::{Rule, code::code, tree::File};

const SRC: &str = "host/src/";

/// The modules of host from the outside in; those of one layer do not know each other. A new module gets its place here.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["server", "client"],
    &["api", "console", "docs", "hooks", "scheduler"],
    &["answer"],
    &["app"],
    &["runner"],
    &["report", "config"],
    &["store", "egress", "deps", "bundle", "environment", "records", "origin", "vault"],
    &["terminal", "signals", "telemetry", "json", "templates"],
    &["clock", "model", "random"],
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "imports in host go one way (tests/tidy/layers.rs)",
        find: |file, _| {
            let Some(module) = module(file) else { return Vec::new() };
            let Some(own) = layer(module) else { return Vec::new() };
            let others = imports(&code(&file.text)).into_iter().filter(|(_, other)| other != module);
            let wrong = others.filter(|(_, other)| layer(other).is_some_and(|layer| layer <= own));
            wrong.map(|(line, other)| (line, format!("{module} imports {other}"))).collect()
        },
        flags: &[
            &[("host/src/runner.rs", "//! A.\nuse crate::api::Call;\n")],
            &[(
                "host/src/store/key.rs",
                "//! A.\nuse crate::{\n    model::Run,\n    runner::{self, Permit},\n};\n",
            )],
            &[("host/src/api/runs.rs", "//! A.\nfn f() { crate::hooks::call() }\n")],
            &[("host/src/cli/run.rs", "//! A.\nuse crate::server;\n\nuse crate::main;\n")],
        ],
        passes: &[
            &[(
                "host/src/api/runs.rs",
                "//! A.\nuse crate::{api::Code, model::{run, Store}, runner::Runner};\n",
            )],
            &[("host/src/main.rs", "//! A.\nuse actiond::cli;\n")],
            &[("host/src/lib.rs", "//! A.\npub use crate::cli::Cli;\n")],
            &[("host/src/model/run.rs", "//! A.\n// crate::store keeps these.\n")],
            &[("runtime/src/live.rs", "//! A.\nuse crate::runner::Runner;\n")],
        ],
    },
    Rule {
        says: "a module of host has its place among the layers (tests/tidy/layers.rs)",
        find: |file, _| match module(file) {
            Some(module) if layer(module).is_none() => vec![(0, format!("{module} has none"))],
            _ => Vec::new(),
        },
        flags: &[&[("host/src/surprise.rs", "")], &[("host/src/surprise/part.rs", "")]],
        passes: &[&[("host/src/lib.rs", "")], &[("host/src/api/runs.rs", "")], &[("tests/surprise.rs", "")]],
    },
];

/// The top-level module that a file of host belongs to; `None` for lib.rs, which lists them, and for other files.
fn module(file: &File) -> Option<&str> {
    let module = file.path.strip_prefix(SRC)?.split(['/', '.']).next()?;
    (module != "lib").then_some(module)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules that `code` names by a path from the crate's root, with their lines.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate::", "actiond::"] {
        for (at, _) in code.match_indices(root) {
            let line = code[..at].lines().count().max(1);
            let rest = &code[at + root.len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => group_heads(group),
                None => vec![head(rest)],
            };
            found.extend(names.into_iter().map(|name| (line, name.to_owned())));
        }
    }
    found
}

/// The first names of the paths in `{a::b, c::{d, e}, f}`, without the opening brace.
fn group_heads(group: &str) -> Vec<&str> {
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(head(group[start..at].trim_start()));
                start = at + 1;
                if char == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> &str {
    path.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
}
