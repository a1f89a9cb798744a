//! The images of prepared actions: made once, given up when that is asked for, counted, and told apart by guest.

use std::{fs, os::unix::fs::symlink, path::Path};

use actiond_runtime::{End, Engine, Guest, Input, Kept, Preparation, Prepared, Stats};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, guest_dir, limits, share_code};

/// A bench whose cache holds nothing but the compiled guest.
async fn bench(cache: &Path) -> Bench {
    share_code(cache);
    Bench::with(|settings| settings.cache_dir = cache.to_owned()).await
}

fn deltas(cache: &Path) -> usize {
    let names = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name());
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
    let running = sandbox.call(Input::new("[]", CancellationToken::new())).await.unwrap();
    assert_eq!(ending(&running), "0", "what ran already goes on");
    let after = bench.engine.stats();
    assert_eq!(after.slots_idle, bench.engine.stats().slots_alive);
    assert_eq!(Stats { slots_idle: 0, ..settled(after) }, empty);
    assert!(after.slots_idle <= before.slots_idle + 1, "{after:?}: only slots of the base image wait");
    let outcome = bench.run(&actions[1], "[]").await;
    assert_eq!((ending(&outcome).as_str(), outcome.usage.prepared), ("1", false));
}

/// A guest that differs from the base guest in what it says of itself alone.
fn another_guest(dir: &Path) -> Guest {
    for name in ["python.wasm", "lib", "shim"] {
        symlink(guest_dir().join(name), dir.join(name)).unwrap();
    }
    let manifest = fs::read_to_string(guest_dir().join("manifest.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    manifest["guest"] = "another".into();
    manifest["key"] = "0123456789abcdef".into();
    manifest["packages"] = serde_json::json!([{"name": "numpy", "version": "2.3.5"}]);
    fs::write(dir.join("manifest.json"), manifest.to_string()).unwrap();
    Guest::open(dir).unwrap()
}

#[tokio::test]
async fn guests_beside_each_other_share_bounds_and_nothing_else() {
    let (cache, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bench = bench(cache.path()).await;
    let guest = another_guest(dir.path());
    let [package] = guest.packages() else { panic!("{:?}", guest.packages()) };
    assert_eq!((guest.name(), &*package.name, &*package.version), ("another", "numpy", "2.3.5"));
    assert!(bench.engine.guest().packages().is_empty());
    let other = bench.engine.beside(guest.clone(), |_| {}).await.unwrap();
    let before = other.stats();
    assert_eq!((before.images_hot, before.slots_alive - before.slots_idle), (0, 0));

    // The same files are another image in each, and each runs its own.
    let source = bench
        .source(&[("main.py", "count = 0\ndef main():\n    global count\n    count += 1\n    return count")]);
    let ready = async |engine: &Engine| match engine
        .prepare(source.clone(), &limits(), &CancellationToken::new())
        .await
        .unwrap()
    {
        Preparation::Ready(prepared) => prepared,
        other => panic!("not ready: {other:#?}"),
    };
    let (ours, theirs) = (ready(&bench.engine).await, ready(&other).await);
    assert_eq!(deltas(cache.path()), 2);
    for engine in [&bench.engine, &other] {
        assert_eq!(engine.stats().images_hot, 1);
    }
    let input = || Input::new("[]", CancellationToken::new());
    let sandbox = other.start(&theirs, &limits()).unwrap();
    assert_eq!(other.stats().slots_alive - other.stats().slots_idle, 1);
    assert_eq!(bench.engine.stats().slots_alive, bench.engine.stats().slots_idle);
    let (outcome, kept) = sandbox.call_and_keep(input()).await.unwrap();
    assert_eq!(ending(&outcome), "1");

    // What a run left in the one is nothing to the other.
    let Kept::Saved { saved, bytes } = kept else { panic!("not kept") };
    assert!(bench.engine.restore(&ours, &bytes).unwrap().is_none());
    let restored = other.restore(&theirs, &bytes).unwrap().expect("it is of this guest");
    for saved in [saved, restored] {
        let outcome = other.resume(&saved, &limits()).unwrap().call(input()).await.unwrap();
        assert_eq!(ending(&outcome), "2");
    }

    // Forgetting in the one leaves the other's.
    other.forget(&theirs).unwrap();
    assert_eq!((deltas(cache.path()), other.stats().images_hot, bench.engine.stats().images_hot), (1, 0, 1));
    assert_eq!(ending(&bench.run(&ours, "[]").await), "1");

    // Its base image is kept beside the first: another program finds both, and those alone.
    let files = |end: &str| {
        let names = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(end)).count()
    };
    assert_eq!(files(".base"), 2);
    let again =
        bench.engine.beside(guest, |progress| panic!("{progress:?}: all of it is kept")).await.unwrap();
    assert_eq!(
        ending(&again.start(&ready(&again).await, &limits()).unwrap().call(input()).await.unwrap()),
        "1"
    );
}

#[tokio::test]
async fn memory_for_images_is_bounded_for_all_guests_together() {
    let (cache, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    share_code(cache.path());
    let bench = Bench::with(|settings| {
        settings.cache_dir = cache.path().to_owned();
        // One image is always kept, however small the bound.
        settings.hot_images_bytes = 1;
    })
    .await;
    let other = bench.engine.beside(another_guest(dir.path()), |_| {}).await.unwrap();
    let hot = || (bench.engine.stats().images_hot, other.stats().images_hot);
    bench.ready("def main(): return 1").await;
    assert_eq!(hot(), (1, 0));
    let source = bench.source(&[("main.py", "def main(): return 2")]);
    other.prepare(source, &limits(), &CancellationToken::new()).await.unwrap();
    assert_eq!(hot(), (0, 1));
}
