//! Accounts and organisations: who may do what, what is shown once, and that nothing of one organisation answers in another.

use serde_json::{Value, json};

use crate::server::{ROOT, Server, base64};

const TRIES: usize = 50_000;
const PASSWORD: &str = "a long password";
const ECHO: &str = "def main(data):\n    return data\n";
const ADMIN: (&str, &str) = ("admin@example.com", PASSWORD);
const EDITOR: (&str, &str) = ("editor@example.com", PASSWORD);
const INVOKER: (&str, &str) = ("invoker@example.com", PASSWORD);
const VIEWER: (&str, &str) = ("viewer@example.com", PASSWORD);
/// An admin of the organisation `other`.
const OTHER: (&str, &str) = ("other@example.com", PASSWORD);

/// A server with an account of each role in `default`, and the organisation `other` with an admin.
fn server() -> Server {
    let server = Server::start();
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    for ((email, password), role) in
        [(ADMIN, "admin"), (EDITOR, "editor"), (INVOKER, "invoker"), (VIEWER, "viewer")]
    {
        let user = json!({"email": email, "password": password, "role": role});
        server.post("/api/default/users", &user).is(200);
    }
    let user = json!({"email": OTHER.0, "password": OTHER.1, "role": "admin"});
    server.post("/api/other/users", &user).is(200);
    server
}

#[test]
fn each_role_may_what_it_is_for() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    let hook = json!({"description": "x"});
    // Statuses for admin, editor, invoker, viewer, an admin of another organisation.
    let rows: &[(&str, String, Value, [u16; 5])] = &[
        ("GET", "/api/default/actions".into(), Value::Null, [200, 200, 200, 200, 403]),
        ("GET", "/api/default/runs".into(), Value::Null, [200, 200, 200, 200, 403]),
        ("GET", format!("/api/default/actions/{id}"), Value::Null, [200, 200, 403, 403, 403]),
        ("GET", format!("/api/default/actions/download/{id}"), Value::Null, [200, 200, 403, 403, 403]),
        ("POST", format!("/api/default/actions/{id}/invoke"), json!([1]), [200, 200, 200, 403, 403]),
        ("PUT", format!("/api/default/actions/{id}"), json!({"description": "d"}), [200, 200, 403, 403, 403]),
        ("GET", format!("/api/default/actions/{id}/hooks"), Value::Null, [200, 200, 403, 403, 403]),
        ("POST", format!("/api/default/actions/{id}/hooks"), hook, [200, 200, 403, 403, 403]),
        ("GET", "/api/default/service_accounts".into(), Value::Null, [200, 200, 403, 403, 403]),
        (
            "POST",
            "/api/default/service_accounts".into(),
            json!({"email": "not an address"}),
            [400, 403, 403, 403, 403],
        ),
        ("PUT", "/api/default/service_accounts/no@one".into(), json!({}), [404, 403, 403, 403, 403]),
        ("DELETE", "/api/default/service_accounts/no@one".into(), Value::Null, [404, 403, 403, 403, 403]),
        ("GET", "/api/default/users".into(), Value::Null, [200, 403, 403, 403, 403]),
        (
            "POST",
            "/api/default/users".into(),
            json!({"email": "a@b", "role": "king"}),
            [400, 403, 403, 403, 403],
        ),
        ("DELETE", "/api/default/users/no@one".into(), Value::Null, [404, 403, 403, 403, 403]),
        ("GET", "/api/default/settings".into(), Value::Null, [200, 403, 403, 403, 403]),
        ("PUT", "/api/default/settings".into(), json!({}), [200, 403, 403, 403, 403]),
        ("GET", "/api/default/audit".into(), Value::Null, [200, 403, 403, 403, 403]),
        ("GET", "/api/organizations".into(), Value::Null, [200, 200, 200, 200, 200]),
        ("POST", "/api/organizations".into(), json!({"name": "mine"}), [403, 403, 403, 403, 403]),
        ("DELETE", "/api/organizations/default".into(), Value::Null, [403, 403, 403, 403, 403]),
    ];
    for (method, path, body, statuses) in rows {
        for (account, status) in [ADMIN, EDITOR, INVOKER, VIEWER, OTHER].into_iter().zip(statuses) {
            let mut call = server.call(method, path).auth(account);
            if !body.is_null() {
                call = call.json(body);
            }
            let answer = call.send();
            assert_eq!(answer.status, *status, "{} {method} {path}: {}", account.0, answer.text());
        }
        let mut call = server.call(method, path).no_auth();
        if !body.is_null() {
            call = call.json(body);
        }
        call.send().is_refused(401, "unauthorized", "Unauthorized Access");
    }
}

