//! Data: runs with pandas in the guest that has it, beside a native process that does the same with the same versions.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use actiond_runtime::End;
use tokio::time::Instant;

use crate::{
    Amount, Result,
    fresh::{self, Action},
    memory, process,
    rows::{Row, Rows, Sorted},
    stage::{DATA_WAITING, Files, Stage},
};

const MIB: f64 = 1_048_576.0;
const TABLES: Files = &[("main.py", include_str!("../actions/tables.py"))];
const TAKING: Files = &[("main.py", include_str!("../actions/taking.py"))];
const RETURNING: Files = &[("main.py", include_str!("../actions/returning.py"))];
const JOB: &str = "1,000 records through pandas";
/// What follows the action's text in a script of its own.
const CALL: &str = "
import json, logging, sys
answer = main(json.load(sys.stdin), logging.getLogger('action'))
answer['rate'] = {str(time): count for time, count in answer['rate'].items()}
json.dump(answer, sys.stdout)
";

pub(crate) async fn measure(
    guest: &Path,
    native: Option<&Path>,
    thousand: &str,
    amount: Amount,
    rows: &mut Rows,
) -> Result<()> {
    let before = process::image_bytes()?;
    let stage = Stage::open(guest).await?;
    let base = (process::image_bytes()? - before) as f64 / MIB;
    rows.add(Row::new("base image, NumPy and pandas", base, "MiB"))?;
    let tables = stage.prepare(TABLES).await?;
    let job = Action { name: JOB, prepared: &tables, data: thousand };
    let ours = fresh::one(&stage, job, amount.of(2_000), (Some(5.0), None), rows).await?;
    if let Some(python) = native {
        natively(python, thousand, amount.of(40), ours, rows)?;
    }
    let returning = stage.prepare(RETURNING).await?;
    let job = Action { name: "a frame of 1,000 × 10 as the result", prepared: &returning, data: "[]" };
    fresh::one(&stage, job, amount.of(500), (None, None), rows).await?;
    takes(&stage, thousand, amount.of(500), rows).await?;
    deploys(&stage, amount.of(40).max(10), rows).await?;
    let waiting = stage.prepare(DATA_WAITING).await?;
    memory::live(&stage, &waiting, thousand, (100, "100 live with pandas"), None, rows).await
}

/// A new process for each run, its payload on standard input. `ours`: the median of our runs.
fn natively(python: &Path, payload: &str, count: usize, ours: f64, rows: &mut Rows) -> Result<()> {
    let mut took = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        in_native(python, payload)?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let took = Sorted::new(took);
    let beside = format!("{:.0}× ours", took.percentile(50) / ours);
    let row = |what: &str, value| Row::new(format!("native process, {JOB}, {what}"), value, "ms");
    rows.add(row("p50", took.percentile(50)).beside(beside).note(took.spread()))?;
    rows.add(row("p99", took.percentile(99)))
}

fn in_native(python: &Path, payload: &str) -> Result<()> {
    let source = format!("{}{CALL}", TABLES[0].1);
    let mut child = Command::new(python)
        .args(["-I", "-c", &source])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let written = child.stdin.take().ok_or("no standard input")?.write_all(payload.as_bytes());
    if !child.wait()?.success() {
        return Err("the native interpreter failed: has it NumPy and pandas?".into());
    }
    Ok(written?)
}

/// What `pandas.DataFrame(data)` costs by itself.
async fn takes(stage: &Stage, thousand: &str, count: usize, rows: &mut Rows) -> Result<()> {
    let taking = stage.prepare(TAKING).await?;
    let mut took = Vec::new();
    for _ in 0..count {
        let End::Returned(value) = stage.run(&taking, thousand).await?.end else {
            return Err("taking.py did not return".into());
        };
        took.push(value.get().parse()?);
    }
    let took = Sorted::new(took);
    rows.add(
        Row::new("pandas.DataFrame(data) of 1,000 records, in a fresh run, p50", took.percentile(50), "ms")
            .note(took.spread()),
    )
}

async fn deploys(stage: &Stage, count: usize, rows: &mut Rows) -> Result<()> {
    let (mut took, mut hot) = (Vec::new(), Vec::new());
    for number in 0..count {
        let text = format!("{}\nVERSION = {number}, {:?}\n", TABLES[0].1, std::process::id());
        let before = process::image_bytes()?;
        let began = Instant::now();
        stage.prepare(&[("main.py", &text)]).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        hot.push((process::image_bytes()? - before) as f64 / MIB);
    }
    let (took, hot) = (Sorted::new(took), Sorted::new(hot));
    rows.add(
        Row::new("deploy: files to prepared, pandas, p50", took.percentile(50), "ms").note(took.spread()),
    )?;
    rows.add(
        Row::new("hot image per action with pandas (memory)", hot.percentile(50), "MiB").note(hot.spread()),
    )
}
