//! The console in a real browser: what people do in it from logging in to a hook that fires, and each page's looks. Pictures are
//! kept in `target/screenshots/`.

mod driver;
mod window;

use serde_json::json;

use crate::server::{ROOT, Server};
use window::{ENTER, Window};

const ECHO: &str = "def main(data, logger):\n    logger.info('%d records', len(data))\n    return data\n";

/// Logs six lines, for longer than a page takes to be asked for.
const STEPS: &str = "import time\ndef main(data, logger):\n[(logger.info('step %d', n), time.sleep(0.4)) for n in range(6)]\nreturn 'two'";

fn window(server: &Server) -> Window {
    Window::open(format!("http://{}", server.address()))
}

impl Window {
    fn log_in(&self) {
        self.go("/console/default/actions");
        self.fill("#email", ROOT.0);
        self.fill("#password", &format!("{}{ENTER}", ROOT.1));
        self.until_says("h1", "Actions");
    }
}

#[test]
fn somebody_writes_an_action_and_sees_it_run() {
    let server = Server::start();
    let window = window(&server);
    window.log_in();
    let id = written(&window);
    let own = format!("/console/default/actions/{id}");
    let runs = format!("/api/default/actions/{id}/runs?status=completed&trigger=schedule");
    let ran = (0..20_000).map(|_| server.get(&runs).is(200)).find(|page| page["runs"] != json!([]));
    assert_eq!(ran.expect("it runs by its schedule")["runs"][0]["version"], 1);
    window.go("/console/default/actions");
    window.until("document.querySelectorAll('.strip rect.good').length > 0");
    window.click("td.name a");
    window.click(".tabs a[href*='/runs']");
    window.click("tbody a[href*='/runs/']");
    window.until_says("h1", "Run of ticks");
    window.until_says("#log", "seen");
    let hook = hooked(&window, &own);
    let fire = || {
        let fired = server.call("POST", &hook).no_auth().json(&json!([{"city": "Rome"}])).send().is(202);
        fired["run_id"].as_str().expect("a run").to_owned()
    };
    followed(&window, &fire());
    paused(&window);
    window.go(&format!("{own}/versions"));
    window.click("td.deeds button");
    window.yes();
    window.until_says(".flash.good", "Rolled back");
    assert!(window.text("tbody tr:nth-child(2)").contains("runs now"));
    window.look("versions");
    let ended = server.run_ended(&fire());
    assert_eq!(ended["result"], json!([[{"city": "Rome"}], 1]), "the version that it was rolled back to");
    assert_eq!(window.complaints_but("400"), Vec::<String>::new());
}

/// Writes an action, tries it out, saves it with a schedule; its id.
fn written(window: &Window) -> String {
    window.click(".empty .button");
    // Each line begins where the editor puts it, and it closes what is opened.
    window.write("def main(data, logger):\nlogger.info('seen')\nreturn [data, 1]");
    window.fill("#payload", "[{\"city\": \"Oslo\"}]");
    window.click("#test");
    window.until("document.querySelector('#tested .badge')?.textContent === 'completed'");
    let tested = window.text("#tested");
    assert!(
        tested.contains("seen") && tested.contains("\"Oslo\"") && tested.contains("It reached nothing"),
        "{tested}"
    );
    window.look("test");

    window.fill("#name", "not a name");
    window.click("#save");
    window.until_says("#flash", "not allowed in a name");
    window.fill("#name", "ticks");
    window.click("#kind option[value=repeat]");
    window.fill("#cron", "* * * * * *");
    window.until_says("#due .says", "every second");
    window.fill("#cron", "every nonsense");
    window.until_says("#due", "every nonsense");
    window.fill("#cron", "every 1s");
    window.until_says("#due .says", "every second");
    window.click("#save");
    window.until_says(".flash.good", "It runs from now on");
    let id = window.path().split(['/', '?']).nth(4).expect("an id").to_owned();
    assert!(
        window
            .run("return document.querySelector('#action .cm-content').textContent")
            .as_str()
            .is_some_and(|text| text.contains("seen"))
    );

    id
}

/// Saves a version that takes a while, and makes a hook; its path.
fn hooked(window: &Window, own: &str) -> String {
    window.go(own);
    window.write(STEPS);
    window.click("#save");
    window.until_says(".flash.good", "Saved");
    window.go(&format!("{own}/hooks"));
    window.click("#sender option[value=other]");
    window.click("form.inline button");
    window.until_says("#made", "shown only this once");
    let url = window.text("#made .paste code");
    window.look("hook-made");
    format!("/hooks/{}", url.split_once("/hooks/").expect("a hook").1)
}

