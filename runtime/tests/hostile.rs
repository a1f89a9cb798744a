//! Hostile scripts: each ends with the right outcome, the host lives, and the next run finds nothing of it.

use std::time::Duration;

use actiond_runtime::{Limits, Outcome, Preparation, Prepared};

use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits, matches};

/// How a row's limits differ from the tests' usual ones.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    Usual,
    /// So much fuel.
    Fuel(u64),
    /// So many milliseconds, and fuel without end.
    Millis(u64),
}

impl Bound {
    fn limits(self) -> Limits {
        match self {
            Self::Usual => limits(),
            Self::Fuel(fuel) => Limits { fuel, ..limits() },
            Self::Millis(millis) => {
                Limits { fuel: u64::MAX / 2, wall: Duration::from_millis(millis), ..limits() }
            }
        }
    }
}

use Bound::{Fuel, Millis, Usual};

pub(crate) const SOME_FUEL: Bound = Fuel(300_000_000);

/// Body of `main(data, logger)`, bound, and how it ends; `…` stands for anything.
pub(crate) type Row = (&'static str, Bound, &'static str);

/// What every guest withstands.
pub(crate) const ROWS: &[Row] = &[
    // Never ending.
    ("while True: pass", SOME_FUEL, "stopped: fuel"),
    ("while True: pass", Millis(150), "stopped: time"),
    ("while True:\n        try: pass\n        except BaseException: pass", SOME_FUEL, "stopped: fuel"),
    ("re.match(r'(a+)+$', 'a' * 60 + 'b')", SOME_FUEL, "stopped: fuel"),
    ("re.match(r'(a+)+$', 'a' * 60 + 'b')", Millis(150), "stopped: time"),
    ("pow(3, 10 ** 8)", SOME_FUEL, "stopped: fuel"),
    ("pow(3, 10 ** 8)", Millis(150), "stopped: time"),
    ("sys.set_int_max_str_digits(0); str(1 << 3_000_000)", SOME_FUEL, "stopped: fuel"),
    ("list(itertools.repeat(0, 10 ** 9))", SOME_FUEL, "MemoryError: "),
    ("sum(itertools.count())", Millis(150), "stopped: time"),
    ("sorted(range(10 ** 6), key=lambda x: re.sub('x', 'y', str(x)))", Millis(150), "stopped: time"),
    ("'x' in itertools.cycle('y')", Millis(150), "stopped: time"),
    // Waiting.
    ("time.sleep(3600)", Millis(100), "stopped: time"),
    ("time.sleep(1e9)", Millis(100), "stopped: time"),
    ("import select; select.select([], [], [], 3600)", Millis(100), "stopped: time"),
    // Memory.
    ("bytearray(1 << 30)", Usual, "MemoryError: "),
    ("'x' * (1 << 30)", Usual, "MemoryError: "),
    ("x = 'x'\n    while True: x += x", Usual, "MemoryError: "),
    ("x = []\n    while True: x.append([0] * 1000)", Usual, "MemoryError: "),
    ("x = {}\n    while True: x[len(x)] = 'x' * 1000", Usual, "MemoryError: "),
    ("try: bytearray(1 << 30)\n    except MemoryError: return 'caught'", Usual, "\"caught\""),
    (
        "x = []\n    while True:\n        try: x.append('x' * 10_000)\n        except MemoryError: pass",
        SOME_FUEL,
        "stopped: fuel",
    ),
    ("return os.urandom(1 << 30)", Usual, "MemoryError: "),
    // Output.
    ("while True: print('x' * 100)", SOME_FUEL, "stopped: fuel"),
    ("while True: print('x', end='')", SOME_FUEL, "stopped: fuel"),
    ("while True: os.write(1, b'x' * 65536)", SOME_FUEL, "stopped: fuel"),
    ("while True: os.write(2, b'\\n' * 65536)", SOME_FUEL, "stopped: fuel"),
    ("while True: logger.info('x' * 100)", SOME_FUEL, "stopped: fuel"),
    ("while True: logging.getLogger('x' * 10_000).error('x')", SOME_FUEL, "stopped: fuel"),
    ("print('x' * (50 << 20))", Usual, "null"),
    (
        "return 'x' * (50 << 20)",
        Usual,
        "ResultTooLarge: the result has 52428802 bytes of JSON, the limit is 1048576",
    ),
    ("raise ValueError('x' * (20 << 20))", Usual, "ValueError: xxxx…"),
    (
        "class E(Exception):\n        def __str__(self): 1 / 0\n    raise E()",
        Usual,
        "main.<locals>.E: <its __str__ raised>",
    ),
    (
        "try: 1 / 0\n    except Exception as e:\n        for i in range(3000):\n            n = ValueError(i); n.__cause__ = e; e = n\n        raise e",
        Usual,
        "ValueError: 2999",
    ),
    // Scratch.
    (
        "f = open('/tmp/x', 'wb')\n    while True: f.write(b'x' * 65536)",
        Usual,
        "OSError: [Errno 51] No space left on device",
    ),
    (
        "while True: open('/tmp/x', 'wb').write(b'x' * 65536)",
        Usual,
        "OSError: [Errno 51] No space left on device",
    ),
    (
        "for i in range(10 ** 9): open(f'/tmp/{i}', 'w').close()",
        Usual,
        "OSError: [Errno 51] No space left on device: '/tmp/100'",
    ),
    (
        "for i in range(10 ** 9): os.mkdir('/tmp' + '/d' * (i + 1))",
        Usual,
        "OSError: [Errno 51] No space left on device…",
    ),
    (
        "for i in range(10 ** 9): os.symlink('x', f'/tmp/{i}')",
        Usual,
        "OSError: [Errno 51] No space left on device…",
    ),
    ("open('/tmp/x', 'wb').truncate(1 << 40)", Usual, "OSError: [Errno 51] No space left on device"),
    (
        "x = [open('main.py') for i in range(10 ** 9)]",
        Usual,
        "OSError: [Errno 33] No file descriptors available: 'main.py'",
    ),
    ("open('/tmp/x', 'w').close(); os.link('/tmp/x', '/tmp/y')", Usual, "OSError: [Errno 58] Not supported…"),
    // Recursion, in Python and inside C code.
    ("def f(): f()\n    f()", Usual, "RecursionError: maximum recursion depth exceeded"),
    ("sys.setrecursionlimit(10 ** 9)\n    def f(): f()\n    f()", Fuel(2_000_000_000), "stopped: fuel"),
    ("class A:\n        def __repr__(self): return repr(self)\n    repr(A())", Usual, "RecursionError: …"),
    (
        "class A:\n        def __add__(self, other): return self + other\n    A() + A()",
        Usual,
        "RecursionError: …",
    ),
    (
        "class A:\n        def __getattr__(self, name): return getattr(self, name + 'x')\n    A().x",
        Usual,
        "RecursionError: …",
    ),
    ("x = []\n    for i in range(10 ** 5): x = [x]\n    repr(x)", Usual, "RecursionError: …"),
    ("x = []\n    for i in range(10 ** 5): x = [x]\n    return x", Usual, "RecursionError: …"),
    ("x = []\n    for i in range(10 ** 5): x = [x]\n    json.dumps(x)", Usual, "RecursionError: …"),
    ("json.loads('[' * 10 ** 5)", Usual, "RecursionError: …"),
    ("json.loads('{\"a\":' * 10 ** 5)", Usual, "RecursionError: …"),
    (
        "compile('(' * 10 ** 5, 'x', 'eval')",
        Usual,
        "MemoryError: Parser stack overflowed - Python source too complex to parse",
    ),
    ("compile('-' * 10 ** 5 + '1', 'x', 'eval')", Usual, "MemoryError: Parser stack overflowed…"),
    ("compile('+'.join(['1'] * 10 ** 5), 'x', 'eval')", Usual, "RecursionError: …"),
    ("compile('x' + '.x' * 10 ** 5, 'x', 'eval')", Usual, "RecursionError: …"),
    ("compile('lambda: ' * 10 ** 4 + '1', 'x', 'eval')", Usual, "MemoryError: Parser stack overflowed…"),
    ("x = []\n    for i in range(10 ** 5): x = [x]\n    pickle.dumps(x)", Usual, "RecursionError: …"),
    ("x = []\n    for i in range(10 ** 5): x = [x]\n    copy.deepcopy(x)", Usual, "RecursionError: …"),
    (
        "x = []\n    for i in range(10 ** 5): x = [x]\n    y = []\n    for i in range(10 ** 5): y = [y]\n    x == y",
        Usual,
        "RecursionError: …",
    ),
    ("x = ()\n    for i in range(10 ** 5): x = (x,)\n    hash(x)", Usual, "stopped: stack"),
    ("x = int\n    for i in range(10 ** 5): x = (x,)\n    isinstance(1, x)", Usual, "RecursionError: …"),
    ("re.compile('(' * 5000 + ')' * 5000)", Usual, "RecursionError: …"),
    ("re.compile('(?:a|' * 3000 + ')' * 3000)", Usual, "RecursionError: …"),
    (
        "x = ValueError()\n    for i in range(10 ** 5): x = ExceptionGroup('', [x])\n    raise x",
        Usual,
        "ExceptionGroup:  (1 sub-exception)",
    ),
    ("x = None\n    for i in range(10 ** 6): x = [x]\n    del x\n    return 'freed'", Usual, "\"freed\""),
    (
        "x = None\n    for i in range(10 ** 5): x = (x, {}, lambda y=x: y)\n    del x\n    return 'freed'",
        Usual,
        "\"freed\"",
    ),
    (
        "x = None\n    for i in range(10 ** 5): x = types.SimpleNamespace(x=x)\n    del x\n    return 'freed'",
        Usual,
        "\"freed\"",
    ),
    (
        "x = iter([])\n    for i in range(10 ** 5): x = itertools.chain(x)\n    next(x)",
        Usual,
        "stopped: stack",
    ),
    (
        "x = iter([])\n    for i in range(10 ** 5): x = filter(None, x)\n    del x\n    return 'freed'",
        Usual,
        "\"freed\"",
    ),
    ("x = iter([])\n    for i in range(10 ** 5): x = map(str, x)\n    list(x)", Usual, "stopped: stack"),
    (
        "import xml.etree.ElementTree as E\n    E.tostring(E.fromstring('<a>' * 10 ** 5 + '</a>' * 10 ** 5))",
        Usual,
        "RecursionError: …",
    ),
    (
        "import functools\n    x = print\n    for i in range(10 ** 5): x = functools.partial(lambda f: f(), x)\n    x()",
        Usual,
        "RecursionError: …",
    ),
    (
        "import marshal\n    marshal.loads(b'(\\x01\\x00\\x00\\x00' * 10 ** 5)",
        Usual,
        "ValueError: recursion limit exceeded",
    ),
    (
        "import sqlite3\n    sqlite3.connect(':memory:').execute('select ' + '(' * 10 ** 5)",
        Usual,
        "sqlite3.OperationalError: …",
    ),
    (
        "import ast\n    ast.literal_eval('[' * 150 + ']' * 150)",
        Usual,
        "MemoryError: Parser stack overflowed…",
    ),
    // Reading what is not there.
    ("open('/etc/passwd')", Usual, "FileNotFoundError: …"),
    ("open('/proc/self/environ')", Usual, "FileNotFoundError: …"),
    ("open('../etc/passwd')", Usual, "PermissionError: …"),
    ("open('/action/../../etc/passwd')", Usual, "…Error: …"),
    ("open('/tmp/../etc/passwd')", Usual, "…Error: …"),
    ("os.listdir('/')", Usual, "…Error: …"),
    ("os.symlink('/etc', '/tmp/etc')", Usual, "PermissionError: …"),
    ("os.symlink('../../../../../../etc', '/tmp/etc'); open('/tmp/etc/passwd')", Usual, "…Error: …"),
    ("os.symlink('..', '/tmp/up'); os.listdir('/tmp/up')", Usual, "…Error: …"),
    (
        "import socket; socket.create_connection(('127.0.0.1', 80))",
        Usual,
        "PermissionError: [Errno 2] not allowed to reach 127.0.0.1:80 (loopback): ask for the rule \
         \"127.0.0.1:80\"",
    ),
    ("return [os.environ.get('HOME'), os.environ.get('PATH')]", Usual, "[null,null]"),
    // Writing where it may not.
    ("open('/lib/python3.13/json/x.py', 'w')", Usual, "…Error: …"),
    ("open('/action/x', 'w')", Usual, "…Error: …"),
    ("open('main.py', 'a')", Usual, "…Error: …"),
    ("os.remove('main.py')", Usual, "…Error: …"),
    ("os.rename('main.py', '/tmp/main.py')", Usual, "…Error: …"),
    ("os.mkdir('/action/x')", Usual, "…Error: …"),
    ("os.utime('main.py')", Usual, "…Error: …"),
    // Changing the interpreter for whoever comes next.
    ("builtins.len = None; json.loads = None; sys.modules.clear(); os.environ['LEFT'] = 'x'", Usual, "null"),
    ("json.JSONEncoder.encode = lambda self, x: 'x'; return 1", Usual, "1"),
    (
        "logging.StreamHandler.emit = None; sys.stdout = sys.stderr = None; logger.handlers.clear()",
        Usual,
        "null",
    ),
    ("LEFT.append('secret'); global SECRET; SECRET = 'secret'", Usual, "null"),
    ("sys.setrecursionlimit(50); gc.disable(); sys.settrace(lambda *a: None)", Usual, "null"),
    // Dying.
    ("os._exit(7)", Usual, "SystemExit: exit code 7"),
    ("os.abort()", Usual, "stopped: fault"),
    ("import signal; signal.raise_signal(signal.SIGKILL)", Usual, "stopped: fault"),
    ("import signal; signal.raise_signal(signal.SIGTERM)", Usual, "stopped: fault"),
    ("import faulthandler; faulthandler._sigsegv()", Usual, "stopped: fault"),
    (
        "import faulthandler; faulthandler._fatal_error_c_thread()",
        Usual,
        "RuntimeError: unable to start the thread",
    ),
    (
        "f = lambda: 0\n    f.__code__ = f.__code__.replace(co_code=bytes(range(256)))\n    f()",
        SOME_FUEL,
        "stopped: fault",
    ),
    ("raise KeyboardInterrupt", Usual, "KeyboardInterrupt: "),
    ("raise GeneratorExit", Usual, "GeneratorExit: "),
    // Exceptions that resist being told.
    ("class E(Exception): __module__ = []\n    raise E", Usual, "…E: "),
    (
        "class E(Exception):\n        def __str__(self): raise SystemExit\n    raise E",
        Usual,
        "…E: <its __str__ raised>",
    ),
    (
        "class S(str):\n        def __len__(self): 1 / 0\n    class E(Exception):\n        def __str__(self): return S('text')\n    raise E",
        Usual,
        "…E: text",
    ),
    (
        "class E(Exception):\n        __traceback__ = property(lambda self: 1 / 0)\n    raise E('x')",
        Usual,
        "…E: x",
    ),
    (
        "class E(ExceptionGroup):\n        exceptions = property(lambda self: 1 / 0)\n    raise E('x', [ValueError()])",
        Usual,
        "…E: …",
    ),
    ("class E(Exception): pass\n    E.__qualname__ = 'x' * 300_000\n    raise E", Usual, "xxx…: "),
    ("sys.exit(10 ** 5000)", Usual, "SystemExit: exit code 1"),
    ("class X:\n        def __str__(self): 1 / 0\n    sys.exit(X())", Usual, "SystemExit: exit code 1"),
    (
        "import traceback; json.dumps = traceback.format_exception = None; raise ValueError('x')",
        Usual,
        "ValueError: x",
    ),
    // Past the shim.
    ("import _actiond; _actiond.result(b'not json'); os._exit(0)", Usual, "null"),
    (
        "import _actiond\n    import actiond_shim.result as r\n    r.encode = lambda v: b'not json'\n    return 1",
        Usual,
        "ValueError: the result that was handed back is not JSON",
    ),
    ("import _actiond; _actiond.raised(b'not json')", Usual, "stopped: fault"),
    ("import _actiond\n    while True: _actiond.log(10, b'x', b'x' * 65536)", SOME_FUEL, "stopped: fuel"),
    ("import _actiond; return _actiond.input()", Usual, "\"\\n[]\""),
];

