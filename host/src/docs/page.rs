//! What every page has around its own part: the list of all pages, and the ones before and after it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    book::Chapter,
    render::{address, body},
};

/// The page of the chapter `at`.
pub(super) fn page(chapters: &[Chapter], at: usize) -> String {
    let chapter = &chapters[at];
    let before = at.checked_sub(1).map(|at| &chapters[at]);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (chapter.title) " · actiond" }
                link rel="stylesheet" href="style.css";
            }
            body.docs {
                a.skip href="#main" { "Skip to the page" }
                header.bar {
                    a.brand href="../" { "actiond" }
                    details.pages {
                        summary { "Pages" }
                        (contents(chapters, at))
                    }
                }
                div.book {
                    nav.contents aria-label="Pages" { (contents(chapters, at)) }
                    main #main tabindex="-1" {
                        article { (PreEscaped(body(chapter.markdown))) }
                        (neighbours(before, chapters.get(at + 1)))
                    }
                }
            }
        }
    };
    markup.into_string()
}

fn contents(chapters: &[Chapter], at: usize) -> Markup {
    let parts = chapters.chunk_by(|one, other| one.part == other.part);
    let here = chapters[at].file;
    html! {
        @for part in parts {
            @if let Some(heading) = part[0].part { p.part { (heading) } }
            ul {
                @for chapter in part {
                    li {
                        a href=(address(chapter.file)) aria-current=[(chapter.file == here).then_some("page")] {
                            (chapter.title)
                        }
                    }
                }
            }
        }
    }
}

fn neighbours(before: Option<&Chapter>, after: Option<&Chapter>) -> Markup {
    html! {
        nav.neighbours aria-label="Previous and next page" {
            @if let Some(before) = before {
                a rel="prev" href=(address(before.file)) { "← " (before.title) }
            }
            @if let Some(after) = after {
                a rel="next" href=(address(after.file)) { (after.title) " →" }
            }
        }
    }
}
