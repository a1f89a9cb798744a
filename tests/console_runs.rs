//! The console's pages of runs, of what came of them, of exploring and of administration: what they show, to whom, and what
//! their forms do.

use serde_json::{Value, json};

use crate::{
    console::Browser,
    search::origin::{self, Origin},
    server::{ROOT, Server},
};

const PASSWORD: &str = "a long password";
const INVOKER: (&str, &str) = ("invoker@example.com", PASSWORD);
const VIEWER: (&str, &str) = ("viewer@example.com", PASSWORD);
const ADMIN: (&str, &str) = ("admin@example.com", PASSWORD);
/// What a hostile script says wherever it can.
const EVIL: &str = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>";
const ECHO: &str = "def main(data, logger):\n    logger.info('%d records', len(data))\n    return data\n";
const RAISES: &str = "import helper\ndef main(data):\n    return helper.fails(data)\n";
const WAITS: &str =
    "import threading\ndef main(data):\n    print('begun', flush=True)\n    threading.Event().wait(60)\n";

fn server_with(env: &[(&str, &str)]) -> Server {
    let server = Server::start_with(env);
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    for ((email, password), role) in [(INVOKER, "invoker"), (VIEWER, "viewer"), (ADMIN, "admin")] {
        let user = json!({"email": email, "password": password, "role": role});
        server.post("/api/default/users", &user).is(200);
    }
    server
}

fn server() -> Server {
    server_with(&[])
}

fn invoked(server: &Server, id: &str, body: &Value) -> String {
    let answer = server.post(&format!("/api/default/actions/{id}/invoke"), body);
    answer.json()["run_id"].as_str().expect("a run").to_owned()
}

fn at(run: &str) -> String {
    format!("/console/default/runs/{run}")
}

#[test]
fn runs_are_listed_and_filtered() {
    let server = server();
    let echo = server.upload("echo", "service", ECHO, &[]);
    let fails = server.upload("fails", "service", "def main(data):\n    1 / 0\n", &[]);
    let good: Vec<String> = (0..3).map(|number| invoked(&server, &echo, &json!([number]))).collect();
    let bad = invoked(&server, &fails, &json!([]));
    let browser = Browser::log_in(&server, VIEWER);
    let listed = |query: &str| {
        let page = browser.page(&format!("/console/default/runs{query}"));
        let ids = good.iter().chain([&bad]).filter(|id| page.contains(&at(id)));
        (ids.count(), page)
    };
    for (query, count) in [
        ("", 4),
        ("?status=errored", 1),
        ("?status=completed&trigger=invoke", 3),
        ("?trigger=hook", 0),
        ("?action=echo", 3),
        (&*format!("?action={fails}"), 1),
        ("?action=nothing", 0),
        ("?within=1h", 4),
        ("?until=2020-01-01T00%3A00", 0),
        ("?within=15m&until=2020-01-01T00%3A00", 0),
    ] {
        assert_eq!(listed(query).0, count, "{query}");
    }
    assert!(listed("?action=nothing").1.contains("There is no such action"));
    assert!(listed("?trigger=hook").1.contains("No run is like that"));
    for query in ["?status=odd", "?trigger=odd", "?until=odd", "?before=odd"] {
        assert_eq!(browser.get(&format!("/console/default/runs{query}")).status, 400, "{query}");
    }
    // The part that a page asks for again and again.
    let (_, page) = listed("?status=errored");
    assert!(
        page.contains("hx-get=\"/console/default/runs?status=errored\" hx-trigger=\"every 3s\""),
        "{page}"
    );
    let part = browser.part("/console/default/runs?status=errored");
    assert!(part.starts_with("<div id=\"runs\"") && part.contains(&at(&bad)), "{part}");
    // Pages of it.
    for number in 0..60 {
        invoked(&server, &echo, &json!([number]));
    }
    let (first, page) = listed("?action=echo");
    assert_eq!((first, page.matches("data-label=\"Run\"").count()), (0, 50));
    let next = page.split("href=\"").find(|rest| rest.contains("before=")).expect("a next page");
    let next = next.split('"').next().expect("an address").replace("&amp;", "&");
    let page = browser.page(&next);
    assert_eq!(page.matches("data-label=\"Run\"").count(), 13);
    assert!(good.iter().all(|id| page.contains(&at(id))) && !page.contains("every 3s"));
}

