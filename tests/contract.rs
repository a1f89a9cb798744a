//! OpenObserve's API as its clients see it: `contract/*.txt` holds requests, each with the answer that it has to get.
//!
//! A step of a file:
//!
//! ```text
//! ## what it is about
//! > POST /api/{org}/actions/upload      the request's line, then its headers
//! > As: editor                          whose it is; root's if it does not say
//! > form                                the body is the usual form, changed by the lines that follow
//! name = other                          in the place of the usual value
//! - owner                               left out
//! file = zip                            a zip whose main.py is what follows
//!     def main(data):
//!         return data
//! < 200                                 the answer's status, then those of its headers that matter
//! < Content-Type: application/json
//! {"uuid": "<ksuid id>"}                its body, which has these keys and no others
//! ```
//!
//! Any other body is what stands there. `{word}` is what was named so before. `<kind>` is anything of that kind and
//! `<kind word>` names it. `! word message` stands for the envelope. `> On: origin` sends a request to the other server.

mod account;
mod origin;
mod pattern;
mod step;

use std::{fs, path::Path};

use account::Accounts;
use origin::Origin;
use pattern::Names;
use serde_json::Value;
use step::Expected;

use crate::server::{Answer, Server};

/// No header: says by which key a list is sorted before it is compared.
const SORTED: &str = "Sorted";
const TOKEN: &str = "the-action-server-s-token";

#[test]
fn requests_are_answered_as_openobserve_answers_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract");
    let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    let server = Server::start_with(&[("ACTIOND_ACTION_SERVER_TOKEN", TOKEN)]);
    let other = Server::start();
    let odd = Origin::start();
    let mut wrong = Vec::new();
    for file in &files {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a plain name");
        let accounts = Accounts::make(&[&server, &other], name);
        let mut names = accounts.names();
        names.set("origin", &format!("http://{}", other.address()));
        names.set("odd", &odd.url());
        let text = fs::read_to_string(file).expect("it can be read");
        for step in step::parse(&text) {
            let to = if step.origin { &other } else { &server };
            let answer = step.call(to, &accounts, &names).send();
            if let Err(why) = matches(&answer, &step.expected, &mut names) {
                wrong.push(format!(
                    "{}:{} {}: {why}\n  answered {}",
                    file.display(),
                    step.line,
                    step.title,
                    answer.text()
                ));
            }
        }
    }
    assert!(files.len() > 5, "only {} files", files.len());
    assert!(wrong.is_empty(), "{} steps:\n{}", wrong.len(), wrong.join("\n"));
}

/// A list is by id, the latest second first; within a second ids come in any order.
fn sort(list: &mut Value, key: &str) -> Result<(), String> {
    let Some(list) = list.as_array_mut() else { return Err("no array".to_owned()) };
    if !list.is_sorted_by(|one, next| one["id"].as_str() > next["id"].as_str()) {
        return Err("it is not by id".to_owned());
    }
    list.sort_by_key(|item| item[key].as_i64());
    Ok(())
}

/// What of an answer is not as it should be.
fn matches(answer: &Answer, expected: &Expected, names: &mut Names) -> Result<(), String> {
    if answer.status != expected.status {
        return Err(format!("{} instead of {}", answer.status, expected.status));
    }
    let id = answer.header("x-request-id").unwrap_or_default().to_owned();
    names.set("trace", &id);
    for (name, value) in expected.headers.iter().filter(|(name, _)| name != SORTED) {
        let given = answer.header(&name.to_lowercase()).unwrap_or("none");
        names.text(value, given).map_err(|why| format!("the header {name}: {why}"))?;
    }
    match &expected.json {
        Some(json) => {
            let mut given: Value = serde_json::from_slice(&answer.body).map_err(|_| "no JSON".to_owned())?;
            if expected.refused
                && let Some(given) = given.as_object_mut()
            {
                // It says more at times; that is for people.
                given.remove("hint");
            }
            if let Some((_, key)) = expected.headers.iter().find(|(name, _)| name == SORTED) {
                sort(&mut given, key)?;
            }
            names.json(json, &given)
        }
        None => names.text(&expected.text, &answer.text()),
    }
}
