//! The pages of `docs/`, in the program, and their order as `SUMMARY.md` has it.

/// The page that a visitor sees first.
pub(super) const FIRST: &str = "README.md";

const SUMMARY: &str = include_str!("../../../docs/SUMMARY.md");

/// The names of pages and their Markdown.
macro_rules! pages {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../docs/", $name)))),*]
    };
}

const PAGES: &[(&str, &str)] = pages! {
    "README.md",
    "accounts.md",
    "actions.md",
    "api.md",
    "benchmarks.md",
    "cli.md",
    "configuration.md",
    "console.md",
    "data.md",
    "dependencies.md",
    "egress.md",
    "first-action.md",
    "hooks.md",
    "inside.md",
    "limits.md",
    "metrics.md",
    "openobserve.md",
    "operating.md",
    "schedules.md",
    "secrets.md",
    "security.md",
    "storage.md",
};

/// Pictures beside the pages.
pub(super) const PICTURES: &[(&str, &str)] =
    &[("benchmarks.svg", include_str!("../../../docs/benchmarks.svg"))];

/// A page, and its place in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chapter {
    /// The heading that it stands under.
    pub(super) part: Option<&'static str>,
    pub(super) title: &'static str,
    pub(super) file: &'static str,
    pub(super) markdown: &'static str,
}

/// All pages in order.
pub(super) fn chapters() -> Vec<Chapter> {
    let mut part = None;
    let mut chapters = Vec::new();
    // The first line is the list's own heading.
    for line in SUMMARY.lines().skip(1) {
        if let Some(heading) = line.strip_prefix("# ") {
            part = Some(heading);
        } else if let Some((title, file)) = link(line)
            && let Some((file, markdown)) = PAGES.iter().find(|(name, _)| *name == file)
        {
            chapters.push(Chapter { part, title, file, markdown });
        }
    }
    chapters
}

/// The title and file of a line `- [title](file)`, or one without the dash.
fn link(line: &str) -> Option<(&str, &str)> {
    let inside = line.trim_start_matches([' ', '-']).strip_prefix('[')?.strip_suffix(')')?;
    inside.split_once("](")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn the_program_has_each_page_once_and_in_its_place() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let there: BTreeSet<String> =
            names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
        let embedded: BTreeSet<String> = PAGES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, there, "PAGES lists the pages of docs/");
        let chapters = chapters();
        let listed: BTreeSet<String> = chapters.iter().map(|chapter| chapter.file.to_owned()).collect();
        assert_eq!(listed, there, "docs/SUMMARY.md lists the pages of docs/");
        assert_eq!(chapters.len(), listed.len(), "docs/SUMMARY.md lists each page once");
        assert_eq!(chapters[0].file, FIRST);
        assert_eq!((chapters[0].part, chapters[1].part), (None, Some("Begin")));
    }
}
