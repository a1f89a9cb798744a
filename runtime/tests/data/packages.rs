//! Where the packages of these tests lie on this machine, and what is taken from there into actions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use actiond_runtime::{Limits, NetLimits, Preparation, Prepared, Source};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, data_guest_dir, limits};

/// For actions that import much and work long.
pub(crate) fn ample_limits() -> Limits {
    Limits {
        fuel: 2_000_000_000_000,
        wall: std::time::Duration::from_secs(900),
        memory_bytes: 2 << 30,
        result_bytes: 16 << 20,
        log_lines: 200_000,
        log_bytes: 64 << 20,
        scratch_bytes: 512 << 20,
        scratch_entries: 100_000,
        open_files: 256,
        net: NetLimits { connections: 0, ..limits().net },
        ..limits()
    }
}

pub(crate) async fn bench() -> Bench {
    Bench::data_with(|settings| {
        settings.image_bytes = 512 << 20;
        settings.hot_images_bytes = 1 << 30;
        settings.boot = Limits { fuel: u64::MAX / 2, ..ample_limits() };
    })
    .await
}

/// An action whose `main.py` imports what is laid out already, of which `about` tells one from another.
pub(crate) async fn prepare(bench: &Bench, root: PathBuf, main: &str, about: &str) -> Prepared {
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("main.py"), main).unwrap();
    let digest = blake3::hash(format!("{about}\n{main}").as_bytes()).into();
    let source = Source { root, digest, env: Vec::new() };
    match bench.engine.prepare(source, &ample_limits(), &CancellationToken::new()).await.unwrap() {
        Preparation::Ready(action) => action,
        other => panic!("{other:#?}"),
    }
}

/// What a file beside this one says.
pub(crate) fn own(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

/// Where `scripts/setup` put NumPy and pandas for this machine, and what runs their tests.
pub(crate) fn native() -> PathBuf {
    let mut setup = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/setup"));
    let output = setup.arg("--print-native").output().expect("scripts/setup can be run");
    let said = String::from_utf8(output.stdout).expect("a path is text");
    let folder = PathBuf::from(said.trim_end());
    assert!(folder.is_dir(), "{said:?} is not there: run scripts/setup");
    folder
}

/// The packages in source, with their tests; the guest's manifest says where they are kept.
pub(crate) fn sources() -> PathBuf {
    let guest = data_guest_dir();
    let manifest = fs::read(guest.join("manifest.json"))
        .unwrap_or_else(|error| panic!("no guest at {guest:?}: run scripts/setup ({error})"));
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let kept = manifest["libraries"].as_str();
    let kept = kept.unwrap_or_else(|| panic!("{guest:?} is too old for this test: run scripts/setup"));
    guest.canonicalize().unwrap().with_file_name(kept).join("python")
}
