//! The metrics that are read off from time to time, not counted.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{app::App, model::guest::GuestKind, store, telemetry::Gauge};

const PAUSE: Duration = Duration::from_secs(5);

/// Reads them off until it is stopped.
pub(super) async fn read_off(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let (metrics, runner) = (app.runner().metrics(), app.runner());
        let (live, queued) = runner.load();
        metrics.set(Gauge::RunsLive, live as u64);
        metrics.set(Gauge::RunsQueued, queued as u64);
        for guest in GuestKind::ALL {
            metrics.guest(guest, runner.engines().stats(guest).as_ref());
        }
        let kept = app.store().clone();
        let read =
            app.store().read(move |view| Ok::<_, store::Error>((kept.disk_bytes()?, view.dead_letters())));
        if let Ok((bytes, dead)) = read.await {
            metrics.set(Gauge::StoreBytes, bytes);
            metrics.set(Gauge::DeadLetters, dead as u64);
        }
        metrics.fold();
        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}
