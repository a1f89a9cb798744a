//! Time: schedules, what runs once, what was missed, and memory that lives on from run to run.

use serde_json::{Value, json};

use crate::server::{Answer, Server};

const COUNTS: &str = "n = 0\ndef main():\n    global n\n    n += 1\n    return n\n";
const TRIES: usize = 50_000;

impl Server {
    /// The action's runs once there are so many that have ended, oldest first.
    fn runs_of(&self, id: &str, count: usize) -> Vec<Value> {
        for _ in 0..TRIES {
            let page = self.get(&format!("/api/default/actions/{id}/runs?limit=1000")).is(200);
            let mut runs: Vec<Value> = page["runs"].as_array().expect("a list").clone();
            runs.retain(|run| !run["ended_at"].is_null());
            if runs.len() >= count {
                runs.reverse();
                return runs;
            }
        }
        panic!("there are not {count} runs");
    }

    fn schedule(&self, id: &str) -> Value {
        self.get(&format!("/api/default/actions/{id}/schedule")).is(200)
    }
}

#[test]
fn an_action_of_kind_once_runs_when_it_is_saved() {
    let server = Server::start();
    let id = server.upload("once", "once", COUNTS, &[]);
    let runs = server.runs_of(&id, 1);
    assert_eq!((&runs[0]["trigger"], &runs[0]["status"]), (&json!("once"), &json!("completed")));
    let completed = || server.get("/api/default/actions").is(200)[0]["status"] == "Completed";
    assert!((0..TRIES).any(|_| completed()));
    assert_eq!(runs.len(), 1);
}

#[test]
fn an_action_of_kind_once_runs_once_for_each_upload() {
    let server = Server::start();
    let id = server.upload("once", "once", COUNTS, &[]);
    server.runs_of(&id, 1);
    // Neither an edit, a pause nor a rollback is an upload.
    server.put(&format!("/api/default/actions/{id}/settings"), &json!({"timezone": "Europe/Berlin"})).is(200);
    server.get(&format!("/api/default/actions/pause/{id}")).is(200);
    server.get(&format!("/api/default/actions/resume/{id}")).is(200);
    server.upload("once", "once", "def main():\n    return 'new'\n", &[("id", &id)]);
    let runs = server.runs_of(&id, 2);
    let versions: Vec<&Value> = runs.iter().map(|run| &run["version"]).collect();
    assert_eq!(versions, [1, 2]);
    server.post(&format!("/api/default/actions/{id}/versions/1/rollback"), &json!({})).is(200);
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    assert_eq!(Server::again(place).runs_of(&id, 2).len(), 2);
}

#[test]
fn a_schedule_runs_each_due_time_once_and_can_be_edited() {
    let server = Server::start();
    let id = server.upload("ticks", "repeat", COUNTS, &[("cron_expr", "every 1s")]);
    assert_eq!(server.schedule(&id)["next"].as_array().unwrap().len(), 5);
    let runs = server.runs_of(&id, 3);
    let mut due: Vec<_> = runs.iter().map(|run| run["due_at"].as_str().unwrap().to_owned()).collect();
    assert!(due.is_sorted() && runs.iter().all(|run| run["trigger"] == "schedule"), "{due:?}");
    due.dedup();
    assert_eq!(due.len(), runs.len());
    assert!(server.schedule(&id)["lateness_ms"].as_u64().is_some_and(|late| late < 60_000));
    // Edited to a time that is far off, nothing more runs.
    server.put(&format!("/api/default/actions/{id}"), &json!({"cron_expr": "0 0 1 1 *"})).is(200);
    let schedule = server.schedule(&id);
    assert!(schedule["next"][0].as_str().unwrap().ends_with("-01-01T00:00:00.000000Z"), "{schedule}");
    let put = server.put(&format!("/api/default/actions/{id}"), &json!({"cron_expr": "61 * * * *"}));
    assert_eq!(put.status, 400);
    let put =
        server.put(&format!("/api/default/actions/{id}/settings"), &json!({"timezone": "Europe/Nowhere"}));
    assert_eq!(put.status, 400);
    let put =
        server.put(&format!("/api/default/actions/{id}/settings"), &json!({"timezone": "Europe/Berlin"}));
    assert_eq!(put.is(200)["timezone"], "Europe/Berlin");
    assert!(server.schedule(&id)["next"][0].as_str().unwrap().ends_with("-12-31T23:00:00.000000Z"));
}

