//! The script's contract: how `main` is called, what becomes of what it returns, prints, logs and raises.

use std::{sync::mpsc::sync_channel, time::Duration};

use actiond_runtime::{End, Input, Limits, Preparation, Tail};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, env, limits, log};

/// (what `main` returns, what the result or the exception is)
const RESULTS: &[(&str, &str)] = &[
    ("None", "null"),
    ("True", "true"),
    ("1", "1"),
    ("2**70", "1180591620717411303424"),
    ("0.1", "0.1"),
    ("'é\\u2028\\x00'", "\"é\u{2028}\\u0000\""),
    ("[1, (2, 3), {4}]", "[1,[2,3],[4]]"),
    ("{'b', 'a'}", "[\"a\",\"b\"]"),
    ("{'a': {'b': None}}", "{\"a\":{\"b\":null}}"),
    ("{1: 'i', 1.5: 'f', None: 'n', True: 'b'}", "{\"1\":\"b\",\"1.5\":\"f\",\"null\":\"n\"}"),
    ("[float('nan'), float('inf'), -float('inf'), 1.0]", "[null,null,null,1.0]"),
    ("datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)", "\"2026-01-02T03:04:05+00:00\""),
    ("datetime.date(2026, 1, 2)", "\"2026-01-02\""),
    ("{datetime.date(2026, 1, 2): 1}", "{\"2026-01-02\":1}"),
    ("decimal.Decimal('1.10')", "\"1.10\""),
    ("uuid.UUID(int=1)", "\"00000000-0000-0000-0000-000000000001\""),
    ("b'\\x00\\xff'", "\"AP8=\""),
    ("Point(1, [Colour.RED])", "{\"x\":1,\"y\":[\"red\"]}"),
    ("{Colour.RED: Level.LOW}", "{\"red\":1}"),
    ("collections.Counter('aab')", "{\"a\":2,\"b\":1}"),
    ("'\\ud800'", "\"\u{fffd}\""),
    ("'\\ud83d\\ude00'", "\"\u{1f600}\""),
    ("[0, 1, 2, {'owner': Session()}]", "TypeError: result[3].owner: cannot turn Session into JSON"),
    ("{'a b': Session()}", "TypeError: result['a b']: cannot turn Session into JSON"),
    ("{Session(): 1}", "TypeError: result: cannot turn a key of type Session into JSON"),
    ("circle()", "TypeError: result[0]: contains itself"),
    (
        "10**5000",
        "ValueError: Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit",
    ),
    ("'x' * (1 << 20)", "ResultTooLarge: the result has 1048578 bytes of JSON, the limit is 1048576"),
    ("'x' * ((1 << 20) - 2) and len('x' * ((1 << 20) - 2))", "1048574"),
];

const TYPES: &str = "
import collections, dataclasses, datetime, decimal, enum, uuid

class Session: pass

class Colour(enum.Enum):
    RED = 'red'

class Level(enum.IntEnum):
    LOW = 1

@dataclasses.dataclass
class Point:
    x: int
    y: list

def circle():
    inner = []
    inner.append(inner)
    return inner
";

#[tokio::test]
async fn results_become_json() {
    let bench = Bench::new().await;
    let cases: Vec<String> = RESULTS.iter().map(|(value, _)| format!("lambda: {value}")).collect();
    let main = format!("{TYPES}\nCASES = [{}]\ndef main(data): return CASES[data[0]]()", cases.join(",\n"));
    let action = bench.ready(&main).await;
    for (index, (value, expected)) in RESULTS.iter().enumerate() {
        let outcome = bench.run(&action, &format!("[{index}]")).await;
        assert_eq!(ending(&outcome), *expected, "for {value}");
    }
}