/// Imports before the rows.
pub(crate) const HEAD: &str = "
import builtins, copy, gc, itertools, json, logging, os, pickle, re, sys, time, types
LEFT = []
";

/// Looks for anything that another run could have left, and what it finds when there is nothing.
pub(crate) const PROBE: (&str, &str) = (PROBE_MAIN, PROBED);

const PROBE_MAIN: &str = "
import builtins, gc, json, logging, os, sys, time
LEFT = []
def main(data, logger):
    found = [x for x in gc.get_objects() if isinstance(x, list) and 'secret' in map(str, x[:3])]
    return [len(LEFT), len(found), 'SECRET' in globals(), 'LEFT' in os.environ, os.listdir('/tmp'),
            sys.getrecursionlimit(), gc.isenabled(), sys.gettrace() is None, len('ab'), json.loads('1'),
            len(logger.handlers), sys.stdout is not None, json.dumps([1])]
";

const PROBED: &str = r#"[0,0,false,false,[],1000,true,true,2,1,1,true,"[1]"]"#;

fn assert_bounded(outcome: &Outcome, row: &str) {
    let limits = limits();
    let bytes: usize = outcome.logs.iter().map(|line| line.message.len() + line.source.len()).sum();
    // Our own remarks come on top: what was cut, and why the interpreter died.
    assert!(outcome.logs.len() <= limits.log_lines + 2, "{} log lines for {row}", outcome.logs.len());
    assert!(bytes <= limits.log_bytes + 1000, "{bytes} bytes of log for {row}");
    assert!(outcome.usage.memory_bytes <= limits.memory_bytes, "memory for {row}");
}