#[test]
fn a_due_time_that_finds_the_last_run_unfinished_is_skipped_or_waits() {
    let server = Server::start();
    let slow = "import time\ndef main():\n    time.sleep(2.5)\n";
    let skips = server.upload("skips", "repeat", slow, &[("cron_expr", "every 1s")]);
    let queues = server.upload(
        "queues",
        "repeat",
        slow,
        &[("cron_expr", "every 1s"), ("policy", "{\"overlap\": \"queue\"}")],
    );
    let allows = server.upload(
        "allows",
        "repeat",
        slow,
        &[("cron_expr", "every 1s"), ("policy", "{\"overlap\": \"allow\"}")],
    );
    let most_at_once = |runs: &[Value]| {
        let text = |run: &Value, key: &str| run[key].as_str().unwrap().to_owned();
        runs.iter()
            .map(|run| {
                let began = text(run, "started_at");
                runs.iter()
                    .filter(|other| text(other, "started_at") <= began && text(other, "ended_at") > began)
                    .count()
            })
            .max()
    };
    assert_eq!(most_at_once(&server.runs_of(&skips, 2)), Some(1));
    assert_eq!(most_at_once(&server.runs_of(&queues, 2)), Some(1));
    assert!(most_at_once(&server.runs_of(&allows, 3)) > Some(1));
    assert!(server.schedule(&skips)["skipped"].as_u64() > Some(0));
    assert_eq!(server.schedule(&queues)["skipped"], 0);
}

#[test]
fn memory_lives_on_from_run_to_run_and_over_restarts() {
    let server = Server::start();
    let id = server.upload("counts", "service", COUNTS, &[("policy", "{\"stateful\": true}")]);
    let forgets = server.upload("forgets", "service", COUNTS, &[]);
    let call = |server: &Server, id: &str| {
        server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200)["result"].clone()
    };
    assert_eq!([call(&server, &id), call(&server, &id), call(&server, &id)], [1, 2, 3]);
    assert_eq!([call(&server, &forgets), call(&server, &forgets)], [1, 1]);
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again(place);
    assert_eq!(call(&server, &id), 4);
    // New code begins anew.
    server.upload("counts", "service", &format!("{COUNTS}# new\n"), &[("id", &id)]);
    assert_eq!([call(&server, &id), call(&server, &id)], [1, 2]);
}

#[test]
fn what_runs_when_the_server_ends_is_interrupted_and_what_waits_stays() {
    let server = Server::start_with(&[("ACTIOND_DRAIN_S", "1")]);
    let waits = "import threading\ndef main(data):\n    print('begun')\n    threading.Event().wait(20)\n";
    let id = server.upload("waits", "service", waits, &[("policy", "{\"parallel\": 1}")]);
    let first = server.later(&id, &json!([]))["run_id"].as_str().unwrap().to_owned();
    let second = server.later(&id, &json!([]))["run_id"].as_str().unwrap().to_owned();
    let running =
        |server: &Server| server.get(&format!("/api/default/runs/{first}")).is(200)["status"] == "running";
    assert!((0..TRIES).any(|_| running(&server)));
    let place = server.place();
    let ended = server.stop();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let server = Server::again(place);
    let run = server.get(&format!("/api/default/runs/{first}")).is(200);
    assert_eq!(
        (&run["status"], &run["error"]["type"], &run["dead_letter"]),
        (&json!("interrupted"), &json!("interrupted"), &json!(true))
    );
    let run = server.get(&format!("/api/default/runs/{second}")).is(200);
    assert!(["queued", "running"].contains(&run["status"].as_str().unwrap()), "{run}");
}

#[test]
fn a_server_that_drains_is_not_ready() {
    let server = Server::start_with(&[("ACTIOND_DRAIN_S", "60")]);
    let waits = "import threading\ndef main(data):\n    print('begun')\n    threading.Event().wait(60)\n";
    let id = server.upload("waits", "service", waits, &[]);
    let run = server.later(&id, &json!([]))["run_id"].as_str().unwrap().to_owned();
    server.until_begun(&run);
    assert_eq!(server.get("/readyz").status, 200);
    server.terminate();
    let draining = |answer: &Answer| answer.status == 503 && answer.text() == "draining\n";
    assert!((0..TRIES).any(|_| draining(&server.get("/readyz"))));
    server.post(&format!("/api/default/runs/{run}/cancel"), &json!({})).is(202);
    let ended = server.wait();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_due_time_that_finds_no_place_waits_for_one_also_over_an_edit() {
    let server = Server::start_with(&[("ACTIOND_RUNS_ORG_PARALLEL", "1"), ("ACTIOND_RUNS_ORG_QUEUE", "1")]);
    let waits = "import threading\ndef main(data):\n    print('begun')\n    threading.Event().wait(60)\n";
    let waits = server.upload("waits", "service", waits, &[]);
    let blocker = server.later(&waits, &json!([]))["run_id"].as_str().unwrap().to_owned();
    server.until_begun(&blocker);
    let waiter = server.later(&waits, &json!([]))["run_id"].as_str().unwrap().to_owned();
    let timed = server.upload("timed", "repeat", "def main():\n    pass\n", &[("cron_expr", "every 1s")]);
    let due = server.schedule(&timed)["next"][0].clone();
    let refused = || server.stderr().contains("is due but cannot run yet");
    assert!((0..TRIES).any(|_| server.get("/healthz").status == 200 && refused()));
    server.put(&format!("/api/default/actions/{timed}"), &json!({"description": "edited"})).is(200);
    for run in [waiter, blocker] {
        server.post(&format!("/api/default/runs/{run}/cancel"), &json!({})).is(202);
    }
    assert_eq!(server.runs_of(&timed, 1)[0]["due_at"], due);
}