#[test]
fn wrong_credentials_are_told_from_none() {
    let server = Server::start();
    let list = "/api/default/actions";
    for (name, secret) in [(ROOT.0, "wrong"), ("no@one", ROOT.1), (ROOT.0, ""), ("", "")] {
        let answer = server.call("GET", list).auth((name, secret)).send();
        assert_eq!((answer.status, &*answer.text()), (401, "Unauthorized Access"), "{name}:{secret}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"openobserve\""));
    }
    for header in ["Basic", "Basic ???", "Bearer abc", "session x"] {
        let answer = server.call("GET", list).no_auth().header("Authorization", header).send();
        assert_eq!((answer.status, &*answer.text()), (401, "Unauthorized Access"), "{header}");
    }
    assert_eq!(server.call("GET", list).auth(("Root@Example.com", ROOT.1)).send().status, 200);
}

#[test]
fn a_service_account_has_a_token_that_is_shown_once() {
    let server = server();
    let path = "/api/default/service_accounts";
    let new =
        json!({"email": "Bot@Example.com", "first_name": "A", "last_name": "Bot", "organization": "default"});
    let made = server.post(path, &new).is(200);
    assert_eq!(made["user"], "bot@example.com");
    let first = made["token"].as_str().expect("a token").to_owned();
    let bot =
        |token: &str| server.call("GET", "/api/default/actions").auth(("bot@example.com", token)).send();
    assert_eq!(bot(&first).status, 200);
    assert_eq!(bot("").status, 401);

    let listed = server.get(path).is(200);
    let account = &listed["data"][0];
    assert_eq!((&account["email"], &account["role"]), (&json!("bot@example.com"), &json!("invoker")));
    assert_eq!(account["description"], "A Bot");
    assert!(!listed.to_string().contains(&first), "a token is shown once");

    let one = "/api/default/service_accounts/bot@example.com";
    let rotated = server.call("PUT", &format!("{one}?rotateToken=true")).send().is(200);
    let second = rotated["token"].as_str().expect("a token").to_owned();
    assert_eq!((bot(&first).status, bot(&second).status), (401, 200), "the old one counts no longer");
    // A token is bytes that nobody can guess: 256 bits.
    assert!(first.len() >= 43 && first != second);

    server.post(path, &new).is_refused(409, "exists", "bot@example.com is there already");
    // The name is taken for every kind of account, in every organisation.
    let user = json!({"email": "bot@example.com", "password": PASSWORD, "role": "viewer"});
    assert_eq!(server.post("/api/default/users", &user).status, 409);
    assert_eq!(server.post("/api/other/service_accounts", &new).status, 409);

    server.put(one, &json!({"role": "editor", "description": "new"})).is(200);
    let account = server.get(path).is(200)["data"][0].clone();
    assert_eq!((&account["role"], &account["description"]), (&json!("editor"), &json!("new")));
    for (edit, message) in [
        (json!({"role": "king"}), "\"king\" is no role: write one of admin, editor, invoker, viewer"),
        (
            json!({"description": "d".repeat(1_025)}),
            "the description has 1025 bytes, the limit is 1024: shorten it",
        ),
    ] {
        server.put(one, &edit).is_refused(400, "bad_request", message);
    }
    server.put(one, &json!({"description": "d".repeat(1_024)})).is(200);

    server.delete(one).is(200);
    assert_eq!(bot(&second).status, 401);
    server.delete(one).is_refused(404, "not_found", "there is no account bot@example.com");
}