#[test]
fn a_run_s_page_shows_all_of_it_as_text() {
    let server = server();
    let helper =
        format!("def fails(data):\n    print({EVIL:?}, flush=True)\n    raise ValueError(data[0])\n");
    let zip = crate::zips::Zip::new().file("main.py", RAISES).file("helper.py", &helper).bytes();
    let fields = [
        ("name", "raises"),
        ("owner", ROOT.0),
        ("filename", "action.zip"),
        ("execution_details", "service"),
        ("service_account", ROOT.0),
    ];
    let uploaded = server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(&zip)).send();
    let raises = uploaded.is(200)["uuid"].as_str().expect("an id").to_owned();
    let run = invoked(&server, &raises, &json!([EVIL]));
    let (root, viewer) = (Browser::log_in(&server, ROOT), Browser::log_in(&server, VIEWER));
    for page in [root.page(&at(&run)), viewer.page(&at(&run))] {
        assert!(page.contains("ValueError") && page.contains("helper.py&quot;, line 3, in fails"), "{page}");
        assert!(
            page.contains("&lt;script&gt;") && !page.contains("<script>") && !page.contains("<img src=x"),
            "{page}"
        );
    }
    // Who may see the code is led to the line.
    let code = format!("{}/code?file=helper.py", at(&run));
    assert!(root.page(&at(&run)).contains(&format!("href=\"{code}#L3\"")));
    assert!(!viewer.page(&at(&run)).contains("/code?"));
    let page = root.page(&code);
    assert!(
        page.contains("id=\"L3\"")
            && page.contains("raise ValueError(data[0])")
            && !page.contains("<script>"),
        "{page}"
    );
    assert!(root.page(&format!("{}/code?file=gone.py", at(&run))).contains("This file is not shown"));
    assert_eq!(viewer.get(&code).status, 403);
    // Its code is that of its version.
    server.upload("raises", "service", ECHO, &[("id", &raises)]);
    assert!(root.page(&code).contains("raise ValueError(data[0])"));
    // A result is a table, with keys in their order, and JSON.
    let body = format!("[{{\"b\": 2.5, \"a\": {}}}, {{\"c\": [1]}}]", json!(EVIL));
    let path = format!("/api/default/actions/{raises}/invoke");
    let run =
        server.call("POST", &path).body(body).send().is(200)["run_id"].as_str().expect("a run").to_owned();
    let page = viewer.page(&at(&run));
    let heads = page.find(">b</th>").expect("b") < page.find(">a</th>").expect("a");
    assert!(heads && page.contains(">2.5</td>") && !page.contains("<script>"), "{page}");
    assert!(page.contains("2 records"), "its log");
    // What is nobody's.
    for path in
        [at("no-run"), at("00000000-0000-7000-8000-000000000000"), format!("/console/other/runs/{run}")]
    {
        assert_eq!(root.get(&path).status, 404, "{path}");
    }
}

