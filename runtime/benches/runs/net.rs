//! The network: what `requests` costs a fresh run that imported it, and a thousand runs that wait for a server together.

use std::{path::Path, thread, time::Duration};

use actiond_runtime::{Grants, Input, Limits, NetLimits, Prepared};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Amount, Result,
    fresh::{self, Action},
    peer::{ANSWER_AFTER, Peer},
    process::{Held, Spent},
    records,
    rows::{Row, Rows, Sorted},
    stage::{ASKING, ASKING_REQUESTS, REQUESTS, Stage, limits, returned},
};

const MIB: f64 = 1_048_576.0;
/// As many as the machine on which the goals were set has cores.
const THREADS: usize = 2;
const ROUNDS: usize = 5;
/// Longer than one run of all takes.
const WAIT_MAX: Duration = Duration::from_secs(60);

pub(crate) async fn measure(
    stage: &Stage,
    packages: Option<&Path>,
    amount: Amount,
    rows: &mut Rows,
) -> Result<()> {
    let packages =
        packages.ok_or("the section `net` needs --packages: a folder that `requests` is installed in")?;
    let requests = stage.prepare_with(REQUESTS, Some(packages)).await?;
    let action = Action { name: "13 imports and requests", prepared: &requests, data: records::TWO };
    fresh::one(stage, action, amount.of(10_000), (Some(0.25), None), rows).await?;
    for (library, files) in [("urllib", ASKING), ("requests", ASKING_REQUESTS)] {
        let asking = stage.prepare_with(files, Some(packages)).await?;
        waiting(stage, library, &asking, amount.of(1_000), rows)?;
    }
    Ok(())
}

/// Rows for so many runs that wait for a server at one time.
fn waiting(stage: &Stage, library: &str, asking: &Prepared, runs: usize, rows: &mut Rows) -> Result<()> {
    // The first round is for memory, which takes time to be looked at.
    let peer = Peer::start()?;
    let held = thread::scope(|scope| {
        let looks = scope.spawn(|| peer.when_asked(runs, WAIT_MAX).then(Held::now).transpose());
        together(stage, asking, &peer, runs)?;
        looks.join().map_err(|_| "a thread panicked")?
    })?;
    let held = held.ok_or("the runs were not asked for in time")?;
    let (mut took, before) = (Vec::new(), Spent::now()?);
    for _ in 0..ROUNDS {
        took.push(together(stage, asking, &Peer::start()?, runs)?);
    }
    let spent = Spent::now()?.per_run(before, runs * ROUNDS);
    let took = Sorted::new(took);
    let name = format!("{runs} runs that each wait {} s for HTTP, {library}", ANSWER_AFTER.as_secs());
    let all = Row::new(format!("{name}, threads: {THREADS}"), took.percentile(50), "s");
    rows.add(all.goal(Some(3.0)).note(format!("{}; {spent}", took.spread())))?;
    let memory = Row::new(format!("{name}, memory"), held.proportional_bytes as f64 / MIB, "MiB");
    rows.add(memory.goal(Some(1_536.0)).note(format!("{} descriptors", held.descriptors)))
}

/// Seconds until so many runs have had their answers, all begun at once.
fn together(stage: &Stage, action: &Prepared, peer: &Peer, runs: usize) -> Result<f64> {
    let began = Instant::now();
    let work = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut set = JoinSet::new();
            for _ in 0..runs / THREADS {
                set.spawn(ask(stage.clone(), action.clone(), peer.url()));
            }
            while let Some(done) = set.join_next().await {
                done??;
            }
            Ok(())
        })
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        started.into_iter().try_for_each(|one| one.join().map_err(|_| "a thread panicked")?)
    })?;
    Ok(began.elapsed().as_secs_f64())
}

async fn ask(stage: Stage, action: Prepared, url: String) -> Result<()> {
    let net = NetLimits {
        connections: 10,
        open: 10,
        sent_bytes: 1 << 20,
        received_bytes: 1 << 20,
        connect: Duration::from_secs(30),
    };
    let data = format!("[{{\"url\": \"{url}\"}}]");
    let grants = Grants::new(["127.0.0.1".parse()?]);
    let sandbox = stage.engine.start(&action, &Limits { net, ..limits() })?;
    let input = Input { grants, ..Input::new(&data, CancellationToken::new()) };
    returned(sandbox.call(input).await?)?;
    Ok(())
}
