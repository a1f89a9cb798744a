//! The code of an action in its form: files in an editor, or a zip.

use maud::{Markup, PreEscaped, html};

use super::super::{parts, session::Visitor};
use crate::{
    app::SourceFile,
    model::{action::Action, guest::GuestKind, id::OrgId},
    templates::{TEMPLATES, Template},
};

/// What an action without a template begins as.
const BLANK: &str = "\
def main(data, logger):
    logger.info(\"%d records\", len(data))
    return data
";

/// What the editor begins with.
pub(super) enum Content<'a> {
    Files(&'a [SourceFile]),
    /// There is code, but an editor cannot show it.
    Unshown {
        bytes: u64,
        link: String,
    },
}

/// The files of a template, or of none.
pub(super) fn begun(template: Option<&Template>) -> Vec<SourceFile> {
    let files = template.map_or(&[("main.py", BLANK)][..], |template| template.files);
    files
        .iter()
        .map(|(name, text)| SourceFile { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect()
}

/// Templates to choose from.
pub(super) fn templates(visitor: &Visitor, org: &OrgId, chosen: Option<&Template>) -> Markup {
    let card = |to: &str, title: &str, about: &str, here: bool| {
        html! {
            a.card href=(visitor.at(org, to)) aria-current=[here.then_some("true")] {
                strong { (title) }
                span { (about) }
            }
        }
    };
    html! {
        section.templates aria-label="Start from" {
            h2 { "Start from" }
            div.cards {
                (card("/actions/new", "Nothing", "A function that gives back what it gets.", chosen.is_none()))
                @for template in TEMPLATES {
                    (card(&format!("/actions/new?template={}", template.name), template.title, template.about,
                        chosen.is_some_and(|chosen| chosen.name == template.name)))
                }
            }
        }
    }
}

/// The panel of the code.
pub(super) fn panel(content: &Content<'_>, action: Option<&Action>) -> Markup {
    html! {
        section.panel.code {
            div.top {
                h2 { "Code" }
                @if let Some(action) = action {
                    (parts::tag(&format!("version {}", action.version)))
                    @if action.guest == GuestKind::Data { (parts::tag("NumPy and pandas")) }
                }
            }
            @match content {
                Content::Files(files) => {
                    div.editor data-editor {
                        @for file in *files { (one(&file.name, &file.text)) }
                        noscript { (one("", "")) }
                        template data-file { (one("", "")) }
                        div.tools {
                            button.button.small type="button" data-add-file hidden { "Add a file" }
                            button.button.small type="button" data-remove-file hidden { "Remove this file" }
                            span.hint { "Packages: declare them in " code { "pyproject.toml" } " or " code { "requirements.txt" } "." }
                        }
                    }
                }
                Content::Unshown { bytes, link } => {
                    p {
                        "This version holds more than the editor shows, or files that are no text ("
                        (super::super::words::bytes(*bytes)) "). "
                        a href=(link) download { "Download it" } ", change it, and choose the new zip below."
                    }
                }
            }
            details.zip open[matches!(content, Content::Unshown { .. })] {
                summary { "Upload a zip instead" }
                (parts::field("zip", "Zip with main.py at its top", Some("It takes the place of what is in the editor."), &html! {
                    input #zip type="file" name="zip" accept=".zip,application/zip" aria-describedby="zip-hint";
                }))
            }
        }
    }
}

/// One file. Scripts put an editor in the place of its text; without them it is edited as it is.
fn one(name: &str, text: &str) -> Markup {
    html! {
        fieldset.file {
            legend.sr { "A file" }
            label.path { span { "File" } input name="path" value=(name) spellcheck="false" autocapitalize="off" placeholder="name.py"; }
            // The first line end after the tag is not part of a text.
            label.text { span.sr { "Contents" } textarea name="text" rows="18" spellcheck="false" wrap="off" { (PreEscaped("\n")) (text) } }
        }
    }
}
