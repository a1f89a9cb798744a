//! What came of a run, as pages show it: what it used, why it failed, its result, log and connections.

use maud::{Markup, html};
use serde_json::value::RawValue;

use super::{parts, words};
use crate::model::run::{Connection, Failure, LogLine, Usage};

/// More of a result is not shown.
const RESULT_BYTES_MAX: usize = 256 << 10;
/// Lines of a log that are shown: the last ones.
const LINES_MAX: usize = 2_000;
/// Columns of a result that is shown as a table.
const COLUMNS_MAX: usize = 12;
/// Rows of it.
const ROWS_MAX: usize = 200;

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

/// What `main` returned: a table where it is a list of like objects, and the JSON.
pub(super) fn result(json: &str) -> Markup {
    let is_cut = json.len() > RESULT_BYTES_MAX;
    let table = if is_cut { None } else { rows(json) };
    html! {
        section.part {
            h3 { "Result" }
            @if let Some((columns, rows)) = &table {
                (as_table(columns, rows))
                details { summary { "as JSON" } pre.json tabindex="0" { (pretty(json)) } }
            } @else if is_cut {
                p.hint { (words::bytes(json.len() as u64)) ", cut here." }
                pre.json tabindex="0" { (json.get(..floor(json, RESULT_BYTES_MAX)).unwrap_or_default()) }
            } @else {
                pre.json tabindex="0" { (pretty(json)) }
            }
        }
    }
}

fn as_table(columns: &[String], rows: &[Vec<String>]) -> Markup {
    let heads: Vec<&str> = columns.iter().map(String::as_str).collect();
    let shown = html! {
        @for row in rows { tr { @for (cell, column) in row.iter().zip(columns) { td data-label=(column) { (cell) } } } }
    };
    parts::table("Result", &heads, &shown)
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
        (0..depth).for_each(|_| out.push_str(INDENT));
    };
    while let Some(char) = chars.next() {
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

/// Columns and rows of a list of objects that hold nothing deeper. `None` of anything else.
fn rows(json: &str) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let records: Vec<std::collections::BTreeMap<String, &RawValue>> = serde_json::from_str(json).ok()?;
    let mut columns: Vec<String> = records.iter().flat_map(|record| record.keys().cloned()).collect();
    columns.sort();
    columns.dedup();
    let is_flat = |value: &RawValue| !value.get().starts_with(['{', '[']);
    let is_flat = records.iter().all(|record| record.values().all(|value| is_flat(value)));
    if records.is_empty()
        || records.len() > ROWS_MAX
        || columns.len() > COLUMNS_MAX
        || columns.is_empty()
        || !is_flat
    {
        return None;
    }
    let text =
        |value: &RawValue| serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned());
    let rows = records.iter().map(|record| {
        columns.iter().map(|column| record.get(column).map_or(String::new(), |value| text(value))).collect()
    });
    Some((columns.clone(), rows.collect()))
}

fn floor(text: &str, most: usize) -> usize {
    (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
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
    fn lists_of_flat_objects_are_tables() {
        let (columns, found) = rows(r#"[{"a":1.50,"b":"x"},{"b":null}]"#).unwrap();
        assert_eq!(columns, ["a", "b"]);
        assert_eq!(found, [["1.50", "x"], ["", "null"]]);
        for none in ["[]", "[1]", "{}", r#"[{"a":[1]}]"#, "null", "[{}]"] {
            assert_eq!(rows(none), None, "{none}");
        }
    }
}
