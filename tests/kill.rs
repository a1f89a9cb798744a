//! Death at any moment: the server is killed again and again under load, and afterwards everything that it promised is
//! there, once.

#![expect(clippy::print_stdout, reason = "scripts/soak shows it")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use serde_json::{Value, json};

use crate::{
    program::Place,
    server::{Call, Server},
};

/// How often it is killed, unless `E2E_KILLS` says more.
const KILLS: u64 = 10;
const SEED: u64 = 0x5eed_0f1e;
/// The most requests that are answered between a start and the kill.
const ANSWERS_MAX: u64 = 120;
const CLIENTS: usize = 4;
const TRIES: usize = 100_000;
const ENV: &[(&str, &str)] = &[("ACTIOND_RETENTION_RUNS", "1000000"), ("ACTIOND_LOG_LEVEL", "warn")];

/// Some runs wait for a moment, so that the kill finds some running and some waiting for their turn.
const ECHO: &str = "import time\ndef main(data):\n    time.sleep(data[0] % 4 * 0.005)\n    return data\n";
const ONCE: &str = "def main():\n    return 'once'\n";
const TICK: &str = "def main():\n    return 'tick'\n";
const EVERY_TIME: &str = r#"{"overlap": "allow", "missed": "all", "missed_runs": 100}"#;

/// Requests by their number, which is their payload and their idempotency key.
struct Ledger {
    next: u64,
    /// Sent, but not answered: they are sent again.
    open: VecDeque<u64>,
    /// Answered, with the run that each became.
    promised: BTreeMap<u64, String>,
}

impl Ledger {
    fn take(&mut self) -> u64 {
        self.open.pop_front().unwrap_or_else(|| {
            self.next += 1;
            self.next
        })
    }
}

/// Deterministic, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    /// Below `end`.
    fn roll(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Sends one request and writes down what became of it; `false` when the server is gone.
fn ask(address: SocketAddr, path: &str, ledger: &Mutex<Ledger>) -> bool {
    let number = ledger.lock().expect("nobody panics with it").take();
    let call = Call::to(address, "POST", path).json(&json!([number]));
    let call = call.header("Idempotency-Key", &format!("number {number}"));
    // Two of three do not wait for the result.
    let call = if number.is_multiple_of(3) { call } else { call.header("Prefer", "respond-async") };
    // 503: it was begun before the server was killed, and is told to have been interrupted.
    let answer = call.try_send().filter(|answer| matches!(answer.status, 200 | 202 | 503));
    let mut ledger = ledger.lock().expect("nobody panics with it");
    let Some(answer) = answer else {
        ledger.open.push_back(number);
        return false;
    };
    let id = answer.json()["run_id"].as_str().expect("an id").to_owned();
    ledger.promised.insert(number, id);
    true
}

/// Sends requests until nobody wants to hear of their answers any more, or the server is gone.
fn client(address: SocketAddr, path: &str, ledger: &Mutex<Ledger>, answered: &SyncSender<()>) {
    while ask(address, path, ledger) && answered.send(()).is_ok() {}
}

/// Starts the server, lets it answer so many requests under load, uploads an action of kind `once`, and kills it. The
/// action.
fn round(place: &Arc<Place>, path: &str, ledger: &Arc<Mutex<Ledger>>, answers: u64) -> String {
    let server = Server::again_with(place.clone(), ENV);
    let address = server.address();
    let (tell, answered) = sync_channel(0);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (path, ledger, tell) = (path.to_owned(), ledger.clone(), tell.clone());
            thread::spawn(move || client(address, &path, &ledger, &tell))
        })
        .collect();
    drop(tell);
    for _ in 0..answers {
        assert!(answered.recv().is_ok(), "it is gone by itself: {}", server.stderr());
    }
    let reader = thread::spawn(move || answered.iter().for_each(drop));
    let once = server.upload("once", "once", ONCE, &[]);
    let ended = server.kill();
    assert_eq!(ended.code, 137, "{}", ended.stderr);
    for client in clients {
        client.join().expect("clients only ask");
    }
    reader.join().expect("it only reads");
    assert!(!ended.stderr.contains("ERROR"), "{}", ended.stderr);
    once
}

