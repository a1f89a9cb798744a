//! Runs: what reaches which stream, the exit codes, the report, repetition, cancelling.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::program::{Ended, Place};

#[test]
fn only_the_result_reaches_standard_output() {
    let place = Place::action(
        "import logging, os, sys, warnings

def main(data, logger):
    print('printed')
    os.write(1, b'raw to 1\\n')
    os.write(2, b'raw to 2\\n')
    sys.stderr.write('to stderr\\n')
    logger.debug('by %s', 'logger')
    logging.getLogger('a.b').error('two\\nlines')
    warnings.warn('warned')
    os.write(1, b'unfinished')
    return {'b': [1, 2.5, None], 'a': '\u{e9}\\n'}
",
    );
    let ended = place.run(&["action"]).end();
    ended.returned("{\"b\":[1,2.5,null],\"a\":\"\u{e9}\\n\"}");
    let expected = [
        "INFO     stdout: printed",
        "INFO     stdout: raw to 1",
        "ERROR    stderr: raw to 2",
        "ERROR    stderr: to stderr",
        "DEBUG    action: by logger",
        "ERROR    a.b: two",
        "    | lines",
        "WARNING  warnings: main.py:10: UserWarning: warned",
        "INFO     stdout: unfinished",
    ];
    assert_eq!(ended.log(), expected);
}

/// An import happens once for each version of an action: what it says is shown then, before the run's own lines.
#[test]
fn what_an_import_says_is_shown_when_it_happens() {
    let unique = std::process::id();
    let place = Place::action(&format!("# {unique}\nprint('importing')\ndef main(): print('running')"));
    let importing = ["INFO     stdout: importing", "INFO     stdout: running"];
    assert_eq!(place.run(&["action"]).end().log(), importing);
    assert_eq!(place.run(&["action"]).end().log(), importing[1..]);
}

#[test]
fn what_a_script_writes_reaches_no_terminal_as_commands() {
    let place = Place::action(
        "def main(data, logger):
    print('\\x1b[31mred\\x1b]0;title\\x07 \\x9b2J \\r over \\u202e')
    logger.error('a\\n\\x1b[2Jb')
    if data:
        raise ValueError('\\x1b[2J')
    return '\\x7f\\x9b\\x1b'
",
    );
    let ended = place.run(&["action"]).end();
    ended.returned(r#""\u007f\u009b\u001b""#);
    let expected = [
        r"INFO     stdout: \u{1b}[31mred\u{1b}]0;title\u{7} \u{9b}2J \r over \u{202e}",
        "ERROR    action: a",
        r"    | \u{1b}[2Jb",
    ];
    assert_eq!(ended.log(), expected);
    let ended = place.run(&["action", "--data", "-"]).stdin("[1]").end();
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.ends_with("\n    | ValueError: \\u{1b}[2J\n"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\x1b'));
}

#[test]
fn a_raised_exception_is_shown_as_python_shows_it() {
    let place = Place::action("from helper import check\n\ndef main(data):\n    return check(data)\n");
    place.write("action/helper.py", "def check(data):\n    return data['x']\n");
    let ended = place.run(&["action"]).end();
    let expected = "error: raised TypeError:
    | Traceback (most recent call last):
    |   File \"main.py\", line 4, in main
    |     return check(data)
    |   File \"helper.py\", line 2, in check
    |     return data['x']
    |            ~~~~^^^^^
    | TypeError: list indices must be integers or slices, not str
";
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (1, "", expected));
}

#[test]
fn an_exception_cannot_speak_for_the_program() {
    let place = Place::action(
        "def main():
    raise type('E\\nerror: of its type', (Exception,), {})('x\\n2026-01-02T03:04:05.678901Z INFO     action: fine\\nerror: y\\n')
",
    );
    let ended = place.run(&["action"]).end();
    let expected = r"error: raised E\nerror: of its type:
    | Traceback (most recent call last):
";
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.starts_with(expected), "{}", ended.stderr);
    for line in ended.stderr.lines().skip(1) {
        assert!(line.starts_with("    | "), "{}", ended.stderr);
    }
    assert!(ended.stderr.ends_with("\n    | error: y\n"), "{}", ended.stderr);
}

#[test]
fn an_import_that_fails_ends_as_a_run_that_fails() {
    for (main, code, end) in [
        (
            "import nothing_of_this_name\n",
            1,
            "    | ModuleNotFoundError: No module named 'nothing_of_this_name'\n",
        ),
        ("def main(:\n", 1, "    | SyntaxError: invalid syntax\n"),
        (
            "while True: pass\n",
            3,
            "error: stopped: the limit of 50000000 fuel is used up: raise it with --fuel\n",
        ),
    ] {
        let place = Place::action(main);
        let ended = place.run(&["action", "--fuel", "50000000", "--report", "report.json"]).end();
        assert_eq!((ended.code, &*ended.stdout), (code, ""), "{main}");
        assert!(ended.stderr.ends_with(end), "{}", ended.stderr);
        assert_eq!(place.json("report.json")["usage"]["prepared"], json!(false));
    }
}

/// The report's parts that are the same on every machine.
fn report(place: &Place) -> Value {
    let mut report = place.json("report.json");
    for line in report["logs"].as_array_mut().expect("an array") {
        let ts = line["ts"].take();
        let ts = ts.as_str().expect("text");
        assert!(ts.len() == "2026-01-02T03:04:05.678901Z".len() && ts.ends_with('Z'), "{ts}");
    }
    let usage = report["usage"].as_object_mut().expect("an object");
    for name in ["fuel", "wall_us", "memory_bytes"] {
        assert!(usage.remove(name).expect("it is there").as_u64().expect("a number") > 0, "{name}");
    }
    report
}