#[test]
fn users_change_their_own_password() {
    let server = server();
    let path = "/api/default/users/viewer@example.com";
    let change = |old: Value, new: &str| json!({"old_password": old, "new_password": new});
    let as_viewer =
        |body: &Value, secret| server.call("PUT", path).auth((VIEWER.0, secret)).json(body).send();
    let rows = [
        (change(Value::Null, "another password"), "send old_password too"),
        (change(json!("wrong"), "another password"), "the old password is another one"),
        (change(json!(PASSWORD), "7 bytes"), "a password has 8 to 256 bytes"),
        (change(json!(PASSWORD), &"p".repeat(257)), "a password has 8 to 256 bytes"),
        (json!({}), "nothing to change: send role or new_password"),
    ];
    for (body, message) in rows {
        as_viewer(&body, PASSWORD).is_refused(400, "bad_request", message);
    }
    as_viewer(&json!({"role": "admin"}), PASSWORD).is_refused(403, "forbidden", "Unauthorized Access");
    as_viewer(&change(json!(PASSWORD), "8 bytes!"), PASSWORD).is(200);
    assert_eq!(as_viewer(&json!({}), PASSWORD).status, 401);
    assert_eq!(as_viewer(&json!({}), "8 bytes!").status, 400);

    // An admin sets roles, not passwords: who is admin here may be less elsewhere. The operator sets both.
    let new = json!({"new_password": "set by somebody"});
    assert_eq!(server.call("PUT", path).auth(ADMIN).json(&new).send().status, 403);
    server.call("PUT", path).auth(ADMIN).json(&json!({"role": "editor"})).send().is(200);
    server.put(path, &new).is(200);
    let actions =
        server.call("GET", "/api/default/service_accounts").auth((VIEWER.0, "set by somebody")).send();
    assert_eq!(actions.status, 200, "an editor now");
    // The operator's own password is a setting of the server.
    let own = change(json!(ROOT.1), "another password");
    server.put("/api/default/users/root@example.com", &own).is_refused(
        403,
        "forbidden",
        "Unauthorized Access",
    );
}

