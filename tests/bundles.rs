//! Bundles, good and bad: each row is a zip or a folder and what the program says to it. What is too large to be built here
//! is tested with smaller limits beside the code.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink, net::UnixListener},
};

use rawzip::CompressionMethod;

use crate::{
    program::Place,
    zips::{DEFLATED, Kind, STORED, Zip},
};

const MAIN: &str = "def main():\n    return 'ok'\n";
/// Returns what the action finds beside itself.
const LIST: &str = "import os

def main():
    found = []
    for folder, folders, files in os.walk('.'):
        found += [os.path.join(folder, name)[2:] for name in files]
        found += [os.path.join(folder, name)[2:] + '/' for name in folders]
    return sorted(found)
";

/// A zip that is refused, and the line that says so, behind the zip's name.
type Refused = (Vec<u8>, String);

fn without_main() -> Vec<Refused> {
    let tops =
        |tops: &[&str]| tops.iter().fold(Zip::new(), |zip, top| zip.file(format!("{top}/main.py"), MAIN));
    let rows = [
        (Zip::new(), "holds no files: put main.py at its root"),
        (Zip::new().file("__MACOSX/main.py", MAIN), "holds no files: put main.py at its root"),
        (Zip::new().file("Main.py", MAIN), "has no main.py at its root: put one there"),
        (
            Zip::new().file("a/x.py", ""),
            "has no main.py, neither at its root nor in \"a\": put one into either",
        ),
        (
            Zip::new().file("a/b/main.py", ""),
            "has no main.py, neither at its root nor in \"a\": put one into either",
        ),
        (
            Zip::new().folder("main.py/"),
            "has no main.py, neither at its root nor in \"main.py\": put one into either",
        ),
        (
            tops(&["b", "a"]),
            "has no main.py at its root, and more than one top folder (a, b): put main.py at the root",
        ),
        (
            tops(&["f", "e", "d", "c", "b", "a"]),
            "has no main.py at its root, and more than one top folder (a, b, c, d, e, …): put main.py at the root",
        ),
    ];
    rows.map(|(zip, why)| (zip.bytes(), why.to_owned())).into()
}

fn not_whole() -> Vec<Refused> {
    let cut = |bytes_less: usize| {
        let bytes = Zip::with_main().bytes();
        bytes[..bytes.len() - bytes_less].to_vec()
    };
    let stored = || Zip::with_main().entry("x", "stored text", STORED);
    let not_zip = "is not a zip: give a zip file, or the folder itself";
    let damaged = |why: &str| format!("is damaged ({why}): make the zip again");
    let damaged_x = |why: &str| format!("\"x\" is damaged ({why}): make the zip again");
    let signature = damaged("invalid signature: expected 0x02014b50, got 0x03014b50");
    vec![
        (Vec::new(), not_zip.to_owned()),
        (b"print('no zip')\n".to_vec(), not_zip.to_owned()),
        (b"\x1f\x8b\x08tar".to_vec(), not_zip.to_owned()),
        (cut(1), damaged("its end is missing")),
        (cut(22), damaged("its end is missing")),
        (cut(120), damaged("its end is missing")),
        (stored().bytes_with(b"PK\x01\x02", b"PK\x01\x03"), signature),
        (stored().bytes_with(b"stored text", b"Stored text"), damaged_x("its checksum is wrong")),
        (
            Zip::new().entry("x", "", STORED).bytes_with(b"PK\x03\x04", b"PK\x03\x03"),
            damaged_x("invalid signature: expected 0x04034b50, got 0x03034b50"),
        ),
        (
            // The first place where the name stands is in front of the bytes, the second in the table of contents.
            Zip::with_main().entry("aaaa", "", STORED).bytes_with(b"aaaa", b"bbbb"),
            "\"aaaa\" is damaged (it has another name where its bytes are): make the zip again".to_owned(),
        ),
    ]
}

fn not_plain() -> Vec<Refused> {
    let special = "\"x\" is not a plain file: put the file itself in its place";
    let mode = |mode| Kind { mode: Some(mode), ..STORED };
    let rows = [
        (Kind { encrypted: true, ..DEFLATED }, "\"x\" is encrypted: make the zip without a password"),
        (
            Kind { method: CompressionMethod::BZIP2, ..STORED },
            "\"x\" is compressed by method 12: make the zip with deflate, the default of zip tools",
        ),
        (mode(0o120_777), "\"x\" is a symbolic link: put the file itself in its place"),
        (mode(0o010_644), special),
        (mode(0o020_644), special),
        (mode(0o140_644), special),
        (mode(0o040_755), special),
    ];
    rows.map(|(kind, why)| (Zip::with_main().entry("x", "/etc/passwd", kind).bytes(), why.to_owned())).into()
}

