//! Fresh runs: a new sandbox from the action's image, one call, and the reset, one run after the other.

use actiond_runtime::{Input, Prepared};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Amount, Result,
    process::Spent,
    records,
    rows::{Row, Rows, Sorted},
    stage::{IMPORTS, IMPORTS_USED, NOTHING, RECORDS, Stage, limits, returned},
};

const WARM_UP: usize = 300;
/// The medians of so many stretches of the runs say how steady the machine was.
const STRETCHES: usize = 10;

pub(crate) async fn measure(stage: &Stage, thousand: &str, amount: Amount, rows: &mut Rows) -> Result<()> {
    let nothing = stage.prepare(NOTHING).await?;
    let imports = stage.prepare(IMPORTS).await?;
    let used = stage.prepare(IMPORTS_USED).await?;
    let over_records = stage.prepare(RECORDS).await?;
    let small = amount.of(10_000);
    let two = |name, prepared| Action { name, prepared, data: records::TWO };
    one(stage, two("no imports", &nothing), small, (None, None), rows).await?;
    one(stage, two("13 imports", &imports), small, (Some(0.15), Some(0.5)), rows).await?;
    one(stage, two("13 imports, all used", &used), small, (None, None), rows).await?;
    let large = Action { name: "1,000 records", prepared: &over_records, data: thousand };
    one(stage, large, amount.of(2_000), (None, None), rows).await?;
    Ok(())
}

/// What is run, and its name in the rows.
pub(crate) struct Action<'a> {
    pub(crate) name: &'a str,
    pub(crate) prepared: &'a Prepared,
    pub(crate) data: &'a str,
}

/// Rows for one action and payload; returns the median. `goals`: of it and the 99th percentile, in milliseconds.
pub(crate) async fn one(
    stage: &Stage,
    Action { name, prepared: action, data }: Action<'_>,
    runs: usize,
    goals: (Option<f64>, Option<f64>),
    rows: &mut Rows,
) -> Result<f64> {
    let (mut starts, mut calls, mut totals) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..WARM_UP.min(runs) {
        stage.run(action, data).await?;
    }
    let mut fuel = 0;
    let before = Spent::now()?;
    for _ in 0..runs {
        let began = Instant::now();
        let sandbox = stage.engine.start(action, &limits())?;
        let started = Instant::now();
        let outcome = sandbox.call(Input::new(data, CancellationToken::new())).await?;
        let called = Instant::now();
        fuel = returned(outcome)?.usage.fuel;
        totals.push(began.elapsed().as_secs_f64() * 1e3);
        starts.push((started - began).as_secs_f64() * 1e3);
        calls.push((called - started).as_secs_f64() * 1e3);
    }
    let spent = Spent::now()?.per_run(before, runs);
    let stretches =
        totals.chunks(runs.div_ceil(STRETCHES)).map(|part| Sorted::new(part.to_vec()).percentile(50));
    let stretches = Sorted::new(stretches.collect());
    let noise = format!("{:.3} to {:.3} in tenths", stretches.percentile(0), stretches.percentile(100));
    let (totals, starts, calls) = (Sorted::new(totals), Sorted::new(starts), Sorted::new(calls));
    let row = |what: &str| format!("fresh run, {name}, {what}");
    let median = Row::new(row("p50"), totals.percentile(50), "ms");
    rows.add(median.goal(goals.0).note(format!("{}; {noise}", totals.spread())))?;
    let slow = Row::new(row("p99"), totals.percentile(99), "ms");
    rows.add(slow.goal(goals.1).note(format!("{spent}, {fuel} fuel")))?;
    rows.add(Row::new(row("start p50"), starts.percentile(50), "ms"))?;
    rows.add(Row::new(row("call and reset p50"), calls.percentile(50), "ms"))?;
    Ok(totals.percentile(50))
}
