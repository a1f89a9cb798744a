//! A JSON value as people read it: records as a table, all else as text. What it holds is somebody's: it is only ever text.

use std::fmt;

use maud::{Markup, html};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::super::{outcome::pretty, parts, words};
use crate::json;

/// Of a table.
const ROWS_MAX: usize = 200;
const COLUMNS_MAX: usize = 24;
const CELL_CHARS_MAX: usize = 300;
/// What is longer is neither taken apart nor laid out.
const READ_BYTES_MAX: usize = 2 << 20;
/// Of a text.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// An object's fields in their order.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Pairs).map(Self)
    }
}

/// A value with its heading: as a table where it is a list of records, and as JSON.
pub(in crate::console) fn value(title: &str, json: &str) -> Markup {
    let rows = records(json);
    html! {
        @match &rows {
            Some(rows) => {
                (table(title, rows))
                details.more { summary { "As JSON" } (text(title, json)) }
            }
            None => { (text(title, json)) }
        }
    }
}

/// The rows of a list of records; `None` when it is anything else.
fn records(json: &str) -> Option<Vec<Fields<'_>>> {
    if json.len() > READ_BYTES_MAX {
        return None;
    }
    let list: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let rows: Option<Vec<Fields<'_>>> = list.iter().map(|row| serde_json::from_str(row.get()).ok()).collect();
    rows.filter(|rows| rows.iter().any(|row| !row.0.is_empty()))
}

fn table(title: &str, rows: &[Fields<'_>]) -> Markup {
    let mut columns: Vec<&str> = Vec::new();
    let mut more = 0;
    for (name, _) in rows.iter().take(ROWS_MAX).flat_map(|row| &row.0) {
        if columns.contains(&name.as_str()) {
            continue;
        }
        if columns.len() < COLUMNS_MAX { columns.push(name) } else { more += 1 }
    }
    let cells = html! {
        @for row in rows.iter().take(ROWS_MAX) {
            tr {
                @for column in &columns {
                    @let found = row.0.iter().find(|(name, _)| name == column);
                    td data-label=(column) { @if let Some((_, value)) = found { (cell(value.get())) } }
                }
            }
        }
    };
    html! {
        (parts::table(title, &columns, &cells))
        @if rows.len() > ROWS_MAX || more > 0 {
            p.hint {
                "Of " (words::number(rows.len() as u64)) " rows the first " (rows.len().min(ROWS_MAX)) " are shown"
                @if more > 0 { ", and the first " (COLUMNS_MAX) " columns" }
                "."
            }
        }
    }
}

/// A text without its quotes, anything else as it is written.
fn cell(json: &str) -> Markup {
    let said: String = serde_json::from_str(json).unwrap_or_else(|_| json.to_owned());
    let cut: String = said.chars().take(CELL_CHARS_MAX).collect();
    html! { (cut) @if cut.len() < said.len() { "…" } }
}

fn text(title: &str, json: &str) -> Markup {
    let all = laid_out(json);
    let (shown, cut) = start(&all, TEXT_BYTES_MAX);
    html! {
        pre.json tabindex="0" role="region" aria-label=(title) { code { (shown) } }
        @if cut { p.hint { "The first " (words::bytes(shown.len() as u64)) " are shown of " (words::bytes(json.len() as u64)) "." } }
    }
}

/// As people read it, as far as that is worth the while.
pub(super) fn laid_out(json: &str) -> String {
    match start(json, READ_BYTES_MAX) {
        (whole, false) => pretty(whole),
        // Control characters would be taken for what they are.
        (_, true) => json::compact(start(json, TEXT_BYTES_MAX + 1).0),
    }
}

/// The beginning of a text, and whether there is more.
pub(super) fn start(text: &str, bytes_max: usize) -> (&str, bool) {
    if text.len() <= bytes_max {
        return (text, false);
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    (&text[..end], true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_a_table_and_all_else_is_text() {
        for (json, heads, contains) in [
            (r#"[{"b":1.50,"a":"<x>"},{"c":null}]"#, 3, "<td data-label=\"a\">&lt;x&gt;</td>"),
            (r#"[{"b":{"d":[1, 2]}}]"#, 1, "<td data-label=\"b\">{&quot;d&quot;:[1, 2]}</td>"),
            ("[1,2]", 0, "<code>[\n  1,\n  2\n]</code>"),
            ("[]", 0, "<code>[]</code>"),
            ("[{}]", 0, "<code>[\n  {}\n]</code>"),
            (r#""</code><script>""#, 0, "<code>&quot;&lt;/code&gt;&lt;script&gt;&quot;</code>"),
        ] {
            let shown = value("Result", json).into_string();
            assert_eq!(shown.matches("<th ").count(), heads, "{shown}");
            assert!(shown.contains(contains), "{shown}");
        }
    }

    #[test]
    fn much_is_cut() {
        let cell = |n: usize| format!("\"c{n}\":\"{}\"", "é".repeat(if n == 0 { 400 } else { 10 }));
        let row = format!("{{{}}}", (0..40).map(cell).collect::<Vec<_>>().join(","));
        let shown = value("Result", &format!("[{}]", vec![row; 300].join(","))).into_string();
        assert_eq!(
            (shown.matches("<th ").count(), shown.matches("<tr>").count()),
            (COLUMNS_MAX, ROWS_MAX + 1)
        );
        assert!(shown.contains("Of 300 rows the first 200 are shown, and the first 24 columns."));
        assert!(shown.contains(&format!("{}…</td>", "é".repeat(CELL_CHARS_MAX))));
        assert!(
            shown.contains("The first 63 KiB are shown of")
                || shown.contains("The first 64 KiB are shown of")
        );
        // What is longer is neither a table nor laid out.
        let shown = value("Result", &format!("[{{\"a\":\"{}\"}}]", "x".repeat(READ_BYTES_MAX))).into_string();
        assert!(!shown.contains("<table") && shown.len() < 2 * TEXT_BYTES_MAX);
        assert_eq!(start("éé", 3), ("é", true));
    }
}
