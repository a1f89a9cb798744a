//! Stateful actions: what a run leaves in memory is there in the next, across restarts, and nothing else is.

use actiond_runtime::{Engine, Input, Kept, Limits, Outcome, Prepared, Saved};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, env, limits, log, share_code};

/// An action and its state, as a caller keeps them.
struct Stateful {
    engine: Engine,
    action: Prepared,
    state: Option<(Saved, Vec<u8>)>,
}

impl Stateful {
    fn new(bench: &Bench, action: Prepared) -> Self {
        Self { engine: bench.engine.clone(), action, state: None }
    }

    /// One run. Why its memory was not kept, if it was not.
    async fn run_with(&mut self, input: Input<'_>, limits: &Limits) -> (Outcome, Option<&'static str>) {
        let sandbox = match &self.state {
            Some((saved, _)) => self.engine.resume(saved, limits),
            None => self.engine.start(&self.action, limits),
        };
        let (outcome, kept) = sandbox.unwrap().call_and_keep(input).await.unwrap();
        let reason = match kept {
            Kept::Saved { saved, bytes } => {
                self.state = Some((saved, bytes));
                None
            }
            Kept::Forgotten => Some("forgotten"),
            Kept::Refused(reason) => Some(reason),
        };
        (outcome, reason)
    }

    async fn run(&mut self, data: &str) -> (String, Option<&'static str>) {
        let (outcome, kept) = self.run_with(Input::new(data, CancellationToken::new()), &limits()).await;
        (ending(&outcome), kept)
    }

    fn bytes(&self) -> &[u8] {
        &self.state.as_ref().expect("a run was kept").1
    }
}

const COUNTER: &str = "
import os, random, time
count = 0
held = []
drawn = [random.random()]
def main(data):
    global count
    count += 1
    return eval(data[0]) if data else count
";

/// What runs of one action return in turn, and why their memory is not kept. All but those with a reason count.
const RUNS: &[(&str, &str, Option<&str>)] = &[
    ("[]", "1", None),
    ("[]", "2", None),
    ("[\"1 / 0\"]", "ZeroDivisionError: division by zero", Some("forgotten")),
    ("[]", "3", None),
    ("[\"exit()\"]", "NameError: name 'exit' is not defined", Some("forgotten")),
    ("[\"exec('raise SystemExit(1)')\"]", "SystemExit: exit code 1", Some("forgotten")),
    ("[\"exec('raise SystemExit')\"]", "null", None),
    ("[\"os._exit(0)\"]", "null", Some("it ended by os._exit")),
    ("[\"os.abort()\"]", "stopped: fault", Some("forgotten")),
    ("[\"held.append(open('main.py')) or count\"]", "5", Some("it leaves a file open")),
    ("[\"open('/tmp/x', 'w').close() or count\"]", "5", Some("it leaves files below /tmp")),
    ("[\"open('/tmp/x', 'w').close() or os.remove('/tmp/x') or count\"]", "5", None),
    (
        "[\"held.append(bytes(range(256)) * (260 << 10)) or count\"]",
        "6",
        Some("it leaves too much in memory"),
    ),
    ("[\"held.append(bytes(range(256)) * (80 << 10)) or count\"]", "6", None),
    ("[\"len(held.pop())\"]", "20971520", None),
    ("[\"exec('while True: pass')\"]", "stopped: fuel", Some("forgotten")),
    ("[\"os.environ.__setitem__('OWN', 'kept') or count\"]", "8", None),
    ("[\"[os.environ['OWN'], os.getenv('OWN'), count]\"]", "[\"kept\",\"kept\",9]", None),
    ("[\"drawn.append(random.random()) or len(set(drawn))\"]", "2", None),
    ("[\"drawn.append(random.random()) or len(set(drawn))\"]", "3", None),
    ("[\"os.getcwd()\"]", "\"/action\"", None),
    ("[]", "13", None),
];

#[tokio::test]
async fn a_run_goes_on_from_the_last_that_returned() {
    let bench = Bench::new().await;
    let mut counter = Stateful::new(&bench, bench.ready(COUNTER).await);
    let limits = Limits { fuel: 3_000_000_000, ..limits() };
    for (data, expected, reason) in RUNS {
        let input = Input::new(data, CancellationToken::new());
        let (outcome, kept) = counter.run_with(input, &limits).await;
        assert_eq!((ending(&outcome).as_str(), kept), (*expected, *reason), "for {data}");
        assert!(outcome.usage.prepared);
    }
    let resident = counter.state.as_ref().unwrap().0.resident_bytes();
    assert!(resident < 8 << 20, "{resident} bytes are left of 20 MiB that were let go of");
    let outcome = bench.run(&counter.action, "[]").await;
    assert_eq!(ending(&outcome), "1", "runs from the action's own image are as ever");
}

#[tokio::test]
async fn a_state_outlives_its_engine() {
    let cache = tempfile::tempdir().unwrap();
    share_code(cache.path());
    let mut stored = Vec::new();
    for round in 0..3 {
        let bench = Bench::with(|settings| settings.cache_dir = cache.path().to_owned()).await;
        let mut counter = Stateful::new(&bench, bench.ready(COUNTER).await);
        if round > 0 {
            let saved = bench.engine.restore(&counter.action, &stored).unwrap().expect("restored");
            assert!(saved.resident_bytes() > 0);
            counter.state = Some((saved, stored));
        }
        for turn in 1..=2 {
            assert_eq!(counter.run("[]").await, ((round * 2 + turn).to_string(), None));
        }
        stored = counter.bytes().to_vec();
    }
}

