//! The key of secrets is changed, and no secret is lost.

use std::{fs, sync::Arc};

use serde_json::{Value, json};

use crate::{
    program::Place,
    server::{ROOT, Server},
};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW_KEY: &str = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CHANGED: &str = "2 secrets are encrypted with the new key: remove secret.key_old";
const SAME: &str = "secret.key_old is the key in use: nothing is changed";
const NOTHING: &str = "no secret is encrypted with secret.key_old: remove it";
/// How often it ran, and whether it gets what it should.
const MAIN: &str = "import os

RUNS = []

def main(data):
    RUNS.append(1)
    shared, own = os.environ.get('SHARED'), os.environ.get('OWN')
    return [len(RUNS), shared == 'value' + '-1', own == 'value' + '-2']
";

fn filled(env: &[(&str, &str)]) -> (Server, String) {
    let server = Server::start_with(env);
    let id = server.upload("counts", "service", MAIN, &[("policy", r#"{"stateful":true}"#)]);
    server.put("/api/default/secrets/SHARED", &json!({"value": "value-1"})).is(200);
    server.put(&format!("/api/default/actions/{id}/secrets/OWN"), &json!({"value": "value-2"})).is(200);
    server.put(&format!("/api/default/actions/{id}/settings"), &json!({"secrets": ["SHARED"]})).is(200);
    (server, id)
}

fn invoke(server: &Server, id: &str) -> Value {
    server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200)["result"].clone()
}

fn stopped(server: Server) -> Arc<Place> {
    let place = server.place();
    let ended = server.stop();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    place
}

/// A server that does not start; what it says last.
fn refused(place: &Place, env: &[(&str, &str)]) -> String {
    let arguments = ["--listen", "127.0.0.1:0", "--data-dir", "data"];
    let start = place
        .start("serve", &arguments)
        .env("ACTIOND_ROOT_EMAIL", ROOT.0)
        .env("ACTIOND_ROOT_PASSWORD", ROOT.1);
    let ended = env.iter().fold(start, |start, (key, value)| start.env(key, value)).end();
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    ended.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_key_that_is_changed_loses_nothing() {
    let (server, id) = filled(&[("ACTIOND_SECRET_KEY", KEY)]);
    assert_eq!(invoke(&server, &id), json!([1, true, true]));
    let mut place = stopped(server);
    let (old, new) = (("ACTIOND_SECRET_KEY_OLD", KEY), ("ACTIOND_SECRET_KEY", NEW_KEY));
    // Neither key is guessed.
    assert!(refused(&place, &[new, ("ACTIOND_SECRET_KEY_OLD", NEW_KEY)]).contains("holds another key"));
    assert!(refused(&place, &[new, ("ACTIOND_SECRET_KEY_OLD", "x")]).contains("secret.key_old holds no key"));
    // The variables of each start, and what it says.
    let rows: [(&[(&str, &str)], &str); 4] = [
        (&[("ACTIOND_SECRET_KEY", KEY), old], SAME),
        (&[new, old], CHANGED),
        (&[new, old], NOTHING),
        (&[new], ""),
    ];
    for (runs, (env, says)) in (2..).zip(rows) {
        let server = Server::again_with(place, env);
        assert_eq!(invoke(&server, &id), json!([runs, true, true]), "{env:?}");
        let said = server.stderr();
        assert!(said.contains(says) && (says == CHANGED || !said.contains(CHANGED)), "{env:?}: {said}");
        place = stopped(server);
    }
    assert!(refused(&place, &[("ACTIOND_SECRET_KEY", KEY)]).contains("holds another key"));
}

#[test]
fn a_new_key_file_is_made_beside_the_old_key() {
    let (server, id) = filled(&[]);
    assert_eq!(invoke(&server, &id), json!([1, true, true]));
    let place = stopped(server);
    let file = place.path().join("data/secret.key");
    let old = fs::read_to_string(&file).expect("it was made");
    fs::rename(&file, place.path().join("old.key")).expect("it can be moved");
    assert!(refused(&place, &[]).contains("their key is not there"));
    let server = Server::again_with(place, &[("ACTIOND_SECRET_KEY_OLD", old.trim())]);
    assert!(server.stderr().contains(CHANGED), "{}", server.stderr());
    assert_eq!(invoke(&server, &id), json!([2, true, true]));
    // It dies at once: all was on the disk before it listened.
    let place = server.place();
    server.kill();
    assert_ne!(fs::read_to_string(&file).expect("there is a new one"), old);
    let server = Server::again(place);
    let result = invoke(&server, &id);
    assert_eq!((&result[1], &result[2]), (&json!(true), &json!(true)));
}