#[tokio::test]
async fn hostile_scripts_end_as_they_should() {
    check(&Bench::new().await, HEAD, ROWS, PROBE).await;
}

/// Runs each row, and a probe after it that must find nothing.
pub(crate) async fn check(bench: &Bench, head: &str, rows: &[Row], (probe, nothing): (&str, &str)) {
    let probe = bench.ready(probe).await;
    let mut wrong = Vec::new();
    for (body, bound, expected) in rows {
        let main = format!("{head}\ndef main(data, logger):\n    {body}\n");
        let action = bench.ready(&main).await;
        // Twice: what the first run did to its slot must not show in the second.
        for _ in 0..2 {
            let outcome = bench.run_with(&action, "[]", &bound.limits()).await;
            assert_bounded(&outcome, body);
            if !matches(&ending(&outcome), expected) {
                wrong.push(format!(
                    "{body}\n  ended {}\n  not   {expected}\n  log {:?}",
                    short(&ending(&outcome)),
                    outcome.logs.iter().rev().take(3).collect::<Vec<_>>()
                ));
            }
            let probed = bench.run(&probe, "[]").await;
            assert_eq!(ending(&probed), nothing, "after {body}");
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

/// (module-level code, bound, how the import ends)
const IMPORTS: &[(&str, Bound, &str)] = &[
    ("while True: pass", SOME_FUEL, "stopped: fuel"),
    ("import time; time.sleep(3600)", Millis(100), "stopped: time"),
    ("x = bytearray(1 << 30)", Usual, "MemoryError: "),
    ("import os; os.abort()", Usual, "stopped: fault"),
    ("import os; os._exit(0)", Usual, "SystemExit: main.py ended while it was imported, by os._exit(0)"),
    ("def f(): f()\nf()", Usual, "RecursionError: maximum recursion depth exceeded"),
];

#[tokio::test]
async fn hostile_imports_end_as_they_should() {
    let bench = Bench::new().await;
    for (main, bound, expected) in IMPORTS {
        let source = bench.source(&[("main.py", main)]);
        let prepared =
            bench.engine.prepare(source, &bound.limits(), &CancellationToken::new()).await.unwrap();
        let outcome = match prepared {
            Preparation::Failed(outcome) | Preparation::NoMain(outcome) => outcome,
            Preparation::Ready(_) => panic!("{main} came up"),
        };
        assert_eq!(ending(&outcome), *expected, "for {main}");
    }
}

/// An action may use all that an image offers and the next run of it starts from the same image.
#[tokio::test]
async fn a_large_run_leaves_a_small_image() {
    let bench = Bench::new().await;
    let action: Prepared = bench.ready("def main(data): return len(bytearray(data[0] << 20))").await;
    let small = bench.run(&action, "[1]").await;
    let large = bench.run(&action, "[100]").await;
    let again = bench.run(&action, "[1]").await;
    assert_eq!(ending(&large), (100 << 20).to_string());
    assert!(large.usage.memory_bytes > small.usage.memory_bytes + (90 << 20), "{:?}", large.usage);
    assert_eq!(again.usage.memory_bytes, small.usage.memory_bytes);
}
