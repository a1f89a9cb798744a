//! The documentation is true: what its pages show is done, top to bottom, and gives what they say. CONTRIBUTING.md says how
//! blocks are marked; `book/manual.rs` lists the few that are not done.

mod action;
mod block;
mod compare;
mod manual;
mod page;
mod served;
mod shell;

use std::{collections::BTreeSet, fs, path::PathBuf};

/// A test for each page, so that they run beside each other, and their paths.
macro_rules! pages {
    ($($test:ident $path:literal,)*) => {
        const PAGES: &[&str] = &[$($path),*];
        $(#[test]
        fn $test() {
            page::follow($path);
        })*
    };
}

pages! {
    readme "README.md",
    introduction "docs/README.md",
    accounts "docs/accounts.md",
    actions "docs/actions.md",
    api "docs/api.md",
    benchmarks "docs/benchmarks.md",
    cli "docs/cli.md",
    configuration "docs/configuration.md",
    console "docs/console.md",
    data "docs/data.md",
    dependencies "docs/dependencies.md",
    egress "docs/egress.md",
    first_action "docs/first-action.md",
    hooks "docs/hooks.md",
    inside "docs/inside.md",
    limits "docs/limits.md",
    metrics "docs/metrics.md",
    openobserve "docs/openobserve.md",
    operating "docs/operating.md",
    schedules "docs/schedules.md",
    secrets "docs/secrets.md",
    security "docs/security.md",
    storage "docs/storage.md",
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_page_is_followed() {
    let there = fs::read_dir(root().join("docs")).expect("it is there").map(|entry| {
        let name = entry.expect("it can be read").file_name();
        format!("docs/{}", name.to_str().expect("names are plain"))
    });
    let mut there: BTreeSet<String> = there.filter(|path| path.ends_with(".md")).collect();
    there.remove("docs/SUMMARY.md");
    there.insert("README.md".to_owned());
    let followed: BTreeSet<String> = PAGES.iter().copied().map(str::to_owned).collect();
    assert_eq!(followed, there, "tests/book.rs lists every page");
}

#[test]
fn nothing_is_said_to_be_manual_that_is_not_there() {
    for (path, line, _) in manual::MANUAL {
        let blocks = block::items(path, &read(path));
        let is_it =
            |item: &block::Item| item.block().is_some_and(|block| block.has("manual") && block.begins(line));
        assert!(
            blocks.iter().any(is_it),
            "{path} has no block that is marked manual and begins with {line:?}"
        );
    }
}
