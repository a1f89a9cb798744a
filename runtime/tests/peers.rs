//! Hostile servers, and scripts that misuse sockets: each run ends as it should, a run beside it and one after it find all as it
//! was, and afterwards nothing is open.

mod servers;

use std::{fs, time::Duration};

use actiond_runtime::{Grants, Input, Limits, Outcome, Preparation, Prepared};
use tokio_util::sync::CancellationToken;

use self::servers::Servers;
use crate::support::{Bench, Footprint, ending, limits, matches};

/// What ends a run that does not end by itself.
#[derive(Clone, Copy)]
enum Bound {
    Usual,
    Fuel,
    Time,
    /// It is cancelled once it waits.
    Cancel,
}

use Bound::{Cancel, Fuel, Time, Usual};

impl Bound {
    fn limits(self) -> Limits {
        match self {
            Usual | Cancel => Limits { fuel: 2_000_000_000, wall: Duration::from_secs(5), ..limits() },
            Fuel => Limits { fuel: 500_000_000, ..limits() },
            Time => Limits { fuel: u64::MAX / 2, wall: Duration::from_millis(200), ..limits() },
        }
    }
}

const HEAD: &str = r#"
import asyncio, gc, http.client, os, select, socket, ssl, urllib.request
# Made at import: it survives in the image.
TRUSTED = ssl.create_default_context(cafile="ca.pem")
KEPT = []
PORTS = {}

def plain(name, **settings):
    return socket.create_connection(("127.0.0.1", PORTS[name]), **settings)

def secure(name, **settings):
    return TRUSTED.wrap_socket(plain(name, **settings), server_hostname="localhost")

def fetch(name):
    return urllib.request.urlopen(f"http://127.0.0.1:{PORTS[name]}/").read()

def endless(one):
    while True:
        if not one.recv(65536):
            return "ended"

def main(data):
    PORTS.update(data[0])
    return globals()[data[1]]()
"#;