#[test]
fn a_run_is_followed_cancelled_replayed_and_compared() {
    let server = server();
    let waits = server.upload("waits", "service", WAITS, &[]);
    let run = server.later(&waits, &json!([]))["run_id"].as_str().expect("a run").to_owned();
    server.until_begun(&run);
    let (browser, viewer) = (Browser::log_in(&server, INVOKER), Browser::log_in(&server, VIEWER));
    let page = browser.page(&at(&run));
    assert!(page.contains(&format!("hx-get=\"{}/log\" hx-trigger=\"every 1s\"", at(&run))), "{page}");
    assert!(page.contains("begun") && page.contains("Cancel") && !viewer.page(&at(&run)).contains("/cancel"));
    let part = browser.part(&format!("{}/log", at(&run)));
    assert!(
        part.starts_with("<div id=\"log\"") && part.contains("begun") && part.contains("every 1s"),
        "{part}"
    );
    assert_eq!(viewer.post(&format!("{}/cancel", at(&run)), &[]).status, 403);
    assert_eq!(browser.done(&format!("{}/cancel", at(&run)), &[]), at(&run));
    assert_eq!(server.run_ended(&run)["status"], "cancelled");
    assert_eq!(browser.post(&format!("{}/cancel", at(&run)), &[]).status, 409);
    let part = browser.part_of(&format!("{}/log", at(&run)));
    assert_eq!(part.header("hx-refresh"), Some("true"), "there is more to see now");

    let counts =
        server.upload("counts", "service", "def main(data):\n    print('one')\n    return [{'n': 1}]\n", &[]);
    let first = invoked(&server, &counts, &json!([1]));
    server.upload(
        "counts",
        "service",
        "def main(data):\n    print('two')\n    return [{'n': 2}]\n",
        &[("id", &counts)],
    );
    assert_eq!(viewer.post(&format!("{}/replay", at(&first)), &[]).status, 403);
    let replayed = |version: &str| {
        let to = browser.done(&format!("{}/replay", at(&first)), &[("version", version)]);
        let run = to.rsplit('/').next().expect("a run").to_owned();
        (server.run_ended(&run)["result"].clone(), run)
    };
    let (result, second) = replayed("");
    assert_eq!((result, replayed("1").0), (json!([{"n": 2}]), json!([{"n": 1}])));
    assert_eq!(browser.post(&format!("{}/replay", at(&first)), &[("version", "9")]).status, 404);
    let page = viewer.page(&format!("{}/compare?with={first}", at(&second)));
    for part in [
        "<span class=\"mark\" title=\"only in the other run\">−</span><code>    &quot;n&quot;: 1</code>",
        "<span class=\"mark\" title=\"only in this run\">+</span><code>    &quot;n&quot;: 2</code>",
        "Both are the same.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(
        viewer.page(&at(&second)).contains(&format!("name=\"with\" value=\"{first}\"")),
        "by default its parent"
    );
    assert_eq!(viewer.get(&format!("{}/compare?with=x", at(&second))).status, 404);
}

#[test]
fn dead_letters_are_run_again_or_put_away() {
    let server = server();
    let fails = server.upload("fails", "service", "def main(data):\n    raise ValueError('<b>')\n", &[]);
    let dead: Vec<String> = (0..2)
        .map(|number| {
            let run = server.later(&fails, &json!([number]))["run_id"].as_str().expect("a run").to_owned();
            server.run_ended(&run);
            run
        })
        .collect();
    let (browser, viewer) = (Browser::log_in(&server, INVOKER), Browser::log_in(&server, VIEWER));
    let page = browser.page("/console/default/runs/dead");
    assert!(
        dead.iter().all(|run| page.contains(&at(run))) && page.contains("ValueError: &lt;b&gt;"),
        "{page}"
    );
    assert!(page.contains("Run again") && !viewer.page("/console/default/runs/dead").contains("Run again"));
    let bury = format!("{}/bury", at(&dead[0]));
    assert_eq!(viewer.post(&bury, &[]).status, 403);
    assert_eq!(browser.done(&bury, &[]), "/console/default/runs/dead");
    assert_eq!(browser.post(&bury, &[]).status, 400);
    server.upload("fails", "service", ECHO, &[("id", &fails)]);
    let to = browser.done(&format!("{}/redrive", at(&dead[1])), &[]);
    assert_eq!(server.run_ended(to.rsplit('/').next().expect("a run"))["status"], "completed");
    assert!(browser.page("/console/default/runs/dead").contains("There are none"));
}

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
    assert_eq!(says(&viewer), [(3, true, true, false); 2]);
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
    assert_eq!(whole, [(3, true, true, false); 2]);
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

#[test]
fn administration_is_for_admins_and_the_operator() {
    let server = server();
    let [root, admin, invoker] = [ROOT, ADMIN, INVOKER].map(|account| Browser::log_in(&server, account));
    let own = |path: &str| format!("/console/default/administration{path}");
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
    // Members.
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
    // A token is shown once.
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
    // Origin and egress.
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
    // Who did what.
    let page = admin.page(&own("/audit"));
    assert!(
        page.contains("organisation.settings") && page.contains("user.create") && page.contains(ADMIN.0),
        "{page}"
    );
    // Organisations.
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
