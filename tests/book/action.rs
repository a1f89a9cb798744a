//! Python on a page: an action that is run over the records below it, and what it must give.

use serde_json::Value;

use super::{
    block::Block,
    compare::{json, line, lines},
};
use crate::program::{Ended, Place};

/// What a page shows below an action.
#[derive(Debug, Default)]
pub(super) struct Shown<'a> {
    pub(super) records: Option<&'a Block>,
    pub(super) log: Option<&'a Block>,
    pub(super) result: Option<&'a Block>,
    pub(super) error: Option<&'a Block>,
}

impl<'a> Shown<'a> {
    /// Takes a block that belongs to the action; `false` when it does not.
    pub(super) fn take(&mut self, block: &'a Block) -> bool {
        let place = match (&*block.language, &*block.marks()) {
            ("json", ["records"]) => &mut self.records,
            ("text", ["log"]) => &mut self.log,
            ("json", ["result"]) => &mut self.result,
            ("text", ["error"]) => &mut self.error,
            _ => return false,
        };
        assert!(place.is_none(), "{}: the action has one already", block.at);
        *place = Some(block);
        true
    }
}

/// Runs it, and compares.
pub(super) fn run(main: &Block, shown: &Shown<'_>) {
    let at = &main.at;
    assert!(main.text.contains("def main("), "{at}: Python on a page defines main");
    assert!(shown.result.is_some() != shown.error.is_some(), "{at}: it shows a result or an error");
    let place = Place::action(&main.text);
    let mut arguments = vec!["action"];
    if let Some(records) = shown.records {
        place.write("records.json", &records.text);
        arguments.extend(["--data", "records.json"]);
    }
    let ended = place.run(&arguments).end();
    let log = log(&ended);
    if let Some(shown) = shown.log {
        assert!(lines(&shown.text, &log), "{}: it logs\n{log}", shown.at);
    }
    if let Some(shown) = shown.result {
        assert_eq!(ended.code, 0, "{at}: {}", ended.stderr);
        let expected: Value =
            serde_json::from_str(&shown.text).unwrap_or_else(|error| panic!("{}: {error}", shown.at));
        let result = serde_json::from_str(&ended.stdout).expect("a result is JSON");
        assert!(json(&expected, &result), "{}: it returns {}", shown.at, ended.stdout);
    }
    if let Some(shown) = shown.error {
        assert!(matches!(ended.code, 1 | 3), "{at}: it ends with {}: {}", ended.code, ended.stderr);
        let says = |said: &str| line(shown.text.trim_end(), said.trim_start_matches(['│', '|', ' ']));
        assert!(ended.stderr.lines().any(says), "{}: it says\n{}", shown.at, ended.stderr);
    }
}

/// What the script logged, without what is said of its end.
fn log(ended: &Ended) -> String {
    let lines = ended.log();
    let own = lines.iter().take_while(|line| !line.starts_with("error: "));
    own.map(|line| format!("{line}\n")).collect()
}
