//! Whole actions over log records: `actions/<case>/` holds the action, its records and the exact result, which CPython on
//! the host gave. Each runs as a folder, as a zip of its files and as a zip of the folder.

use std::{fs, path::Path};

use crate::{
    program::Place,
    zips::{STORED, Zip},
};

struct Case {
    name: &'static str,
    flags: &'static [&'static str],
    expected: &'static str,
    log: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "distinct",
        flags: &[],
        expected: "expected.json",
        log: &["INFO     action: summed up 40 records"],
    },
    Case {
        name: "threshold",
        flags: &["--env", "MIN_DISTINCT_THRESHOLD=5"],
        expected: "expected.json",
        log: &[],
    },
    Case {
        name: "threshold",
        flags: &["--env", "MIN_DISTINCT_THRESHOLD=15"],
        expected: "expected_above.json",
        log: &["INFO     action: no host was tried from 15 addresses or more"],
    },
    Case {
        name: "sessions",
        flags: &[],
        expected: "expected.json",
        log: &[
            "WARNING  sessions: line 14 is no access log line",
            "WARNING  sessions: line 32 is no access log line",
            "INFO     action: 5 sessions",
        ],
    },
];

#[test]
fn actions_return_exactly_what_is_expected() {
    for case in CASES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("actions").join(case.name);
        let expected = fs::read_to_string(folder.join(case.expected)).unwrap();
        let (flat, nested) = zips(&folder, case.name);
        let place = Place::new();
        place.write("flat.zip", flat).write("nested.zip", nested);
        let data = folder.join("input.json");
        for bundle in [folder.to_str().unwrap(), "flat.zip", "nested.zip"] {
            let arguments = [&[bundle, "--data", data.to_str().unwrap()], case.flags].concat();
            let ended = place.run(&arguments).end();
            ended.returned(expected.trim_end());
            assert_eq!(ended.log(), case.log, "{} as {bundle}", case.name);
        }
    }
}

/// A zip of the folder's Python files, and one of the folder.
fn zips(folder: &Path, name: &str) -> (Vec<u8>, Vec<u8>) {
    let (mut flat, mut nested) = (Zip::new(), Zip::new().folder(format!("{name}/")));
    for entry in fs::read_dir(folder).expect("the case is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|extension| extension == "py") {
            let file = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
            let text = fs::read(&path).expect("it can be read");
            flat = flat.file(file, &text);
            nested = nested.entry(format!("{name}/{file}"), &text, STORED);
        }
    }
    (flat.bytes(), nested.bytes())
}