impl Server {
    /// All runs of the action, newest first, once none waits or runs.
    fn all_ended(&self, action: &str) -> Vec<Value> {
        let path = |query: &str| format!("/api/default/actions/{action}/runs?limit=1000{query}");
        let none = |status: &str| {
            self.get(&path(&format!("&status={status}"))).is(200)["runs"]
                .as_array()
                .expect("a list")
                .is_empty()
        };
        assert!((0..TRIES).any(|_| none("queued") && none("running")), "they do not end");
        let (mut runs, mut before) = (Vec::new(), String::new());
        loop {
            let page = self.get(&path(&before)).is(200);
            runs.extend(page["runs"].as_array().expect("a list").iter().cloned());
            let Some(next) = page["next"].as_str() else { return runs };
            before = format!("&before={next}");
        }
    }
}

fn kills() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "scripts/soak says how many")]
    let kills = std::env::var("E2E_KILLS");
    kills.ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS)
}

#[test]
fn what_was_promised_before_a_kill_happens_once() {
    let (kills, mut dice) = (kills(), Dice(SEED));
    println!("{kills} kills, seed {SEED:#x}");
    let server = Server::start_with(ENV);
    let action = server.upload("echo", "service", ECHO, &[]);
    let timed = server.upload("tick", "repeat", TICK, &[("cron_expr", "every 1s"), ("policy", EVERY_TIME)]);
    let (path, place) = (format!("/api/default/actions/{action}/invoke"), server.place());
    server.kill();
    let ledger = Arc::new(Mutex::new(Ledger { next: 0, open: VecDeque::new(), promised: BTreeMap::new() }));
    let mut once = Vec::new();
    for _ in 0..kills {
        // Also right after the start, while it takes up what the last one left.
        let answers = if dice.roll(8) == 0 { 0 } else { dice.roll(ANSWERS_MAX) };
        once.push(round(&place, &path, &ledger, answers));
    }
    let server = Server::again_with(place, ENV);
    while !ledger.lock().expect("nobody panics with it").open.is_empty() {
        assert!(ask(server.address(), &path, &ledger), "{}", server.stderr());
    }
    let ledger = ledger.lock().expect("nobody panics with it");
    assert_eq!(ledger.promised.len() as u64, ledger.next);
    let runs = server.all_ended(&action);
    check(&server, &ledger, &runs);
    server.get(&format!("/api/default/actions/pause/{timed}")).is(200);
    check_timed(&server.all_ended(&timed));
    for action in once {
        let runs = server.all_ended(&action);
        let triggers: Vec<&Value> = runs.iter().map(|run| &run["trigger"]).collect();
        assert_eq!(triggers, ["once"], "{runs:?}");
    }
}

/// Each request is one run, which returned what it was sent, or was interrupted.
fn check(server: &Server, ledger: &Ledger, runs: &[Value]) {
    let recorded: BTreeMap<&str, &Value> =
        runs.iter().map(|run| (run["run_id"].as_str().expect("an id"), run)).collect();
    assert_eq!(recorded.len(), runs.len(), "a run is recorded twice");
    let promised: BTreeSet<&str> = ledger.promised.values().map(String::as_str).collect();
    let recorded_ids: BTreeSet<&str> = recorded.keys().copied().collect();
    let (lost, unasked): (Vec<_>, Vec<_>) =
        (promised.difference(&recorded_ids).collect(), recorded_ids.difference(&promised).collect());
    assert!(lost.is_empty() && unasked.is_empty(), "lost: {lost:?}, nobody asked for: {unasked:?}");
    let mut interrupted = 0;
    for (number, id) in &ledger.promised {
        let run = server.get(&format!("/api/default/runs/{id}")).is(200);
        match run["status"].as_str() {
            Some("completed") => assert_eq!(run["result"], json!([number]), "{run}"),
            Some("interrupted") => interrupted += 1,
            other => panic!("{other:?}: {run}"),
        }
    }
    println!("{} runs, {interrupted} interrupted", runs.len());
}

/// Every second from the first to the last has one run.
fn check_timed(runs: &[Value]) {
    let mut due: Vec<&str> = runs.iter().map(|run| run["due_at"].as_str().expect("it was due")).collect();
    due.sort_unstable();
    let seconds: Vec<u64> = due.iter().map(|due| second(due)).collect();
    println!("{} timed runs", seconds.len());
    for pair in seconds.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "{due:?}");
    }
}

/// The second of an RFC 3339 time at which an interval is due; days do not matter: one second a second.
fn second(due: &str) -> u64 {
    let number = |at: usize| due[at..at + 2].parse::<u64>().expect("digits");
    assert_eq!(&due[19..], ".000000Z");
    number(8) * 86_400 + number(11) * 3_600 + number(14) * 60 + number(17)
}
