//! Secrets: who may keep and grant them, what runs get, and that no value comes out again: not in answers, not in logs, not
//! on the disk.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    program::Place,
    server::{ROOT, Server},
};

const PASSWORD: &str = "a long password";
const ADMIN: (&str, &str) = ("admin@example.com", PASSWORD);
const EDITOR: (&str, &str) = ("editor@example.com", PASSWORD);
const INVOKER: (&str, &str) = ("invoker@example.com", PASSWORD);
/// An admin of the organisation `other`.
const OTHER: (&str, &str) = ("other@example.com", PASSWORD);
const VALUE: &str = "S3cr3t-of-the-test";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEY: &str = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The bytes of a variable's value, which no mask knows, and whether it was there at import.
const SHOW: &str = "\
import os

EARLY = sorted(name for name in ('TOKEN', 'OWN', 'PLAIN') if name in os.environ)


def main(data):
    return [[ord(char) for char in os.environ[name]] if name in os.environ else None for name in data] + [EARLY]
";

fn server() -> Server {
    let server = Server::start();
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    for ((email, password), org, role) in [
        (ADMIN, "default", "admin"),
        (EDITOR, "default", "editor"),
        (INVOKER, "default", "invoker"),
        (OTHER, "other", "admin"),
    ] {
        let user = json!({"email": email, "password": password, "role": role});
        server.post(&format!("/api/{org}/users"), &user).is(200);
    }
    server
}

fn keep(server: &Server, name: &str, value: &str) {
    server.put(&format!("/api/default/secrets/{name}"), &json!({"value": value})).is(200);
}

fn keep_own(server: &Server, id: &str, name: &str, value: &str) {
    server.put(&format!("/api/default/actions/{id}/secrets/{name}"), &json!({"value": value})).is(200);
}

fn grant(server: &Server, id: &str, names: &[&str]) -> Value {
    server.put(&format!("/api/default/actions/{id}/settings"), &json!({"secrets": names})).is(200)
}

fn invoke(server: &Server, id: &str, data: &Value) -> Value {
    server.post(&format!("/api/default/actions/{id}/invoke"), data).json()
}

/// What an action of [`SHOW`] sees of these variables.
#[track_caller]
fn seen(server: &Server, id: &str, names: &[&str]) -> Vec<Option<String>> {
    let result = invoke(server, id, &json!(names))["result"].clone();
    let values = result.as_array().unwrap_or_else(|| panic!("{result}"));
    let text = |value: &Value| {
        let chars =
            value.as_array()?.iter().map(|char| char.as_u64().and_then(|char| u8::try_from(char).ok()));
        chars.map(|char| char.map(char::from)).collect::<Option<String>>()
    };
    values[..names.len()].iter().map(text).collect()
}

/// Files below `folder` that hold that text.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if path.is_file() {
            let bytes = fs::read(&path).expect("it can be read");
            let holds = bytes.windows(text.len()).any(|part| part == text.as_bytes());
            found.extend(holds.then_some(path));
        }
    }
    found
}

