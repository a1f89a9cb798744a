//! From Markdown to HTML that is safe to show: nothing of a page becomes a tag that Markdown does not know.

use std::collections::HashMap;

use pulldown_cmark::{
    Alignment, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html,
};

use super::book::FIRST;

/// Marks that say nothing to readers: CONTRIBUTING.md has all.
const UNSAID: &[&str] = &["output", "manual", "server", "config"];

/// The page's own part.
pub(super) fn body(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES);
    let events = events.flat_map(|event| caption(&event).into_iter().flatten().chain([shown(event)]));
    let mut events: Vec<Event<'_>> = events.collect();
    name_headings(&mut events);
    let mut html = String::with_capacity(markdown.len() * 2);
    push_html(&mut html, events.into_iter());
    html
}

/// Where the page of a file is, seen from a page beside it.
pub(super) fn address(file: &str) -> &str {
    if file == FIRST { "./" } else { file.strip_suffix(".md").unwrap_or(file) }
}

/// What a block says above itself where it is more than an example: a file's name, or records, log, result, error.
fn caption<'a>(event: &Event<'a>) -> Option<[Event<'a>; 3]> {
    let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else { return None };
    let (_, mark) = info.split_once(',')?;
    let text = mark.strip_prefix("file=").unwrap_or(mark).to_owned();
    let tag = |html| Event::Html(CowStr::from(html));
    let said = !UNSAID.contains(&mark);
    said.then(|| [tag("<p class=\"caption\">"), Event::Text(text.into()), tag("</p>\n")])
}

/// Links lead to the pages as they are served; tags that somebody wrote are text, and comments nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "what else Markdown has is shown as it is")]
fn shown(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: target(dest_url), title, id })
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
            let language = info.split(',').next().unwrap_or_default().to_owned();
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language.into())))
        }
        // Alignment would be a style of the page's own.
        Event::Start(Tag::Table(columns)) => Event::Start(Tag::Table(vec![Alignment::None; columns.len()])),
        Event::Html(text) | Event::InlineHtml(text) => {
            Event::Text(if text.starts_with("<!--") { CowStr::from("") } else { text })
        }
        other => other,
    }
}

/// `page.md#part` becomes `page#part`; what leads elsewhere stays.
fn target(link: CowStr<'_>) -> CowStr<'_> {
    let (file, part) = link.split_once('#').map_or((&*link, None), |(file, part)| (file, Some(part)));
    if link.contains(':') || !file.ends_with(".md") {
        return link;
    }
    let page = address(file);
    part.map_or_else(|| page.to_owned(), |part| format!("{page}#{part}")).into()
}

/// Gives each heading the name that links to it use: its text in lower case, with dashes for blanks.
fn name_headings(events: &mut [Event<'_>]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for at in 0..events.len() {
        if !matches!(events[at], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let inside = events[at..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let mut text = String::new();
        for event in inside {
            if let Event::Text(part) | Event::Code(part) = event {
                text.push_str(part);
            }
        }
        let name = slug(&text);
        let count = seen.entry(name.clone()).or_default();
        let name = if *count == 0 { name } else { format!("{name}-{count}") };
        *count += 1;
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
            *id = Some(name.into());
        }
    }
}

fn slug(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter_map(|char| match char {
        char if char.is_alphanumeric() || matches!(char, '_' | '-') => Some(char),
        char if char.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_link_to_each_other_and_hold_no_tags_of_their_own() {
        for (markdown, expected) in [
            ("[a](b.md)", "<p><a href=\"b\">a</a></p>\n"),
            ("[a](b.md#c-d)", "<p><a href=\"b#c-d\">a</a></p>\n"),
            ("[a](README.md)", "<p><a href=\"./\">a</a></p>\n"),
            ("[a](#b)", "<p><a href=\"#b\">a</a></p>\n"),
            ("[a](https://e.org/b.md)", "<p><a href=\"https://e.org/b.md\">a</a></p>\n"),
            ("![a](b.svg)", "<p><img src=\"b.svg\" alt=\"a\" /></p>\n"),
            (
                "## What `main` gets\n\n## What main gets",
                "<h2 id=\"what-main-gets\">What <code>main</code> gets</h2>\n<h2 id=\"what-main-gets-1\">What main gets</h2>\n",
            ),
            ("a <script>b()</script>", "<p>a &lt;script&gt;b()&lt;/script&gt;</p>\n"),
            ("<img src=x onerror=b()>", "&lt;img src=x onerror=b()&gt;"),
            (
                "|a|\n|-:|\n|b|\n",
                "<table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>b</td></tr>\n</tbody></table>\n",
            ),
            ("a\n\n<!-- setup: b -->\n", "<p>a</p>\n"),
            (
                "```json,records\n[]\n```",
                "<p class=\"caption\">records</p>\n<pre><code class=\"language-json\">[]\n</code></pre>\n",
            ),
            (
                "```python,file=<a>/main.py\nb\n```",
                "<p class=\"caption\">&lt;a&gt;/main.py</p>\n<pre><code class=\"language-python\">b\n</code></pre>\n",
            ),
            ("```sh,manual\na < b\n```", "<pre><code class=\"language-sh\">a &lt; b\n</code></pre>\n"),
        ] {
            assert_eq!(body(markdown), expected, "{markdown}");
        }
    }
}
