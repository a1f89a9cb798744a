//! The images of prepared actions: made once, given up when that is asked for, counted.

use std::path::Path;

use actiond_runtime::{End, Preparation, Prepared, Stats};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits, share_code};

/// A bench whose cache holds nothing but the compiled guest.
async fn bench(cache: &Path) -> Bench {
    share_code(cache);
    Bench::with(|settings| settings.cache_dir = cache.to_owned()).await
}

fn deltas(cache: &Path) -> usize {
    let names = std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".delta")).count()
}

#[tokio::test]
async fn many_who_prepare_one_action_import_it_once() {
    let cache = tempfile::tempdir().unwrap();
    let bench = bench(cache.path()).await;
    let main = "import time\nprint('imported')\ntime.sleep(0.05)\ndef main(): return 1";
    let source = bench.source(&[("main.py", main)]);
    let mut preparing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (engine, source) = (bench.engine.clone(), source.clone());
        preparing.spawn(async move { engine.prepare(source, &limits(), &CancellationToken::new()).await });
    }
    let mut imports = 0;
    while let Some(preparation) = preparing.join_next().await {
        let Preparation::Ready(action) = preparation.unwrap().unwrap() else { panic!("not ready") };
        imports += action.import_logs().len();
        assert_eq!(ending(&bench.run(&action, "[]").await), "1");
    }
    assert_eq!(imports, 1);
}

#[tokio::test]
async fn an_import_can_be_cancelled() {
    let bench = Bench::new().await;
    for main in ["import time\ntime.sleep(3600)", "print('begun')\nwhile True: pass"] {
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let source = bench.source(&[("main.py", main)]);
        let turns = async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            // The second waits for the first.
            second.cancel();
            tokio::task::yield_now().await;
            first.cancel();
        };
        let limits = limits();
        let (one, two, ()) = tokio::join!(
            bench.engine.prepare(source.clone(), &limits, &first),
            bench.engine.prepare(source, &limits, &second),
            turns
        );
        for preparation in [one, two] {
            let Preparation::Failed(outcome) = preparation.unwrap() else { panic!("came up") };
            assert!(matches!(outcome.end, End::Cancelled), "{}", ending(&outcome));
            assert!(outcome.usage.fuel < limits.fuel / 10, "{:?}", outcome.usage);
        }
    }
}

#[tokio::test]
async fn what_is_forgotten_is_gone_from_memory_and_disk() {
    let cache = tempfile::tempdir().unwrap();
    let bench = bench(cache.path()).await;
    let empty = Stats { images_hot: 0, images_hot_bytes: 0, images_read: 0, slots_alive: 0, slots_idle: 0 };
    let settled = |stats: Stats| Stats { slots_alive: stats.slots_alive - stats.slots_idle, ..stats };
    let before = settled(bench.engine.stats());
    assert_eq!((before.images_hot, before.slots_alive), (0, 0));
    let mut actions: Vec<Prepared> = Vec::new();
    for number in 0..3 {
        actions.push(bench.ready(&format!("def main(): return {number}")).await);
        assert_eq!(ending(&bench.run(&actions[number], "[]").await), number.to_string());
    }
    let stats = bench.engine.stats();
    assert_eq!(stats.images_hot, 3);
    assert!(
        stats.images_hot_bytes > 0 && stats.images_hot_bytes < 18 << 20,
        "{stats:?}: not all of the base image"
    );
    assert!(stats.slots_idle >= 3, "{stats:?}");
    assert_eq!(deltas(cache.path()), 3);
    let sandbox = bench.engine.start(&actions[0], &limits()).unwrap();
    for action in &actions {
        bench.engine.forget(action).unwrap();
        bench.engine.forget(action).unwrap();
    }
    assert_eq!(deltas(cache.path()), 0);
    let running = sandbox.call(actiond_runtime::Input::new("[]", CancellationToken::new())).await.unwrap();
    assert_eq!(ending(&running), "0", "what ran already goes on");
    let after = bench.engine.stats();
    assert_eq!(after.slots_idle, bench.engine.stats().slots_alive);
    assert_eq!(Stats { slots_idle: 0, ..settled(after) }, empty);
    assert!(after.slots_idle <= before.slots_idle + 1, "{after:?}: only slots of the base image wait");
    let outcome = bench.run(&actions[1], "[]").await;
    assert_eq!((ending(&outcome).as_str(), outcome.usage.prepared), ("1", false));
}
