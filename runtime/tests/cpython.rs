//! CPython's own tests, from the source that the guest was built from: each module runs in a sandbox of its own, several at a
//! time. What is expected of them is `cpython/expected.txt`; the action that runs one is `cpython/run_suite.py`.

use std::{
    collections::{BTreeSet, VecDeque},
    fs,
    net::TcpListener,
    path::PathBuf,
    time::Duration,
};

use actiond_runtime::{
    End, Engine, Grants, Input, Limits, NetLimits, Preparation, Prepared, Rule, Source, Unverified,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    expected::{Expected, Report, Suite, Totals},
    support::{Bench, copy, ending, guest_dir, limits},
};

const RUN_SUITE: &str = include_str!("cpython/run_suite.py");
const EXPECTED: &str = include_str!("cpython/expected.txt");

/// Each must be covered by a suite at least.
const LIBRARIES: &str = "json re str dict list set int float datetime decimal collections itertools functools dataclasses enum \
    logging base64 hashlib struct zlib bz2 lzma sqlite3 zoneinfo csv statistics string textwrap urllib.parse \
    xml.etree typing copy heapq bisect socket select selectors ssl urllib.request http.client \
    smtplib xmlrpc.client asyncio";

/// `zoneinfo`'s tests look at the guest's time zones only if a package `tzdata` seems to be installed.
const TZDATA: &str = "Metadata-Version: 2.1\nName: tzdata\nVersion: 0\n";

/// CPython's tests use what they can get.
fn suite_limits() -> Limits {
    Limits {
        fuel: 2_000_000_000_000,
        wall: Duration::from_secs(600),
        memory_bytes: 1 << 30,
        result_bytes: 16 << 20,
        log_lines: 100_000,
        log_bytes: 16 << 20,
        scratch_bytes: 512 << 20,
        scratch_entries: 100_000,
        open_files: 256,
        net: NetLimits { connections: 10_000, open: 256, ..limits().net },
        ..limits()
    }
}

/// This machine, which their servers and clients share.
fn grants() -> Grants {
    let rules = ["localhost", "127.0.0.0/8", "::1"].map(|rule| rule.parse::<Rule>().unwrap());
    Grants::new(rules).with_unverified_tls(Unverified::Granted)
}

#[tokio::test(flavor = "multi_thread")]
async fn cpythons_own_tests_pass() {
    // Without, dozens of tests would skip themselves, each for the same reason.
    TcpListener::bind("[::1]:0").expect("this test needs ::1 on the loopback interface");
    let expected = Expected::parse(EXPECTED, Totals::Bounds);
    let bench = Bench::new().await;
    let action = prepare(&bench).await;
    let mut waiting: VecDeque<Suite> = expected.suites.iter().cloned().collect();
    let mut running = JoinSet::new();
    let (mut complaints, mut said) = (Vec::new(), BTreeSet::new());
    loop {
        while running.len() < at_once()
            && let Some(suite) = waiting.pop_front()
        {
            running.spawn(run(bench.engine.clone(), action.clone(), suite));
        }
        let Some(done) = running.join_next().await else { break };
        match done.unwrap() {
            (suite, Ok(report)) => {
                complaints.extend(expected.complaints(&suite, &report));
                said.extend(report.skipped.into_values().chain(report.failed.into_values()));
            }
            (_, Err(complaint)) => complaints.push(complaint),
        }
    }
    complaints.extend(expected.unsaid(&said));
    assert!(complaints.is_empty(), "\nin runtime/tests/cpython/expected.txt:\n{}\n", complaints.join("\n"));
}

/// One more than there are processors: some tests wait.
fn at_once() -> usize {
    1 + std::thread::available_parallelism().map_or(1, usize::from)
}

/// Lays out an action that has CPython's `test` package beside its `main.py`.
async fn prepare(bench: &Bench) -> Prepared {
    let root = bench.dir.path().join("cpython");
    copy(&tests(), &root.join("test"));
    fs::create_dir(root.join("tzdata-0.dist-info")).unwrap();
    fs::write(root.join("tzdata-0.dist-info/METADATA"), TZDATA).unwrap();
    fs::write(root.join("main.py"), RUN_SUITE).unwrap();
    // The image holds the import of `main.py`, which imports nothing else of the action.
    let digest = blake3::hash(RUN_SUITE.as_bytes()).into();
    match bench.prepare(Source { root, digest, env: Vec::new() }).await {
        Preparation::Ready(action) => action,
        other => panic!("{other:#?}"),
    }
}

/// The package `test` of the source that the guest was built from; the guest's manifest says where that is kept.
fn tests() -> PathBuf {
    let guest = guest_dir();
    let manifest = fs::read(guest.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let kept = manifest["cpython"].as_str();
    let kept = kept.unwrap_or_else(|| panic!("{guest:?} is too old for this test: run scripts/setup"));
    let kept = guest.canonicalize().unwrap().with_file_name(kept);
    let tests = kept.join("Lib/test");
    assert!(
        tests.join("support").is_dir(),
        "no tests in {kept:?}: delete it and {guest:?}, then run scripts/setup"
    );
    tests
}

/// Runs one module's tests; `Err` says why there is no report.
async fn run(engine: Engine, action: Prepared, suite: Suite) -> (Suite, Result<Report, String>) {
    let data = serde_json::to_string(&(&suite.module, suite.left_out())).unwrap();
    let sandbox = engine.start(&action, &suite_limits()).unwrap();
    let input = Input { grants: grants(), ..Input::new(&data, CancellationToken::new()) };
    let outcome = sandbox.call(input).await.unwrap();
    let End::Returned(value) = &outcome.end else {
        let last = outcome.logs.last().map_or("", |line| &line.message);
        let complaint = format!(
            "{} did not return: {}; it was at {last}: mend that, or leave it out",
            suite.module,
            ending(&outcome)
        );
        return (suite, Err(complaint));
    };
    let report: Report = serde_json::from_str(value.get()).unwrap();
    let (wall, fuel) = (outcome.usage.wall, outcome.usage.fuel / 1_000_000);
    eprintln!(
        "{:<28} {:>5} run, {:>2} failed, {:>3} skipped, {:>6.1} s, {fuel:>6} M fuel",
        suite.module,
        report.run,
        report.failed.len(),
        report.skipped.len(),
        wall.as_secs_f64(),
    );
    (suite, Ok(report))
}

#[test]
fn each_library_has_its_suite() {
    let named: BTreeSet<_> = LIBRARIES.split_whitespace().collect();
    assert_eq!(Expected::parse(EXPECTED, Totals::Bounds).libraries(), named);
}

#[test]
fn each_reason_is_needed() {
    assert!(Expected::parse(EXPECTED, Totals::Bounds).unused_reasons().is_empty());
}
