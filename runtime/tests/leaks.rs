//! Thousands of runs in one process, faulting ones among them: nothing stays behind.

use std::{fs, path::Path, time::Duration};

use actiond_runtime::{Engine, Input, Limits, Preparation, Prepared};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Footprint, limits};

const RUNS: usize = 10_000;
const WARM_UP: usize = 500;

const SCRIPT: &str = "
import os, signal, time
def main(data):
    kind = data[0]
    if kind == 'return': return data
    if kind == 'raise': 1 / 0
    if kind == 'fuel':
        while True: pass
    if kind == 'sleep': time.sleep(3600)
    if kind == 'abort': os.abort()
    if kind == 'exit': os._exit(3)
    if kind == 'grow': return len(bytearray(40 << 20))
    if kind == 'files':
        os.mkdir('/tmp/d')
        keep = [open(f'/tmp/d/{i}', 'w') for i in range(5)]
        return [f.write('x') for f in keep]
";

/// Of every twenty runs, how many of each kind.
const MIX: &[(&str, usize)] = &[
    ("return", 12),
    ("raise", 2),
    ("fuel", 1),
    ("sleep", 1),
    ("abort", 1),
    ("exit", 1),
    ("grow", 1),
    ("files", 1),
];

fn files_below(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| if entry.file_type().unwrap().is_dir() { files_below(&entry.path()) } else { 1 })
        .sum()
}

async fn run(engine: &Engine, action: &Prepared, kind: &str) {
    let limits = Limits {
        fuel: if kind == "fuel" { 20_000_000 } else { 2_000_000_000 },
        wall: Duration::from_millis(if kind == "sleep" { 2 } else { 10_000 }),
        ..limits()
    };
    let sandbox = engine.start(action, &limits).unwrap();
    let data = format!("[\"{kind}\"]");
    let outcome = sandbox.call(Input::new(&data, CancellationToken::new())).await.unwrap();
    let ended = crate::support::ending(&outcome);
    let expected = match kind {
        "return" => "[\"return\"]",
        "raise" => "ZeroDivisionError: division by zero",
        "fuel" => "stopped: fuel",
        "sleep" => "stopped: time",
        "abort" => "stopped: fault",
        "exit" => "SystemExit: exit code 3",
        "grow" => "41943040",
        _ => "[1,1,1,1,1]",
    };
    assert_eq!(ended, expected);
}

#[tokio::test]
async fn ten_thousand_runs_leave_nothing_behind() {
    let bench = Bench::new().await;
    let scratch = bench.dir.path().join("scratch");
    let mut actions = Vec::new();
    // More actions than idle slots: slots change hands.
    for number in 0..12 {
        let source = bench.source(&[("main.py", &format!("{SCRIPT}\nNUMBER = {number}\n"))]);
        let Preparation::Ready(action) = bench.prepare(source).await else { panic!("not ready") };
        actions.push(action);
    }
    let kinds: Vec<&str> = MIX.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count)).collect();
    let mut before = None;
    for number in 0..RUNS {
        if number == WARM_UP {
            before = Some(Footprint::now());
        }
        run(&bench.engine, &actions[(number / 7) % actions.len()], kinds[number % kinds.len()]).await;
    }
    let (before, after) = (before.unwrap(), Footprint::now());
    before.holds(&after);
    drop(actions);
    drop(bench.engine);
    assert_eq!(files_below(&scratch), 0, "files are left below {scratch:?}");
}
