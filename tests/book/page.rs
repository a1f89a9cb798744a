//! A page, followed from its top to its bottom as a reader would: in one folder, in one terminal, with one server.

use std::{os::unix::fs::symlink, sync::Arc};

use serde_json::Value;

use super::{
    action::{self, Shown},
    block::{self, Block, Item},
    compare, manual, read, root,
    shell::Shell,
};
use crate::{
    program::Place,
    server::{ROOT, Server},
};

/// Where pages say that the server listens. Those under test take a port that is free.
const SAID: &str = "127.0.0.1:5080";

/// Who follows a page, and what is there by now.
struct Reader<'a> {
    path: &'a str,
    place: Arc<Place>,
    shell: Shell<'a>,
    server: Option<Server>,
}

/// Does what the page shows, and compares.
pub(super) fn follow(path: &str) {
    let items = block::items(path, &read(path));
    let place = Arc::new(Place::new());
    symlink(root().join("examples"), place.path().join("examples")).expect("a link can be made");
    let mut reader = Reader { path, shell: Shell::start(&place), place: place.clone(), server: None };
    let starts_its_own = items.iter().filter_map(Item::block).any(|block| block.has("server"));
    let asks_one = items.iter().any(|item| item.block().is_none_or(|block| block.language == "sh"));
    if asks_one && !starts_its_own {
        reader.log_in(Server::start());
    }
    let mut items = items.iter().peekable();
    while let Some(item) = items.next() {
        let block = match item {
            Item::Setup { at, command } => {
                reader.run(at, command);
                continue;
            }
            Item::Block(block) => block,
        };
        let mut below = |mark: &str| {
            let next = items.peek().and_then(|item| item.block()).filter(|next| next.has(mark));
            if next.is_some() {
                items.next();
            }
            next
        };
        match (&*block.language, &*block.marks()) {
            (_, ["manual"]) => {
                let reason = manual::reason(path, &block.text);
                assert!(reason.is_some(), "{}: tests/book/manual.rs says why it is not done", block.at);
            }
            ("sh", ["server"]) => reader.serve(block, below("output")),
            ("sh", []) => {
                let said = reader.run(&block.at, &block.text);
                if let Some(shown) = below("output") {
                    check_output(shown, &said);
                }
            }
            ("python", []) => {
                let mut shown = Shown::default();
                while items.peek().and_then(|item| item.block()).is_some_and(|next| shown.take(next)) {
                    items.next();
                }
                action::run(block, &shown);
            }
            (_, [_]) if block.file().is_some() => reader.write(block),
            ("toml", ["config"]) => reader.configure(block),
            ("toml", []) => drop(reader.run(&block.at, &toml(&block.text))),
            ("json", []) => drop(json(block)),
            ("text", []) => {}
            (language, marks) => {
                panic!("{}: CONTRIBUTING.md knows no block {language} {marks:?} here", block.at)
            }
        }
    }
}

impl Reader<'_> {
    /// From here on the page's terminal knows who asks, and which server.
    fn log_in(&mut self, server: Server) {
        let variables = format!(
            "LOGIN={}:{}\nSERVER=http://{SAID}\nAPI=$SERVER/api/default\nDATA={}\n\
             echo \"${{LOGIN#*:}}\" | actiond login $SERVER --email \"${{LOGIN%%:*}}\" --token-stdin\n",
            ROOT.0,
            ROOT.1,
            server.dir().join("data").display()
        );
        self.server = Some(server);
        self.run("the log-in", &variables);
    }

    /// Gives commands; what they said, as if the server listened where pages say.
    fn run(&mut self, at: &str, commands: &str) -> String {
        let actual = self.server.as_ref().map(|server| server.address().to_string());
        let actual = actual.as_deref().unwrap_or(SAID);
        let said = self.shell.run(&commands.replace(SAID, actual));
        said.unwrap_or_else(|said| panic!("{at}: a command failed, after\n{said}")).replace(actual, SAID)
    }

    /// Starts the server that the page starts.
    fn serve(&mut self, block: &Block, shown: Option<&Block>) {
        assert!(self.server.is_none(), "{}: one runs already", block.at);
        let mut bash = self.place.bash(&["-c", &format!("exec env {}", block.text)]);
        let child = bash.env("ACTIOND_LISTEN", "127.0.0.1:0").spawn().expect("there is a bash");
        let server = Server::of(self.place.clone(), child);
        if let Some(shown) = shown {
            let said = server.stderr().replace(&server.address().to_string(), SAID);
            check_output(shown, &said);
        }
        self.server = Some(server);
    }

    /// A file that the reader writes; one of the examples is there already, and as it is shown.
    fn write(&self, block: &Block) {
        let name = block.file().expect("it is one");
        if name.starts_with("examples/") {
            assert_eq!(block.text, read(name), "{}: {name} is another", block.at);
        } else {
            self.place.write(name, &block.text);
        }
        if block.language == "json" {
            json(block);
        }
    }

    /// A configuration of the server, which it takes.
    fn configure(&self, block: &Block) {
        let place = Place::new();
        place.write("a.toml", &block.text);
        let ended = place.start("config", &["--config", "a.toml"]).end();
        assert_eq!(ended.code, 0, "{} in {}: {}", block.at, self.path, ended.stderr);
    }
}

#[track_caller]
fn check_output(shown: &Block, said: &str) {
    let same = match &*shown.language {
        "json" => serde_json::from_str(said).is_ok_and(|value| compare::json(&json(shown), &value)),
        _ => compare::lines(&shown.text, said),
    };
    assert!(same, "{}: it says\n{said}", shown.at);
}

fn json(block: &Block) -> Value {
    serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{}: {error}", block.at))
}

/// Commands that fail for what is no TOML.
fn toml(text: &str) -> String {
    format!("/usr/bin/python3 -c 'import sys, tomllib; tomllib.loads(sys.argv[1])' {}\n", quoted(text))
}

/// One word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