#[test]
fn runs_get_what_their_action_has_and_was_granted() {
    let server = server();
    let id = server.upload("show", "service", SHOW, &[("environment_variables", r#"{"PLAIN":"clear"}"#)]);
    let names = ["TOKEN", "OWN", "PLAIN"];
    let some = |text: &str| Some(text.to_owned());
    keep(&server, "TOKEN", VALUE);
    assert_eq!(seen(&server, &id, &names), [None, None, some("clear")], "not granted");
    assert_eq!(grant(&server, &id, &["TOKEN"])["secrets"], json!(["TOKEN"]));
    assert_eq!(seen(&server, &id, &names), [some(VALUE), None, some("clear")]);
    keep_own(&server, &id, "OWN", "own value");
    assert_eq!(seen(&server, &id, &names), [some(VALUE), some("own value"), some("clear")]);
    // A new value is there with the next run, without an upload.
    keep(&server, "TOKEN", "another value");
    assert_eq!(seen(&server, &id, &names)[0], some("another value"));
    // An action's own goes before its organisation's, and both before what is no secret.
    keep_own(&server, &id, "TOKEN", "more its own");
    keep_own(&server, &id, "PLAIN", "no longer clear");
    assert_eq!(
        seen(&server, &id, &names),
        [some("more its own"), some("own value"), some("no longer clear")]
    );
    let ran = invoke(&server, &id, &json!([]));
    assert_eq!(ran["result"], json!([["PLAIN"]]), "at import there is none");
    for name in ["TOKEN", "PLAIN"] {
        server.delete(&format!("/api/default/actions/{id}/secrets/{name}")).is(200);
    }
    assert_eq!(seen(&server, &id, &names), [some("another value"), some("own value"), some("clear")]);
    // Another action has none of it.
    let other = server.upload("other", "service", SHOW, &[]);
    assert_eq!(seen(&server, &other, &names), [None, None, None]);
    // What is removed is granted to nobody, also when it comes again.
    server.delete("/api/default/secrets/TOKEN").is(200);
    keep(&server, "TOKEN", VALUE);
    assert_eq!(seen(&server, &id, &names), [None, some("own value"), some("clear")]);
    let settings = server.get(&format!("/api/default/actions/{id}/settings")).is(200);
    assert_eq!(settings["secrets"], json!([]));
    // A new version keeps what was granted; the form can grant, too.
    grant(&server, &id, &["TOKEN"]);
    server.upload("show", "service", SHOW, &[("id", &id)]);
    assert_eq!(seen(&server, &id, &names), [some(VALUE), some("own value"), None]);
    server.upload("show", "service", SHOW, &[("id", &id), ("secrets", "[]")]);
    assert_eq!(seen(&server, &id, &names)[0], None);
    let new = server.upload("new", "service", SHOW, &[("secrets", r#"["TOKEN","TOKEN"]"#)]);
    assert_eq!(seen(&server, &new, &names), [some(VALUE), None, None]);
}

#[test]
fn lists_show_names_and_never_a_value() {
    let server = server();
    let id = server.upload("show", "service", SHOW, &[]);
    for (name, value) in [("TOKEN", VALUE), ("ALPHA", "a"), ("TOKEN", "second value")] {
        server
            .call("PUT", &format!("/api/default/secrets/{name}"))
            .auth(ADMIN)
            .json(&json!({"value": value}))
            .send()
            .is(200);
    }
    keep_own(&server, &id, "OWN", VALUE);
    grant(&server, &id, &["TOKEN"]);
    let listed = server.call("GET", "/api/default/secrets").auth(EDITOR).send();
    let secrets = listed.is(200)["secrets"].clone();
    let (alpha, token) = (&secrets[0], &secrets[1]);
    assert_eq!((&alpha["name"], &alpha["actions"]), (&json!("ALPHA"), &json!([])));
    assert_eq!((&token["name"], &token["actions"]), (&json!("TOKEN"), &json!([{"id": id, "name": "show"}])));
    assert_eq!((&token["created_by"], &token["changed_by"]), (&json!(ADMIN.0), &json!(ADMIN.0)));
    assert!(token["changed_at"].as_str() > token["created_at"].as_str(), "{token}");
    let own = server.get(&format!("/api/default/actions/{id}/secrets"));
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let own = own.is(200)["secrets"][0].clone();
    assert_eq!(names(&own), ["changed_at", "changed_by", "created_at", "created_by", "name"]);
    assert_eq!((&own["name"], &own["created_by"]), (&json!("OWN"), &json!(ROOT.0)));
    let audit = server.get("/api/default/audit?limit=100").text();
    for what in ["secret.create", "secret.rotate", "action.grant"] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
    let details = server.get(&format!("/api/default/actions/{id}")).text();
    for text in [&listed.text(), &audit, &details, &server.stderr()] {
        assert!(!text.contains(VALUE) && !text.contains("second value"), "{text}");
    }
    server.delete(&format!("/api/default/actions/{id}/secrets/OWN")).is(200);
    assert!(server.get("/api/default/audit").text().contains("secret.delete"));
}

#[test]
fn each_role_may_what_it_is_for() {
    let server = server();
    let id = server.upload("show", "service", SHOW, &[]);
    let value = json!({"value": "a value"});
    keep(&server, "TOKEN", VALUE);
    let (own, settings) =
        (format!("/api/default/actions/{id}/secrets"), format!("/api/default/actions/{id}/settings"));
    // Statuses for admin, editor, invoker, an admin of another organisation.
    let rows: &[(&str, &str, Value, [u16; 4])] = &[
        ("GET", "/api/default/secrets", Value::Null, [200, 200, 403, 403]),
        ("PUT", "/api/default/secrets/NEW", value.clone(), [200, 403, 403, 403]),
        ("DELETE", "/api/default/secrets/NONE", Value::Null, [404, 403, 403, 403]),
        ("GET", &own, Value::Null, [200, 200, 403, 403]),
        ("PUT", &format!("{own}/NEW"), value, [200, 200, 403, 403]),
        ("DELETE", &format!("{own}/NONE"), Value::Null, [404, 404, 403, 403]),
        // Whoever may not grant may say what is so.
        ("PUT", &settings, json!({"secrets": []}), [200, 200, 403, 403]),
        ("PUT", &settings, json!({"secrets": ["TOKEN"]}), [200, 200, 403, 403]),
        ("PUT", &settings, json!({"secrets": ["NEW", "TOKEN"]}), [200, 200, 403, 403]),
    ];
    for (method, path, body, statuses) in rows {
        for (account, status) in [ADMIN, EDITOR, INVOKER, OTHER].into_iter().zip(statuses) {
            let mut call = server.call(method, path).auth(account);
            if !body.is_null() {
                call = call.json(body);
            }
            let answer = call.send();
            assert_eq!(answer.status, *status, "{} {method} {path}: {}", account.0, answer.text());
        }
    }
    // The admin granted two; an editor neither takes nor adds.
    for names in [json!([]), json!(["TOKEN"])] {
        let answer = server.call("PUT", &settings).auth(EDITOR).json(&json!({"secrets": names})).send();
        answer.is_refused(403, "forbidden", "Unauthorized Access");
    }
}

#[test]
fn nothing_of_one_organisation_answers_in_another() {
    let server = server();
    let id = server.upload("show", "service", SHOW, &[]);
    let theirs = server.upload_to("other", "show", "service", SHOW, &[]);
    keep(&server, "TOKEN", VALUE);
    grant(&server, &id, &["TOKEN"]);
    for (method, path) in [
        ("GET", format!("/api/other/actions/{id}/secrets")),
        ("PUT", format!("/api/other/actions/{id}/secrets/TOKEN")),
        ("DELETE", format!("/api/other/actions/{id}/secrets/TOKEN")),
        ("DELETE", "/api/other/secrets/TOKEN".to_owned()),
        ("PUT", "/api/none/secrets/TOKEN".to_owned()),
        ("GET", "/api/none/secrets".to_owned()),
    ] {
        let mut call = server.call(method, &path);
        if method == "PUT" {
            call = call.json(&json!({"value": "x"}));
        }
        assert_eq!(call.send().status, 404, "{method} {path}");
    }
    let path = format!("/api/other/actions/{theirs}/settings");
    let answer = server.call("PUT", &path).auth(OTHER).json(&json!({"secrets": ["TOKEN"]})).send();
    answer.is_refused(400, "bad_request", "the organisation has no secret \"TOKEN\": make it first");
    server.put("/api/other/secrets/TOKEN", &json!({"value": "theirs"})).is(200);
    server.call("PUT", &path).auth(OTHER).json(&json!({"secrets": ["TOKEN"]})).send().is(200);
    assert_eq!(seen(&server, &id, &["TOKEN"]), [Some(VALUE.to_owned())]);
    // Gone with their organisation, and with their action.
    server.delete("/api/organizations/other").is(200);
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    assert_eq!(server.get("/api/other/secrets").is(200)["secrets"], json!([]));
    keep_own(&server, &id, "OWN", "own value");
    server.delete(&format!("/api/default/actions/{id}")).is(200);
    assert_eq!(server.get(&format!("/api/default/actions/{id}/secrets")).status, 404);
    assert_eq!(server.get("/api/default/secrets").is(200)["secrets"][0]["actions"], json!([]));
}

#[test]
fn what_is_no_secret_is_refused() {
    let server = Server::start();
    let id = server.upload("show", "service", SHOW, &[]);
    let put = |path: &str, body: &Value| server.put(path, body);
    let long = "L".repeat(255);
    let rule = "begin with a capital letter, go on with capitals, digits and underscores";
    for (name, value, refused) in [
        ("A", "x", None),
        ("A_1", "\u{e4} \n", None),
        (&*long, "x", None),
        (&*format!("{long}L"), "x", Some("the name has 256 bytes, the limit is 255: shorten it".to_owned())),
        ("FULL", &*"x".repeat(16 << 10), None),
        (
            "OVER",
            &*"x".repeat((16 << 10) + 1),
            Some("the value has 16385 bytes, the limit is 16384".to_owned()),
        ),
        ("EMPTY", "", Some("the value is empty: delete the secret instead".to_owned())),
        ("NUL", "a\0b", Some("the value holds a NUL character, which no variable can hold".to_owned())),
        ("lower", "x", Some(format!("the name \"lower\" is not allowed: {rule}"))),
        ("_A", "x", Some(format!("the name \"_A\" is not allowed: {rule}"))),
        (
            "ACTIOND_X",
            "x",
            Some("the name ACTIOND_X is one that actiond sets itself: choose another".to_owned()),
        ),
        (
            "ORIGIN_CLUSTER_TOKEN",
            "x",
            Some("the name ORIGIN_CLUSTER_TOKEN is one that actiond sets itself: choose another".to_owned()),
        ),
        (
            "TRACEPARENT",
            "x",
            Some("the name TRACEPARENT is one that actiond sets itself: choose another".to_owned()),
        ),
    ] {
        for path in ["/api/default/secrets".to_owned(), format!("/api/default/actions/{id}/secrets")] {
            let answer = put(&format!("{path}/{name}"), &json!({"value": value}));
            match &refused {
                None => drop(answer.is(200)),
                Some(message) => answer.is_refused(400, "bad_request", message),
            }
        }
    }
    for body in [json!({}), json!({"value": 1}), json!({"value": null}), json!({"value": "x", "more": 1})] {
        assert_eq!(put("/api/default/secrets/A", &body).status, 422, "{body}");
    }
    server.call("DELETE", "/api/default/secrets/NONE").send().is_refused(
        404,
        "not_found",
        "there is no secret NONE",
    );
    let zip = crate::zips::Zip::new().file("main.py", SHOW).bytes();
    for (secrets, message) in [
        ("[\"NONE\"]", "the organisation has no secret \"NONE\": make it first"),
        ("[\"../x\"]", "the organisation has no secret \"../x\": make it first"),
        ("NONE", "Invalid JSON in secrets: send an array of names"),
        ("[1]", "Invalid JSON in secrets: send an array of names"),
    ] {
        let fields = [
            ("name", "x"),
            ("owner", ROOT.0),
            ("filename", "action.zip"),
            ("execution_details", "service"),
            ("service_account", ROOT.0),
            ("secrets", secrets),
        ];
        let answer = server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(&zip)).send();
        answer.is_refused(400, "bad_request", message);
    }
}

#[test]
fn there_are_only_so_many() {
    let server = Server::start();
    let id = server.upload("show", "service", SHOW, &[]);
    for path in ["/api/default/secrets".to_owned(), format!("/api/default/actions/{id}/secrets")] {
        let put = |name: &str, bytes: usize| {
            server.put(&format!("{path}/{name}"), &json!({"value": "x".repeat(bytes)}))
        };
        for number in 0..100 {
            put(&format!("N{number}"), 1).is(200);
        }
        put("MORE", 1).is_refused(400, "bad_request", "there are 100 secrets already: remove some");
        put("N7", 2).is(200);
        // 85 of one byte, then 15 of 16 KiB, then what is left of 256 KiB, and one byte more.
        for number in 0..15 {
            put(&format!("N{number}"), 16 << 10).is(200);
        }
        put("N15", (16 << 10) - 84).is(200);
        let message = "the values would have 262145 bytes together, the limit is 262144: remove some";
        put("N16", 2).is_refused(400, "bad_request", message);
        server.delete(&format!("{path}/N99")).is(200);
        put("N16", 2).is(200);
    }
    // A run that gets all of them, and looks for each.
    let names: Vec<String> = (0..99).map(|number| format!("N{number}")).collect();
    server.put(&format!("/api/default/actions/{id}/settings"), &json!({"secrets": names})).is(200);
    assert_eq!(seen(&server, &id, &["N98"]), [Some("x".to_owned())]);
}

const LEAK: &str = "\
import json
import logging
import os
import sys
import traceback


def main(data, logger):
    token, pem = os.environ['TOKEN'], os.environ['PEM']
    print('printed', token)
    print(pem)
    print(json.dumps({'pem': pem}), {'pem': pem})
    logger.warning('logged %s', token)
    logging.getLogger(token).error('by name')
    sys.stderr.write(f'x{token}')
    sys.stderr.write('x\\n')
    try:
        raise KeyError(token)
    except KeyError:
        traceback.print_exc()
    if data == ['raise']:
        raise type(token, (ValueError,), {})(f'raised {token}, {pem}')
    return {token: [f'returned {token}', pem, json.dumps([pem, token]), 12345678]}
";
const PEM: &str = "-----BEGIN\nline \"two\" of \u{e4}\n-----END\n";

#[test]
fn values_are_masked_wherever_a_run_says_them() {
    let server = Server::start();
    let id = server.upload("leak", "service", LEAK, &[]);
    keep_own(&server, &id, "TOKEN", VALUE);
    keep_own(&server, &id, "PEM", PEM);
    keep_own(&server, &id, "NUMBER", "12345678");
    keep_own(&server, &id, "SHORT", "ed");
    let clean = |text: &str| {
        for part in [VALUE, "BEGIN", "line \\\"two", "line \"two", "END\\n", "12345678"] {
            assert!(!text.contains(part), "{part} is in {text}");
        }
    };
    let ran = server.post(&format!("/api/default/actions/{id}/invoke"), &json!(["return"]));
    clean(&ran.text());
    let expected = json!({"***": ["returned ***", "***", "[\"***\", \"***\"]", "***"]});
    assert_eq!(ran.is(200)["result"], expected);
    let run = ran.json()["run_id"].as_str().expect("an id").to_owned();
    let shown = server.get(&format!("/api/default/runs/{run}"));
    clean(&shown.text());
    assert_eq!(shown.is(200)["result"], expected);
    let logs = server.get(&format!("/api/default/runs/{run}/logs")).text();
    clean(&logs);
    for line in ["printed ***", "logged ***", "x***x", "KeyError: '***'", "by name"] {
        assert!(logs.contains(line), "{line} is not in {logs}");
    }
    let raised = server.post(&format!("/api/default/actions/{id}/invoke"), &json!(["raise"]));
    clean(&raised.text());
    let error = raised.is(502)["error"].clone();
    assert!(
        error["message"].as_str().is_some_and(|message| message.starts_with("raised ***, ***")),
        "{error}"
    );
    assert!(error["traceback"].as_str().is_some_and(|text| text.contains("raised ***")), "{error}");
    let run = raised.json()["run_id"].as_str().expect("an id").to_owned();
    clean(&server.get(&format!("/api/default/runs/{run}")).text());
    // A hook that waits for its result, and one that does not.
    for answer in ["result", "accepted"] {
        let made =
            server.post(&format!("/api/default/actions/{id}/hooks"), &json!({"answer": answer})).is(200);
        let url = made["url"].as_str().expect("a URL");
        let path = &url[url.find("/hooks/").expect("the path")..];
        for body in ["[]", "[\"raise\"]"] {
            let answered = server.call("POST", path).no_auth().body(body).send();
            clean(&answered.text());
            let run = answered.json()["run_id"].as_str().expect("an id").to_owned();
            // Followed to its end, as it is written.
            let followed = server.get(&format!("/api/default/runs/{run}/logs?follow=true")).text();
            clean(&followed);
            let shown = server.get(&format!("/api/default/runs/{run}")).text();
            assert!(followed.contains("printed ***"), "{followed} {shown}");
            clean(&server.get(&format!("/api/default/runs/{run}")).text());
        }
    }
    clean(&server.get("/api/default/runs?limit=100").text());
    clean(&server.get("/api/default/dead_letters").text());
    let place = server.place();
    let ended = server.stop();
    clean(&ended.stderr);
    let data = place.path().join("data");
    assert_ne!(files_with(&data, "printed ***"), Vec::<PathBuf>::new(), "it would be found");
    for part in [VALUE, "line \"two", "BEGIN"] {
        assert_eq!(files_with(&data, part), Vec::<PathBuf>::new(), "{part}");
    }
}

#[test]
fn whoever_follows_a_log_sees_it_masked() {
    let slow = "\
import os
import time


def main():
    print('first', os.environ['TOKEN'], flush=True)
    time.sleep(30)
";
    let server = Server::start();
    let id = server.upload("slow", "service", slow, &[]);
    keep_own(&server, &id, "TOKEN", VALUE);
    let path = format!("/api/default/actions/{id}/invoke");
    let accepted = server.call("POST", &path).header("Prefer", "respond-async").json(&json!([])).send();
    let run = accepted.is(202)["run_id"].as_str().expect("an id").to_owned();
    let mut stream = server.call("GET", &format!("/api/default/runs/{run}/logs?follow=true")).open();
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains("first") {
        let count = stream.read(&mut buffer).expect("it is sent as it is written");
        assert!(count > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(text.contains("first ***") && !text.contains(VALUE), "{text}");
    server.post(&format!("/api/default/runs/{run}/cancel"), &json!({})).is(202);
}

#[test]
fn a_stateful_actions_memory_does_not_hold_values_in_clear() {
    let main = "\
import os

SEEN = []


def main(data):
    SEEN.append(os.environ.get('TOKEN'))
    return [len(SEEN), SEEN[0] == SEEN[-1], bool(SEEN[-1])]
";
    let server = Server::start();
    let id = server.upload("keeps", "service", main, &[("policy", r#"{"stateful":true}"#)]);
    keep_own(&server, &id, "TOKEN", VALUE);
    for count in 1..=3 {
        assert_eq!(invoke(&server, &id, &json!([]))["result"], json!([count, true, true]));
    }
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let data = place.path().join("data");
    assert_eq!(files_with(&data, VALUE), Vec::<PathBuf>::new());
    assert_ne!(files_with(&data, "ACTSEALD"), Vec::<PathBuf>::new(), "its memory is encrypted");
    let server = Server::again(place);
    assert_eq!(invoke(&server, &id, &json!([]))["result"], json!([4, true, true]), "over a restart too");
    // The value that it remembers is not the one that it gets.
    keep_own(&server, &id, "TOKEN", "another value");
    assert_eq!(invoke(&server, &id, &json!([]))["result"], json!([5, false, true]));
    server.delete(&format!("/api/default/actions/{id}/secrets/TOKEN")).is(200);
    assert_eq!(invoke(&server, &id, &json!([]))["result"], json!([6, false, false]));
}

/// A server that does not start; what it says last.
#[track_caller]
fn refused(place: &Place, data: &str, env: &[(&str, &str)]) -> String {
    let mut start = place.start("serve", &["--listen", "127.0.0.1:0", "--data-dir", data]);
    for (name, value) in env {
        start = start.env(name, value);
    }
    let ended = start.end();
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    ended.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn the_key_is_kept_apart_and_known_again() {
    let server = Server::start();
    let id = server.upload("show", "service", SHOW, &[]);
    keep_own(&server, &id, "TOKEN", VALUE);
    let some = [Some(VALUE.to_owned())];
    assert_eq!(seen(&server, &id, &["TOKEN"]), some);
    let place = server.place();
    let file = place.path().join("data/secret.key");
    assert_eq!(fs::metadata(&file).expect("it was made").permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&file).expect("it is text").trim().to_owned();
    let backup = place.start("backup", &["saved", "--data-dir", "data"]).end();
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    assert_eq!(server.stop().code, 0);
    for text in [VALUE, &key] {
        assert_eq!(files_with(&place.path().join("saved"), text), Vec::<PathBuf>::new());
    }
    // Another key, none, and none that is one.
    let missing = "error: the store holds secrets, but their key is not there: put it back as data/secret.key or into \
                   ACTIOND_SECRET_KEY, or start once with --forget-secrets to remove them";
    let other = "holds another key than the one that the store's secrets were encrypted with: give that one, or start \
                 once with --forget-secrets to remove them";
    let no_key = "holds no key: it is 32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes them";
    let said = refused(&place, "data", &[("ACTIOND_SECRET_KEY", OTHER_KEY)]);
    assert_eq!(said, format!("error: secret.key {other}"));
    assert_eq!(
        refused(&place, "data", &[("ACTIOND_SECRET_KEY", "x")]),
        format!("error: secret.key {no_key}")
    );
    fs::write(&file, OTHER_KEY).expect("it can be written");
    assert_eq!(refused(&place, "data", &[]), format!("error: the key file data/secret.key {other}"));
    fs::write(&file, "").expect("it can be written");
    assert_eq!(refused(&place, "data", &[]), format!("error: the key file data/secret.key {no_key}"));
    fs::remove_file(&file).expect("it is there");
    assert_eq!(refused(&place, "data", &[]), missing);
    assert!(!file.exists(), "no key is made that opens nothing");
    // What is restored opens with the key of what was saved.
    let restored = place.start("restore", &["saved", "--data-dir", "new/data"]).end();
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    assert_eq!(refused(&place, "new/data", &[]), missing.replace("data/secret.key", "new/data/secret.key"));
    let server = Server::again_with(place.clone(), &[("ACTIOND_SECRET_KEY", &key)]);
    assert_eq!(seen(&server, &id, &["TOKEN"]), some);
    assert_eq!(server.stop().code, 0);
    fs::rename(place.path().join("data"), place.path().join("old")).expect("it can be renamed");
    fs::rename(place.path().join("new/data"), place.path().join("data")).expect("it can be renamed");
    place.write("keys/mine", format!("{key}\n"));
    let server = Server::again_with(place.clone(), &[("ACTIOND_SECRET_KEY_FILE", "keys/mine")]);
    assert_eq!(seen(&server, &id, &["TOKEN"]), some);
    assert!(!server.dir().join("data/secret.key").exists());
    assert_eq!(server.stop().code, 0);
    // The key is lost: what it opened is given up, all else is there.
    let server = forget(place, &[("ACTIOND_SECRET_KEY", KEY)]);
    assert_eq!(seen(&server, &id, &["TOKEN"]), [None]);
    assert_eq!(server.get(&format!("/api/default/actions/{id}/secrets")).is(200)["secrets"], json!([]));
    keep_own(&server, &id, "TOKEN", "another value");
    assert_eq!(seen(&server, &id, &["TOKEN"]), [Some("another value".to_owned())]);
}

fn forget(place: Arc<Place>, env: &[(&str, &str)]) -> Server {
    Server::again_by(place, env, &["--forget-secrets"])
}
