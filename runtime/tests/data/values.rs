//! Thousands of expressions in a sandbox and in the machine's own Python, with the same versions of NumPy and pandas: what comes
//! of them is the same to the last digit, but for those that `differences.txt` lists.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use actiond_runtime::{End, Input};
use tokio_util::sync::CancellationToken;

use super::{
    digits::distance,
    packages::{ample_limits, bench, native, own, prepare},
};
use crate::support::ending;

/// Far more than the tables have lines: each item of a tuple counts.
const EXPRESSIONS_MIN: usize = 2_000;

/// So that others' machines have the same last digits: none of what newer processors can do is used.
const NATIVE_ENV: &[(&str, &str)] = &[
    ("TZ", "UTC"),
    ("LC_ALL", "C.UTF-8"),
    // The zones of the package, as in the guest, not the machine's.
    ("PYTHONTZPATH", ""),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("OPENBLAS_CORETYPE", "Nehalem"),
    (
        "NPY_DISABLE_CPU_FEATURES",
        "SSE41 POPCNT SSE42 AVX F16C FMA3 AVX2 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
    ),
    ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX512F"),
];

/// An expression of a table, and what came of it.
type Outcome = (String, String);

/// The lines of `differences.txt`, whose beginning explains them.
#[derive(Default)]
struct Differences {
    reasons: Vec<String>,
    /// Table and expression to (reason, how far apart at most).
    listed: BTreeMap<(String, String), (String, Apart)>,
}

enum Apart {
    /// Two to the power of this, relative to the greatest number.
    Power(i32),
    /// What comes of it in a sandbox.
    Instead(String),
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_those_of_other_builds() {
    let tables = tables();
    let elsewhere = tokio::task::spawn_blocking({
        let texts: Vec<_> = tables.iter().map(|(_, text)| text.clone()).collect();
        move || evaluate_elsewhere(&texts)
    });
    let here = evaluate_here(&tables).await;
    let elsewhere = elsewhere.await.unwrap();
    let differences = Differences::parse(&own("differences.txt"));
    let (mut complaints, mut seen, mut count) = (Vec::new(), Vec::new(), 0);
    for (((table, _), here), elsewhere) in tables.iter().zip(here).zip(elsewhere) {
        assert_eq!(here.len(), elsewhere.len(), "{table}: as many expressions");
        for ((expression, here), (_, elsewhere)) in here.into_iter().zip(elsewhere) {
            count += 1;
            let key = (table.clone(), expression);
            complaints.extend(differences.complaint(&key, &here, &elsewhere));
            seen.push(key);
        }
    }
    complaints.extend(differences.unseen(&seen));
    assert!(count >= EXPRESSIONS_MIN, "only {count} expressions");
    assert!(
        complaints.is_empty(),
        "\nin runtime/tests/data/differences.txt, of {count} expressions:\n{}\n",
        complaints.join("\n")
    );
    eprintln!("{count} expressions, {} listed", differences.listed.len());
}

/// Each reason is needed, and each line has one.
#[test]
fn each_reason_of_a_difference_is_needed() {
    let differences = Differences::parse(&own("differences.txt"));
    for reason in &differences.reasons {
        assert!(differences.listed.values().any(|(listed, _)| listed == reason), "no line needs {reason}");
    }
}

/// Name to text, in the order of the names.
fn tables() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/expressions");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn evaluate_elsewhere(tables: &[String]) -> Vec<Vec<Outcome>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/evaluate.py");
    let mut command = Command::new("/usr/bin/python3");
    command.arg(program).env_clear().envs(NATIVE_ENV.iter().copied()).env("PYTHONPATH", native());
    let mut python = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let tables = serde_json::to_vec(tables).unwrap();
    python.stdin.take().unwrap().write_all(&tables).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn evaluate_here(tables: &[(String, String)]) -> Vec<Vec<Outcome>> {
    let bench = bench().await;
    let action = prepare(&bench, bench.dir.path().join("values"), &own("evaluate.py"), "").await;
    let mut outcomes = Vec::new();
    for (name, text) in tables {
        let data = serde_json::to_string(text).unwrap();
        let sandbox = bench.engine.start(&action, &ample_limits()).unwrap();
        let outcome = sandbox.call(Input::new(&data, CancellationToken::new())).await.unwrap();
        let End::Returned(value) = &outcome.end else { panic!("{name}: {}", ending(&outcome)) };
        outcomes.push(serde_json::from_str(value.get()).unwrap());
    }
    outcomes
}

impl Differences {
    fn parse(text: &str) -> Self {
        let mut differences = Self::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            differences.add(line).unwrap_or_else(|| panic!("not understood: {line}"));
        }
        differences
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (head, rest) = line.split_once(": ")?;
        let mut words = head.split(' ');
        let first = words.next()?;
        if first == "reason" {
            self.reasons.push(words.next()?.to_owned());
            return Some(());
        }
        self.reasons.iter().any(|reason| reason == first).then_some(())?;
        let (apart, table) = (words.next()?, words.next()?);
        let (expression, apart) = match apart.strip_prefix("2^") {
            Some(power) => (rest, Apart::Power(power.parse().ok()?)),
            None => {
                let (expression, instead) = rest.split_once(" => ")?;
                (expression, Apart::Instead(instead.to_owned()))
            }
        };
        let key = (table.to_owned(), expression.to_owned());
        self.listed.insert(key, (first.to_owned(), apart)).is_none().then_some(())
    }

    fn complaint(&self, key: &(String, String), here: &str, elsewhere: &str) -> Option<String> {
        let (table, expression) = key;
        let Some((reason, apart)) = self.listed.get(key) else {
            return (here != elsewhere).then(|| {
                let line = match distance(here, elsewhere) {
                    Some(apart) => format!("REASON 2^{} {table}: {expression}", power(apart)),
                    None => format!("REASON here {table}: {expression} => {}", one_line(here)),
                };
                let shown = |text: &str| one_line(text).chars().take(400).collect::<String>();
                format!(
                    "add `{line}` or mend it:\n  here      {}\n  elsewhere {}",
                    shown(here),
                    shown(elsewhere)
                )
            });
        };
        if here == elsewhere {
            return Some(format!("remove `{reason} … {table}: {expression}`: it does not differ"));
        }
        let fits = match apart {
            Apart::Power(most) => distance(here, elsewhere).is_some_and(|apart| apart <= 2_f64.powi(*most)),
            Apart::Instead(instead) => one_line(here) == *instead,
        };
        (!fits).then(|| {
            let apart = distance(here, elsewhere).map(power);
            format!(
                "{reason} {table}: {expression}: further apart than listed ({apart:?}): {}",
                one_line(here)
            )
        })
    }

    /// The lines whose expressions are in no table.
    fn unseen(&self, seen: &[(String, String)]) -> Vec<String> {
        let unseen = self.listed.keys().filter(|key| !seen.contains(key));
        unseen.map(|(table, expression)| format!("remove `{table}: {expression}`: there is none")).collect()
    }
}

/// The next power of two.
fn power(apart: f64) -> f64 {
    if apart == 0.0 { -1074.0 } else { apart.log2().ceil() }
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}
