//! Records: the data that a user hands to an action, from JSON in one of its shapes to the one array that `main` gets.
//! Numbers stay as they are written.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use serde_json::value::RawValue;

/// What `main` gets when there are no records.
pub(crate) const NONE: &str = "[]";

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What is wrong with the data, and where.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}: there is no such file: check the path")]
    Missing(String),
    #[error("{from}: cannot be read ({why}): check the path and its permissions")]
    Unreadable { from: String, why: ErrorKind },
    #[error("{from}: has more than {bytes_max} bytes: hand over fewer records")]
    TooLarge { from: String, bytes_max: usize },
    #[error("{from}:{line}:{column}: {what}")]
    NotJson { from: String, line: usize, column: usize, what: String },
}

/// Where data come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Stdin,
    File(PathBuf),
}

impl Origin {
    /// `-` is standard input.
    pub(crate) fn parse(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path.to_owned()) }
    }

    fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Reads records: an array as it is; an object, or objects one to a line, as an array of them.
pub(crate) fn read(from: &Origin, bytes_max: usize) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    let read = match from {
        Origin::Stdin => io::stdin().lock().take(limit).read_to_end(&mut bytes),
        Origin::File(path) => File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    read.map_err(|error| match error.kind() == ErrorKind::NotFound {
        true => Error::Missing(from.name()),
        false => Error::Unreadable { from: from.name(), why: error.kind() },
    })?;
    if bytes.len() > bytes_max {
        return Err(Error::TooLarge { from: from.name(), bytes_max });
    }
    of(bytes, &from.name())
}

/// The same of bytes that came from `from`.
pub(crate) fn of(bytes: Vec<u8>, from: &str) -> Result<String, Error> {
    let from = from.to_owned();
    parse(bytes).map_err(|Flaw { line, column, what }| Error::NotJson { from, line, column, what })
}

/// What an action returned, as rows: a list as it is, nothing as none, anything else as one.
pub(crate) fn listed(result: &str) -> String {
    match result.trim() {
        "null" => NONE.to_owned(),
        list if list.starts_with('[') => list.to_owned(),
        one => format!("[{one}]"),
    }
}

/// What is wrong, and where: both count from 1, columns in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Flaw {
    line: usize,
    column: usize,
    what: String,
}

fn parse(bytes: Vec<u8>) -> Result<String, Flaw> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let what = "not UTF-8: save it as UTF-8".to_owned();
        Flaw { line, column: before.len() - line_start + 1, what }
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let trimmed = text.trim_ascii_start();
    if trimmed.is_empty() {
        return Err(Flaw { line: 1, column: 1, what: "it is empty: write [] for no records".to_owned() });
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) if trimmed.starts_with('[') => Ok(text.to_owned()),
        Ok(_) if trimmed.starts_with('{') => Ok(format!("[{text}]")),
        Ok(_) => {
            let (line, column) = (1 + text[..text.len() - trimmed.len()].matches('\n').count(), 1);
            Err(Flaw { line, column, what: "neither an array nor an object: write [] around it".to_owned() })
        }
        Err(_) if first_line_is_object(trimmed) => by_line(text),
        Err(error) => Err(flaw(&error, 0)),
    }
}

fn first_line_is_object(trimmed: &str) -> bool {
    let first = trimmed.lines().next().unwrap_or_default();
    first.starts_with('{') && serde_json::from_str::<&RawValue>(first).is_ok()
}

/// Newline-delimited JSON: one object to a line, empty lines left out.
fn by_line(text: &str) -> Result<String, Flaw> {
    let mut array = String::with_capacity(text.len() + 2);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        serde_json::from_str::<&RawValue>(line).map_err(|error| flaw(&error, index))?;
        let column = 1 + line.len() - line.trim_ascii_start().len();
        if !line.trim_ascii_start().starts_with('{') {
            let what = "not an object, as the lines before it are".to_owned();
            return Err(Flaw { line: index + 1, column, what });
        }
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(line);
    }
    array.push(']');
    Ok(array)
}

/// `lines_before`: lines in front of those that were parsed.
fn flaw(error: &serde_json::Error, lines_before: usize) -> Flaw {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    // At a line's very beginning serde_json counts from 0.
    Flaw { line: line + lines_before, column: column.max(1), what: format!("not JSON: {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &[u8], expected: Result<&str, (usize, usize, &str)>) {
        let expected = expected.map(str::to_owned).map_err(|(line, column, what)| Flaw {
            line,
            column,
            what: what.to_owned(),
        });
        assert_eq!(parse(data.to_vec()), expected, "{}", data.escape_ascii());
    }

    #[test]
    fn each_shape_becomes_an_array() {
        check(b"[]", Ok("[]"));
        check(b" [1, 2.50]\n", Ok(" [1, 2.50]\n"));
        check(br#"{"a":1}"#, Ok(r#"[{"a":1}]"#));
        check(b"{\n \"a\": 1\n}\n", Ok("[{\n \"a\": 1\n}\n]"));
        check(b"{\"a\":1}\n{\"a\":2}\n", Ok(r#"[{"a":1},{"a":2}]"#));
        check(b"\n{\"a\":1}\r\n\r\n {\"a\":2}", Ok("[{\"a\":1}, {\"a\":2}]"));
        check(b"\xef\xbb\xbf[1]", Ok("[1]"));
        check(b"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}", Ok(r#"[{"a":1},{"a":2}]"#));
        check(b"[1e999,12345678901234567890123]", Ok("[1e999,12345678901234567890123]"));
    }

    #[test]
    fn results_become_rows() {
        for (result, rows) in [("null", "[]"), (" [1] ", "[1]"), ("{}", "[{}]"), ("7", "[7]")] {
            assert_eq!(listed(result), rows);
        }
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let neither = "neither an array nor an object: write [] around it";
        check(b"", Err((1, 1, "it is empty: write [] for no records")));
        check(b" \n\n", Err((1, 1, "it is empty: write [] for no records")));
        check(b"\xef\xbb\xbf", Err((1, 1, "it is empty: write [] for no records")));
        check(b"3", Err((1, 1, neither)));
        check(b"\n\"text\"", Err((2, 1, neither)));
        check(b"hello", Err((1, 1, "not JSON: expected value")));
        check(b"[1,\n 2,\n x]", Err((3, 2, "not JSON: expected value")));
        check(b"[1, 2", Err((1, 5, "not JSON: EOF while parsing a list")));
        check(b"[1] [2]", Err((1, 5, "not JSON: trailing characters")));
        check(b"{\"a\":1}\n{\"a\":}\n", Err((2, 6, "not JSON: expected value")));
        check(b"{\"a\":1}\n[1]\n", Err((2, 1, "not an object, as the lines before it are")));
        check(b"{\"a\":1} {\"a\":2}", Err((1, 9, "not JSON: trailing characters")));
        check(b"[\"ab\",\n \"c\xff\"]", Err((2, 4, "not UTF-8: save it as UTF-8")));
    }
}
