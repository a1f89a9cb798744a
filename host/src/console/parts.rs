//! The vocabulary of the pages: what all of them are made of. Each is plain HTML with a class of `console.css`.

use maud::{Markup, html};

use super::layout::token;
use super::session::Visitor;
use crate::model::run::Status;

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// The top of a page: its heading, a sentence below it, and its main buttons at the right.
pub(super) fn heading(title: &str, about: Option<&str>, buttons: &Markup) -> Markup {
    html! {
        div.heading {
            div {
                h1 { (title) }
                @if let Some(about) = about { p.about { (about) } }
            }
            div.buttons { (buttons) }
        }
    }
}

/// A message: what was done, or why it was not.
pub(super) fn flash(tone: Tone, said: &Markup) -> Markup {
    html! { div.flash.(tone.class()) role=[(tone == Tone::Bad).then_some("alert")] { (said) } }
}

/// A field with its label above and a hint below. `control` has the id `id`.
pub(super) fn field(id: &str, label: &str, hint: Option<&str>, control: &Markup) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            (control)
            @if let Some(hint) = hint { p.hint id={ (id) "-hint" } { (hint) } }
        }
    }
}

/// A box to check, with its label beside it.
pub(super) fn checkbox(name: &str, label: &str, hint: Option<&str>, checked: bool) -> Markup {
    html! {
        div.field.check {
            label { input type="checkbox" name=(name) value="on" checked[checked]; span { (label) } }
            @if let Some(hint) = hint { p.hint { (hint) } }
        }
    }
}

/// A list to choose one of: values and labels.
pub(super) fn choice(id: &str, name: &str, options: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        select id=(id) name=(name) {
            @for (value, label) in options { option value=(value) selected[*value == chosen] { (label) } }
        }
    }
}

/// A form of one button, which does something at once. `question` is asked first.
pub(super) fn deed(visitor: &Visitor, to: &str, label: &str, class: &str, question: Option<&str>) -> Markup {
    html! {
        form.deed method="post" action=(to) hx-post=(to) hx-swap="none" hx-confirm=[question] {
            (token(visitor))
            button.button.(class) type="submit" { (label) }
        }
    }
}

/// A table that scrolls by itself when it is too wide. `rows` are `tr`; each cell may carry `data-label`, by which a narrow
/// screen shows rows as cards.
pub(super) fn table(caption: &str, heads: &[&str], rows: &Markup) -> Markup {
    html! {
        div.table tabindex="0" role="region" aria-label=(caption) {
            table {
                thead { tr { @for head in heads { @if head.is_empty() { td {} } @else { th scope="col" { (head) } } } } }
                tbody { (rows) }
            }
        }
    }
}

/// How a run ended or what it does, as a coloured word.
pub(super) fn badge(status: Status) -> Markup {
    html! { span.badge.(status.as_str()) { (status.as_str()) } }
}

/// A plain word in a frame.
pub(super) fn tag(word: &str) -> Markup {
    html! { span.tag { (word) } }
}

/// What is shown where there is nothing yet, and what to do about it.
pub(super) fn empty(title: &str, about: &str, buttons: &Markup) -> Markup {
    html! {
        div.empty {
            h2 { (title) }
            p { (about) }
            div.buttons { (buttons) }
        }
    }
}

/// A part of a page with its own heading.
pub(super) fn panel(title: &str, body: &Markup) -> Markup {
    html! { section.panel { h2 { (title) } (body) } }
}

/// A picture that the server drew. `svg` is a whole `svg` element without styles of its own; `says` tells what it shows to
/// whoever cannot see it.
pub(super) fn chart(title: &str, says: &str, svg: &Markup) -> Markup {
    html! {
        figure.chart {
            figcaption { (title) }
            div.picture role="img" aria-label=(says) { (svg) }
        }
    }
}

/// Links to the pages before and after; `None` where there is none.
pub(super) fn pager(before: Option<&str>, after: Option<&str>) -> Markup {
    html! {
        @if before.is_some() || after.is_some() {
            nav.pager aria-label="Pages" {
                @match before {
                    Some(to) => { a.button href=(to) rel="prev" { "← Before" } }
                    None => { span {} }
                }
                @if let Some(to) = after { a.button href=(to) rel="next" { "Next →" } }
            }
        }
    }
}

/// Pages of one thing: titles and where they are. `here` is the place of the one that is shown.
pub(super) fn tabs(label: &str, tabs: &[(&str, String)], here: usize) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (place, (title, to)) in tabs.iter().enumerate() {
                a href=(to) aria-current=[(place == here).then_some("page")] { (title) }
            }
        }
    }
}

/// A text to take elsewhere, with a button that copies it.
pub(super) fn paste(label: &str, text: &str) -> Markup {
    html! {
        div.paste {
            div.top { span { (label) } button.link type="button" data-copy hidden data-scripted { "Copy" } }
            pre tabindex="0" role="region" aria-label=(label) { code { (text) } }
        }
    }
}

/// What was done before this page was asked for, by the word in its address.
pub(super) fn done(word: Option<&str>) -> Markup {
    let said = match word {
        Some("saved") => "Saved. The next run goes by it.",
        Some("created") => "Made. It runs from now on.",
        Some("deleted") => "Deleted.",
        Some("rolled-back") => "Rolled back. The next run goes by that version.",
        Some("revoked") => "Revoked. Its URL answers no longer.",
        Some("kept") => "Kept. The next run gets it.",
        Some("removed") => "Removed.",
        Some("replayed") => "Queued again.",
        Some("cancelled") => "Cancelled.",
        Some(_) | None => return html! {},
    };
    flash(Tone::Good, &html! { (said) })
}
