//! Memory: what many sandboxes hold that are in the middle of their runs at the same time.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use actiond_runtime::{Input, Outcome, Prepared};
use tokio_util::sync::CancellationToken;

use crate::{
    Amount, Result,
    process::Held,
    records,
    rows::{Row, Rows},
    stage::{Stage, WAITING, limits},
};

const MIB: f64 = 1_048_576.0;

pub(crate) async fn measure(stage: &Stage, amount: Amount, rows: &mut Rows) -> Result<()> {
    let action = stage.prepare(WAITING).await?;
    for (count, name) in [(100, "100 live"), (1_000, "1,000 live")] {
        if count == 1_000 && amount.quick {
            continue;
        }
        live(stage, &action, records::TWO, (count, name), Some(1.0), rows).await?;
    }
    Ok(())
}

/// So many runs of an action that waits in their middle.
pub(crate) async fn live(
    stage: &Stage,
    action: &Prepared,
    data: &str,
    (count, name): (usize, &str),
    goal: Option<f64>,
    rows: &mut Rows,
) -> Result<()> {
    let before = Held::now()?;
    let mut parked = Vec::new();
    for _ in 0..count {
        let sandbox = stage.engine.start(action, &limits())?;
        let input = Input::new(data, CancellationToken::new());
        let mut call = Box::pin(sandbox.call(input));
        park(call.as_mut()).await?;
        parked.push(call);
    }
    let now = Held::now()?;
    let each = |now: u64, before: u64| (now.saturating_sub(before)) as f64 / count as f64;
    let note = format!(
        "page tables {:.3} MiB, {:.1} mappings, {:.1} descriptors each; {} mappings in all",
        each(now.page_table_bytes, before.page_table_bytes) / MIB,
        each(now.mappings, before.mappings),
        each(now.descriptors, before.descriptors),
        now.mappings
    );
    let private = each(now.private_bytes, before.private_bytes) / MIB;
    let row = format!("private memory per live run, {name}");
    rows.add(Row::new(row, private, "MiB").goal(goal).note(note))
}

/// Polls a run until it waits for something other than its turn.
async fn park<E>(mut call: Pin<&mut impl Future<Output = std::result::Result<Outcome, E>>>) -> Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    loop {
        let turn = Arc::new(Turn::default());
        let waker = Waker::from(turn.clone());
        let polled = poll_fn(|_| Poll::Ready(call.as_mut().poll(&mut Context::from_waker(&waker)))).await;
        if let Poll::Ready(outcome) = polled {
            return Err(format!("the run ended before it was looked at: {:#?}", outcome?).into());
        }
        if !turn.0.load(Ordering::Acquire) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// Whether a guest that gave way wants to go on at once.
#[derive(Debug, Default)]
struct Turn(AtomicBool);

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
