//! The mask: hides the values of a run's secrets in what the run says. Owns in which spellings a value is looked for.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _, ops::Range};

use actiond_runtime::{Connection, End};
use aho_corasick::{Anchored, MatchKind, automaton::Automaton as _, nfa::contiguous::NFA};
use serde_json::value::RawValue;

/// Stands for a value.
const MASK: &str = "***";
/// Shorter values would be found everywhere, and what is masked would tell them.
const CHARS_MIN: usize = 4;

/// Looks for all values in one pass.
#[derive(Debug)]
pub(super) struct Mask(NFA);

impl Mask {
    /// `None` when there is nothing to hide.
    pub(super) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut spellings = BTreeSet::new();
        for value in values {
            // Logs are written line by line.
            let lines = value.lines().filter(|_| value.contains(['\n', '\r']));
            for part in [value, value.trim()].into_iter().chain(lines.flat_map(|line| [line, line.trim()])) {
                if part.chars().count() >= CHARS_MIN {
                    spell(part, &mut spellings);
                }
            }
        }
        if spellings.is_empty() {
            return None;
        }
        let built = NFA::builder().match_kind(MatchKind::Standard).build(spellings);
        Some(Self(built.expect("there are far fewer states than the library can number")))
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.memory_usage()
    }

    /// The text without values; borrowed when there were none.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let places = self.places(text);
        if places.is_empty() {
            return text.into();
        }
        let (mut masked, mut from) = (String::with_capacity(text.len()), 0);
        for place in places {
            masked.push_str(&text[from..place.start]);
            masked.push_str(MASK);
            from = place.end;
        }
        masked.push_str(&text[from..]);
        masked.into()
    }

    /// The same in place.
    pub(super) fn apply(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    /// What a run came to, without values.
    pub(super) fn end(&self, end: &mut End) {
        match end {
            End::Returned(result) => {
                if let Some(masked) = self.json(result.get()) {
                    *result = RawValue::from_string(masked).unwrap_or_else(|_| RawValue::NULL.to_owned());
                }
            }
            End::Raised(exception) => {
                for text in [&mut exception.kind, &mut exception.message, &mut exception.traceback] {
                    self.apply(text);
                }
            }
            End::Stopped(_) | End::Cancelled => {}
        }
    }

    /// In what a run reached: names are the script's to choose.
    pub(super) fn connections(&self, connections: &mut [Connection]) {
        for connection in connections {
            for text in [&mut connection.host, &mut connection.error].into_iter().flatten() {
                self.apply(text);
            }
        }
    }

    /// JSON without values, in strings, keys and numbers; `None` when there were none. It stays JSON.
    pub(super) fn json(&self, json: &str) -> Option<String> {
        let (mut masked, mut from, mut at) = (String::new(), 0, 0);
        while let Some(byte) = json.as_bytes().get(at) {
            let (end, instead) = match byte {
                b'"' => {
                    let end = at + string_bytes(&json[at..]);
                    (end, self.string(&json[at..end]))
                }
                b'-' | b'0'..=b'9' => {
                    let is_number = |char: char| matches!(char, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
                    let end = json[at..].find(|char| !is_number(char)).map_or(json.len(), |bytes| at + bytes);
                    let found = !self.places(&json[at..end]).is_empty();
                    (end, found.then(|| format!("\"{MASK}\"")))
                }
                _ => (at + 1, None),
            };
            if let Some(instead) = instead {
                masked.push_str(&json[from..at]);
                masked.push_str(&instead);
                from = end;
            }
            at = end;
        }
        (from > 0).then(|| masked + &json[from..])
    }

    /// A JSON string, quotes included, without values; `None` when there were none.
    fn string(&self, literal: &str) -> Option<String> {
        let inside = literal.get(1..literal.len() - 1).unwrap_or_default();
        let text: Cow<'_, str> = match inside.contains('\\') {
            false => inside.into(),
            true => match serde_json::from_str::<String>(literal) {
                Ok(text) => text.into(),
                // Half of a surrogate pair: nobody can say what it spells.
                Err(_) => return Some(format!("\"{MASK}\"")),
            },
        };
        match self.text(&text) {
            Cow::Owned(masked) => serde_json::to_string(&masked).ok(),
            Cow::Borrowed(_) => None,
        }
    }

    /// Where values are, in order; those that overlap are one place.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        let Ok(mut state) = self.0.start_state(Anchored::No) else { return places };
        for (at, byte) in text.bytes().enumerate() {
            state = self.0.next_state(Anchored::No, state, byte);
            if !self.0.is_match(state) {
                continue;
            }
            let end = at + 1;
            // The first is the longest that ends here: it covers the others.
            let mut start = end - self.0.pattern_len(self.0.match_pattern(state, 0));
            while let Some(last) = places.pop_if(|last| last.end > start) {
                start = start.min(last.start);
            }
            places.push(start..end);
        }
        places
    }
}

/// How long the JSON string is that `json` begins with, quotes included.
fn string_bytes(json: &str) -> usize {
    let mut escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    end.map_or(json.len(), |end| end + 2)
}

/// A value as it is, and as JSON and Python's `repr` write it.
fn spell(value: &str, spellings: &mut BTreeSet<String>) {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let mut ascii = String::new();
    for char in json.chars() {
        if char.is_ascii() {
            ascii.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    let mut repr = String::new();
    for char in value.chars() {
        match char {
            '\\' => repr.push_str("\\\\"),
            '\n' => repr.push_str("\\n"),
            '\r' => repr.push_str("\\r"),
            '\t' => repr.push_str("\\t"),
            '\0'..' ' | '\u{7f}' => {
                let _ = write!(repr, "\\x{:02x}", u32::from(char));
            }
            char => repr.push(char),
        }
    }
    let quoted = repr.replace('\'', "\\'");
    spellings.extend([value.to_owned(), json.to_owned(), ascii, repr, quoted]);
}

#[cfg(test)]
mod tests;