#[tokio::test]
async fn only_what_was_stored_for_this_action_is_restored() {
    let bench = Bench::new().await;
    let mut counter = Stateful::new(&bench, bench.ready(COUNTER).await);
    counter.run("[]").await;
    let stored = counter.bytes().to_vec();
    let restores = |action: &Prepared, bytes: &[u8]| bench.engine.restore(action, bytes).unwrap().is_some();
    assert!(restores(&counter.action, &stored));
    for at in [0, 8, 50, stored.len() / 2, stored.len() - 1] {
        let mut damaged = stored.clone();
        damaged[at] ^= 1;
        assert!(!restores(&counter.action, &damaged), "damaged at {at}");
        assert!(!restores(&counter.action, &stored[..at]), "cut at {at}");
    }
    assert!(!restores(&counter.action, &[&stored[..], b"more"].concat()));
    let other = bench.ready(&format!("{COUNTER}\n")).await;
    assert!(!restores(&other, &stored), "of other files");
    let mut source = bench.source(&[("main.py", COUNTER)]);
    source.env = env(&[("KEY", "value")]);
    let actiond_runtime::Preparation::Ready(other) = bench.prepare(source).await else { panic!("not ready") };
    assert!(!restores(&other, &stored), "of other variables");
    let cache = tempfile::tempdir().unwrap();
    share_code(cache.path());
    let elsewhere = Bench::with(|settings| settings.cache_dir = cache.path().to_owned()).await;
    let action = elsewhere.ready(COUNTER).await;
    assert!(elsewhere.engine.restore(&action, &stored).unwrap().is_none(), "of another base image");
}

/// Work that leaves garbage, cycles, caches and log handlers' records; the script holds none of it.
const BUSY: &str = "
import collections, json, logging, logging.handlers, os, re
handler = logging.handlers.MemoryHandler(1000, target=logging.StreamHandler())
logging.getLogger('busy').addHandler(handler)
count = 0
class Node: pass
def main(data, logger):
    global count
    count += 1
    nodes = [Node() for _ in range(200)]
    for node in nodes: node.others = nodes
    logger.info('run %d', count)
    logging.getLogger('busy').info('held until the end of run %d', count)
    logging.getLogger(f'logger {count % 5}').info('x')
    try: json.loads('{')
    except ValueError as error: nodes.append(error)
    text = re.sub('1', '2', ' '.join(map(str, range(20000))))
    return [count, os.environ['RUN'], len(handler.buffer), collections.Counter(text.split()).total()]
";

#[tokio::test]
async fn three_hundred_runs_leave_no_more_than_the_script_holds() {
    let bench = Bench::new().await;
    let mut busy = Stateful::new(&bench, bench.ready(BUSY).await);
    let mut settled = None;
    for number in 1..=300 {
        let env = env(&[("RUN", &format!("run {number}")), ("TRACEPARENT", "00-1-2-03")]);
        let input = Input { env: &env, ..Input::new("[]", CancellationToken::new()) };
        let (outcome, kept) = busy.run_with(input, &limits()).await;
        assert_eq!(ending(&outcome), format!("[{number},\"run {number}\",1,20000]"));
        assert_eq!(kept, None);
        assert_eq!(outcome.logs.len(), 3, "{:?}", log(&outcome));
        if number == 20 {
            settled = Some((busy.bytes().len(), busy.state.as_ref().unwrap().0.resident_bytes()));
        }
    }
    let slots = bench.engine.stats().slots_idle;
    assert!(slots <= 2, "{slots} slots are kept, of states that were replaced");
    let (bytes, resident) = settled.unwrap();
    let (now, resident_now) = (busy.bytes().len(), busy.state.as_ref().unwrap().0.resident_bytes());
    assert!(now <= bytes + bytes / 20, "{bytes} bytes after 20 runs, {now} after 300");
    assert!(
        resident_now <= resident + resident / 20,
        "{resident} bytes after 20 runs, {resident_now} after 300"
    );
}

#[tokio::test]
async fn variables_of_a_run_are_not_part_of_the_state() {
    let bench = Bench::new().await;
    let main = "
import os
HELD = None
def main(): return [os.environ.get(name) for name in ('KEY', 'RUN')]
";
    // Also of an action whose first run imports it.
    for head in ["", "import atexit; held = open('main.py'); atexit.register(held.close)"] {
        let mut source = bench.source(&[("main.py", &format!("{head}\n{main}"))]);
        source.env = env(&[("KEY", "image")]);
        let actiond_runtime::Preparation::Ready(action) = bench.prepare(source).await else {
            panic!("not ready")
        };
        let mut stateful = Stateful::new(&bench, action);
        for (variables, expected) in [
            (env(&[("KEY", "run"), ("RUN", "1")]), "[\"run\",\"1\"]"),
            (env(&[]), "[\"image\",null]"),
            (env(&[("RUN", "2")]), "[\"image\",\"2\"]"),
            (env(&[("KEY", "again")]), "[\"again\",null]"),
        ] {
            let input = Input { env: &variables, ..Input::new("[]", CancellationToken::new()) };
            let (outcome, kept) = stateful.run_with(input, &limits()).await;
            assert_eq!((ending(&outcome).as_str(), kept), (expected, None), "{head}");
        }
    }
}
