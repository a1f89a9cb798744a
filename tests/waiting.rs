//! Many runs that wait for the network at one time, on few threads.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::json;

use crate::server::Server;

const RUNS: usize = 200;
const FETCH: &str = "import urllib.request

def main(data):
    return urllib.request.urlopen(data[0]).read().decode()
";

/// Answers nobody before all have asked.
fn answer_all_at_once(listener: &TcpListener) {
    let asked: Vec<TcpStream> =
        listener.incoming().take(RUNS).map(|stream| asked(stream.expect("somebody asks"))).collect();
    for mut stream in asked {
        // A run that was given up is seen by whoever waits for it.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
}

/// The stream after its request.
fn asked(mut stream: TcpStream) -> TcpStream {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read_exact(&mut byte).is_err() {
            break;
        }
        head.extend(byte);
    }
    stream
}

#[test]
fn two_hundred_runs_wait_together_on_two_threads() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let runs = RUNS.to_string();
    let server = Server::start_with(&[
        ("ACTIOND_RUNS_THREADS", "2"),
        ("ACTIOND_RUNS_PER_ACTION_PARALLEL", &runs),
        ("ACTIOND_RUNS_ORG_PARALLEL", &runs),
        ("ACTIOND_EGRESS_ALLOW", "127.0.0.1"),
    ]);
    server.put("/api/default/settings", &json!({"egress": ["127.0.0.1"]})).is(200);
    let id = server.upload("fetch", "service", FETCH, &[]);
    let invoke = || {
        let url = format!("http://{address}/");
        server.post(&format!("/api/default/actions/{id}/invoke"), &json!([url])).is(200)["result"].clone()
    };
    thread::spawn(move || answer_all_at_once(&listener));
    thread::scope(|scope| {
        let all: Vec<_> = (0..RUNS).map(|_| scope.spawn(invoke)).collect();
        for one in all {
            assert_eq!(one.join().expect("it was answered"), "hello");
        }
    });
}
