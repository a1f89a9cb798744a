//! The console's pages of what runs came to, of exploring and of administration: what they show, to whom, and what their
//! forms do.

use serde_json::json;

use crate::{
    console::{Browser, between},
    console_runs::{ADMIN, ECHO, EVIL, INVOKER, VIEWER, invoked, server, server_with},
    search::origin::{self, Origin},
    server::{ROOT, Server},
};

#[test]
fn the_overview_says_what_the_runs_came_to_over_a_restart_too() {
    let server = server();
    let viewer = Browser::log_in(&server, VIEWER);
    assert!(viewer.page("/console/default/overview").contains("Nothing has run yet"));
    let echo = server.upload("echo", "service", ECHO, &[]);
    let fails = server.upload("fails", "service", "def main(data):\n    1 / 0\n", &[]);
    for _ in 0..3 {
        invoked(&server, &echo, &json!([]));
    }
    let dead = server.later(&fails, &json!([]))["run_id"].as_str().expect("a run").to_owned();
    server.run_ended(&dead);
    let says = |browser: &Browser<'_>| {
        ["", "?range=week"].map(|range| {
            let page = browser.page(&format!("/console/default/overview{range}"));
            let svg = page.matches("<svg class=\"plot\"").count();
            let counted = page.contains("aria-label=\"3 completed, 1 errored\"")
                && page.contains(": 3 completed, 1 errored</title>");
            let listed = page.contains(&format!("/console/default/actions/{echo}"));
            (svg, counted, listed, page.contains("still being counted"))
        })
    };
    assert_eq!(says(&viewer), [(2, true, true, false); 2]);
    assert!(
        viewer
            .page("/console/default/overview")
            .contains("<dd><a href=\"/console/default/runs/dead\">1</a></dd>")
    );
    let part = viewer.part("/console/default/overview?range=week");
    assert!(
        part.starts_with("<div id=\"overview\" hx-get=\"/console/default/overview?range=week\""),
        "{part}"
    );
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again(place);
    let viewer = Browser::log_in(&server, VIEWER);
    // They are counted while everything else goes on.
    let whole = (0..20_000).map(|_| says(&viewer)).find(|said| !said[0].3).expect("they are counted");
    assert_eq!(whole, [(2, true, true, false); 2]);
    server.delete(&format!("/api/default/actions/{echo}")).is(200);
    let after = says(&viewer);
    assert_eq!((after[0].1, after[0].2), (true, false), "what ran did run, and the action is gone");
}

#[test]
fn exploring_shows_records_before_and_after() {
    let known = Origin::start(&[ROOT, INVOKER]);
    let url = known.url();
    let server = server_with(&[("ACTIOND_ORIGIN_URL", &url)]);
    let main = "def main(data):\n    return [{'log': record['log'].upper()} for record in data]\n";
    let upper = server.upload("upper", "service", main, &[]);
    let fails =
        server.upload("fails", "service", "def main(data):\n    raise ValueError(data[0]['log'])\n", &[]);
    let (browser, viewer) = (Browser::log_in(&server, INVOKER), Browser::log_in(&server, VIEWER));
    let page = browser.page("/console/default/explore");
    assert!(
        page.contains("Ask OpenObserve")
            && page.contains(&format!("<option value=\"{upper}\">upper</option>")),
        "{page}"
    );
    let sent = |fields: &[(&str, &str)]| browser.post("/console/default/explore", fields);
    let pasted = |records: &str, action: &str| {
        sent(&[("source", "records"), ("records", records), ("action", action)])
    };
    let page = pasted(&json!([{"log": EVIL}]).to_string(), &upper).text();
    assert!(
        page.contains("&lt;/PRE&gt;&lt;SCRIPT&gt;")
            && page.contains("&lt;script&gt;")
            && !page.contains("<script>"),
        "{page}"
    );
    assert!(page.contains("the run</a>") && page.contains("1 record"), "{page}");
    let page = pasted("{\"log\": \"a\"}\n{\"log\": \"b\"}\n", &upper).text();
    assert!(page.contains("2 records") && page.contains(">B</td>"), "{page}");
    let page = pasted(&json!([{"log": "<b>"}]).to_string(), &fails).text();
    assert!(page.contains("The action failed") && page.contains("ValueError: &lt;b&gt;"), "{page}");
    // However deep: what is shown of it does not grow with its depth.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let page = pasted(&deep, &upper).text();
    assert!(page.contains("The action failed") && page.len() < 1 << 20, "{}", page.len());
    let run = between(&page, "/console/default/runs/", "\"");
    let page = browser.page(&format!("/console/default/runs/{run}"));
    assert!(page.contains("The first 64 KiB are shown") && page.len() < 1 << 20, "{}", page.len());
    assert!(pasted("[]", &fails).text().contains("There is nothing to call an action with."));
    assert_eq!((pasted("nothing", "").status, pasted("[1]", "x").status), (400, 404));
    let search = |sql: &str, (email, password): (&str, &str)| {
        let fields = [
            ("source", "origin"),
            ("sql", sql),
            ("email", email),
            ("password", password),
            ("action", &*upper),
        ];
        sent(&[&fields[..], &[("within", "60"), ("size", "10"), ("until", "2026-01-02T03:04")]].concat())
    };
    let page = search("select logs", INVOKER).text();
    assert!(page.contains(">one</td>") && page.contains(">TWO</td>") && !page.contains(INVOKER.1), "{page}");
    let asked = &known.asked()[0];
    assert_eq!(asked.first, "POST /api/default/_search?type=logs HTTP/1.1");
    let query = &asked.body["query"];
    let end = 1_767_323_040_000_000_i64;
    assert_eq!((&query["end_time"], &query["start_time"]), (&json!(end), &json!(end - 3_600_000_000)));
    let refused = search("select wrong", INVOKER);
    assert!(refused.status == 400 && refused.text().contains("schema of the stream is not known"));
    assert_eq!(search("select logs", (INVOKER.0, "another password")).status, 400);
    assert_eq!(search("select close", INVOKER).status, 502);
    assert_eq!(origin::FOUND.matches("log").count(), 2);
    assert_eq!(
        (viewer.get("/console/default/explore").status, viewer.post("/console/default/explore", &[]).status),
        (403, 403)
    );
    assert!(!viewer.page("/console/default/runs").contains("/explore"), "it is not offered");
}