/// Follows a run that runs to its end, and replays it.
fn followed(window: &Window, run: &str) {
    window.go(&format!("/console/default/runs/{run}"));
    window.until("document.querySelectorAll('#log .message').length === 6");
    window.until("document.querySelector('main .badge').textContent === 'completed'");
    assert!(window.text("main").contains("two"), "the page has its result too");
    window.look("run");
    window.click("form[action$='/replay'] button");
    window.until(&format!("!location.pathname.includes('{run}')"));
    window.until("document.querySelector('main .badge')?.textContent === 'completed'");
    window.until_says("main", "Replays");
}

/// Pauses the action, and lets it run again.
fn paused(window: &Window) {
    window.go("/console/default/actions");
    for checked in ["false", "true"] {
        window.click(".toggle");
        window.until(&format!(
            "document.querySelector('.toggle').getAttribute('aria-checked') === '{checked}'"
        ));
    }
}

#[test]
fn pages_are_for_everybody_when_there_is_nothing_yet() {
    let server = Server::start();
    let window = window(&server);
    window.go("/login");
    window.look("login");
    window.fill("#email", "nobody@example.com");
    window.fill("#password", &format!("wrong{ENTER}"));
    window.until_says(".flash.bad", "no such account");
    window.look("login-refused");
    window.log_in();
    window.look("actions-empty");
    window.go("/console/default/actions/new?template=enrich");
    window.until("document.querySelector('.cm-content')");
    window.look("new");
    window.go("/console/default/nothing/there");
    window.look("not-found");

    assert_eq!(window.complaints_but("40"), Vec::<String>::new());
}

/// Uploads actions, one of which fails when it is given nothing; the id of the first.
fn filled(server: &Server) -> String {
    let about = "Counts what went wrong with the carts of the shop, and tells the team that owns it";
    let id = server.upload(
        "cart-errors",
        "repeat",
        ECHO,
        &[
            ("cron_expr", "*/15 9-17 * * 1-5"),
            ("timezone", "Europe/Berlin"),
            ("description", about),
            ("environment_variables", "{\"LEVEL\": \"error\"}"),
        ],
    );
    let fails =
        server.upload("fails-sometimes", "service", "def main(data):\n    return 1 / len(data)\n", &[]);
    for payload in [json!([1]), json!([]), json!([1, 2]), json!([1])] {
        server.post(&format!("/api/default/actions/{fails}/invoke"), &payload);
    }
    server.upload("notify", "service", ECHO, &[("description", "Posts to a channel")]);
    id
}

#[test]
fn pages_of_actions_are_for_everybody() {
    let server = Server::start();
    let window = window(&server);
    let id = filled(&server);
    window.log_in();
    window.go("/console/default/actions");
    window.until("document.querySelectorAll('.strip rect').length === 4");
    window.look("actions");
    window.fill("#q", "cart");
    window.until("document.querySelectorAll('tbody tr').length === 1");
    window.click("td.pick input");
    window.click("#bulk button");
    window.until_says("h1", "Delete this action?");
    window.look("delete");
    window.go("/console/default/actions?q=nothing");
    window.look("actions-unmatched");
    let own = format!("/console/default/actions/{id}");
    window.go(&own);
    window.until("document.querySelector('.cm-content')");
    window.run(
        "document.querySelectorAll('details').forEach((part) => { part.open = !part.matches('.menu'); })",
    );
    window.look("edit");
    window.go(&format!("{own}/hooks"));
    window.look("hooks-empty");
    window.go(&format!("{own}/secrets"));
    window.fill("#secret-name", "SLACK_WEBHOOK_URL");
    window.fill("#secret-value", &format!("a hidden value{ENTER}"));
    window.until_says(".flash.good", "Kept");
    window.look("secrets");
    window.click(".menu.account summary");
    window.look("menu");
    assert_eq!(window.complaints_but("40"), Vec::<String>::new());
}

#[test]
fn pages_of_runs_and_settings_are_for_everybody() {
    let server = Server::start();
    let window = window(&server);
    filled(&server);
    window.log_in();
    let runs = server.get("/api/default/runs?status=errored").is(200);
    let failed = runs["runs"][0]["run_id"].as_str().expect("a run that failed").to_owned();
    for (name, path) in [
        ("overview", "/overview".to_owned()),
        ("runs", "/runs".to_owned()),
        ("run-failed", format!("/runs/{failed}")),
        ("dead-letters", "/runs/dead".to_owned()),
        ("explore", "/explore".to_owned()),
        ("members", "/administration".to_owned()),
        ("service-accounts", "/administration/service_accounts".to_owned()),
        ("network", "/administration/network".to_owned()),
        ("audit", "/administration/audit".to_owned()),
        ("organisations", "/administration/organisations".to_owned()),
    ] {
        window.go(&format!("/console/default{path}"));
        window.look(name);
    }
    assert_eq!(window.complaints_but("40"), Vec::<String>::new());
}
