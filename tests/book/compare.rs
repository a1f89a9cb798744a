//! What came out beside what a page shows. `…` stands for what differs each time: for any characters in a line or a string of
//! JSON, for any lines where it is a line of its own, for any value or further fields of JSON where it is all of the string.

use serde_json::Value;

const ANY: &str = "…";

/// Whether `text` is as `shown`: the same lines, but for blanks at the end of all.
pub(super) fn lines(shown: &str, text: &str) -> bool {
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    let text: Vec<&str> = text.trim_end().lines().collect();
    all(&shown, &text, &|line| *line == ANY, &|shown, line| self::line(shown, line))
}

/// Whether `line` is as `shown`.
pub(super) fn line(shown: &str, line: &str) -> bool {
    let mut parts = shown.split(ANY);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Whether `value` is as `shown`.
pub(super) fn json(shown: &Value, value: &Value) -> bool {
    match (shown, value) {
        (Value::String(shown), _) if shown == ANY => true,
        (Value::String(shown), Value::String(text)) => line(shown, text),
        (Value::Array(shown), Value::Array(values)) => {
            let same = shown.iter().zip(values).all(|(shown, value)| json(shown, value));
            same && shown.len() == values.len()
        }
        (Value::Object(shown), Value::Object(fields)) => {
            let more = shown.contains_key(ANY);
            let known = fields.iter().all(|(name, _)| more || shown.contains_key(name));
            let mut named = shown.iter().filter(|(name, _)| *name != ANY);
            known && named.all(|(name, shown)| fields.get(name).is_some_and(|value| json(shown, value)))
        }
        (shown, value) => shown == value,
    }
}

/// Whether items are as those shown, of which `any` ones stand for any number of items.
fn all<T>(shown: &[T], items: &[T], any: &dyn Fn(&T) -> bool, same: &dyn Fn(&T, &T) -> bool) -> bool {
    match shown {
        [] => items.is_empty(),
        [first, rest @ ..] if any(first) => {
            (0..=items.len()).any(|skip| all(rest, &items[skip..], any, same))
        }
        [first, rest @ ..] => match items {
            [item, items @ ..] => same(first, item) && all(rest, items, any, same),
            [] => false,
        },
    }
}

#[test]
fn dots_stand_for_what_differs_and_for_nothing_else() {
    for (shown, text, expected) in [
        ("a\nb\n", "a\nb", true),
        ("a\nb", "a\nc", false),
        ("a", "a\nb", false),
        ("a b", "a  b", false),
        ("…", "", true),
        ("…\nlast", "one\ntwo\nlast", true),
        ("…\nlast", "one\nlast\nmore", false),
        ("first\n…", "first\na\nb", true),
        ("id …, … s", "id 17, 0.2 s", true),
        ("id …, … s", "id 17, 0.2 ms!", false),
        ("a…a", "a", false),
    ] {
        assert_eq!(lines(shown, text), expected, "{shown:?} and {text:?}");
    }
    for (shown, value, expected) in [
        (r#"{"a": 1}"#, r#"{"a": 1}"#, true),
        (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, false),
        (r#"{"a": 1, "…": "…"}"#, r#"{"a": 1, "b": 2}"#, true),
        (r#"{"a": 1, "…": "…"}"#, r#"{"b": 2}"#, false),
        (r#"{"a": "…"}"#, r#"{"a": {"b": [null]}}"#, true),
        (r#"{"a": "…"}"#, "{}", false),
        (r#"["x…", 1]"#, r#"["xyz", 1]"#, true),
        (r#"["x…"]"#, r#"["xyz", 1]"#, false),
        ("[1]", "[2]", false),
    ] {
        let read = |text| serde_json::from_str(text).unwrap();
        assert_eq!(json(&read(shown), &read(value)), expected, "{shown} and {value}");
    }
}
