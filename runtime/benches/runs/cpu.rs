//! CPU-bound Python: the same file inside the sandbox, with fuel and without, and in a native CPython, taking turns.

use std::{collections::BTreeMap, path::Path, process::Command};

use actiond_runtime::{End, Metering};

use crate::{
    Amount, Result,
    rows::{Row, Rows, Sorted, geometric_mean},
    stage::{Files, Stage},
};

const SUITE: Files = &[("main.py", include_str!("../suite.py"))];

/// Seconds for each of the suite's functions.
type Seconds = BTreeMap<String, f64>;

pub(crate) async fn measure(
    guest: &Path,
    native: Option<&Path>,
    amount: Amount,
    rows: &mut Rows,
) -> Result<()> {
    let fuel = Stage::open(guest).await?;
    let off = Stage::with(guest, |settings| settings.metering = Metering::Off).await?;
    let (mut with_fuel, mut without, mut natively) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..amount.of(10).max(2) {
        natively.extend(native.map(in_native).transpose()?);
        with_fuel.push(in_sandbox(&fuel).await?);
        natively.extend(native.map(in_native).transpose()?);
        without.push(in_sandbox(&off).await?);
    }
    let (fuel, off, base) = (best(&with_fuel), best(&without), best(&natively));
    for (name, native) in &base {
        rows.add(Row::new(format!("CPU {name}, native"), native * 1e3, "ms"))?;
    }
    for (metering, ours) in [("fuel", &fuel), ("no fuel", &off)] {
        for (name, seconds) in ours {
            let beside = base.get(name).map(|native| format!("{:.2}× native", seconds / native));
            let row = Row::new(format!("CPU {name}, {metering}"), seconds * 1e3, "ms");
            rows.add(row.beside(beside.unwrap_or_default()))?;
        }
    }
    if native.is_some() {
        means("fuel", &with_fuel, &fuel, (&natively, &base), Some(2.0), rows)?;
        means("no fuel", &without, &off, (&natively, &base), None, rows)?;
    }
    Ok(())
}

/// The mean over all rounds' best, and how far the rounds lie apart.
fn means(
    name: &str,
    rounds: &[Seconds],
    best: &Seconds,
    (natives, native): (&[Seconds], &Seconds),
    goal: Option<f64>,
    rows: &mut Rows,
) -> Result<()> {
    let mean = |ours: &Seconds, base: &Seconds| {
        geometric_mean(ours.iter().filter_map(|(name, seconds)| Some(seconds / base.get(name)?)))
    };
    // Each round has two native turns; the one just before it is its neighbour.
    let each = rounds.iter().zip(natives.chunks(2)).map(|(ours, natives)| mean(ours, &natives[0]));
    let each = Sorted::new(each.collect());
    let row = Row::new(format!("CPU geometric mean against native, {name}"), mean(best, native), "×");
    rows.add(row.goal(goal).note(format!("single rounds: {}", each.spread())))
}

async fn in_sandbox(stage: &Stage) -> Result<Seconds> {
    let action = stage.prepare(SUITE).await?;
    let outcome = stage.run(&action, "[]").await?;
    match outcome.end {
        End::Returned(value) => Ok(serde_json::from_str(value.get())?),
        End::Raised(_) | End::Stopped(_) | End::Cancelled => Err("the suite did not return".into()),
    }
}

fn in_native(python: &Path) -> Result<Seconds> {
    let output = Command::new(python).args(["-I", "-c", SUITE[0].1]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The least of all rounds for each function.
fn best(rounds: &[Seconds]) -> Seconds {
    let mut best = Seconds::new();
    for (name, seconds) in rounds.iter().flatten() {
        let least = best.entry(name.clone()).or_insert(f64::INFINITY);
        *least = least.min(*seconds);
    }
    best
}
