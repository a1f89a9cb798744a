//! The pages of actions in the console: an action's life by forms, its hooks and secrets, and the list.

use serde_json::json;

use crate::console::{Browser, ECHO, EDITOR, VIEWER, between, server};

/// The fields of the form of an action of kind `service`.
pub(crate) fn filled<'a>(name: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", name),
        ("description", "says <b>hello</b>"),
        ("kind", "service"),
        ("path", "main.py"),
        ("text", text),
        ("env_name", "GREETING"),
        ("env_value", "hello"),
        ("policy", "1"),
        ("wall", "7.5"),
        ("memory", "64"),
        ("egress_from", "some"),
        ("egress", "127.0.0.1:9"),
    ]
}

#[test]
fn an_action_lives_by_forms() {
    let server = server();
    let browser = Browser::log_in(&server, EDITOR);
    let main = "import os\ndef main(data, logger):\n    logger.warning('<i>%s</i>', os.environ['GREETING'])\n    return data\n";
    let tested = |path: &str, text: &str, payload: &str| {
        let answer = browser.post(path, &[&filled("", text)[..], &[("payload", payload)]].concat());
        (answer.status, answer.text())
    };
    let (status, page) = tested("/console/default/actions/new/test", main, "[{\"a\": 1.50}]");
    assert_eq!(status, 200, "{page}");
    assert!(
        page.contains("completed") && page.contains("1.5") && page.contains("&lt;i&gt;hello&lt;/i&gt;"),
        "{page}"
    );
    assert!(
        tested("/console/default/actions/new/test", "def main(data):\n    return 1/0\n", "[]")
            .1
            .contains("ZeroDivisionError")
    );
    assert!(
        tested("/console/default/actions/new/test", "import nothing_there\n", "[]")
            .1
            .contains("cannot be imported")
    );
    assert_eq!(tested("/console/default/actions/new/test", main, "no JSON").0, 400);
    assert_eq!(server.get("/api/default/actions").is(200), json!([]), "nothing of it is kept");
    assert_eq!(server.get("/api/default/runs").is(200)["runs"], json!([]));

    let to = browser.done("/console/default/actions/new", &filled("greet", main));
    let id = between(&to, "/actions/", "?");
    let own = format!("/console/default/actions/{id}");
    let page = browser.page(&own);
    assert!(
        page.contains("os.environ[&#39;GREETING&#39;]") || page.contains("os.environ['GREETING']"),
        "{page}"
    );
    assert!(page.contains("says &lt;b&gt;hello&lt;/b&gt;") && page.contains("value=\"7.5\""), "{page}");
    let settings = server.get(&format!("/api/default/actions/{id}/settings")).is(200);
    assert_eq!(
        (&settings["policy"]["wall_ms"], &settings["policy"]["egress"]),
        (&json!(7_500), &json!(["127.0.0.1:9"]))
    );
    let answer = browser.post("/console/default/actions/new", &filled("not a name", main));
    assert!(answer.status == 400 && answer.text().contains("not allowed in a name"), "{}", answer.text());

    browser.done(&own, &filled("greets", main));
    let versions = format!("/api/default/actions/{id}/versions");
    assert_eq!(server.get(&versions).is(200).as_array().map(Vec::len), Some(1), "the code is the same");
    browser.done(&own, &filled("greets", ECHO));
    assert_eq!(server.get(&versions).is(200).as_array().map(Vec::len), Some(2));
    assert!(browser.page(&format!("{own}/versions")).contains("runs now"));
    browser.done(&format!("{own}/versions/1/rollback"), &[]);
    assert_eq!(server.get(&versions).is(200)[1]["current"], true);

    let part = browser.post_as_is(
        &format!("{own}/pause"),
        &[("paused", "yes")],
        &[("X-CSRF-Token", &browser.csrf), ("HX-Request", "true")],
    );
    assert!(
        part.status == 200
            && part.text().starts_with("<tr")
            && part.text().contains("aria-checked=\"false\""),
        "{}",
        part.text()
    );
    browser.done(&format!("{own}/pause"), &[("paused", "no")]);

    let asked = browser.post("/console/default/actions/delete", &[("id", &id)]);
    assert!(asked.status == 200 && asked.text().contains("Delete this action?"), "{}", asked.text());
    assert_eq!(server.get(&format!("/api/default/actions/{id}")).status, 200, "it was only asked");
    browser.done("/console/default/actions/delete", &[("id", &id), ("sure", "yes")]);
    assert_eq!(browser.get(&own).status, 404);
    assert_eq!(browser.post("/console/default/actions/delete", &[]).status, 400);
}