fn badly_named() -> Vec<Refused> {
    let (long, deep) = ("x".repeat(256), "d/".repeat(32) + "x");
    let rows: &[(&[u8], &str, &str)] = &[
        (b"../x", "../x", "has a part \"..\""),
        (b"a/../../x", "a/../../x", "has a part \"..\""),
        (b"__MACOSX/../../x", "__MACOSX/../../x", "has a part \"..\""),
        (b"../", "..", "has a part \"..\""),
        (b"/etc/x", "/etc/x", "is absolute"),
        (b"a\\x", "a\\\\x", "holds a backslash"),
        (b"..\\x", "..\\\\x", "holds a backslash"),
        (b"C:/x", "C:/x", "begins with a drive letter"),
        (b"a//x", "a//x", "has an empty part"),
        (b"a/./x", "a/./x", "has a part \".\""),
        (b"a\0b", "a\\0b", "holds a control character"),
        (b"a\x1b[2Jb", "a\\u{1b}[2Jb", "holds a control character"),
        (b"\xff.py", "\u{fffd}.py", "is not UTF-8"),
        (b"", "", "is empty"),
        (b"/", "", "is empty"),
        (long.as_bytes(), &long, "has a part of more than 255 bytes"),
        (deep.as_bytes(), &deep, "is nested too deeply"),
    ];
    let refused = |(name, shown, why): &(&[u8], &str, &str)| {
        let line = format!("the name \"{shown}\" {why}: name files by plain paths below the action's folder");
        (Zip::with_main().file(name, "").bytes(), line)
    };
    rows.iter().map(refused).collect()
}

fn twice_or_too_much() -> Vec<Refused> {
    let many = (0..10_000).fold(Zip::with_main(), |zip, number| zip.entry(format!("{number}"), "", STORED));
    let rows = [
        (Zip::with_main().file("main.py", MAIN), "\"main.py\" is there twice: keep one of them"),
        (Zip::with_main().file("main.py/x", ""), "\"main.py\" is both a file and a folder: keep one of them"),
        (
            Zip::with_main().file("a/x", "").file("a", ""),
            "\"a\" is both a file and a folder: keep one of them",
        ),
        (
            Zip::with_main().file("x", vec![0; (1 << 20) + 1]),
            "\"x\" unpacks to more than 200 times its size: compress such data inside the action's own format",
        ),
        (many, "holds more than 10000 files and folders: leave out what the action does not need"),
    ];
    rows.map(|(zip, why)| (zip.bytes(), why.to_owned())).into()
}

#[test]
fn bad_zips_are_refused_in_one_line_and_leave_nothing_behind() {
    let rows = [without_main(), not_whole(), not_plain(), badly_named(), twice_or_too_much()];
    for (bytes, why) in rows.into_iter().flatten() {
        let place = Place::new();
        place.write("bundle.zip", bytes);
        let ended = place.run(&["bundle.zip"]).env("ACTIOND_CACHE", place.path().join("cache")).end();
        ended.is_refused(&format!("bundle.zip: {why}"));
        assert_eq!(place.tree(), ["bundle.zip", "cache/", "cache/work/"], "{why}");
    }
}

#[test]
fn bad_folders_are_refused_in_one_line() {
    type Make = fn(&Place);
    let rows: &[(Make, &str)] = &[
        (|_| {}, "holds no files: put main.py at its root"),
        (
            |place| {
                place.write("action/x.py", "");
            },
            "has no main.py at its root: put one there",
        ),
        (
            |place| {
                place.write("action/a/x.py", "").write("action/b/main.py", MAIN);
            },
            "has no main.py at its root, and more than one top folder (a, b): put main.py at the root",
        ),
        (
            |place| {
                place.write("action/main.py", MAIN);
                symlink("/etc/passwd", place.path().join("action/x")).unwrap();
            },
            "\"x\" is a symbolic link: put the file itself in its place",
        ),
        (
            |place| {
                place.write("action/main.py", MAIN);
                symlink("..", place.path().join("action/up")).unwrap();
            },
            "\"up\" is a symbolic link: put the file itself in its place",
        ),
        (
            |place| {
                place.write("action/main.py", MAIN);
                drop(UnixListener::bind(place.path().join("action/x")).unwrap());
            },
            "\"x\" is a socket: put the file itself in its place",
        ),
        (
            |place| {
                place.write("action/main.py", MAIN).write(OsStr::from_bytes(b"action/\xff"), "");
            },
            "the name \"\u{fffd}\" is not UTF-8: name files by plain paths below the action's folder",
        ),
        (
            |place| {
                place.write("action/main.py", MAIN).write("action/a\\b", "");
            },
            "the name \"a\\\\b\" holds a backslash: name files by plain paths below the action's folder",
        ),
    ];
    for (make, why) in rows {
        let place = Place::new();
        fs::create_dir(place.path().join("action")).unwrap();
        make(&place);
        place.run(&["action"]).end().is_refused(&format!("action: {why}"));
    }
}

