//! What came of a run, as pages show it: what it used, why it failed, its log and connections.

use maud::{Markup, html};

use super::{parts, words};
use crate::model::run::{Connection, Failure, LogLine, Usage};

/// Lines of a log that are shown: the last ones.
const LINES_MAX: usize = 2_000;
/// Deeper parts are not indented further.
const DEPTH_MAX: usize = 32;
/// What is laid out is not longer than this: what follows stays as it is written.
const LAID_OUT_BYTES_MAX: usize = 4 << 20;

/// What a run used.
pub(super) fn usage(usage: &Usage) -> Markup {
    html! {
        dl.usage {
            div { dt { "Time" } dd { (words::duration(usage.wall)) } }
            div { dt { "Fuel" } dd { (words::fuel(usage.fuel)) } }
            div { dt { "Memory" } dd { (words::bytes(usage.memory_bytes)) } }
        }
    }
}

/// Why it failed; nothing when it did not.
pub(super) fn failure(failure: Option<&Failure>) -> Markup {
    let plain = |title: &str, message: &str| {
        parts::flash(
            parts::Tone::Bad,
            &html! { strong { (title) } @if !message.is_empty() { p { (message) } } },
        )
    };
    match failure {
        None => html! {},
        Some(Failure::Raised { kind, message, traceback }) => html! {
            (plain(kind, message))
            pre.traceback tabindex="0" { (traceback.trim_end()) }
        },
        Some(Failure::Stopped { limit, message }) => {
            plain(&format!("Stopped by its limit: {limit}"), message)
        }
        Some(Failure::Cancelled) => plain("It was cancelled.", ""),
        Some(Failure::Interrupted) => plain("The server ended while it ran.", ""),
        Some(Failure::Internal { message }) => plain("It could not be run.", message),
    }
}

/// What it logged.
pub(super) fn log(lines: &[LogLine]) -> Markup {
    html! {
        section.part {
            h3 { "Log" }
            @if lines.is_empty() { p.none { "It logged nothing." } }
            @else { ol.log tabindex="0" aria-label="Log" { @for line in lines.iter().rev().take(LINES_MAX).rev() { (log_line(line)) } } }
        }
    }
}

/// One line of a log.
pub(super) fn log_line(line: &LogLine) -> Markup {
    let time = line.at.strftime("%H:%M:%S%.3f").to_string();
    html! {
        li.(line.level.to_lowercase()) {
            time datetime=(line.at) { (time) }
            span.level { (line.level) }
            span.message { (line.message) }
        }
    }
}

/// What it reached on the network; nothing when it reached nothing.
pub(super) fn connections(connections: &[Connection]) -> Markup {
    if connections.is_empty() {
        return html! { section.part { h3 { "Connections" } p.none { "It reached nothing." } } };
    }
    let heads = ["To", "By", "Sent", "Received", "Time", ""];
    let rows = html! {
        @for one in connections {
            tr {
                td data-label="To" { (place(one)) }
                td data-label="By" { (one.transport) @if one.tls { ", TLS" } @if one.proxied { ", proxy" } }
                td.num data-label="Sent" { (words::bytes(one.sent_bytes)) }
                td.num data-label="Received" { (words::bytes(one.received_bytes)) }
                td.num data-label="Time" { (words::duration(one.wall)) }
                td { @if one.refused { span.badge.errored { "refused" } " " } @if let Some(error) = &one.error { (error) } }
            }
        }
    };
    html! { section.part { h3 { "Connections" } (parts::table("Connections", &heads, &rows)) } }
}

fn place(one: &Connection) -> String {
    let host = one.host.clone().or_else(|| one.address.map(|address| address.to_string()));
    format!("{}:{}", host.unwrap_or_default(), one.port)
}

/// JSON with its parts on lines of their own; numbers stay as they are written. What is none stays as it is.
pub(super) fn pretty(json: &str) -> String {
    const INDENT: &str = "  ";
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = json.trim().chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth.min(DEPTH_MAX)).for_each(|_| out.push_str(INDENT));
    };
    while let Some(char) = chars.next() {
        if out.len() > LAID_OUT_BYTES_MAX {
            out.push(char);
            continue;
        }
        if in_string {
            in_string = char != '"' || escaped;
            escaped = char == '\\' && !escaped;
            out.push(char);
            continue;
        }
        match char {
            '"' => {
                in_string = true;
                out.push(char);
            }
            '{' | '[' => {
                while chars.peek().is_some_and(char::is_ascii_whitespace) {
                    chars.next();
                }
                out.push(char);
                if chars.peek().is_some_and(|next| !matches!(next, '}' | ']')) {
                    depth += 1;
                    line(&mut out, depth);
                } else {
                    out.extend(chars.next());
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(char);
            }
            ',' => {
                out.push(char);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            char if char.is_ascii_whitespace() => {}
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_stays_itself() {
        for (json, expected) in [
            ("[]", "[]"),
            ("{ }", "{}"),
            ("[1,2.50]", "[\n  1,\n  2.50\n]"),
            (r#"{"a":"x, {y}: \" ","b":[{}]}"#, "{\n  \"a\": \"x, {y}: \\\" \",\n  \"b\": [\n    {}\n  ]\n}"),
            ("12345678901234567890.5", "12345678901234567890.5"),
        ] {
            assert_eq!(pretty(json), expected);
        }
    }

    #[test]
    fn what_is_laid_out_grows_only_so_far() {
        for (open, close) in [("[", "]"), ("[[],", "]"), ("{\"a\":", "}")] {
            for depth in [30_000, 100_000, 400_000] {
                let json = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                let laid_out = pretty(&json);
                assert!(laid_out.len() <= LAID_OUT_BYTES_MAX + json.len() + 100, "{}", laid_out.len());
                let plain: String = laid_out.chars().filter(|char| !char.is_whitespace()).collect();
                assert!(plain == json, "{depth} {open} is no longer itself");
            }
        }
    }
}
