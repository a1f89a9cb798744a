//! The console through its pages and forms: who gets in, what a form has to bring, who sees what, and an action's life by forms.

use serde_json::json;

use crate::{
    console_actions::filled,
    server::{Answer, ROOT, Server},
};

const PASSWORD: &str = "a long password";
pub(crate) const EDITOR: (&str, &str) = ("editor@example.com", PASSWORD);
pub(crate) const VIEWER: (&str, &str) = ("viewer@example.com", PASSWORD);
/// An admin of the organisation `other`.
const OTHER: (&str, &str) = ("other@example.com", PASSWORD);
pub(crate) const ECHO: &str =
    "def main(data, logger):\n    logger.info('%d records', len(data))\n    return data\n";

/// Somebody who is logged in, as a browser without scripts.
pub(crate) struct Browser<'a> {
    server: &'a Server,
    cookie: String,
    pub(crate) csrf: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn log_in(server: &'a Server, account: (&str, &str)) -> Self {
        let answer = log_in(server, account, &[]);
        assert_eq!(answer.status, 303, "{}", answer.text());
        let set = answer.header("set-cookie").expect("a session");
        let cookie = set.split(';').next().expect("a cookie").to_owned();
        let mut browser = Self { server, cookie, csrf: String::new() };
        let home = browser.get(answer.header("location").expect("a page"));
        let page = browser.get(home.header("location").expect("an organisation"));
        let page = browser.get(page.header("location").expect("its first page"));
        browser.csrf = between(&page.text(), "name=\"csrf\" value=\"", "\"");
        browser
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.server.call("GET", path).no_auth().header("Cookie", &self.cookie).send()
    }

    /// What a part of a page asks for.
    pub(crate) fn part_of(&self, path: &str) -> Answer {
        let call = self.server.call("GET", path).no_auth().header("Cookie", &self.cookie);
        call.header("HX-Request", "true").send()
    }

    #[track_caller]
    pub(crate) fn part(&self, path: &str) -> String {
        let answer = self.part_of(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Sends a form with its token.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as_is(path, &[&[("csrf", self.csrf.as_str())], fields].concat(), &[])
    }

    pub(crate) fn post_as_is(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut call = self.server.call("POST", path).no_auth().header("Cookie", &self.cookie);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.header("Content-Type", "application/x-www-form-urlencoded").body(encoded(fields)).send()
    }

    /// A page that is there.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Sends a form that works; where it leads.
    #[track_caller]
    pub(crate) fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        answer.header("location").expect("a page").to_owned()
    }
}

fn log_in(server: &Server, (email, password): (&str, &str), headers: &[(&str, &str)]) -> Answer {
    let mut call = server.call("POST", "/login").no_auth();
    for (name, value) in headers {
        call = call.header(name, value);
    }
    let form = encoded(&[("email", email), ("password", password)]);
    call.header("Content-Type", "application/x-www-form-urlencoded").body(form).send()
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[track_caller]
pub(crate) fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).expect("an end").0.to_owned()
}

/// A server with an editor and a viewer in `default`, and the organisation `other` with an admin.
pub(crate) fn server() -> Server {
    let server = Server::start();
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    for (org, (email, password), role) in
        [("default", EDITOR, "editor"), ("default", VIEWER, "viewer"), ("other", OTHER, "admin")]
    {
        let user = json!({"email": email, "password": password, "role": role});
        server.post(&format!("/api/{org}/users"), &user).is(200);
    }
    server
}

