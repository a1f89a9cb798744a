//! What must differ between runs, what must not, and how guests share a thread.

use std::collections::HashSet;

use actiond_runtime::{End, Input, Reset, Settings};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits, share_code};

#[tokio::test]
async fn randomness_differs_between_runs_of_one_image() {
    let bench = Bench::new().await;
    let main = "
import os, random, secrets, uuid
def main(data):
    return eval(data[0])
";
    let action = bench.ready(main).await;
    let sources = [
        "random.random()",
        "random.getrandbits(64)",
        "str(uuid.uuid4())",
        "secrets.token_hex()",
        "os.urandom(16).hex()",
        "random.sample(range(10**9), 3)",
    ];
    for source in sources {
        let mut seen = HashSet::new();
        for _ in 0..20 {
            seen.insert(ending(&bench.run(&action, &format!("[\"{source}\"]")).await));
        }
        assert_eq!(seen.len(), 20, "{source} repeats");
    }
}

#[tokio::test]
async fn string_hashes_differ_between_base_images() {
    let main = "def main(): return [hash('a'), hash(b'a')]";
    let mut seen = HashSet::new();
    for _ in 0..2 {
        let fresh = tempfile::tempdir().unwrap();
        // Compiled code is shared, or each base image would cost a compilation.
        share_code(fresh.path());
        let bench = Bench::with(|settings| settings.cache_dir = fresh.path().to_owned()).await;
        let action = bench.ready(main).await;
        let first = ending(&bench.run(&action, "[]").await);
        assert_eq!(ending(&bench.run(&action, "[]").await), first, "one image, one hash");
        seen.insert(first);
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[tokio::test]
async fn the_clock_is_right() {
    let bench = Bench::new().await;
    let action = bench
        .ready(
            "import time\nBOOT = time.monotonic()\ndef main(): return [time.time(), time.monotonic() - BOOT]",
        )
        .await;
    let before = now();
    let outcome = bench.run(&action, "[]").await;
    let after = now();
    let [wall, since_import]: [f64; 2] = serde_json::from_str(&ending(&outcome)).unwrap();
    assert!(before <= wall && wall <= after, "{before} {wall} {after}");
    assert!(since_import > 0.0, "the import is {since_import} s ago");
}

#[expect(clippy::disallowed_methods, reason = "the test compares the guest's clock with the machine's")]
fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
}

#[tokio::test]
async fn fuel_is_the_same_for_the_same_image_and_input() {
    let bench = Bench::new().await;
    let main = "
import json, re
def main(data):
    print(data[:1])
    return sorted({re.sub('[0-9]+', '#', json.dumps(row)) for row in data})
";
    let action = bench.ready(main).await;
    let data = r#"[{"a": 1}, {"a": 22}, {"b": [1, 2.5, null]}]"#;
    let fuel = bench.run(&action, data).await.usage.fuel;
    for _ in 0..20 {
        assert_eq!(bench.run(&action, data).await.usage.fuel, fuel);
    }
    assert_ne!(bench.run(&action, "[]").await.usage.fuel, fuel, "other input, other fuel");
}

/// On one thread, every guest must be asleep before the first wakes.
#[tokio::test]
async fn guests_that_wait_share_one_thread() {
    let bench = Bench::new().await;
    let action = bench
        .ready(
            "import time\ndef main():\n    a = time.monotonic(); time.sleep(1); return [a, time.monotonic()]",
        )
        .await;
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let sandbox = bench.engine.start(&action, &limits()).unwrap();
        runs.spawn(async move {
            let input = Input::new("[]", CancellationToken::new());
            sandbox.call(input).await.unwrap()
        });
    }
    let (mut last_asleep, mut first_awake) = (f64::MIN, f64::MAX);
    while let Some(outcome) = runs.join_next().await {
        let [asleep, awake]: [f64; 2] = serde_json::from_str(&ending(&outcome.unwrap())).unwrap();
        last_asleep = last_asleep.max(asleep);
        first_awake = first_awake.min(awake);
    }
    assert!(last_asleep < first_awake, "asleep until {last_asleep}, awake from {first_awake}");
}

