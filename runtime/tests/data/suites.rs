//! NumPy's and pandas's own tests, from the sources that the guest was built from: run by pytest, several files at a time. What is
//! expected of them is `numpy.txt` and `pandas.txt`; the action that runs some of them is `run_tests.py`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};

use actiond_runtime::{End, Engine, Input, Prepared};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::packages::{ample_limits, bench, native, own, prepare, sources};
use crate::{
    expected::{Expected, Report, Totals},
    support::{copy, ending},
};

/// pytest and what it and the tests need: Python alone.
const DEPENDENCIES: &[&str] = &[
    "_hypothesis_ftz_detector.py",
    "_hypothesis_globals.py",
    "_hypothesis_pytestplugin.py",
    "_pytest",
    "hypothesis",
    "iniconfig",
    "packaging",
    "pluggy",
    "py.py",
    "pygments",
    "pytest",
    "sortedcontainers",
];
/// A file that has fewer bytes shares a sandbox with others.
const BUNCH_BYTES: u64 = 40_000;

const PACKAGES: [&str; 2] = ["numpy", "pandas"];

/// The folders whose tests must be run at least.
const SUITES: &str = "numpy/_core numpy/lib numpy/linalg numpy/fft numpy/random numpy/ma numpy/polynomial \
    pandas/tests/groupby pandas/tests/reshape pandas/tests/window pandas/tests/frame pandas/tests/series \
    pandas/tests/tslibs pandas/tests/io/json pandas/tests/io/parser";

/// What `run_tests.py` returns.
#[derive(Default, Deserialize)]
struct Returned {
    passed: usize,
    xfailed: usize,
    failed: BTreeMap<String, String>,
    skipped: BTreeMap<String, String>,
    slowest: Vec<(String, f64)>,
}

