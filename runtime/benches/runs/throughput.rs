//! Throughput: fresh runs per second when every thread is busy with them.

use std::time::Duration;

use tokio::{task::JoinSet, time::Instant};

use crate::{
    Amount, Result, records,
    rows::{Row, Rows, Sorted},
    stage::{IMPORTS, Stage},
};

const ROUNDS: usize = 5;

pub(crate) async fn measure(stage: &Stage, amount: Amount, rows: &mut Rows) -> Result<()> {
    let round = Duration::from_millis(amount.of(2_000) as u64);
    let mut alone = None;
    for threads in [1, 2] {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(rate(stage, threads, round).await?);
        }
        let rates = Sorted::new(rates);
        let row = format!("fresh runs per second, 13 imports, threads: {threads}");
        let rate = rates.percentile(50);
        let beside = alone.map(|alone| format!("{:.2}× one thread", rate / alone));
        rows.add(Row::new(row, rate, "runs/s").beside(beside.unwrap_or_default()).note(rates.spread()))?;
        alone = alone.or(Some(rate));
    }
    Ok(())
}

/// Runs per second in a runtime of its own with as many workers, each with one run under way.
async fn rate(stage: &Stage, threads: usize, round: Duration) -> Result<f64> {
    let engine = stage.clone();
    let action = stage.prepare(IMPORTS).await?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let mut loops = JoinSet::new();
    let began = Instant::now();
    for _ in 0..threads {
        let (stage, action) = (engine.clone(), action.clone());
        let run = async move {
            let mut runs = 0_u32;
            while began.elapsed() < round {
                stage.run(&action, records::TWO).await?;
                runs += 1;
            }
            Ok::<u32, Box<dyn std::error::Error + Send + Sync>>(runs)
        };
        loops.spawn_on(run, runtime.handle());
    }
    let mut runs = 0;
    while let Some(done) = loops.join_next().await {
        runs += done??;
    }
    let rate = f64::from(runs) / began.elapsed().as_secs_f64();
    runtime.shutdown_background();
    Ok(rate)
}
