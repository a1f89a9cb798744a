//! A file's steps: requests that are sent, and what has to come back. Wrong files are a panic that says where.

use serde_json::{Value, json};

use super::{account::Accounts, pattern::Names};
use crate::{
    server::{Call, Server},
    zips::Zip,
};

const MAIN: &str = "def main(data):\n    return data\n";
const BOUNDARY: &str = "a-line-that-no-part-holds";
/// The parts of the usual form in the order in which OpenObserve's web client sends them.
const USUAL: [(&str, &str); 8] = [
    ("name", "echo"),
    ("description", ""),
    ("execution_details", "service"),
    ("service_account", "{editor}"),
    ("owner", "someone@example.com"),
    ("environment_variables", "{}"),
    ("file", "zip"),
    ("filename", "action.zip"),
];

pub(super) struct Step {
    pub(super) line: usize,
    pub(super) title: String,
    /// Whether it goes to the other server.
    pub(super) origin: bool,
    method: String,
    path: String,
    who: String,
    headers: Vec<(String, String)>,
    body: Body,
    pub(super) expected: Expected,
}

enum Body {
    None,
    Text(String),
    Form(Vec<Part>),
    /// A form that ends in the middle of its last part.
    CutForm(Vec<Part>),
}

struct Part {
    name: String,
    value: String,
    /// What stands below it: a zip's `main.py`.
    main: String,
}

#[derive(Default)]
pub(super) struct Expected {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) json: Option<Value>,
    pub(super) text: String,
    /// Whether it is the envelope.
    pub(super) refused: bool,
}

/// The lines of one step.
#[derive(Default)]
struct Lines<'a> {
    request: Vec<&'a str>,
    sent: Vec<&'a str>,
    answer: Vec<&'a str>,
    expected: Vec<&'a str>,
}

pub(super) fn parse(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut line, mut title, mut lines) = (0, "", Lines::default());
    for (at, written) in text.lines().chain(["## "]).enumerate() {
        if let Some(next) = written.strip_prefix("## ") {
            if !lines.request.is_empty() {
                steps.push(step(line, title, &std::mem::take(&mut lines)));
            }
            (line, title) = (at + 1, next);
        } else if let Some(request) = written.strip_prefix("> ") {
            lines.request.push(request);
        } else if let Some(answer) = written.strip_prefix("< ") {
            lines.answer.push(answer);
        } else if !lines.answer.is_empty() {
            lines.expected.push(written);
        } else if !lines.request.is_empty() {
            lines.sent.push(written);
        }
    }
    steps
}

fn step(line: usize, title: &str, lines: &Lines<'_>) -> Step {
    let first = lines.request.first().and_then(|first| first.split_once(' '));
    let (method, path) = first.unwrap_or_else(|| panic!("line {line}: no method and path"));
    let mut step = Step {
        line,
        title: title.to_owned(),
        origin: false,
        method: method.to_owned(),
        path: path.to_owned(),
        who: "root".to_owned(),
        headers: Vec::new(),
        body: match lines.sent.join("\n").trim_end() {
            "" => Body::None,
            text => Body::Text(text.to_owned()),
        },
        expected: expected(line, lines),
    };
    for header in &lines.request[1..] {
        match header.split_once(": ") {
            None if *header == "form" => step.body = Body::Form(usual(line, &lines.sent)),
            None if *header == "form cut" => step.body = Body::CutForm(usual(line, &lines.sent)),
            None => panic!("line {line}: {header:?} is no header"),
            Some(("As", who)) => step.who = who.to_owned(),
            Some(("On", server)) => step.origin = server == "origin",
            Some((name, value)) => step.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    step
}

fn expected(line: usize, lines: &Lines<'_>) -> Expected {
    let mut expected = Expected::default();
    let mut answer = lines.answer.iter();
    let status = answer.next().and_then(|status| status.parse().ok());
    expected.status = status.unwrap_or_else(|| panic!("line {line}: no status is expected"));
    for header in answer {
        let header =
            header.split_once(": ").unwrap_or_else(|| panic!("line {line}: {header:?} is no header"));
        expected.headers.push((header.0.to_owned(), header.1.to_owned()));
    }
    let text = lines.expected.join("\n").trim_end().to_owned();
    if let Some((word, message)) = text.strip_prefix("! ").and_then(|said| said.split_once(' ')) {
        expected.refused = true;
        expected.json = Some(json!({
            "code": expected.status, "message": message, "error_detail": word, "trace_id": "{trace}"
        }));
    } else if text.starts_with(['{', '[', '"']) {
        let json = serde_json::from_str(&text);
        expected.json = Some(json.unwrap_or_else(|error| panic!("line {line}: {error}: {text}")));
    } else {
        expected.text = text;
    }
    expected
}

/// The usual form with these changes.
fn usual(line: usize, changes: &[&str]) -> Vec<Part> {
    let part = |(name, value): (&str, &str)| Part {
        name: name.to_owned(),
        value: value.to_owned(),
        main: String::new(),
    };
    let mut parts: Vec<Part> = USUAL.map(part).into();
    let mut last = 0;
    for change in changes {
        if let Some(code) = change.strip_prefix("    ") {
            parts[last].main.push_str(code);
            parts[last].main.push('\n');
        } else if let Some(name) = change.strip_prefix("- ") {
            parts.retain(|part| part.name != name);
        } else if let Some((name, value)) = change.split_once(" =") {
            let new = part((name, value.strip_prefix(' ').unwrap_or(value)));
            last = parts.iter().position(|part| part.name == name).unwrap_or(parts.len());
            if last < parts.len() { parts[last] = new } else { parts.push(new) }
        } else if !change.is_empty() {
            panic!("line {line}: {change:?} changes nothing of a form");
        }
    }
    parts
}

impl Step {
    pub(super) fn call(&self, server: &Server, accounts: &Accounts, names: &Names) -> Call {
        let call = server.call(&self.method, &names.filled(&self.path));
        let mut call = accounts.call(call, &names.filled(&self.who));
        for (name, value) in &self.headers {
            call = call.header(name, &names.filled(value));
        }
        let form = format!("multipart/form-data; boundary={BOUNDARY}");
        match &self.body {
            Body::None => call,
            Body::Text(text) => call.body(unescaped(&names.filled(text))),
            Body::Form(parts) => {
                let mut bytes = form_of(parts, names);
                bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
                call.header("Content-Type", &form).body(bytes)
            }
            Body::CutForm(parts) => {
                let mut bytes = form_of(parts, names);
                bytes.truncate(bytes.len() - 4);
                call.header("Content-Type", &form).body(bytes)
            }
        }
    }
}

fn form_of(parts: &[Part], names: &Names) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let file = if part.name == "file" { "; filename=\"from-the-part.zip\"" } else { "" };
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n\r\n", part.name);
        bytes.extend_from_slice(head.as_bytes());
        if part.name == "file" && part.value == "zip" {
            let main = if part.main.is_empty() { MAIN } else { &part.main };
            bytes.extend(Zip::new().file("main.py", main).bytes());
        } else {
            bytes.extend(unescaped(&names.filled(&part.value)));
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// `\xff` is a byte that no text has.
fn unescaped(text: &str) -> Vec<u8> {
    let pieces: Vec<&[u8]> = text.split("\\xff").map(str::as_bytes).collect();
    pieces.join(&0xff)
}