/// (body of a function, what bounds it, how it ends; `…` stands for anything)
const ROWS: &[(&str, Bound, &str)] = &[
    // More than anybody needs.
    (
        "KEPT.extend(socket.socket() for _ in range(10 ** 6))",
        Usual,
        "OSError: [Errno 33] No file descriptors available",
    ),
    (
        "for _ in range(10 ** 6): KEPT.extend(socket.socketpair())",
        Usual,
        "OSError: [Errno 33] No file descriptors available",
    ),
    ("while True: socket.socket()", Fuel, "stopped: fuel"),
    ("while True: socket.socketpair()", Fuel, "stopped: fuel"),
    (
        "while True: plain('echo').close()",
        Usual,
        "OSError: [Errno 19] the run's limit of 100 connections is reached",
    ),
    ("while True: KEPT.append(plain('silent'))", Usual, "OSError: [Errno 33] No file descriptors available"),
    (
        "s = socket.create_server(('127.0.0.1', 0))
    while True: socket.create_connection(s.getsockname()); s.accept()[0].close()",
        Usual,
        "OSError: [Errno 19] the run's limit of 100 connections is reached",
    ),
    (
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    while True: s.sendto(b'x' * 60_000, s.getsockname())",
        Usual,
        "OSError: [Errno 19] the run's limit of 16777216 bytes to send is reached",
    ),
    ("while True: socket.getaddrinfo('localhost', 80)", Fuel, "…"),
    ("plain('silent').recv(1 << 30)", Usual, "MemoryError: "),
    ("plain('silent').recv(-1)", Usual, "ValueError: negative buffersize in recv"),
    ("plain('echo').sendmsg([b'x'] * 5_000)", Usual, "OSError: …"),
    (
        "a, b = socket.socketpair(); b.setblocking(False)\n    while True: b.send(b'x' * 65536)",
        Usual,
        "BlockingIOError: …",
    ),
    ("a, b = socket.socketpair()\n    while True: b.send(b'x' * 65536)", Time, "stopped: time"),
    ("plain('echo').setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 30)", Usual, "null"),
    ("p = select.poll()\n    for fd in range(10 ** 5): p.register(fd)\n    p.poll()", Usual, "OSError: …"),
    ("p = select.poll(); p.register(plain('echo'))\n    while True: p.poll(0)", Fuel, "stopped: fuel"),
    // Closed, or another's.
    ("s = plain('echo'); os.close(s.fileno()); s.recv(1)", Usual, "OSError: [Errno 8] Bad file descriptor"),
    ("return socket.socket(fileno=1023).recv(1)", Usual, "OSError: [Errno 8] Bad file descriptor"),
    ("return os.read(600, 1)", Usual, "OSError: [Errno 8] Bad file descriptor"),
    ("for fd in range(512, 1024):\n        try: os.close(fd)\n        except OSError: pass", Usual, "null"),
    // Kept past the end.
    ("KEPT.append(plain('silent'))", Usual, "null"),
    ("KEPT.append(secure('secure silence'))", Usual, "null"),
    ("KEPT.append(plain('silent').detach())", Usual, "null"),
    ("KEPT.append(plain('silent')); os._exit(0)", Usual, "null"),
    ("KEPT.append(plain('silent')); os.abort()", Usual, "stopped: fault"),
    ("KEPT.append(plain('silent')); 1 / 0", Usual, "ZeroDivisionError: division by zero"),
    ("KEPT.append(plain('silent'))\n    while True: pass", Fuel, "stopped: fuel"),
    (
        "async def kept(): KEPT.append(await asyncio.open_connection('127.0.0.1', PORTS['silent']))
    asyncio.run(kept())",
        Usual,
        "null",
    ),
    (
        "async def wait():
        asyncio.ensure_future(asyncio.open_connection('127.0.0.1', PORTS['silent']))
        await asyncio.sleep(0)
    asyncio.run(wait())",
        Usual,
        "null",
    ),
    // Peers that take their time.
    ("plain('silent').recv(1)", Time, "stopped: time"),
    ("plain('silent').recv(1)", Cancel, "cancelled"),
    ("plain('silent', timeout=0.02).recv(1)", Usual, "TimeoutError: timed out"),
    ("select.select([plain('silent')], [], [])", Cancel, "cancelled"),
    ("fetch('silent')", Cancel, "cancelled"),
    ("secure('silent')", Time, "stopped: time"),
    ("secure('silent')", Cancel, "cancelled"),
    ("secure('silent', timeout=0.02)", Usual, "TimeoutError: …"),
    (
        "asyncio.run(asyncio.open_connection('127.0.0.1', PORTS['silent'], ssl=TRUSTED, ssl_handshake_timeout=0.02))",
        Usual,
        "ConnectionAbortedError: …",
    ),
    ("secure('secure silence').recv(1)", Cancel, "cancelled"),
    ("plain('deaf').sendall(b'x' * (15 << 20))", Time, "stopped: time"),
    ("plain('deaf').sendall(b'x' * (15 << 20))", Cancel, "cancelled"),
    ("secure('deaf')", Cancel, "cancelled"),
    ("endless(plain('drip'))", Time, "stopped: time"),
    ("secure('drip')", Usual, "…SSLError: …"),
    ("fetch('dripping')", Time, "stopped: time"),
    // Peers that send without end.
    (
        "endless(plain('flood'))",
        Usual,
        "OSError: [Errno 19] the run's limit of 16777216 bytes to receive is reached",
    ),
    (
        "endless(secure('secure flood'))",
        Usual,
        "OSError: [Errno 19] the run's limit of 16777216 bytes to receive is reached",
    ),
    ("KEPT.append(plain('flood'))", Usual, "null"),
    ("fetch('headers')", Usual, "…HTTPException: …"),
    ("fetch('line')", Usual, "…LineTooLong: …"),
    ("fetch('chunks')", Fuel, "stopped: fuel"),
    ("fetch('chunk')", Usual, "OSError: …"),
    ("fetch('length')", Usual, "OSError: …"),
    ("fetch('continues')", Fuel, "stopped: fuel"),
    ("fetch('flood')", Usual, "…"),
    // Peers that go.
    ("plain('reset').recv(1)", Usual, "ConnectionResetError: …"),
    ("return plain('leaves').recv(1).decode()", Usual, "\"\""),
    ("s = plain('leaves'); s.recv(1)\n    while True: s.send(b'x')", Usual, "BrokenPipeError: …"),
    ("secure('leaves')", Usual, "…SSLEOFError: …"),
    ("secure('reset')", Usual, "…Error: …"),
    ("fetch('reset')", Usual, "…Error: …"),
    // What is no TLS, or none that is right.
    ("secure('noise')", Usual, "…SSLError: …"),
    ("secure('flood')", Usual, "…SSLError: …"),
    ("secure('mirror')", Usual, "…SSLError: …"),
    ("secure('long record')", Usual, "…SSLError: …"),
    ("secure('empty records')", Usual, "…SSLError: …"),
    ("secure('empty data')", Usual, "…SSLError: …"),
    ("secure('warnings')", Usual, "…SSLError: …"),
    ("secure('ciphers')", Usual, "…SSLError: …"),
    ("secure('renegotiation')", Usual, "…SSLError: …"),
    ("secure('long message')", Usual, "…SSLError: …"),
    ("secure('part of a record')", Cancel, "cancelled"),
    ("secure('part of a hello')", Cancel, "cancelled"),
    ("secure('part of a flight')", Time, "stopped: time"),
    ("secure('no more of a hello')", Usual, "…SSLEOFError: …"),
    ("secure('no more of a flight')", Usual, "…SSLEOFError: …"),
    ("secure('chain')", Usual, "…SSLError: …"),
    ("endless(secure('tickets'))", Usual, "…SSLError: …"),
    ("endless(secure('keys'))", Fuel, "stopped: fuel"),
    ("s = secure('cut off'); return [s.recv(9).decode(), s.recv(9).decode()]", Usual, "[\"hel\",\"\"]"),
    ("s = secure('wrong record'); s.recv(9); s.recv(9)", Usual, "…SSLError: …"),
];