#[test]
fn a_form_changes_no_more_than_it_shows() {
    let server = server();
    let browser = Browser::log_in(&server, EDITOR);
    let id = server.upload("greet", "service", ECHO, &[]);
    let own = format!("/console/default/actions/{id}");
    let main = "def main(data):\n    return []\n";
    browser.done(&own, &[&filled("greets", main)[..], &[("based_on", "1")]].concat());
    // Who began before that is told so, and overwrites nothing.
    let late = browser.post(&own, &[&filled("late", ECHO)[..], &[("based_on", "1")]].concat());
    assert!(late.status == 409 && late.text().contains("Version 2 runs by now"), "{}", late.text());
    browser.done(&own, &[&filled("greeted", ECHO)[..], &[("based_on", "2")]].concat());
    assert!(browser.page(&own).contains("name=\"based_on\" value=\"3\""));
    // What its editor does not show is tested, and how its lines end changes nothing.
    let tested = browser.post(&format!("{own}/test"), &[("payload", "[7]")]);
    assert!(tested.status == 200 && tested.text().contains("1 records"), "{}", tested.text());
    let crlf = ECHO.replace('\n', "\r\n");
    let other = server.upload("crlf", "service", &crlf, &[]);
    browser.done(&format!("/console/default/actions/{other}"), &filled("lines", &crlf));
    let kept = server.get(&format!("/api/default/actions/{other}/versions")).is(200);
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "only its name changed");
}

#[test]
fn hooks_and_secrets_are_made_by_forms() {
    let server = server();
    let main = "import os\ndef main(data):\n    return os.environ['KEY']\n";
    let id = server.upload("keeps", "service", main, &[("secrets", "[]")]);
    let browser = Browser::log_in(&server, EDITOR);
    let own = format!("/console/default/actions/{id}");
    for sender in ["openobserve", "alertmanager", "grafana", "github", "standard", "other"] {
        let page = browser.post(&format!("{own}/hooks"), &[("sender", sender), ("answer", "result")]);
        assert_eq!(page.status, 200, "{sender}: {}", page.text());
        let text = page.text();
        assert!(text.contains("shown only this once"), "{sender}: {text}");
        if sender == "other" {
            browser.done(&format!("{own}/secrets"), &[("name", "KEY"), ("value", "a hidden value")]);
            let url = between(&text, "<code>http://", "</code>");
            let path = format!("/hooks/{}", url.split_once("/hooks/").expect("a hook").1);
            let ran = server.call("POST", &path).no_auth().body("[]").send().is(200);
            assert_eq!(ran["status"], "completed");
        }
    }
    let page = browser.page(&format!("{own}/hooks"));
    assert!(!page.contains("/hooks/ey") && page.matches("Revoke</button>").count() == 6, "{page}");
    let revoke = between(&page, &format!("action=\"{own}/hooks/"), "/revoke\"");
    browser.done(&format!("{own}/hooks/{revoke}/revoke"), &[]);
    assert_eq!(browser.page(&format!("{own}/hooks")).matches("Revoke</button>").count(), 5);
    let page = browser.page(&format!("{own}/secrets"));
    assert!(page.contains("<code>KEY</code>") && !page.contains("a hidden value"), "{page}");
    assert_eq!(browser.post(&format!("{own}/secrets"), &[("name", "no"), ("value", "x")]).status, 400);
    browser.done(&format!("{own}/secrets/KEY/remove"), &[]);
    assert!(browser.page(&format!("{own}/secrets")).contains("No secrets of its own"));
}

#[test]
fn the_list_is_searched_and_paged_and_shows_names_as_they_are() {
    let server = server();
    let hostile = "<img/src=x>";
    let about = ("description", "\"><script>alert(1)</script>");
    let names: Vec<String> = (0..51).map(|number| format!("action-{number:02}")).collect();
    for name in &names {
        server.upload(name, "service", ECHO, &[]);
    }
    server.upload("z<b>", "repeat", ECHO, &[about, ("cron_expr", "0 9 * * 1-5")]);
    assert_eq!(server.uploading("default", hostile, "service", ECHO, &[]).send().status, 400);
    let browser = Browser::log_in(&server, VIEWER);
    let page = browser.page("/console/default/actions");
    assert!(
        page.contains("action-49") && !page.contains("action-50") && page.contains("52 actions"),
        "{page}"
    );
    let page = browser.page("/console/default/actions?page=2");
    assert!(page.contains("action-50") && page.contains("z&lt;b&gt;"), "{page}");
    assert!(page.contains("at 09:00, Monday to Friday") && !page.contains("<script>alert"), "{page}");
    let page = browser.page("/console/default/actions?q=N-07");
    assert!(page.contains("action-07") && !page.contains("action-08"), "{page}");
    assert!(
        browser.page("/console/default/actions?q=%3Cscript%3E").contains("1 action"),
        "it was found by its description"
    );
    assert!(browser.page("/console/default/actions?q=nothing").contains("Nothing matches"));
}