/// Files that one sandbox runs.
#[derive(Clone)]
struct Bunch {
    suite: String,
    files: Vec<String>,
    bytes: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn numpys_own_tests_pass() {
    check("numpy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandas_own_tests_pass() {
    check("pandas").await;
}

#[test]
fn each_suite_is_run() {
    let lists = PACKAGES.map(expected);
    let run: BTreeSet<_> = lists.iter().flat_map(Expected::libraries).collect();
    assert_eq!(run, SUITES.split_whitespace().collect());
}

#[test]
fn each_reason_is_needed() {
    for package in PACKAGES {
        assert_eq!(expected(package).unused_reasons(), Vec::<&String>::new(), "{package}");
    }
}

fn expected(package: &str) -> Expected {
    Expected::parse(&own(&format!("{package}.txt")), Totals::Exact)
}

async fn check(package: &str) {
    let expected = expected(package);
    let bench = bench().await;
    let root = bench.dir.path().join("suites");
    lay_out(package, &expected, &root);
    let mut waiting = bunches(&expected, &root.join("suites"));
    // The image holds pytest, and what the package's tests have in common.
    let about = format!("{package} {:?} {:?} {}", sources(), native(), own(&format!("{package}.ini")));
    let action = prepare(&bench, root, &own("run_tests.py"), &about).await;
    let left_out: Vec<_> =
        expected.suites.iter().flat_map(|suite| suite.left_out()).map(str::to_owned).collect();
    let (mut running, mut complaints) = (JoinSet::new(), Vec::new());
    let mut reports = BTreeMap::<String, Report>::new();
    loop {
        while running.len() < at_once()
            && let Some(bunch) = waiting.pop_front()
        {
            running.spawn(run(bench.engine.clone(), action.clone(), bunch, left_out.clone()));
        }
        let Some(done) = running.join_next().await else { break };
        match done.unwrap() {
            (bunch, Ok(returned)) => add(reports.entry(bunch.suite).or_default(), returned),
            (_, Err(complaint)) => complaints.push(complaint),
        }
    }
    let mut said = BTreeSet::new();
    for suite in &expected.suites {
        let report = reports.remove(&suite.module).unwrap_or_default();
        complaints.extend(expected.complaints(suite, &report));
        said.extend(report.skipped.into_values().chain(report.failed.into_values()));
    }
    complaints.extend(expected.unsaid(&said));
    assert!(complaints.is_empty(), "\nin runtime/tests/data/{package}.txt:\n{}\n", complaints.join("\n"));
}

/// Lays the tests out as `run_tests.py` expects them: in their package's folders, which hold nothing else.
fn lay_out(package: &str, expected: &Expected, root: &Path) {
    let (sources, native, suites) = (sources(), native(), root.join("suites"));
    fs::create_dir_all(root.join("dependencies")).unwrap();
    for name in DEPENDENCIES {
        let (from, to) = (native.join(name), root.join("dependencies").join(name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
    fs::create_dir_all(suites.join(package)).unwrap();
    let options = format!("{package}.ini");
    fs::write(suites.join(&options), own(&options)).unwrap();
    let conftest = format!("{package}/conftest.py");
    fs::copy(sources.join(&conftest), suites.join(conftest)).unwrap();
    for suite in &expected.suites {
        let tests = Path::new(&suite.module);
        let tests = tests.ancestors().find(|folder| folder.ends_with("tests")).expect("a folder of tests");
        if suites.join(tests).exists() {
            continue;
        }
        copy(&sources.join(tests), &suites.join(tests));
        for folder in tests.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            fs::write(suites.join(folder).join("__init__.py"), "").unwrap();
        }
    }
}

/// Those with most to do come first, so that none runs alone in the end.
fn bunches(expected: &Expected, suites: &Path) -> VecDeque<Bunch> {
    let mut bunches = Vec::new();
    for suite in &expected.suites {
        let left_out: BTreeSet<_> = suite.left_out().into_iter().collect();
        let mut small = Bunch { suite: suite.module.clone(), files: Vec::new(), bytes: 0 };
        for (bytes, file) in files(suites, &suite.module) {
            if left_out.contains(file.as_str()) {
                continue;
            }
            small.files.push(file);
            small.bytes += bytes;
            if small.bytes >= BUNCH_BYTES {
                let empty = Bunch { suite: suite.module.clone(), files: Vec::new(), bytes: 0 };
                bunches.push(std::mem::replace(&mut small, empty));
            }
        }
        bunches.push(small);
    }
    bunches.retain(|bunch| !bunch.files.is_empty());
    bunches.sort_by_key(|bunch| Reverse(bunch.bytes));
    bunches.into()
}

/// Size and path of each file with tests, the largest first.
fn files(suites: &Path, folder: &str) -> Vec<(u64, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(suites.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(suites, &path));
        } else if name.starts_with("test_") && Path::new(&name).extension().is_some_and(|end| end == "py") {
            files.push((entry.metadata().unwrap().len(), path));
        }
    }
    files.sort_by(|one, other| other.cmp(one));
    files
}

fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn add(report: &mut Report, returned: Returned) {
    report.run += returned.passed + returned.xfailed + returned.failed.len();
    report.failed.extend(returned.failed);
    report.skipped.extend(returned.skipped);
}

/// Runs the tests of some files; `Err` says why there is no report.
async fn run(
    engine: Engine,
    action: Prepared,
    bunch: Bunch,
    mut left_out: Vec<String>,
) -> (Bunch, Result<Returned, String>) {
    left_out.retain(|test| {
        test.split_once("::").is_some_and(|(file, _)| bunch.files.iter().any(|own| own == file))
    });
    let data = serde_json::to_string(&(&bunch.files, left_out)).unwrap();
    let sandbox = engine.start(&action, &ample_limits()).unwrap();
    let outcome = sandbox.call(Input::new(&data, CancellationToken::new())).await.unwrap();
    let End::Returned(value) = &outcome.end else {
        let last = outcome.logs.last().map_or("", |line| &line.message);
        let complaint = format!(
            "{:?} did not return: {}; it was at {last}: mend that, or leave it out",
            bunch.files,
            ending(&outcome)
        );
        return (bunch, Err(complaint));
    };
    let returned: Returned = serde_json::from_str(value.get()).unwrap();
    let (wall, fuel) = (outcome.usage.wall, outcome.usage.fuel / 1_000_000);
    eprintln!(
        "{:>6.1} s, {fuel:>7} M fuel, {:>5} passed, {:>2} failed, {:>3} skipped: {:?} {:?}",
        wall.as_secs_f64(),
        returned.passed,
        returned.failed.len(),
        returned.skipped.len(),
        bunch.files,
        returned.slowest,
    );
    (bunch, Ok(returned))
}