#[test]
fn a_user_may_be_in_several_organisations() {
    let server = server();
    let other = |body: &Value| server.call("POST", "/api/other/users").auth(OTHER).json(body).send();
    // A password would not be the one that counts.
    let with = json!({"email": VIEWER.0, "password": "chosen by another", "role": "editor"});
    other(&with).is_refused(
        409,
        "exists",
        "viewer@example.com has an account already: leave out the password to give it a role here",
    );
    other(&json!({"email": VIEWER.0, "role": "editor"})).is(200);
    other(&json!({"email": "new@one", "role": "editor"})).is_refused(
        400,
        "bad_request",
        "a password has 8 to 256 bytes",
    );
    let names = |account| {
        let found = server.call("GET", "/api/organizations").auth(account).send().is(200);
        found["data"].as_array().unwrap().iter().map(|org| org["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(VIEWER), ["default", "other"]);
    assert_eq!(names(OTHER), ["other"]);
    assert_eq!(names(ROOT), ["default", "other"]);
    server.call("DELETE", "/api/other/users/viewer@example.com").auth(OTHER).send().is(200);
    assert_eq!(names(VIEWER), ["default"]);
    server.call("DELETE", "/api/default/users/viewer@example.com").auth(ADMIN).send().is(200);
    assert_eq!(server.call("GET", "/api/organizations").auth(VIEWER).send().status, 401, "in none: gone");
}

#[test]
fn organisations_have_names_of_one_kind() {
    let server = Server::start();
    for (name, status) in [
        ("a", 200),
        ("A_b-9", 200),
        (&*"o".repeat(64), 200),
        (&"o".repeat(65), 400),
        ("", 400),
        ("a b", 400),
        ("a/b", 400),
        ("é", 400),
        ("organizations", 400),
        ("a", 409),
    ] {
        let answer = server.post("/api/organizations", &json!({"name": name}));
        assert_eq!(answer.status, status, "{name:?}: {}", answer.text());
    }
}

#[test]
fn a_removed_organisation_takes_all_with_it() {
    let server = server();
    let id = server.upload_to("other", "echo", "service", ECHO, &[]);
    let hook = server.post(&format!("/api/other/actions/{id}/hooks"), &json!({})).is(200);
    let url = hook["url"].as_str().expect("a URL");
    let hook = url[url.find("/hooks/").expect("the path")..].to_owned();
    let run = server.post(&format!("/api/other/actions/{id}/invoke"), &json!([1])).is(200);
    server.post("/api/other/service_accounts", &json!({"email": "bot@other"})).is(200);
    assert_eq!(server.call("POST", &hook).no_auth().body("[]").send().status, 202);

    server.delete("/api/organizations/other").is(200);
    server.delete("/api/organizations/other").is_refused(404, "not_found", "there is no organisation other");
    assert_eq!(server.call("GET", "/api/other/actions").auth(OTHER).send().status, 401, "its admin is gone");
    assert_eq!(server.call("POST", &hook).no_auth().body("[]").send().status, 404);
    assert_eq!(server.post(&format!("/api/other/actions/{id}/invoke"), &json!([1])).status, 404);
    // A new one of that name has nothing of the old one.
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    assert_eq!(server.get("/api/other/actions").is(200), json!([]));
    assert_eq!(server.get("/api/other/service_accounts").is(200), json!({"data": []}));
    let audit = server.get("/api/other/audit").is(200);
    assert_eq!(audit["changes"].as_array().map(Vec::len), Some(1), "{audit}");
    let audit = server.get("/api/default/audit?limit=1").is(200);
    assert_eq!(audit["changes"][0]["what"], "organisation.delete");
    // Its runs go a little later; the start is the first occasion.
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again(place);
    let run = format!("/api/other/runs/{}", run["run_id"].as_str().expect("an id"));
    assert!((0..TRIES).any(|_| server.get(&run).status == 404));
    for path in ["/api/other/runs", "/api/other/dead_letters"] {
        assert_eq!(server.get(path).is(200), json!({"runs": [], "next": null}), "{path}");
    }
}

#[test]
fn the_origin_reaches_runs_and_its_tokens_are_never_shown() {
    let server = server();
    let main = "import os\n\n\ndef main():\n    return [os.environ['ORIGIN_CLUSTER_URL'], os.environ.get('ORIGIN_CLUSTER_TOKEN')]\n";
    server.post("/api/default/service_accounts", &json!({"email": "bot@a"})).is(200);
    let id = server.upload("where", "service", main, &[("service_account", "bot@a")]);
    let run =
        || server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200)["result"].clone();
    let token = |secret: &str| json!(base64(format!("bot@a:{secret}").as_bytes()));
    assert_eq!(run()[1], token(""));
    let set = |edit: Value| server.put("/api/default/settings", &edit).is(200);
    let both = set(json!({"origin_url": "https://o2.example.com", "origin_tokens": {"Bot@a": "s3cret"}}));
    let url = "https://o2.example.com";
    let shown = json!({"origin_url": url, "origin_tokens": ["bot@a"], "egress": [], "unverified_tls": false});
    assert_eq!(both, shown);
    assert_eq!(run(), json!(["https://o2.example.com", token("s3cret")]));
    assert_eq!(server.get("/api/default/settings").is(200), both, "what is left out stays");
    assert_eq!(set(json!({})), both);
    set(json!({"origin_tokens": {"bot@a": null}}));
    assert_eq!(run(), json!(["https://o2.example.com", token("")]));
    assert_eq!(
        set(json!({"origin_url": null})),
        json!({"origin_url": null, "origin_tokens": [], "egress": [], "unverified_tls": false})
    );
    for (edit, message) in [
        (json!({"origin_url": "ftp://a"}), "the origin's URL is none: write http:// or https:// and a host"),
        (json!({"origin_url": "http://"}), "the origin's URL is none: write http:// or https:// and a host"),
        (
            json!({"origin_tokens": {"bot@a": ""}}),
            "the token of bot@a is empty or holds what no header can hold",
        ),
        (
            json!({"origin_tokens": {"bot": "t"}}),
            "\"bot\" is not an e-mail address: write name@domain, at most 254 bytes",
        ),
    ] {
        server.put("/api/default/settings", &edit).is_refused(400, "bad_request", message);
    }
}

#[test]
fn changes_are_on_record_page_by_page() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    server.delete(&format!("/api/default/actions/{id}")).is(200);
    let (mut words, mut path) = (Vec::new(), "/api/default/audit?limit=2".to_owned());
    loop {
        let page = server.get(&path).is(200);
        let changes = page["changes"].as_array().expect("a list");
        assert!(changes.len() <= 2);
        words.extend(changes.iter().map(|change| change["what"].as_str().expect("a word").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/default/audit?limit=2&before={next}");
    }
    let users = ["user.create"; 4];
    assert_eq!(words, [&["action.delete", "action.create"][..], &users].concat());
    for query in ["limit=0", "limit=1001", "limit=x", "before=x"] {
        assert_eq!(server.get(&format!("/api/default/audit?{query}")).status, 400, "{query}");
    }
    assert_eq!(server.get("/api/default/audit?limit=1000").status, 200);
}

/// Nothing that belongs to one organisation answers in another, not even to those who may do everything in both.
#[test]
fn no_id_of_one_organisation_answers_in_another() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    let hook = server.post(&format!("/api/default/actions/{id}/hooks"), &json!({})).is(200);
    let hook = hook["id"].as_str().expect("an id");
    let ran = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([1])).is(200);
    let run = ran["run_id"].as_str().expect("an id");
    server.post("/api/default/service_accounts", &json!({"email": "bot@a"})).is(200);
    let rows: &[(&str, String, Value)] = &[
        ("GET", format!("actions/{id}"), Value::Null),
        ("PUT", format!("actions/{id}"), json!({"description": "d"})),
        ("DELETE", format!("actions/{id}"), Value::Null),
        ("GET", format!("actions/download/{id}"), Value::Null),
        ("GET", format!("actions/pause/{id}"), Value::Null),
        ("GET", format!("actions/resume/{id}"), Value::Null),
        ("POST", format!("actions/test/{id}"), json!({"inputs": []})),
        ("POST", format!("actions/{id}/invoke"), json!([])),
        ("GET", format!("actions/{id}/runs"), Value::Null),
        ("GET", format!("actions/{id}/settings"), Value::Null),
        ("PUT", format!("actions/{id}/settings"), json!({})),
        ("GET", format!("actions/{id}/schedule"), Value::Null),
        ("GET", format!("actions/{id}/versions"), Value::Null),
        ("GET", format!("actions/{id}/versions/1/download"), Value::Null),
        ("POST", format!("actions/{id}/versions/1/rollback"), Value::Null),
        ("GET", format!("actions/{id}/hooks"), Value::Null),
        ("POST", format!("actions/{id}/hooks"), json!({})),
        ("DELETE", format!("actions/{id}/hooks/{hook}"), Value::Null),
        ("GET", format!("runs/{run}"), Value::Null),
        ("GET", format!("runs/{run}/logs"), Value::Null),
        ("POST", format!("runs/{run}/cancel"), Value::Null),
        ("POST", format!("runs/{run}/replay"), Value::Null),
        ("POST", format!("dead_letters/{run}/redrive"), Value::Null),
        ("DELETE", format!("dead_letters/{run}"), Value::Null),
        ("PUT", "service_accounts/bot@a".into(), json!({"role": "admin"})),
        ("PUT", "service_accounts/bot@a?rotateToken=true".into(), Value::Null),
        ("DELETE", "service_accounts/bot@a".into(), Value::Null),
        ("PUT", "users/viewer@example.com".into(), json!({"role": "admin"})),
        ("DELETE", "users/viewer@example.com".into(), Value::Null),
    ];
    for account in [OTHER, ROOT] {
        for (method, path, body) in rows {
            let mut call = server.call(method, &format!("/api/other/{path}")).auth(account);
            if !body.is_null() {
                call = call.json(body);
            }
            let answer = call.send();
            // OpenObserve's own routes have 400 for what is not there.
            let own =
                [format!("actions/{id}"), format!("actions/download/{id}"), format!("actions/test/{id}")];
            let expected = if own.contains(path) { 400 } else { 404 };
            assert_eq!(answer.status, expected, "{} {method} {path}: {}", account.0, answer.text());
        }
        // Lists hold nothing of it.
        for list in ["actions", "runs", "service_accounts"] {
            let listed = server.call("GET", &format!("/api/other/{list}")).auth(account).send();
            assert!(!listed.text().contains(&id), "{list}");
            assert!(!listed.text().contains("bot@a"), "{list}");
        }
        let bulk =
            server.call("DELETE", "/api/other/actions/bulk").auth(account).json(&json!({"ids": [id]})).send();
        assert_eq!(bulk.is(200)["unsuccessful"], json!([id]));
        // An action may not be run on behalf of an account that is elsewhere.
        let edit = server
            .call("PUT", &format!("/api/default/actions/{id}"))
            .json(&json!({"service_account": OTHER.0}));
        edit.send().is_refused(400, "bad_request", "Failed to fetch passcode");
    }
    assert_eq!(server.get(&format!("/api/default/actions/{id}")).status, 200, "nothing was done to it");
    assert_eq!(server.get(&format!("/api/default/runs/{run}")).status, 200);
}
