//! Names, and many that wait: against a name server and servers of these tests.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use actiond_runtime::{Grants, Input, Kept, Limits, Outcome, Prepared, Rule};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits};

/// A name server: `N.loop.test` is 127.0.0.1, `turns.test` another address each time, `slow.test` is never answered, all else
/// does not exist.
fn name_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = asked.clone();
    thread::spawn(move || {
        let (mut bytes, mut turns) = ([0; 1_500], 0);
        while let Ok((len, from)) = socket.recv_from(&mut bytes) {
            counter.fetch_add(1, Ordering::Relaxed);
            if let Some(answer) = answer(&bytes[..len], &mut turns) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    (address, asked)
}

fn answer(query: &[u8], turns: &mut u8) -> Option<Vec<u8>> {
    let (mut name, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let label = &query[at + 1..at + 1 + usize::from(query[at])];
        name.push(String::from_utf8(label.to_vec()).unwrap().to_lowercase());
        at += 1 + label.len();
    }
    let (is_a, end) = (query[at + 1..at + 3] == [0, 1], at + 5);
    let name = name.join(".");
    let address = match name.as_str() {
        "slow.test" => return None,
        "turns.test" if is_a => {
            *turns += 1;
            Some(if *turns == 1 { [203, 0, 114, 1] } else { [127, 0, 0, 1] })
        }
        _ if name.ends_with("loop.test") && is_a => Some([127, 0, 0, 1]),
        _ => None,
    };
    let known = name == "turns.test" || name.ends_with("loop.test");
    let mut answer = query[..2].to_vec();
    answer.extend_from_slice(&[
        0x81,
        if known { 0x80 } else { 0x83 },
        0,
        1,
        0,
        u8::from(address.is_some()),
        0,
        0,
        0,
        0,
    ]);
    answer.extend_from_slice(&query[12..end]);
    if let Some(address) = address {
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend_from_slice(&address);
    }
    Some(answer)
}

async fn run(bench: &Bench, action: &Prepared, rules: &str, limits: &Limits) -> Outcome {
    let rules = rules.split_whitespace().map(|rule| rule.parse::<Rule>().unwrap());
    let input = Input { grants: Grants::new(rules), ..Input::new("[]", CancellationToken::new()) };
    bench.engine.start(action, limits).unwrap().call(input).await.unwrap()
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn names_lead_where_their_rules_allow() {
    let (server, asked) = name_server();
    let (_listener, port) = listener();
    let bench = Bench::with(|settings| settings.name_servers = vec![server]).await;
    let connect = |name: &str| {
        format!(
            "import socket\n\ndef main():\n    with socket.create_connection((\"{name}\", {port}), timeout=5) as one:\n        \
             return one.getpeername()[0]\n"
        )
    };
    let twice = "import socket\n\ndef main():\n    \
                 return [socket.getaddrinfo(\"turns.test\", 80, type=socket.SOCK_STREAM)[0][4][0] for _ in range(2)]\n";
    let refused = |place: &str| {
        format!(
            "PermissionError: [Errno 2] not allowed to reach {place}:{port} at 127.0.0.1 (loopback): ask for the rule \
             \"127.0.0.1:{port}\""
        )
    };
    let rows = [
        (connect("one.loop.test"), "one.loop.test 127.0.0.1", "\"127.0.0.1\"".to_owned()),
        (connect("one.loop.test"), "*.loop.test 127.0.0.1", "\"127.0.0.1\"".to_owned()),
        // Names that lead to loopback, whatever their rule.
        (connect("one.loop.test"), "one.loop.test", refused("one.loop.test")),
        (connect("ONE.loop.test."), "one.loop.test", refused("one.loop.test")),
        (connect("two.loop.test"), "*.loop.test *", refused("two.loop.test")),
        (connect("none.test"), "*", "socket.gaierror: [Errno -2] Name or service not known".to_owned()),
        // Each look-up is a question; only what it said is allowed.
        (twice.to_owned(), "turns.test", "[\"203.0.114.1\",\"127.0.0.1\"]".to_owned()),
    ];
    for (main, rules, expected) in rows {
        let action = bench.ready(&main).await;
        let outcome = run(&bench, &action, rules, &limits()).await;
        assert_eq!(ending(&outcome), expected, "{rules}");
        if expected == "\"127.0.0.1\"" {
            assert_eq!(outcome.connections[0].host.as_deref(), Some("one.loop.test"));
        }
    }
    // Nobody is asked about names that no rule has.
    let before = asked.load(Ordering::Relaxed);
    let action = bench.ready(&connect("one.loop.test")).await;
    let outcome = run(&bench, &action, "127.0.0.1", &limits()).await;
    let message = "not allowed to look up one.loop.test: ask for the rule \"one.loop.test\"";
    assert_eq!(ending(&outcome), format!("PermissionError: [Errno 2] {message}"));
    assert_eq!(asked.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn a_name_that_is_resolving_holds_up_no_loop() {
    let (server, _) = name_server();
    let bench = Bench::with(|settings| settings.name_servers = vec![server]).await;
    let main = r#"
import asyncio

async def main():
    loop = asyncio.get_running_loop()
    slow = asyncio.ensure_future(loop.getaddrinfo("slow.test", 80))
    ticks = 0
    for _ in range(20):
        await asyncio.sleep(0.005)
        ticks += 1
    found = await loop.getaddrinfo("one.loop.test", 80)
    try:
        await asyncio.wait_for(slow, 0.05)
    except TimeoutError:
        return [ticks, found[0][4]]
"#;
    let action = bench.ready(main).await;
    let outcome = run(&bench, &action, "*", &limits()).await;
    assert_eq!(ending(&outcome), "[20,[\"127.0.0.1\",80]]");
}

#[tokio::test]
async fn runs_that_wait_share_one_thread_and_leave_nothing_open() {
    const RUNS: usize = 40;
    let (listener, port) = listener();
    thread::spawn(move || {
        let mut waiting = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            waiting.push(stream);
            if waiting.len() == RUNS {
                for mut stream in waiting.drain(..) {
                    let _ = std::io::Write::write_all(&mut stream, b"!");
                }
            }
        }
    });
    let bench = Bench::new().await;
    let main = format!(
        "import socket\n\ndef main():\n    with socket.create_connection((\"127.0.0.1\", {port})) as one:\n        \
         return one.recv(1).decode()\n"
    );
    let action = bench.ready(&main).await;
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let limits = limits();
    let before = open();
    // None is answered before all have called: they wait together, on this one thread.
    let began = Instant::now();
    let runs = (0..RUNS).map(|_| run(&bench, &action, "127.0.0.1", &limits));
    for outcome in futures(runs).await {
        assert_eq!(ending(&outcome), "\"!\"");
    }
    assert!(began.elapsed() < Duration::from_secs(30));
    // Cut off while they wait.
    for _ in 0..10 {
        let cut = tokio::time::timeout(Duration::from_millis(50), run(&bench, &action, "127.0.0.1", &limits));
        assert!(cut.await.is_err());
    }
    // Slots and scratch directories are kept open for the next runs.
    assert!(open() <= before + 40, "{before} {}", open());
}

#[tokio::test]
async fn what_a_stateful_run_left_open_is_closed_and_taken_for_nothing_else() {
    let bench = Bench::new().await;
    let main = r#"
import socket

kept = []

def main():
    if not kept:
        kept.extend(socket.socketpair())
        return len(kept)
    fresh = socket.socketpair()
    try:
        kept[0].recv(1)
    except OSError as error:
        told = error.errno
    ours = {one.fileno() for one in fresh}
    kept[0].close()
    fresh[0].send(b"!")
    return [told, kept[1].fileno() in ours, fresh[1].recv(1).decode()]
"#;
    let action = bench.ready(main).await;
    let input = || Input::new("[]", CancellationToken::new());
    let (outcome, kept) =
        bench.engine.start(&action, &limits()).unwrap().call_and_keep(input()).await.unwrap();
    assert_eq!(ending(&outcome), "2");
    let Kept::Saved { saved, .. } = kept else { panic!("{kept:?}") };
    let outcome = bench.engine.resume(&saved, &limits()).unwrap().call(input()).await.unwrap();
    assert_eq!(ending(&outcome), "[8,false,\"!\"]");
}

/// Polls all of them until each is done.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut waits = false;
        for (future, output) in &mut all {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => waits = true,
                }
            }
        }
        if waits { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    all.into_iter().filter_map(|(_, output)| output).collect()
}