#[test]
fn whoever_knows_a_password_gets_in_until_it_changes() {
    let server = server();
    let there = server.call("GET", "/console/default/actions").no_auth().send();
    assert_eq!(
        (there.status, there.header("location")),
        (303, Some("/login?next=%2Fconsole%2Fdefault%2Factions"))
    );
    let part = server.call("GET", "/console/default/actions").no_auth().header("HX-Request", "true").send();
    assert_eq!((part.status, part.header("hx-redirect")), (200, Some("/login?next=%2Fconsole")));
    let [wrong, unknown] = [(EDITOR.0, "another password"), ("nobody@example.com", PASSWORD)]
        .map(|account| log_in(&server, account, &[]));
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.text().replace(EDITOR.0, ""), unknown.text().replace("nobody@example.com", ""));
    assert!(wrong.header("set-cookie").is_none());
    let set = log_in(&server, EDITOR, &[]).header("set-cookie").expect("a session").to_owned();
    assert!(set.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), "{set}");
    let root = Browser::log_in(&server, ROOT);
    let (one, two) = (Browser::log_in(&server, EDITOR), Browser::log_in(&server, EDITOR));
    assert_eq!(one.done("/logout", &[]), "/login");
    assert_eq!(one.get("/console/default/actions").status, 303, "a session that ended answers no longer");
    // What was written while it ended stays on its page, and counts once its sender is logged in again.
    let sent = |browser: &Browser<'_>| {
        let part = [("HX-Request", "true"), ("X-CSRF-Token", &*one.csrf)];
        browser.post_as_is("/console/default/actions/new", &filled("kept", ECHO), &part)
    };
    let refused = sent(&one);
    assert_eq!((refused.status, refused.header("hx-retarget")), (401, Some("#flash")));
    assert!(refused.text().contains("href=\"/login\" target=\"_blank\""), "{}", refused.text());
    assert_eq!((sent(&two).status, one.csrf == two.csrf), (200, true));
    let sent = one.post("/console/default/actions/new", &[]);
    assert_eq!((sent.status, sent.header("location")), (303, Some("/login?next=%2Fconsole")));
    assert_eq!(two.get("/console/default/actions").status, 200);
    server.put("/api/default/users/editor@example.com", &json!({"new_password": "a newer password"})).is(200);
    assert_eq!(two.get("/console/default/actions").status, 303, "it was of the old password");
    let forged = Browser { server: &server, cookie: "actiond_session=AbCd".to_owned(), csrf: String::new() };
    assert_eq!(forged.get("/console/default/actions").status, 303);
    // A restart ends no session, also not of the account whose password the settings hold.
    let (cookie, csrf) = (root.cookie.clone(), root.csrf.clone());
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again(place);
    let root = Browser { server: &server, cookie, csrf };
    assert_eq!(root.post("/console/default/actions/new", &filled("after", ECHO)).status, 303);
    assert!(root.page("/console/default/actions").contains("after"));
}

#[test]
fn a_form_counts_only_from_a_page_of_its_sender() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    let browser = Browser::log_in(&server, EDITOR);
    let other = Browser::log_in(&server, VIEWER).csrf;
    let pause = format!("/console/default/actions/{id}/pause");
    let paused = ("paused", "yes");
    let own = ("csrf", browser.csrf.as_str());
    let headers = |site: &'static str| [("Sec-Fetch-Site", site)];
    for (name, fields, headers, status) in [
        ("no token", vec![paused], vec![], 403),
        ("that of another account", vec![paused, ("csrf", &*other)], vec![], 403),
        ("an empty one", vec![paused, ("csrf", "")], vec![], 403),
        ("from another site", vec![paused, own], headers("cross-site").to_vec(), 403),
        ("from another origin", vec![paused, own], vec![("Origin", "http://evil.example.com")], 403),
        ("from here", vec![paused, own], headers("same-origin").to_vec(), 303),
        ("in a header", vec![paused], vec![("X-CSRF-Token", &*browser.csrf)], 303),
    ] {
        let answer = browser.post_as_is(&pause, &fields, &headers);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    assert_eq!(log_in(&server, EDITOR, &headers("cross-site")).status, 403);
    // An API's credentials are no session, and a session is no credential of the API.
    assert_eq!(server.get("/console/default/actions").status, 303);
    assert_eq!(browser.get("/api/default/actions").status, 401);
    let actions = [
        "actions/new",
        "actions/new/test",
        "actions/delete",
        "actions/ID",
        "actions/ID/pause",
        "actions/ID/test",
        "actions/ID/versions/1/rollback",
        "actions/ID/hooks",
        "actions/ID/hooks/ID/revoke",
        "actions/ID/secrets",
        "actions/ID/secrets/A/remove",
    ];
    for path in actions
        .map(|path| format!("/console/default/{}", path.replace("ID", &id)))
        .iter()
        .chain([&"/logout".to_owned()])
    {
        assert_eq!(browser.post_as_is(path, &[], &[]).status, 403, "{path}");
    }
}

