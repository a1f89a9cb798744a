//! Expected text and JSON with placeholders, and what placeholders stood for.

use std::collections::BTreeMap;

use serde_json::Value;

/// What was named, by the names.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// The text with what names stand for.
    pub(super) fn filled(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Whether the text is as the pattern says; what it names is known from then on.
    pub(super) fn text(&mut self, pattern: &str, given: &str) -> Result<(), String> {
        let pattern = self.filled(pattern);
        if self.rest(&pattern, given) { Ok(()) } else { Err(format!("{given:?} is not {pattern:?}")) }
    }

    pub(super) fn json(&mut self, pattern: &Value, given: &Value) -> Result<(), String> {
        match (pattern, given) {
            (Value::String(pattern), Value::String(given)) => self.text(pattern, given),
            (Value::String(pattern), other) if pattern == "<any>" => {
                if other.is_null() {
                    Err("it is null".to_owned())
                } else {
                    Ok(())
                }
            }
            (Value::String(pattern), Value::Number(number)) if pattern.starts_with(['<', '{']) => {
                self.text(pattern, &number.to_string())
            }
            (Value::Object(pattern), Value::Object(given)) => {
                if !pattern.keys().eq(given.keys()) {
                    return Err(format!("the keys are not {:?}", pattern.keys().collect::<Vec<_>>()));
                }
                pattern.iter().try_for_each(|(key, pattern)| {
                    self.json(pattern, &given[key]).map_err(|why| format!("{key}: {why}"))
                })
            }
            (Value::Array(pattern), Value::Array(given)) if pattern.len() == given.len() => {
                pattern.iter().zip(given).try_for_each(|(pattern, given)| self.json(pattern, given))
            }
            (pattern, given) if pattern == given => Ok(()),
            (pattern, given) => Err(format!("{given} is not {pattern}")),
        }
    }

    /// A placeholder reaches to where what follows it begins.
    fn rest(&mut self, pattern: &str, given: &str) -> bool {
        let found = pattern.find('<').and_then(|from| {
            let to = from + pattern[from..].find('>')?;
            let (kind, name) = pattern[from + 1..to].split_once(' ').unwrap_or((&pattern[from + 1..to], ""));
            let fits = test(kind)?;
            Some((&pattern[..from], fits, name, &pattern[to + 1..]))
        });
        let Some((before, fits, name, after)) = found else { return pattern == given };
        let Some(given) = given.strip_prefix(before) else { return false };
        let next = after.split('<').next().unwrap_or_default();
        let end = if next.is_empty() { Some(given.len()) } else { given.find(next) };
        let Some((value, given)) = end.map(|end| given.split_at(end)) else { return false };
        let same = self.0.get(name).is_none_or(|known| known == value);
        if !name.is_empty() {
            self.set(name, value);
        }
        same && fits(value) && self.rest(after, given)
    }
}

fn test(kind: &str) -> Option<fn(&str) -> bool> {
    match kind {
        "any" => Some(|text| !text.is_empty()),
        "ksuid" => Some(|text| text.len() == 27 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())),
        "micros" => Some(|text| text.len() == 16 && text.parse::<i64>().is_ok()),
        "uuid" => Some(|text| text.len() == 36 && text.matches('-').count() == 4),
        "rfc3339" => Some(is_rfc3339),
        _ => None,
    }
}

/// In UTC, to the microsecond.
fn is_rfc3339(text: &str) -> bool {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    shape == "0000-00-00T00:00:00.000000Z"
}

#[test]
fn patterns_match_what_they_say() {
    let time = "2026-01-02T03:04:05.678901Z";
    for (pattern, given, right) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a <any>", "a b c", true),
        ("a <any>", "a ", false),
        ("<any x>/<any x>", "1/1", true),
        ("<any x>/<any x>", "1/2", false),
        ("<rfc3339>", time, true),
        ("<rfc3339>", &time[..26], false),
        ("{org} <other>", "o <other>", true),
    ] {
        let mut names = Names::default();
        names.set("org", "o");
        assert_eq!(names.text(pattern, given).is_ok(), right, "{pattern} {given}");
    }
    let mut names = Names::default();
    for (pattern, given, right) in [
        (r#"{"a": "<micros a>"}"#, r#"{"a": 1767322800000000}"#, true),
        (r#"{"a": "<micros a>"}"#, r#"{"a": 1767322800000001}"#, false),
        (r#"{"a": "<micros>"}"#, r#"{"a": "1767322800000000"}"#, true),
        (r#"{"a": null}"#, r#"{}"#, false),
        (r#"{"a": "<any>"}"#, r#"{"a": null}"#, false),
        ("[1]", "[1, 2]", false),
    ] {
        let [pattern_json, given_json] = [pattern, given].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(names.json(&pattern_json, &given_json).is_ok(), right, "{pattern} {given}");
    }
}