fn own(path: &str) -> String {
    format!("/console/default/administration{path}")
}

#[test]
fn administration_is_for_admins_and_the_operator() {
    let server = server();
    let [root, admin, invoker] = [ROOT, ADMIN, INVOKER].map(|account| Browser::log_in(&server, account));
    for (path, statuses) in [
        ("", [200, 200, 403]),
        ("/service_accounts", [200, 200, 403]),
        ("/network", [200, 200, 403]),
        ("/audit", [200, 200, 403]),
        ("/organisations", [200, 403, 403]),
    ] {
        let found = [&root, &admin, &invoker].map(|browser| browser.get(&own(path)).status);
        assert_eq!(found, statuses, "{path}");
    }
    assert!(
        !admin.page(&own("")).contains("/organisations")
            && !invoker.page("/console/default/runs").contains("/administration")
    );
    for path in [
        "",
        "/members/role",
        "/members/remove",
        "/service_accounts",
        "/service_accounts/rotate",
        "/network",
        "/network/token",
    ] {
        assert_eq!(invoker.post(&own(path), &[]).status, 403, "{path}");
    }
    for path in ["/members/password", "/organisations", "/organisations/remove"] {
        assert_eq!(admin.post(&own(path), &[]).status, 403, "{path}");
    }
}

#[test]
fn members_come_and_go() {
    let server = server();
    let [root, admin] = [ROOT, ADMIN].map(|account| Browser::log_in(&server, account));
    let new = ("new@example.com", "another long one");
    admin.done(&own(""), &[("email", new.0), ("role", "viewer"), ("password", new.1)]);
    assert_eq!(server.call("GET", "/api/default/runs").auth(new).send().status, 200);
    assert_eq!(
        admin.post(&own(""), &[("email", new.0), ("role", "viewer"), ("password", new.1)]).status,
        409
    );
    admin.done(&own("/members/role"), &[("email", new.0), ("role", "admin")]);
    assert_eq!(server.call("GET", "/api/default/users").auth(new).send().status, 200);
    root.done(&own("/members/password"), &[("email", new.0), ("password", "yet another one")]);
    assert_eq!(server.call("GET", "/api/default/runs").auth(new).send().status, 401);
    admin.done(&own("/members/remove"), &[("email", new.0)]);
    assert!(!admin.page(&own("")).contains(new.0));
}