#[test]
fn pages_load_nothing_but_ours() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    let browser = Browser::log_in(&server, ROOT);
    let own = |path: &str| format!("/console/default{}", path.replace("ID", &id));
    for (path, status) in [
        ("/login".to_owned(), 303),
        (own("/actions"), 200),
        (own("/actions/new"), 200),
        (own("/actions/new?template=enrich"), 200),
        (own("/actions/ID"), 200),
        (own("/actions/ID/versions"), 200),
        (own("/actions/ID/hooks"), 200),
        (own("/actions/ID/secrets"), 200),
        (own("/nothing/there"), 404),
        (own("/actions/1"), 404),
        (own("/actions/delete"), 405),
        ("/logout".to_owned(), 405),
    ] {
        let answer = browser.get(&path);
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        let page = answer.text();
        let inline = ["<script>", "<style", " style=", " onclick=", "javascript:", " hx-on"];
        assert!(inline.iter().all(|inline| !page.contains(inline)), "{path}");
    }
    let page = browser.page("/console/default/actions");
    let style = between(&page, "stylesheet\" href=\"", "\"");
    let answer = server.call("GET", &style).no_auth().send();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let packed = server.call("GET", &style).no_auth().header("Accept-Encoding", "gzip").send();
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < answer.body.len() / 2);
    assert_eq!(server.call("GET", "/assets/console-000000000000.css").no_auth().send().status, 404);
}

#[test]
fn every_link_begins_where_the_server_is() {
    let server = Server::start_with(&[("ACTIOND_PUBLIC_URL", "https://example.com/actions")]);
    let set = log_in(&server, ROOT, &[("Origin", "https://example.com")]);
    assert_eq!(set.header("location"), Some("/actions/console"));
    let set = set.header("set-cookie").expect("a session");
    assert!(set.ends_with("; Path=/actions; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"), "{set}");
    let browser = Browser::log_in(&server, ROOT);
    for path in ["/actions/console/default/actions", "/actions/console/default/actions/new"] {
        let page = browser.page(path);
        for attribute in ["href=\"", "src=\"", "action=\"", "hx-get=\"", "hx-post=\""] {
            for rest in page.split(attribute).skip(1).filter(|rest| rest.starts_with('/')) {
                assert!(rest.starts_with("/actions/"), "{attribute}{}", &rest[..60.min(rest.len())]);
            }
        }
    }
}

#[test]
fn each_sees_and_does_what_their_role_lets_them() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    let browsers = [ROOT, EDITOR, VIEWER, OTHER].map(|account| Browser::log_in(&server, account));
    let own = |path: &str| format!("/console/default{}", path.replace("ID", &id));
    let all_but_viewer = [200, 200, 403, 404];
    for (path, statuses) in [
        ("/actions", [200, 200, 200, 404]),
        ("/actions/ID", [200, 200, 200, 404]),
        ("/actions/new", all_but_viewer),
        ("/actions/ID/versions", all_but_viewer),
        ("/actions/ID/versions/1/zip", all_but_viewer),
        ("/actions/ID/hooks", all_but_viewer),
        ("/actions/ID/secrets", all_but_viewer),
        ("/actions/ID/payload?from=template:slack", all_but_viewer),
        ("/schedule?cron=@daily", [200, 200, 200, 404]),
    ] {
        for (browser, status) in browsers.iter().zip(statuses) {
            assert_eq!(browser.get(&own(path)).status, status, "{path}");
        }
    }
    for path in [
        "/actions/new",
        "/actions/new/test",
        "/actions/delete",
        "/actions/ID",
        "/actions/ID/pause",
        "/actions/ID/test",
        "/actions/ID/versions/1/rollback",
        "/actions/ID/hooks",
        "/actions/ID/secrets",
        "/actions/ID/secrets/A/remove",
    ] {
        let statuses =
            [&browsers[2], &browsers[3]].map(|browser| browser.post(&own(path), &[("id", &id)]).status);
        assert_eq!(statuses, [403, 404], "{path}");
    }
    let [root, _, viewer, other] = &browsers;
    let seen = viewer.page(&own("/actions/ID"));
    assert!(!seen.contains("logger") && seen.contains("does not show its code"), "{seen}");
    assert!(!viewer.page(&own("/actions")).contains("New action"));
    // An id of another organisation is one of nothing.
    for path in ["/actions/ID", "/actions/ID/versions", "/actions/ID/hooks", "/actions/ID/secrets"] {
        let path = format!("/console/other{}", path.replace("ID", &id));
        assert_eq!((other.get(&path).status, root.get(&path).status), (404, 404), "{path}");
    }
    for path in ["/actions/ID/pause", "/actions/ID", "/actions/ID/hooks", "/actions/ID/test"] {
        let path = format!("/console/other{}", path.replace("ID", &id));
        assert_eq!(other.post(&path, &[("sender", "other"), ("payload", "[]")]).status, 404, "{path}");
    }
    let listed = other.page("/console/other/actions");
    assert!(listed.contains("No actions yet") && !listed.contains("/console/default"), "{listed}");
    assert!(root.page(&own("/actions")).contains("/console/other/actions"), "it may switch");
}