/// On one thread, whoever cancels gets a turn only when the busy guest gives way.
#[tokio::test]
async fn a_busy_guest_gives_way_and_can_be_cancelled() {
    let bench = Bench::new().await;
    let action = bench.ready("def main(data, logger):\n    print('begun')\n    while True: pass").await;
    let cancel = CancellationToken::new();
    let sandbox = bench.engine.start(&action, &limits()).unwrap();
    let input = Input::new("[]", cancel.clone());
    let turns = async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(sandbox.call(input), turns);
    let outcome = outcome.unwrap();
    assert!(matches!(outcome.end, End::Cancelled), "{}", ending(&outcome));
    assert_eq!(outcome.logs[0].message, "begun", "what was logged is kept");
    assert!(outcome.usage.fuel < limits().fuel / 10, "{:?}", outcome.usage);
}

#[tokio::test]
async fn a_waiting_guest_can_be_cancelled() {
    let bench = Bench::new().await;
    let action = bench.ready("import time\ndef main(): time.sleep(3600)").await;
    let cancel = CancellationToken::new();
    let sandbox = bench.engine.start(&action, &limits()).unwrap();
    let input = Input::new("[]", cancel.clone());
    let (outcome, ()) = tokio::join!(sandbox.call(input), async { cancel.cancel() });
    assert!(matches!(outcome.unwrap().end, End::Cancelled));
}

/// A prepared action is found again by another engine, from disk; with other files or variables it is another action.
#[tokio::test]
async fn images_are_kept_on_disk_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let cache = tempfile::tempdir().unwrap();
    share_code(cache.path());
    let main = "import os\nprint('imported')\ndef main(): return os.environ.get('KEY')";
    for round in 0..2 {
        let bench = Bench::with(|settings| settings.cache_dir = cache.path().to_owned()).await;
        for value in ["one", "two"] {
            let mut source = bench.source(&[("main.py", main)]);
            source.env = vec![("KEY".to_owned(), value.to_owned())];
            let actiond_runtime::Preparation::Ready(action) = bench.prepare(source).await else {
                panic!("not ready")
            };
            let outcome = bench.run(&action, "[]").await;
            assert_eq!(ending(&outcome), format!("\"{value}\""));
            assert!(outcome.usage.prepared);
        }
        let deltas: Vec<_> = std::fs::read_dir(cache.path())
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".delta"))
            .collect();
        assert_eq!(deltas.len(), 2, "in round {round}");
        assert_eq!(bench.engine.stats().images_read, 2 * round, "two come back in the second round");
        for delta in deltas {
            assert_eq!(delta.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

/// Damaged files in the cache are made again, never trusted.
#[tokio::test]
async fn a_damaged_cache_is_noticed() {
    let cache = tempfile::tempdir().unwrap();
    share_code(cache.path());
    let main = "def main(): return 'fine'";
    for damage in [None, Some(".delta"), Some(".base")] {
        for entry in std::fs::read_dir(cache.path()).unwrap().map(Result::unwrap) {
            if damage.is_some_and(|suffix| entry.file_name().to_string_lossy().ends_with(suffix)) {
                let mut bytes = std::fs::read(entry.path()).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(entry.path(), bytes).unwrap();
            }
        }
        let bench = Bench::with(|settings| settings.cache_dir = cache.path().to_owned()).await;
        let action = bench.ready(main).await;
        assert_eq!(ending(&bench.run(&action, "[]").await), "\"fine\"", "after damage to {damage:?}");
    }
}

/// What one run leaves in memory must not show in the next, however the slot between them became clean.
#[tokio::test]
async fn a_slot_is_clean_after_either_reset() {
    let main = "
LEFT = []
def main(data):
    found = [len(LEFT), 'PATCHED' in __builtins__]
    LEFT.append(bytearray(data[0] << 20))
    __builtins__['PATCHED'] = NUMBER
    return found + [NUMBER, sum(LEFT[0][::4096])]
";
    for reset in [Reset::CopyBack, Reset::Forget] {
        // Fewer idle slots than actions: slots change hands.
        let adjust = |settings: &mut Settings| (settings.reset, settings.idle_slots) = (reset, 2);
        let bench = Bench::with(adjust).await;
        let mut actions = Vec::new();
        for number in 0..4 {
            // Each image is larger than the one before.
            let text = format!("NUMBER = {number}\nKEPT = bytearray(b'x' * (NUMBER << 22))\n{main}");
            actions.push(bench.ready(&text).await);
        }
        // In the image's own room, beyond the copy-back budget, and past the image's end.
        for mib in [0, 1, 40, 100, 1] {
            for turn in [0, 1, 1, 3, 2, 0, 3, 3] {
                let outcome = bench.run(&actions[turn], &format!("[{mib}]")).await;
                assert_eq!(ending(&outcome), format!("[0,false,{turn},0]"), "{reset:?}, {mib} MiB");
            }
        }
    }
}
