//! Throughput: fresh runs per second when every thread is busy with them.

use std::{thread, time::Duration};

use actiond_runtime::Prepared;
use tokio::time::Instant;

use crate::{
    Amount, Result,
    process::Spent,
    records,
    rows::{Row, Rows, Sorted},
    stage::{IMPORTS, Stage},
};

const ROUNDS: usize = 5;

pub(crate) async fn measure(stage: &Stage, amount: Amount, rows: &mut Rows) -> Result<()> {
    let round = Duration::from_millis(amount.of(2_000) as u64);
    let action = stage.prepare(IMPORTS).await?;
    let mut alone = None;
    for threads in [1, 2] {
        let before = Spent::now()?;
        let (mut rates, mut runs) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let done = busy(stage, &action, threads, round)?;
            rates.push(done as f64 / began.elapsed().as_secs_f64());
            runs += done;
        }
        let rates = Sorted::new(rates);
        let rate = rates.percentile(50);
        let row = Row::new(format!("fresh runs per second, 13 imports, threads: {threads}"), rate, "runs/s");
        let beside = alone.map(|alone| format!("{:.2}× one thread", rate / alone)).unwrap_or_default();
        let spent = Spent::now()?.per_run(before, runs);
        rows.add(row.beside(beside).note(format!("{}; {spent}", rates.spread())))?;
        alone = alone.or(Some(rate));
    }
    Ok(())
}

/// How many runs so many threads finish in a round, each with one run under way.
fn busy(stage: &Stage, action: &Prepared, threads: usize, round: Duration) -> Result<usize> {
    let began = Instant::now();
    let work = || -> Result<usize> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut runs = 0;
            while began.elapsed() < round {
                stage.run(action, records::TWO).await?;
                runs += 1;
            }
            Ok(runs)
        })
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started.into_iter().map(|one| one.join().map_err(|_| "a thread panicked")?).sum()
    })
}
