//! The metrics that are read off from time to time, not counted.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    store,
    telemetry::{Count, Gauge},
};

const PAUSE: Duration = Duration::from_secs(5);

/// Reads them off until it is stopped.
pub(super) async fn read_off(app: App, stop: CancellationToken) {
    let mut images_read = 0;
    while !stop.is_cancelled() {
        let (metrics, runner) = (app.runner().metrics(), app.runner());
        let (live, queued) = runner.load();
        let stats = runner.engine().stats();
        metrics.set(Gauge::RunsLive, live as u64);
        metrics.set(Gauge::RunsQueued, queued as u64);
        metrics.set(Gauge::ImagesHot, stats.images_hot as u64);
        metrics.set(Gauge::ImagesHotBytes, stats.images_hot_bytes);
        metrics.count(Count::ImagesRead, stats.images_read - images_read);
        images_read = stats.images_read;
        metrics.set(Gauge::SlotsAlive, stats.slots_alive as u64);
        metrics.set(Gauge::SlotsIdle, stats.slots_idle as u64);
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