/// Texts that `main` must be given as `json.loads` reads them: two decoders share the work.
const PAYLOADS: &[&str] = &[
    "null",
    " [ true , false ]\r\n\t",
    "{\"a\": 1, \"b\": 2, \"a\": 3, \"\": 4, \"a\\u0062\": 5}",
    "[0, -0, -1, 9223372036854775807, 18446744073709551615, -9223372036854775808]",
    "[18446744073709551616, -9223372036854775809, 123456789012345678901234567890]",
    "[0.0, -0.0, 1e5, 1E+5, 0.1, 5e-324, 1e-400, 2.2250738585072011e-308, 1.7976931348623157e308, 9007199254740993.0]",
    "[1e400, -1e400]",
    "[NaN, Infinity, -Infinity]",
    "[\"\", \"a\", \"\\u0000\", \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\u{7f}\u{e9}\u{20ac}\u{1f600}\"]",
    "[\"\\u00e9\\ud83d\\ude00\", \"\\ud83d\", \"\\ude00\\ud83d\"]",
    "{\"\u{e9}\": {\"\u{1f600}\": []}, \"\\u00e9\": {}}",
];

const READS_ALIKE: &str = "
import json

def main(data):
    # repr tells -0.0, nan, and 1 from 1.0 and True.
    return [text for text, value in data if repr(json.loads(text)) != repr(value)]
";

#[tokio::test]
async fn payloads_are_what_json_says() {
    let bench = Bench::new().await;
    let action = bench.ready(READS_ALIKE).await;
    for text in PAYLOADS {
        let payload = format!("[[{}, {text}]]", json!(text));
        assert_eq!(ending(&bench.run(&action, &payload).await), "[]", "for {text}");
    }
    let name = |len: usize| "n".repeat(len);
    let names: Vec<_> = (0..300).map(|number| format!("\"name {number}\": {number}")).collect();
    for text in [
        format!("[{{{0}}}, {{{0}}}]", names.join(", ")),
        json!([{name(63): 1, name(64): 2, name(65): 3}, {name(65): 4, name(64): 5, name(63): 6}]).to_string(),
    ] {
        let payload = format!("[[{}, {text}]]", json!(text));
        assert_eq!(ending(&bench.run(&action, &payload).await), "[]", "for {text}");
    }
    let any = generated_json();
    let mut random = TestRunner::deterministic();
    for _ in 0..20 {
        let texts = (0..100).flat_map(|_| {
            let text = any.new_tree(&mut random).unwrap().current().to_string();
            [escaped(&text), text]
        });
        let pairs: Vec<_> = texts.map(|text| format!("[{}, {text}]", json!(text))).collect();
        let payload = format!("[{}]", pairs.join(","));
        assert_eq!(ending(&bench.run(&action, &payload).await), "[]", "for {payload}");
    }
}

/// What only `json.loads` reads costs more: the texts above are not compared with themselves.
#[tokio::test]
async fn most_payloads_are_decoded_quickly() {
    let bench = Bench::new().await;
    let action = bench.ready("def main(data): return len(data)").await;
    let numbers = "1000,".repeat(100_000);
    let (quick, slow) = (format!("[{numbers}0]"), format!("[{numbers}NaN]"));
    let (quick, slow) = (bench.run(&action, &quick).await, bench.run(&action, &slow).await);
    assert_eq!((ending(&quick), ending(&slow)), ("100001".to_owned(), "100001".to_owned()));
    assert!(quick.usage.fuel * 4 < slow.usage.fuel * 3, "{:?} {:?}", quick.usage, slow.usage);
}

fn generated_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map("[a-c\u{e9}\u{1f600}]{0,3}", inner, 0..8).prop_map(Value::from_iter),
        ]
    })
}

/// The same JSON in ASCII.
fn escaped(text: &str) -> String {
    let mut ascii = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let units = character
                .encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<String>();
            ascii.push_str(&units);
        }
    }
    ascii
}

