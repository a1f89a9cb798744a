//! What a user hands over besides the bundle: records, environment, flags.

use std::fs::File;

use crate::program::Place;

const ECHO: &str = "def main(data):\n    return data\n";
const ENVIRON: &str = "import os\n\ndef main():\n    return dict(sorted(os.environ.items()))\n";

#[test]
fn records_of_each_shape_become_an_array() {
    let place = Place::action(ECHO);
    for (data, expected) in [
        ("[]", "[]"),
        ("[1, 2.5]\n", "[1,2.5]"),
        (r#"{"a": 1}"#, r#"[{"a":1}]"#),
        ("{\n  \"a\": [\n 1 ]\n}\n", r#"[{"a":[1]}]"#),
        ("{\"a\":1}\n{\"a\":2}\n", r#"[{"a":1},{"a":2}]"#),
        ("{\"a\":1}\r\n\r\n{\"a\":2}", r#"[{"a":1},{"a":2}]"#),
        ("\u{feff}[\"\u{e9}\"]", "[\"\u{e9}\"]"),
        ("[12345678901234567890123, -0.0, 1e2]", "[12345678901234567890123,-0.0,100.0]"),
        (r#"["\u00e9\ud83d\ude00\n"]"#, "[\"\u{e9}\u{1f600}\\n\"]"),
    ] {
        place.write("data.json", data);
        place.run(&["action", "--data", "data.json"]).end().returned(expected);
        place.run(&["action", "--data", "-"]).stdin(data).end().returned(expected);
    }
    place.run(&["action"]).stdin("[1]").end().returned("[]");
}

#[test]
fn data_that_are_not_json_are_refused_with_line_and_column() {
    let place = Place::action(ECHO);
    let rows: &[(&[u8], &str)] = &[
        (b"", "1:1: it is empty: write [] for no records"),
        (b"\xef\xbb\xbf\n", "1:1: it is empty: write [] for no records"),
        (b"level=error msg=x\n", "1:1: not JSON: expected value"),
        (b"[1,\n 2,\n x]", "3:2: not JSON: expected value"),
        (b"[1, 2", "1:5: not JSON: EOF while parsing a list"),
        (b"[1]\n[2]\n", "2:1: not JSON: trailing characters"),
        (b"[NaN]", "1:2: not JSON: expected value"),
        (b"3\n", "1:1: neither an array nor an object: write [] around it"),
        (b"{\"a\":1}\n{\"a\":}\n", "2:6: not JSON: expected value"),
        (b"{\"a\":1}\n[2]\n", "2:1: not an object, as the lines before it are"),
        (b"[\"ab\",\n \"c\xff\"]", "2:4: not UTF-8: save it as UTF-8"),
    ];
    for (data, why) in rows {
        place.write("data.json", data);
        let from_file = place.run(&["action", "--data", "data.json"]).end();
        from_file.is_refused(&format!("data.json:{why}"));
        let from_stdin = place.run(&["action", "--data", "-"]).stdin(*data).end();
        from_stdin.is_refused(&format!("stdin:{why}"));
    }
    let large = File::create(place.path().join("large.json")).expect("a file can be made");
    // Without a byte on the disk.
    large.set_len((64 << 20) + 1).expect("its file system knows holes");
    let ended = place.run(&["action", "--data", "large.json"]).end();
    ended.is_refused("large.json: has more than 67108864 bytes: hand over fewer records");
    let missing = place.run(&["action", "--data", "gone.json"]).end();
    missing.is_refused("gone.json: there is no such file: check the path");
    let folder = place.run(&["action", "--data", "action"]).end();
    folder.is_refused("action: cannot be read (is a directory): check the path and its permissions");
}

#[test]
fn the_environment_is_what_is_given_and_nothing_else() {
    let place = Place::action(ENVIRON);
    place.run(&["action"]).env("SECRET_OF_THE_HOST", "x").end().returned("{}");
    let ended = place.run(&["action", "--env", "B=2", "--env", "A_1=a=b c", "--env", "EMPTY="]).end();
    ended.returned(r#"{"A_1":"a=b c","B":"2","EMPTY":""}"#);
    let longest = format!("A={}", "x".repeat(32 << 10));
    let length = Place::action("import os\n\ndef main():\n    return len(os.environ['A'])\n");
    length.run(&["action", "--env", &longest]).end().returned("32768");
}

#[test]
fn bad_variables_are_refused_without_showing_their_values() {
    let place = Place::action(ENVIRON);
    let allowed = "begin with a capital letter, go on with capitals, digits and underscores";
    let key = |key: &str| format!("the key \"{key}\" is not allowed: {allowed}");
    let too_long = format!("A={}", "x".repeat((32 << 10) + 1));
    let rows = [
        ("lower=secret", key("lower")),
        ("Mixed=secret", key("Mixed")),
        ("_A=secret", key("_A")),
        ("1A=secret", key("1A")),
        ("A-B=secret", key("A-B")),
        ("A B=secret", key("A B")),
        ("A\x1b[2J=secret", key("A\\u{1b}[2J")),
        ("=secret", key("")),
        ("NOTHING", "\"NOTHING\" has no \"=\": write KEY=VALUE".to_owned()),
        (
            &too_long,
            "the value of A has 32769 bytes, the limit is 32768: put it into a file of the bundle".to_owned(),
        ),
    ];
    for (variable, why) in rows {
        place.run(&["action", "--env", variable]).end().is_refused(&format!("--env: {why}"));
    }
    let twice = place.run(&["action", "--env", "A=1", "--env", "A=2"]).end();
    twice.is_refused("--env: A is given twice: keep one of them");
}

#[test]
fn flags_have_bounds() {
    let place = Place::action(ECHO);
    for arguments in [
        &[][..],
        &["action", "--fuel", "0"],
        &["action", "--fuel", "-1"],
        &["action", "--memory-mib", "0"],
        &["action", "--memory-mib", "4097"],
        &["action", "--timeout-s", "0"],
        &["action", "--repeat", "0"],
        &["action", "--repeat", "1000001"],
        &["action", "--unknown"],
        &["action", "another"],
    ] {
        let ended = place.run(arguments).end();
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{arguments:?}");
        assert!(ended.stderr.starts_with("error: "), "{arguments:?}: {}", ended.stderr);
    }
    let too_small = place.run(&["action", "--memory-mib", "1"]).end();
    assert_eq!((too_small.code, &*too_small.stdout), (2, ""));
    assert!(too_small.stderr.starts_with("error: the memory limit of 1048576 bytes is below the "));
    assert!(too_small.stderr.ends_with(" bytes that the action's image takes: raise it with --memory-mib\n"));
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_run() {
    let place = Place::action("def main():\n    raise ValueError\n");
    for (path, why) in [
        ("action", "is not a plain file"),
        ("/dev/null", "is not a plain file"),
        ("gone/report.json", "there is no folder gone"),
    ] {
        let ended = place.run(&["action", "--report", path]).end();
        ended.is_refused(&format!("--report {path}: {why}: give another path"));
    }
}

#[test]
fn a_missing_guest_names_the_script_that_makes_it() {
    let place = Place::action(ECHO);
    let ended = place.run(&["action"]).env("ACTIOND_GUEST", "gone").end();
    let line =
        "error: no usable guest in gone (scripts/setup builds one): No such file or directory (os error 2)\n";
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (70, "", line));
}