#[test]
fn a_token_is_shown_once() {
    let server = server();
    let admin = Browser::log_in(&server, ADMIN);
    let made = admin.post(
        &own("/service_accounts"),
        &[("email", "sa@example.com"), ("role", "invoker"), ("description", "<i>")],
    );
    let token = |page: &str| {
        let rest = page.split("<code>").nth(1).expect("a token");
        rest.split('<').next().expect("its end").to_owned()
    };
    let first = token(&made.text());
    let works =
        |token: &str| server.call("GET", "/api/default/runs").auth(("sa@example.com", token)).send().status;
    assert_eq!(works(&first), 200);
    let page = admin.page(&own("/service_accounts"));
    assert!(
        page.contains("sa@example.com") && page.contains("&lt;i&gt;") && !page.contains(&first),
        "{page}"
    );
    let second = token(&admin.post(&own("/service_accounts/rotate"), &[("email", "sa@example.com")]).text());
    assert_eq!((works(&first), works(&second)), (401, 200));
    admin.done(&own("/service_accounts/role"), &[("email", "sa@example.com"), ("role", "viewer")]);
    admin.done(&own("/service_accounts/remove"), &[("email", "sa@example.com")]);
    assert_eq!(works(&second), 401);
}

#[test]
fn the_network_is_set_and_told_in_the_audit_log() {
    let server = server();
    let admin = Browser::log_in(&server, ADMIN);
    let fields = [("url", "https://logs.example.com"), ("egress", "hooks.slack.com:443\n10.0.0.0/8")];
    admin.done(&own("/network"), &fields);
    admin.done(&own("/network/token"), &[("email", "sa@example.com"), ("token", "a token")]);
    let settings = server.get("/api/default/settings").is(200);
    assert_eq!(
        settings,
        json!({
            "origin_url": "https://logs.example.com", "origin_tokens": ["sa@example.com"],
            "egress": ["hooks.slack.com:443", "10.0.0.0/8"], "unverified_tls": false,
        })
    );
    let page = admin.page(&own("/network"));
    assert!(
        page.contains("hooks.slack.com:443") && page.contains("sa@example.com") && !page.contains("a token<"),
        "{page}"
    );
    assert_eq!(admin.post(&own("/network"), &[("egress", "https://x/y")]).status, 400);
    assert_eq!(admin.post(&own("/network"), &[("url", "logs")]).status, 400);
    let page = admin.page(&own("/audit"));
    assert!(
        page.contains("organisation.settings") && page.contains("user.create") && page.contains(ADMIN.0),
        "{page}"
    );
}

#[test]
fn the_operator_makes_and_removes_organisations() {
    let server = server();
    let root = Browser::log_in(&server, ROOT);
    root.done(&own("/organisations"), &[("name", "third")]);
    assert_eq!(root.post(&own("/organisations"), &[("name", "a b")]).status, 400);
    assert!(root.page(&own("/organisations")).contains("/console/third/overview"));
    assert_eq!(root.post(&own("/organisations/remove"), &[("org", "third"), ("name", "")]).status, 400);
    root.done(&own("/organisations/remove"), &[("org", "third"), ("name", "third")]);
    assert!(!root.page(&own("/organisations")).contains("/console/third/overview"));
}

#[test]
fn forms_of_runs_and_administration_need_their_token() {
    let server = server();
    let browser = Browser::log_in(&server, ROOT);
    let run = "00000000-0000-7000-8000-000000000000";
    for path in [
        "runs/ID/cancel",
        "runs/ID/replay",
        "runs/ID/redrive",
        "runs/ID/bury",
        "explore",
        "administration",
        "administration/members/role",
        "administration/members/password",
        "administration/members/remove",
        "administration/service_accounts",
        "administration/service_accounts/role",
        "administration/service_accounts/rotate",
        "administration/service_accounts/remove",
        "administration/network",
        "administration/network/token",
        "administration/organisations",
        "administration/organisations/remove",
    ] {
        let path = format!("/console/default/{}", path.replace("ID", run));
        assert_eq!(browser.post_as_is(&path, &[("csrf", "wrong")], &[]).status, 403, "{path}");
    }
    for path in [
        "overview",
        "runs",
        "runs/dead",
        "explore",
        "administration",
        "administration/network",
        "administration/audit",
    ] {
        let answer = browser.get(&format!("/console/default/{path}"));
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(!policy.contains("unsafe") && !policy.contains("nonce"), "{path}: {policy}");
        let page = answer.text();
        let inline = ["<script>", "<style", " style=", " onclick=", "javascript:", " hx-on"];
        assert!(inline.iter().all(|inline| !page.contains(inline)), "{path}");
    }
}
