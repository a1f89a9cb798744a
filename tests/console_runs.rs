//! The console's pages of runs: what they show, to whom, and what their forms do.

use serde_json::{Value, json};

use crate::{
    console::Browser,
    server::{ROOT, Server},
};

const PASSWORD: &str = "a long password";
pub(crate) const INVOKER: (&str, &str) = ("invoker@example.com", PASSWORD);
pub(crate) const VIEWER: (&str, &str) = ("viewer@example.com", PASSWORD);
pub(crate) const ADMIN: (&str, &str) = ("admin@example.com", PASSWORD);
/// What a hostile script says wherever it can.
pub(crate) const EVIL: &str = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>";
pub(crate) const ECHO: &str =
    "def main(data, logger):\n    logger.info('%d records', len(data))\n    return data\n";
const RAISES: &str = "import helper\ndef main(data):\n    return helper.fails(data)\n";
const WAITS: &str =
    "import threading\ndef main(data):\n    print('begun', flush=True)\n    threading.Event().wait(60)\n";

pub(crate) fn server_with(env: &[(&str, &str)]) -> Server {
    let server = Server::start_with(env);
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    for ((email, password), role) in [(INVOKER, "invoker"), (VIEWER, "viewer"), (ADMIN, "admin")] {
        let user = json!({"email": email, "password": password, "role": role});
        server.post("/api/default/users", &user).is(200);
    }
    server
}

pub(crate) fn server() -> Server {
    server_with(&[])
}

pub(crate) fn invoked(server: &Server, id: &str, body: &Value) -> String {
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
    let listed = viewer.page("/console/default/runs?status=running&action=waits");
    assert!(
        listed.contains(&at(&run)) && !viewer.page("/console/default/runs?trigger=hook").contains(&at(&run))
    );
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
fn a_run_that_somebody_waits_for_is_listed_before_it_is_written_down() {
    let server = server();
    let waits = server.upload("waits", "service", WAITS, &[]);
    let waiting =
        server.call("POST", &format!("/api/default/actions/{waits}/invoke")).json(&json!([])).open();
    let viewer = Browser::log_in(&server, VIEWER);
    let listed = |query: &str| {
        viewer.part(&format!("/console/default/runs{query}")).matches("data-label=\"Run\"").count()
    };
    assert!((0..20_000).any(|_| listed("?status=running") == 1), "it begins");
    assert_eq!(server.get("/api/default/runs").is(200)["runs"], json!([]), "the store knows nothing of it");
    for (query, count) in
        [("", 1), ("?action=waits&trigger=invoke", 1), ("?status=completed", 0), ("?trigger=hook", 0)]
    {
        assert_eq!(listed(query), count, "{query}");
    }
    drop(waiting);
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