/// What an honest script does beside and after all of them.
const PROBE: &str = "return [secure('secure').recv(9).decode(), len(KEPT), sum(len(o) for o in gc.get_objects() if type(o) is bytearray) < 1 << 20]";
const PROBED: &str = "[\"hello\",0,true]";

struct Stage {
    bench: Bench,
    servers: Servers,
}

impl Stage {
    /// One action of all `bodies`; a run calls one of them.
    async fn prepare(&self, bodies: impl Iterator<Item = &str>) -> Prepared {
        let jobs = bodies.enumerate().map(|(number, body)| format!("def job{number}():\n    {body}\n"));
        let main = format!("{HEAD}\n{}", jobs.collect::<String>());
        let source = self.bench.source(&[("main.py", &main), ("ca.pem", &self.servers.ca)]);
        match self.bench.prepare(source).await {
            Preparation::Ready(prepared) => prepared,
            other => panic!("not ready: {other:#?}"),
        }
    }

    async fn run(&self, action: &Prepared, number: usize, bound: Bound) -> Outcome {
        let data = serde_json::json!([self.servers.ports, format!("job{number}")]).to_string();
        let grants = Grants::new(["127.0.0.1".parse().unwrap()]);
        let cancel = CancellationToken::new();
        let sandbox = self.bench.engine.start(action, &bound.limits()).unwrap();
        let call = sandbox.call(Input { grants, ..Input::new(&data, cancel.clone()) });
        let cancels = async {
            if matches!(bound, Cancel) {
                assert!(self.servers.asked().await);
                cancel.cancel();
            }
        };
        tokio::join!(call, cancels).0.unwrap()
    }
}

fn open() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test]
async fn runs_end_as_they_should_whatever_their_peers_do() {
    let servers = Servers::start();
    let before = open();
    let stage = Stage { bench: Bench::new().await, servers };
    let action = stage.prepare(ROWS.iter().map(|(body, ..)| *body)).await;
    let probe = stage.prepare([PROBE].into_iter()).await;
    let mut wrong = Vec::new();
    for (number, (body, bound, expected)) in ROWS.iter().enumerate() {
        let (outcome, beside) = tokio::join!(stage.run(&action, number, *bound), stage.run(&probe, 0, Usual));
        let after = stage.run(&probe, 0, Usual).await;
        assert_eq!([ending(&beside), ending(&after)], [PROBED, PROBED], "beside and after {body}");
        if !matches(&ending(&outcome), expected) {
            wrong.push(format!("{body}\n  ended {}\n  not   {expected}", ending(&outcome)));
        }
        if !stage.servers.left().await {
            wrong.push(format!("{body}\n  ended {}\n  leaves a connection open", ending(&outcome)));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    // With the engine goes all that it kept for later runs.
    let Stage { bench, servers } = stage;
    drop((action, probe, bench));
    assert!(servers.left().await);
    assert!(open() <= before, "{before} descriptors, then {}", open());
}

/// Of scripts that leave sockets open, or whose peers do them harm, in turns.
const LEAKING: &[&str] = &[
    "KEPT.append(plain('silent'))",
    "KEPT.extend(secure('secure silence') for _ in range(3))",
    "KEPT.append(plain('flood')); KEPT[0].recv(1 << 20)",
    "KEPT.append(plain('silent')); os.abort()",
    "secure('noise')",
    "secure('chain')",
    "secure('no more of a flight')",
    "KEPT.extend(socket.socket() for _ in range(100))",
    "KEPT.append(socket.create_server(('127.0.0.1', 0)))",
];
const ROUNDS: usize = 30;
const WARM_UP: usize = 10;

#[tokio::test]
async fn hundreds_of_runs_leave_nothing_behind() {
    let stage = Stage { bench: Bench::new().await, servers: Servers::start() };
    let action = stage.prepare(LEAKING.iter().copied()).await;
    let mut before = None;
    for round in 0..ROUNDS {
        if round == WARM_UP {
            assert!(stage.servers.left().await);
            before = Some(Footprint::now());
        }
        for number in 0..LEAKING.len() {
            stage.run(&action, number, Usual).await;
        }
    }
    assert!(stage.servers.left().await);
    let (before, after) = (before.unwrap(), Footprint::now());
    before.holds(&after);
}