#[test]
fn the_report_holds_the_whole_outcome() {
    let place = Place::action(
        "def main(data, logger):
    logger.warning('%d records', len(data))
    return [1.50, 10 ** 25] if data else data['x']
",
    );
    place.write("report.json", "what was there before");
    let ended = place.run(&["action", "--data", "-", "--report", "report.json"]).stdin("{}").end();
    ended.returned("[1.5,10000000000000000000000000]");
    let log = |message| json!([{"ts": null, "level": "WARNING", "source": "action", "message": message}]);
    let expected: Value = serde_json::from_str(r#"[1.5,10000000000000000000000000]"#).expect("JSON");
    assert_eq!(
        report(&place),
        json!({
            "end": "returned", "result": expected, "error": null, "stopped": null, "logs": log("1 records"),
            "usage": {"output_bytes": 41, "prepared": true},
            "connections": [],
            "connections_left_out": 0,
        })
    );
    let ended = place.run(&["action", "--report", "report.json"]).end();
    assert_eq!(ended.code, 1);
    let message = "list indices must be integers or slices, not str";
    let traceback = format!(
        "Traceback (most recent call last):\n  File \"main.py\", line 3, in main\n    return [1.50, 10 ** 25] if \
         data else data['x']\n                                         ~~~~^^^^^\nTypeError: {message}\n"
    );
    let error = json!({"type": "TypeError", "message": message, "traceback": traceback});
    assert_eq!(
        report(&place),
        json!({
            "end": "raised", "result": null, "error": error, "stopped": null, "logs": log("0 records"),
            "usage": {"output_bytes": 9, "prepared": true},
            "connections": [],
            "connections_left_out": 0,
        })
    );
    assert_eq!(place.tree(), ["action/", "action/main.py", "report.json"]);
}

#[test]
fn repetition_starts_afresh_each_time_and_prints_the_last_run_only() {
    let place = Place::action(
        "runs = []

def main():
    runs.append(1)
    print('run', len(runs))
    return len(runs)
",
    );
    let ended = place.run(&["action", "--repeat", "20"]).end();
    ended.returned("1");
    let log = ended.log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert_eq!(log[1], "INFO     stdout: run 1");
    let words: Vec<&str> = log[0].split([' ', ',']).filter(|word| word.parse::<f64>().is_err()).collect();
    let expected = ["runs:", "p50", "ms", "", "p99", "ms", "", "min", "ms", "", "max", "ms", "", "runs/s"];
    assert_eq!(words, expected, "{}", log[0]);
    assert!(log[0].starts_with("20 runs: p50 "), "{}", log[0]);
}

#[test]
fn repetition_ends_with_the_first_run_that_does_not_return() {
    let place = Place::action("def main():\n    raise ValueError('at once')\n");
    let ended = place.run(&["action", "--repeat", "1000"]).end();
    assert_eq!((ended.code, &*ended.stdout), (1, ""));
    assert!(ended.stderr.starts_with("1 run: p50 "), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("ValueError: at once").count(), 1);
}

#[test]
fn signals_cancel_the_run_and_leave_nothing_behind() {
    let (waits, computes) =
        ("import time\n\ndef main():\n    time.sleep(25)\n", "def main():\n    while True: pass\n");
    for (signal, main) in [
        (Signal::INT, waits),
        (Signal::TERM, waits),
        (Signal::HUP, waits),
        (Signal::INT, computes),
        (Signal::TERM, computes),
    ] {
        let place = Place::action(main);
        let child = place.run(&["action", "--report", "report.json"]).spawn();
        let process = Pid::from_child(&child);
        let work = work_folder(process);
        kill_process(process, signal).expect("the process lives");
        let ended = Ended::of(child);
        assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (130, "", "error: cancelled\n"));
        assert_eq!(place.json("report.json")["end"], json!("cancelled"));
        assert!(!work.exists(), "{} is still there", work.display());
        assert_eq!(place.tree(), ["action/", "action/main.py", "report.json"]);
    }
}

#[test]
fn work_folders_of_killed_processes_are_removed_and_those_of_living_ones_are_not() {
    let place = Place::new();
    place.write("cache/work/run-killed/lock", "").write("cache/work/run-killed/bundle/main.py", "");
    place.write("cache/work/run-killed-sooner/bundle/main.py", "").write("cache/work/of-another/main.py", "");
    place.write("cache/work/run-living/lock", "");
    let lock = File::open(place.path().join("cache/work/run-living/lock")).expect("it was written");
    lock.lock().expect("nobody else has it");
    let ended = place.run(&["gone"]).env("ACTIOND_CACHE", "cache").end();
    ended.is_refused("gone: there is no such file or folder: check the path");
    let expected = [
        "cache/",
        "cache/work/",
        "cache/work/of-another/",
        "cache/work/of-another/main.py",
        "cache/work/run-living/",
        "cache/work/run-living/lock",
    ];
    assert_eq!(place.tree(), expected);
}

#[test]
fn a_result_that_cannot_be_written_leaves_the_report() {
    let place = Place::action("def main():\n    return 1\n");
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let ended = place.run(&["action", "--report", "report.json"]).stdout(full).end();
    let why = "error: cannot write the result to standard output: No space left on device (os error 28)\n";
    assert_eq!((ended.code, &*ended.stderr), (70, why));
    assert_eq!(place.json("report.json")["result"], json!(1));
}

/// The process's work folder, as soon as a guest has anything in it open.
fn work_folder(process: Pid) -> PathBuf {
    loop {
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).expect("the process lives");
        let open = descriptors.filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok());
        let in_work = |path: &&Path| path.parent().is_some_and(|parent| parent.ends_with("work"));
        for path in open {
            if let Some(work) = path.ancestors().find(in_work) {
                return work.to_owned();
            }
        }
        std::thread::yield_now();
    }
}
