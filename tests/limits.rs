//! Limits of a run: which stop is named, and with which flag it is moved.

use serde_json::json;

use crate::program::Place;

#[test]
fn a_limit_that_is_reached_is_named_with_its_flag() {
    let rows: &[(&str, &[&str], &str, &str)] = &[
        (
            "def main():\n    while True: pass\n",
            &["--fuel", "50000000"],
            "fuel",
            "the limit of 50000000 fuel is used up: raise it with --fuel",
        ),
        (
            "import time\n\ndef main():\n    time.sleep(100)\n",
            &["--timeout-s", "1"],
            "time",
            "the limit of 1 s has passed: raise it with --timeout-s",
        ),
        // The interpreter gives up where it has no way to raise a MemoryError.
        (
            "import os\n\ndef main():\n    try: bytearray(1 << 30)\n    except MemoryError: os.abort()\n",
            &["--memory-mib", "64"],
            "memory",
            "the limit of 64 MiB memory is used up: raise it with --memory-mib",
        ),
        (
            "import itertools\n\ndef main():\n    it = iter([])\n    for _ in range(10 ** 5):\n        \
             it = itertools.chain(it)\n    next(it)\n",
            &[],
            "stack",
            "calls went deeper than the interpreter's stack: recurse less deeply",
        ),
        (
            "import os\n\ndef main():\n    os.abort()\n",
            &[],
            "fault",
            "the interpreter died: see the last line of the log",
        ),
    ];
    for (main, flags, word, line) in rows {
        let place = Place::action(main);
        let arguments = [&["action", "--report", "report.json"], *flags].concat();
        let ended = place.run(&arguments).end();
        let mut said = ended.log();
        assert_eq!((ended.code, &*ended.stdout), (3, ""), "{said:?}");
        assert_eq!(said.pop().as_deref(), Some(&*format!("error: stopped: {line}")));
        // Only a death of the interpreter needs more words, and these are for its author.
        let explained = said.iter().all(|line| line.starts_with("CRITICAL actiond: the interpreter died: "));
        assert!(explained && said.len() == usize::from(*word == "fault"), "{said:?}");
        let report = place.json("report.json");
        assert_eq!((&report["end"], &report["stopped"]), (&json!("stopped"), &json!(word)));
    }
}

#[test]
fn memory_is_limited_by_its_flag() {
    let place = Place::action("def main():\n    return len(bytearray(100 << 20))\n");
    place.run(&["action"]).end().returned("104857600");
    let ended = place.run(&["action", "--memory-mib", "64"]).end();
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.ends_with("\n    | MemoryError\n"), "{}", ended.stderr);
}
