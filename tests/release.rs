//! A release: one file that brings its guests along, made by `scripts/release` of the program under test.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::program::{Ended, Place, data_guest, program};

const MAIN: &str = "def main(data):\n    return [len(data)]\n";

/// What a script of this tree prints, started there.
fn script(name: &str, arguments: &[&Path], place: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
    let output =
        Command::new(root.join(name)).args(arguments).current_dir(place).output().expect("the script starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8([output.stdout, output.stderr].concat()).expect("it is text")
}

/// The release of `place` runs the action of `place` where there is nothing but what it brings.
fn run(place: &Place) -> Ended {
    let mut command = Command::new(place.path().join("release"));
    for variable in ["ACTIOND_GUEST", "ACTIOND_DATA_GUEST", "XDG_CACHE_HOME"] {
        command.env_remove(variable);
    }
    command.args(["run", "action"]).current_dir(place.path());
    command.env("HOME", place.path().join("home")).env("ACTIOND_CACHE", place.path().join("cache"));
    let piped = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Ended::of(piped.spawn().expect("the release starts"))
}

fn guests(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path().join("cache")).expect("there is a cache");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    paths.filter(|path| path.join("manifest.json").is_file()).collect()
}

#[test]
fn a_release_brings_its_guest_along() {
    let place = Place::action(MAIN);
    let guest = script("python-wasm/build.sh", &[Path::new("--print-dir")], place.path());
    let guest = Path::new(guest.trim());
    let release = place.path().join("release");
    let said = script(
        "scripts/release",
        &[Path::new("--append"), &program(), guest, Path::new("release")],
        place.path(),
    );
    let bytes = fs::metadata(&release).unwrap().len();
    assert!(said.starts_with(&format!("{}: {bytes} bytes, ", release.display())), "{said}");
    // What is compiled already does not have to be compiled again for this.
    fs::create_dir(place.path().join("cache")).unwrap();
    symlink(guest.parent().unwrap().join("images"), place.path().join("cache/images")).unwrap();

    run(&place).returned("[0]");
    let unpacked = guests(&place);
    assert_eq!(unpacked.len(), 1, "{unpacked:?}");
    let same = |name: &str| fs::read(guest.join(name)).unwrap() == fs::read(unpacked[0].join(name)).unwrap();
    assert!(same("manifest.json") && same("python.wasm"));
    // The second start has all it needs.
    let second = run(&place);
    second.returned("[0]");
    assert_eq!(second.stderr, "");

    // What it does not bring is not there.
    place.write("action/dependencies/numpy/__init__.py", "");
    let lacking = run(&place);
    assert_eq!(lacking.code, 2, "{}", lacking.stderr);
    assert!(lacking.stderr.contains("this installation lacks it"), "{}", lacking.stderr);
    fs::remove_dir_all(place.path().join("action/dependencies")).unwrap();

    // One byte of the guest is another: it is not unpacked.
    fs::remove_dir_all(&unpacked[0]).unwrap();
    let mut damaged = fs::read(&release).unwrap();
    let middle = damaged.len() - 4_000_000;
    damaged[middle] ^= 1;
    fs::write(&release, damaged).unwrap();
    let ended = run(&place);
    let line = "error: the guest of this program: it is damaged: install the program again\n";
    assert_eq!((ended.code, &*ended.stdout), (70, ""));
    assert!(ended.stderr.ends_with(line), "{}", ended.stderr);
    assert!(guests(&place).is_empty());
}

#[test]
fn a_release_may_bring_the_data_guest_along() {
    let place = Place::action("import numpy\n\ndef main():\n    return numpy.__version__\n");
    place.write("action/dependencies/numpy/__init__.py", "");
    let guest = script("python-wasm/build.sh", &[Path::new("--print-dir")], place.path());
    let guest = Path::new(guest.trim());
    let data = data_guest();
    let arguments = [Path::new("--append"), &program(), guest, Path::new("release"), &data];
    script("scripts/release", &arguments, place.path());
    fs::create_dir(place.path().join("cache")).unwrap();
    symlink(guest.parent().unwrap().join("images"), place.path().join("cache/images")).unwrap();

    let first = run(&place);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let unpacked = guests(&place);
    assert_eq!(unpacked.len(), 2, "{unpacked:?}");
    for guest in [guest, &data] {
        let manifest = fs::read(guest.join("manifest.json")).unwrap();
        let same = unpacked.iter().filter(|path| fs::read(path.join("manifest.json")).unwrap() == manifest);
        assert_eq!(same.count(), 1, "{}", guest.display());
    }
    let second = run(&place);
    second.returned(first.stdout.trim_end());
    assert!(!second.stderr.contains("unpacking"), "{}", second.stderr);
    // An action that needs neither runs as in any release.
    fs::remove_dir_all(place.path().join("action/dependencies")).unwrap();
    place.write("action/main.py", MAIN);
    run(&place).returned("[0]");
}