/// (a payload that is none, what `json.loads` says of it)
const NO_PAYLOADS: &[(&str, &str)] = &[
    ("", "Expecting value: line 1 column 1 (char 0)"),
    ("[1,", "Expecting value: line 1 column 4 (char 3)"),
    ("[1]]", "Extra data: line 1 column 4 (char 3)"),
    ("{1: 2}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ("[\"a\nb\"]", "Invalid control character at: line 1 column 4 (char 3)"),
];

#[tokio::test]
async fn what_is_no_json_is_an_error_of_the_run() {
    let bench = Bench::new().await;
    let action = bench.ready("def main(data): return data").await;
    for (payload, expected) in NO_PAYLOADS {
        let expected = format!("json.decoder.JSONDecodeError: {expected}");
        assert_eq!(ending(&bench.run(&action, payload).await), expected, "for {payload}");
    }
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let ended = ending(&bench.run(&action, &deep).await);
    assert!(ended.starts_with("RecursionError: "), "{ended}");
}

/// (numbers in a payload, MiB that the run may have, how it ends). The quicker decoder takes more memory; the last row is too long for it.
const MEMORIES: &[(usize, usize, &str)] = &[
    (2_000_000, 256, "2000000"),
    (2_000_000, 64, "2000000"),
    (2_000_000, 32, "MemoryError: "),
    (4_000_000, 128, "4000000"),
];

#[tokio::test]
async fn payloads_are_decoded_in_the_memory_that_there_is() {
    let bench = Bench::new().await;
    let action = bench.ready("def main(data): return len(data)").await;
    for (count, mib, expected) in MEMORIES {
        let payload = format!("[1{}]", ",1".repeat(count - 1));
        let limits = Limits { memory_bytes: mib << 20, ..limits() };
        assert_eq!(
            ending(&bench.run_with(&action, &payload, &limits).await),
            *expected,
            "{count} in {mib} MiB"
        );
    }
}

/// (definition of main, how it ends when called with `[1]`)
const CALLS: &[(&str, &str)] = &[
    ("def main(): return 'none'", "\"none\""),
    ("def main(data): return data", "[1]"),
    ("def main(data, logger): return [data, logger.name]", "[[1],\"action\"]"),
    ("def main(data, logger=None): return logger is None", "false"),
    ("def main(*args): return len(args)", "2"),
    ("def main(data, *, logger=3): return logger", "3"),
    ("main = lambda data: data[0]", "1"),
    ("import functools\nmain = functools.partial(lambda a, data: [a, data], 5)", "[5,[1]]"),
    ("class Main:\n  def __call__(self, data): return data\nmain = Main()", "[1]"),
    (
        "def main(data, logger, more): pass",
        "TypeError: main() missing 1 required positional argument: 'more'",
    ),
    ("import sys\ndef main(): sys.exit()", "null"),
    ("import sys\ndef main(): sys.exit(0)", "null"),
    ("import sys\ndef main(): sys.exit(3)", "SystemExit: exit code 3"),
    ("import sys\ndef main(): sys.exit('no')", "SystemExit: exit code 1: no"),
    ("import os\ndef main(): os._exit(0)", "null"),
    ("import os\ndef main(): os._exit(4)", "SystemExit: exit code 4"),
    (
        "import sys\nsys.exit(5)",
        "SystemExit: exit code 1: main.py ended while it was imported, by sys.exit(5)",
    ),
    (
        "import sys\ndef main(): pass\nsys.exit()",
        "SystemExit: exit code 1: main.py ended while it was imported, by sys.exit(None)",
    ),
    (
        "import os\ndef main(): pass\nos._exit(0)",
        "SystemExit: main.py ended while it was imported, by os._exit(0)",
    ),
    ("import sys\ndef main(): sys.exit(True)", "SystemExit: exit code 1"),
    ("import os\ndef main(): os._exit(200)", "SystemExit: exit code 200"),
    ("import atexit\ndef main(): atexit.register(print, 'x'); return 1", "1"),
    ("main = 3", "NoMain: main.py defines no function named main"),
    ("import helper", "ModuleNotFoundError: No module named 'helper'"),
    ("def main(:", "SyntaxError: invalid syntax (main.py, line 1)"),
    ("ran = []\ndef main(): ran.append(1); return ran\nif __name__ == '__main__': main()", "[1]"),
];

#[tokio::test]
async fn main_is_called_with_what_it_takes() {
    let bench = Bench::new().await;
    for (main, expected) in CALLS {
        let outcome = bench.outcome(main, "[1]").await;
        assert_eq!(ending(&outcome), *expected, "for {main}\n{:#?}", outcome.logs);
    }
}

/// (body of main, its log lines)
const LOGS: &[(&str, &[&str])] = &[
    ("print('a', 'b')", &["INFO stdout a b"]),
    ("print('a', end='')", &["INFO stdout a"]),
    ("print('a\\nb\\r\\nc')", &["INFO stdout a", "INFO stdout b", "INFO stdout c"]),
    ("print('é \\ud800')", &["INFO stdout é \\ud800"]),
    ("print('x', file=sys.stderr)", &["ERROR stderr x"]),
    ("os.write(1, b'one\\n'); os.write(2, b'two')", &["INFO stdout one", "ERROR stderr two"]),
    ("sys.stdout.buffer.write(b'\\xff\\n')", &["INFO stdout \u{fffd}"]),
    ("logger.debug('d'); logger.error('e %s', 1)", &["DEBUG action d", "ERROR action e 1"]),
    ("logger.critical('c')", &["CRITICAL action c"]),
    ("logging.getLogger('my.lib').info('i')", &["INFO my.lib i"]),
    ("logging.getLogger('my.lib').debug('d')", &[]),
    ("logging.getLogger('actiond').error('e')", &["ERROR logger actiond e"]),
    ("logging.warning('w')", &["WARNING root w"]),
    ("logging.basicConfig(level=logging.DEBUG); logging.debug('d')", &["DEBUG root d"]),
    (
        "logging.basicConfig(format='<%(message)s>'); logging.getLogger('x').info('i'); logger.info('once')",
        &["INFO x <i>", "INFO action once"],
    ),
    ("warnings.warn('careful')", &["WARNING warnings main.py:4: UserWarning: careful"]),
    (
        "import io; sys.stderr = own = io.StringIO(); logging.basicConfig(format='%(message)s'); logging.warning('a'); \
         warnings.warn('b'); warnings.showwarning('c', UserWarning, 'd.py', 1); logger.info(own.getvalue().count('\\n'))",
        &["INFO action 4"],
    ),
    ("import io; sys.stdout = io.TextIOWrapper(sys.stdout.buffer); print('held')", &["INFO stdout held"]),
    (
        "import atexit; atexit.register(print, 'bye'); print('hello')",
        &["INFO stdout hello", "INFO stdout bye"],
    ),
    (
        "import logging.handlers as h; logging.root.addHandler(h.MemoryHandler(9, target=logging.StreamHandler())); logging.info('i')",
        &["INFO root i"],
    ),
    (
        "class F:\n        def format(self, record): return 'duck'\n    x = logging.StreamHandler(); x.setFormatter(F()); logging.root.addHandler(x); logging.error('e')",
        &["ERROR root duck"],
    ),
    ("logger.log(2 ** 40, 'loud')", &["CRITICAL action loud"]),
    ("sys.stdout = None; print('lost'); logger.info('kept')", &["INFO action kept"]),
];

#[tokio::test]
async fn everything_said_becomes_log_lines() {
    let bench = Bench::new().await;
    for (body, expected) in LOGS {
        let main = format!("import logging, os, sys, warnings\n\ndef main(data, logger):\n    {body}\n");
        let outcome = bench.outcome(&main, "[]").await;
        assert_eq!(log(&outcome), *expected, "for {body}");
        assert!(matches!(outcome.end, End::Returned(_)), "for {body}: {}", ending(&outcome));
    }
}

#[tokio::test]
async fn tracebacks_show_the_scripts_own_frames() {
    let bench = Bench::new().await;
    let files = [
        ("main.py", "import deep.helper\ndef main(data):\n    return deep.helper.divide(data[0])\n"),
        (
            "deep/helper.py",
            "def divide(by):\n    try:\n        return 1 / by\n    except ZeroDivisionError as e:\n        raise ValueError('é') from e\n",
        ),
    ];
    let Preparation::Ready(action) = bench.prepare(bench.source(&files)).await else { panic!("not ready") };
    let outcome = bench.run(&action, "[0]").await;
    let End::Raised(exception) = outcome.end else { panic!("{outcome:?}") };
    assert_eq!(exception.traceback, TRACEBACK);
}

const TRACEBACK: &str = r#"Traceback (most recent call last):
  File "deep/helper.py", line 3, in divide
    return 1 / by
           ~~^~~~
ZeroDivisionError: division by zero

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "main.py", line 3, in main
    return deep.helper.divide(data[0])
           ~~~~~~~~~~~~~~~~~~^^^^^^^^^
  File "deep/helper.py", line 5, in divide
    raise ValueError('é') from e
ValueError: é
"#;

/// (body of main, result): the world that a script finds.
const WORLD: &[(&str, &str)] = &[
    ("return os.getcwd()", "\"/action\""),
    ("return open('data/words.txt').read()", "\"wörter\""),
    ("return open('naïve.txt').read()", "\"n\""),
    (
        "return sorted(os.listdir('.'))",
        "[\"data\",\"dependencies\",\"logging\",\"main\",\"main.py\",\"naïve.txt\",\"queue.py\",\"secrets\"]",
    ),
    ("import vendored; return vendored.NAME", "\"vendored\""),
    ("return os.environ['GREETING']", "\"hällo\""),
    (
        "return [sys.flags.utf8_mode, sys.getfilesystemencoding(), sys.stdout.encoding, sys.platform]",
        "[1,\"utf-8\",\"utf-8\",\"wasi\"]",
    ),
    ("open('/tmp/ü', 'w').write('ß'); return [open('/tmp/ü').read(), os.listdir('/tmp')]", "[\"ß\",[\"ü\"]]"),
    (
        "import tempfile; f = tempfile.NamedTemporaryFile('w'); f.write('x'); f.flush(); return open(f.name).read()",
        "\"x\"",
    ),
    (
        "import zoneinfo; return datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')).utcoffset().seconds",
        "7200",
    ),
    ("import sqlite3; return sqlite3.connect(':memory:').execute('select 1+1').fetchone()[0]", "2"),
    (
        "import sqlite3; return sqlite3.connect('data/empty.db').execute('select count(*) from sqlite_schema').fetchone()[0]",
        "0",
    ),
    (
        "import lzma, bz2, zlib; return [m.decompress(m.compress(b'x'*99)) == b'x'*99 for m in (lzma, bz2, zlib)]",
        "[true,true,true]",
    ),
    (
        "import subprocess; subprocess.run(['ls'])",
        "OSError: [Errno 58] a sandbox is one interpreter and cannot start processes",
    ),
    ("os.system('ls')", "OSError: [Errno 58] a sandbox is one interpreter and cannot start processes"),
    (
        "import threading; threading.Thread(target=print).start()",
        "RuntimeError: can't start new thread: a sandbox runs one thread; call the function directly",
    ),
    (
        "import ctypes",
        "ModuleNotFoundError: No module named '_ctypes': a sandbox runs WebAssembly and cannot load native code",
    ),
    (
        "import multiprocessing.shared_memory",
        "ModuleNotFoundError: No module named 'mmap': a sandbox has no memory-mapped files",
    ),
    ("import queue; return queue.NAME", "\"own queue\""),
    ("import logging; return logging.root.level", "20"),
    ("from secrets import TOKEN; return TOKEN", "\"own secrets\""),
    ("import threading; return threading.Event().wait(0.01)", "false"),
    (
        "import queue, threading; threading.Event().wait()",
        "RuntimeError: this would wait for ever: a sandbox runs one thread; call the function directly",
    ),
    ("import nonsense", "ModuleNotFoundError: No module named 'nonsense'"),
    ("return input()", "EOFError: EOF when reading a line"),
    ("t = time.monotonic(); time.sleep(0.01); return time.monotonic() - t >= 0.01", "true"),
];

#[tokio::test]
async fn scripts_find_their_world() {
    let bench = Bench::new().await;
    for (body, expected) in WORLD {
        let main = format!("import datetime, os, sys, time\ndef main(data):\n    {body}\n");
        let mut source = bench.source(&[
            ("main.py", main.as_str()),
            ("data/words.txt", "wörter"),
            ("data/empty.db", ""),
            ("queue.py", "NAME = 'own queue'"),
            ("logging/levels.txt", "data, not a package"),
            ("secrets/__init__.py", "TOKEN = 'own secrets'"),
            ("main/__init__.py", "not python"),
            ("naïve.txt", "n"),
            ("dependencies/vendored.py", "NAME = 'vendored'"),
        ]);
        source.env = env(&[("GREETING", "hällo")]);
        let action = match bench.prepare(source).await {
            Preparation::Ready(action) => action,
            other => panic!("for {body}: {other:#?}"),
        };
        let outcome = bench.run(&action, "[]").await;
        assert_eq!(ending(&outcome), *expected, "for {body}");
    }
}

#[tokio::test]
async fn an_import_that_leaves_something_open_is_done_in_each_run() {
    let bench = Bench::new().await;
    let rows = [
        ("f = open('main.py')\ndef main(): return f.read(1)", "\"f\"", Some("its import leaves a file open")),
        (
            "open('/tmp/x', 'w').close()\nimport os\ndef main(): return os.listdir('/tmp')",
            "[\"x\"]",
            Some("its import leaves files below /tmp"),
        ),
        ("open('main.py').close()\ndef main(): return 1", "1", None),
        ("KEPT = bytes(range(256)) * (200 << 10)\ndef main(): return len(KEPT)", "52428800", None),
        (
            "KEPT = bytes(range(256)) * (300 << 10)\ndef main(): return len(KEPT)",
            "78643200",
            Some("its import leaves too much in memory"),
        ),
        ("import tempfile\nDIR = tempfile.gettempdir()\ndef main(): return DIR", "\"/tmp\"", None),
    ];
    for (main, expected, reason) in rows {
        let action = bench.ready(main).await;
        assert_eq!(action.imported_each_run(), reason, "for {main}");
        for _ in 0..2 {
            let outcome = bench.run(&action, "[]").await;
            assert_eq!(ending(&outcome), expected, "for {main}");
            assert_eq!(outcome.usage.prepared, reason.is_none());
        }
    }
}

#[tokio::test]
async fn what_an_import_says_is_kept_once() {
    let bench = Bench::new().await;
    let unique = bench.dir.path().display();
    let main = format!("# {unique}\nprint('importing')\ndef main(): print('running')");
    let first = bench.ready(&main).await;
    let said: Vec<_> = first.import_logs().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(said, ["importing"]);
    assert_eq!(log(&bench.run(&first, "[]").await), ["INFO stdout running"]);
    assert!(bench.ready(&main).await.import_logs().is_empty(), "found, not imported again");
}

#[tokio::test]
async fn limits_on_payloads() {
    let bench = Bench::new().await;
    let action = bench.ready("def main(data): return len(data[0])").await;
    let mut limits = limits();
    limits.input_bytes = 100;
    let fits = format!("[\"{}\"]", "x".repeat(96));
    let outcome = bench.run_with(&action, &fits, &limits).await;
    assert_eq!(ending(&outcome), "96");
    let sandbox = bench.engine.start(&action, &limits).unwrap();
    let data = format!("[\"{}\"]", "x".repeat(97));
    let error = sandbox.call(Input::new(&data, CancellationToken::new())).await.unwrap_err();
    assert_eq!(error.to_string(), "the payload has 101 bytes, the limit is 100");
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// (main.py, variables of the run, result)
const VARIABLES: &[(&str, Pairs<'_>, &str)] = &[
    ("import os\ndef main(): return os.environ['KEY']", &[], "\"image\""),
    ("import os\ndef main(): return os.environ['KEY']", &[("KEY", "run")], "\"run\""),
    (
        "import os\ndef main(): return [os.getenv('KEY'), os.environ.get('RUN'), os.getenv('GREETING')]",
        &[("RUN", "a=b\n\"\u{1f600}"), ("GREETING", "")],
        "[\"image\",\"a=b\\n\\\"\u{1f600}\",\"\"]",
    ),
    ("import os\nSEEN = os.environ.get('RUN')\ndef main(): return SEEN", &[("RUN", "run")], "null"),
    (
        "import os\nheld = open('main.py')\nSEEN = os.environ.get('RUN')\ndef main(): return [SEEN, os.environ['RUN']]",
        &[("RUN", "run")],
        "[\"run\",\"run\"]",
    ),
    ("def main(data): return data", &[("RUN", "run")], "[\"a\\nb\"]"),
    ("def main(): pass", &[("", "run")], "OSError: [Errno 28] Invalid argument"),
    ("def main(): pass", &[("A=B", "run")], "ValueError: illegal environment variable name"),
    ("def main(): pass", &[("RUN", "\0")], "ValueError: embedded null byte"),
];

#[tokio::test]
async fn variables_of_a_run_are_seen_by_that_run_only() {
    let bench = Bench::new().await;
    for (main, variables, expected) in VARIABLES {
        let mut source = bench.source(&[("main.py", main)]);
        source.env = env(&[("KEY", "image")]);
        let Preparation::Ready(action) = bench.prepare(source).await else { panic!("not ready: {main}") };
        let before = bench.run(&action, " [\"a\\nb\"] ").await;
        let sandbox = bench.engine.start(&action, &limits()).unwrap();
        let variables = env(variables);
        let input = Input { env: &variables, ..Input::new(" [\"a\\nb\"] ", CancellationToken::new()) };
        assert_eq!(ending(&sandbox.call(input).await.unwrap()), *expected, "for {main}");
        let after = bench.run(&action, " [\"a\\nb\"] ").await;
        assert_eq!(ending(&after), ending(&before), "for {main}");
        assert_eq!(after.usage.fuel, before.usage.fuel, "for {main}");
    }
}

/// (main.py, what has been seen of its log when a run of it waits for ever)
const TAILS: &[(&str, &[&str])] = &[
    ("import time\ndef main():\n    print('a\\nb', end=''); time.sleep(3600)", &["a"]),
    ("import time\ndef main(data, logger):\n    logger.info('a'); print('b'); time.sleep(3600)", &["a", "b"]),
    ("import time\nheld = open('main.py')\nprint('import')\ndef main(): time.sleep(3600)", &["import"]),
];

#[tokio::test]
async fn a_log_is_seen_while_it_is_written() {
    let bench = Bench::new().await;
    for (main, expected) in TAILS {
        let action = bench.ready(main).await;
        let (lines, seen) = sync_channel(10);
        let tail = Tail::new(move |line| lines.try_send(line.clone()).unwrap());
        let cancel = CancellationToken::new();
        let sandbox = bench.engine.start(&action, &limits()).unwrap();
        let mut call = Box::pin(sandbox.call(Input { tail: Some(tail), ..Input::new("[]", cancel.clone()) }));
        let mut live = Vec::new();
        while live.len() < expected.len() {
            let waits = timeout(Duration::ZERO, call.as_mut()).await.is_err();
            assert!(waits, "for {main}");
            live.extend(seen.try_iter());
        }
        let messages: Vec<_> = live.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(messages, *expected, "for {main}");
        cancel.cancel();
        let outcome = call.await.unwrap();
        live.extend(seen.try_iter());
        assert_eq!(outcome.logs, live, "for {main}: what ends with the run is seen too");
    }
}
