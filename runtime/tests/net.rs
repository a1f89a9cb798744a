//! Many that wait, and what is left open: against servers of these tests.

use std::{net::TcpListener, thread, time::Duration};

use actiond_runtime::{Grants, Input, Kept, Limits, Outcome, Prepared, Rule};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits};

pub(crate) async fn run(bench: &Bench, action: &Prepared, rules: &str, limits: &Limits) -> Outcome {
    let rules = rules.split_whitespace().map(|rule| rule.parse::<Rule>().unwrap());
    let input = Input { grants: Grants::new(rules), ..Input::new("[]", CancellationToken::new()) };
    bench.engine.start(action, limits).unwrap().call(input).await.unwrap()
}

pub(crate) fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
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