#[test]
fn paths_that_lead_to_no_bundle_are_refused() {
    let place = Place::new();
    place.write("file", "");
    for (path, line) in [
        ("gone.zip", "gone.zip: there is no such file or folder: check the path"),
        ("file/x", "file/x: there is no such file or folder: check the path"),
        ("two\nlines", "two\\nlines: there is no such file or folder: check the path"),
        ("/dev/null", "/dev/null: is neither a zip nor a folder: give one of them"),
    ] {
        place.run(&[path]).end().is_refused(line);
    }
}

#[test]
fn an_action_without_main_is_refused() {
    let line = "action: main.py defines no function named main: add `def main(data, logger):`";
    for main in ["", "print('said while imported')\n", "main = 3\n", "def Main(): pass\n"] {
        Place::action(main).run(&["action"]).end().is_refused(line);
    }
}

/// Zips that are taken, and what the action then finds beside it.
fn taken_zips() -> Vec<(Vec<u8>, &'static str)> {
    let long = "x".repeat(255);
    let deep = "d/".repeat(31) + "x";
    let text = "all sorts of text, one line after the other\n".repeat(3_000);
    let prefixed = [b"#!/bin/sh\n".to_vec(), Zip::new().file("main.py", LIST).bytes()].concat();
    let main = || Zip::new().file("main.py", LIST);
    vec![
        (main().bytes(), r#"["main.py"]"#),
        (Zip::new().entry("main.py", LIST, STORED).bytes(), r#"["main.py"]"#),
        (
            Zip::new().entry("main.py", LIST, Kind { mode: Some(0o100_755), ..STORED }).bytes(),
            r#"["main.py"]"#,
        ),
        (prefixed, r#"["main.py"]"#),
        (main().folder("empty/").bytes(), r#"["empty/","main.py"]"#),
        (main().folder("a/").folder("a/").file("a/x", "").bytes(), r#"["a/","a/x","main.py"]"#),
        (
            main().file("caf\u{e9}/\u{65e5}.txt", "").bytes(),
            "[\"caf\u{e9}/\",\"caf\u{e9}/\u{65e5}.txt\",\"main.py\"]",
        ),
        (main().file("A", "").file("a", "").file("..x", "").bytes(), r#"["..x","A","a","main.py"]"#),
        (main().file("text", text).file("zeros", [0; 1 << 20]).bytes(), r#"["main.py","text","zeros"]"#),
        (Zip::new().file("top/main.py", LIST).file("top/x", "").bytes(), r#"["main.py","x"]"#),
        (Zip::new().folder("top/").file("top/main.py", LIST).file("README", "").bytes(), r#"["main.py"]"#),
        (
            main().file("a/main.py", MAIN).file("b/x", "").bytes(),
            r#"["a/","a/main.py","b/","b/x","main.py"]"#,
        ),
        (
            main().file("__MACOSX/._main.py", "").file("._main.py", "").file(".git/x", "").bytes(),
            r#"["main.py"]"#,
        ),
        (main().file("a/__pycache__/x.pyc", "").file(".env", "").bytes(), r#"[".env","main.py"]"#),
        (main().file(long, "").bytes(), ""),
        (main().file(deep, "").bytes(), ""),
    ]
}

#[test]
fn good_zips_are_taken() {
    for (bytes, expected) in taken_zips() {
        let place = Place::new();
        place.write("bundle.zip", bytes);
        let ended = place.run(&["bundle.zip"]).end();
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{expected}");
        assert!(expected.is_empty() || ended.stdout.trim_end() == expected, "{} {expected}", ended.stdout);
    }
}

#[test]
fn good_folders_are_taken_without_what_tools_leave_in_them() {
    let place = Place::action(LIST);
    place.write("action/data/x.json", "{}").write("action/.DS_Store", "").write("action/.git/config", "");
    place.write("action/node_modules/x/y.js", "").write("action/__pycache__/main.pyc", "");
    fs::create_dir(place.path().join("action/.venv")).unwrap();
    symlink("/usr/bin/python3", place.path().join("action/.venv/python")).unwrap();
    let expected = r#"["data/","data/x.json","main.py"]"#;
    place.run(&["action"]).end().returned(expected);
    place.run(&["action/"]).end().returned(expected);
    symlink("action", place.path().join("link")).unwrap();
    place.run(&["link"]).end().returned(expected);
    fs::rename(place.path().join("action"), place.path().join("inner")).unwrap();
    fs::remove_file(place.path().join("link")).unwrap();
    place.run(&["."]).end().returned(expected);
}

#[test]
fn an_action_can_read_its_files_and_change_none() {
    let place = Place::action(
        "import os

def main():
    refused = 0
    for path in 'new.txt', 'data.txt', 'main.py', '/action/new.txt':
        try:
            open(path, 'w')
        except OSError:
            refused += 1
    return [open('data.txt').read(), refused]
",
    );
    place.write("action/data.txt", "data");
    place.run(&["action"]).end().returned(r#"["data",4]"#);
    assert_eq!(place.tree(), ["action/", "action/data.txt", "action/main.py"]);
}
