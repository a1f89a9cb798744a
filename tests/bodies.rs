//! How much of what clients send is in memory at one time: who has room, for how long, and who is told to come again.

use std::net::TcpStream;

use serde_json::json;

use crate::server::{Answer, ROOT, Server};

/// The largest body. There is room for two of them.
const LARGE: usize = 2 << 20;
const SIZE: &str = "def main(data):\n    return len(data[0])\n";
const WAITS: &str = "import threading\ndef main(data):\n    threading.Event().wait(60)\n";
const TRIES: usize = 1_000;

fn server() -> Server {
    Server::start_with(&[("ACTIOND_BODY_MIB", "2")])
}

impl Server {
    /// A request that says that much follows, of which nothing comes.
    fn silent(&self, path: &str, who: (&str, &str)) -> TcpStream {
        let call = self.call("POST", path).auth(who).header("Content-Length", &LARGE.to_string());
        call.header("Content-Type", "multipart/form-data; boundary=x").body_as_is("").open()
    }

    /// Has an action run on a payload of that size.
    fn send(&self, id: &str, bytes: usize) -> Answer {
        let body = format!("[\"{}\"]", "x".repeat(bytes - 4));
        self.call("POST", &format!("/api/default/actions/{id}/invoke")).body(body).send()
    }
}

#[test]
fn nobody_has_room_before_it_is_known_who_sends() {
    let server = server();
    let id = server.upload("size", "service", SIZE, &[]);
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    let stranger = json!({"email": "stranger@example.com", "password": "a long password", "role": "admin"});
    server.post("/api/other/users", &stranger).is(200);
    let stranger = ("stranger@example.com", "a long password");
    for (path, who) in [
        (format!("/api/default/actions/{id}/invoke"), (ROOT.0, "wrong")),
        (format!("/api/default/actions/{id}/invoke"), stranger),
        ("/api/default/actions/upload".to_owned(), ("nobody@example.com", "wrong")),
        ("/api/default/actions/upload".to_owned(), stranger),
        ("/hooks/none".to_owned(), ROOT),
    ] {
        let silent: Vec<TcpStream> = (0..20).map(|_| server.silent(&path, who)).collect();
        assert_eq!(server.send(&id, LARGE).is(200)["result"], LARGE - 4, "{path} {}", who.0);
        drop(silent);
    }
}

#[test]
fn large_bodies_are_taken_as_long_as_there_is_room_and_small_ones_beside_them() {
    let server = server();
    let id = server.upload("size", "service", SIZE, &[]);
    // One that comes while the other one sends is refused: there are new ones until two have the room.
    let mut silent: Vec<TcpStream> = Vec::new();
    let refused = (0..TRIES).find_map(|_| {
        silent.push(server.silent("/api/default/actions/upload", ROOT));
        Some(server.send(&id, LARGE)).filter(|answer| answer.status != 200)
    });
    let refused = refused.expect("the room is used up");
    refused.is_refused(503, "busy", "too much is being sent at this time: try again");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(server.send(&id, 1 << 20).is(200)["result"], (1 << 20) - 4);
    server.send(&id, (1 << 20) + 1).is(503);
    // Whoever goes away gives the room back.
    silent.clear();
    assert!((0..TRIES).any(|_| server.send(&id, LARGE).status == 200));
}

#[test]
fn a_body_has_room_until_it_is_taken_over() {
    let server = server();
    let (size, waits) =
        (server.upload("size", "service", SIZE, &[]), server.upload("waits", "service", WAITS, &[]));
    let body = format!("[\"{}\"]", "x".repeat(LARGE - 4));
    let path = format!("/api/default/actions/{waits}/invoke");
    let waiting: Vec<TcpStream> = ["1", "2"]
        .map(|key| server.call("POST", &path).header("Idempotency-Key", key).body(&*body).open())
        .into();
    let runs = || server.get("/api/default/runs").is(200)["runs"].as_array().map(Vec::len);
    assert!((0..TRIES).any(|_| runs() == Some(2)));
    assert_eq!(server.send(&size, LARGE).is(200)["result"], LARGE - 4);
    drop(waiting);
}

#[test]
fn a_body_that_does_not_say_how_long_it_is_is_bounded_too() {
    let server = Server::start_with(&[("ACTIOND_BODY_MIB", "10")]);
    let id = server.upload("size", "service", SIZE, &[]);
    let chunked = |bytes: usize| {
        let head = format!("{bytes:x}\r\n[\"{}\"]\r\n0\r\n\r\n", "x".repeat(bytes - 4));
        let call = server.call("POST", &format!("/api/default/actions/{id}/invoke"));
        call.header("Transfer-Encoding", "chunked").body_as_is(head).send()
    };
    assert_eq!(chunked(8 << 20).is(200)["result"], (8 << 20) - 4);
    chunked((8 << 20) + 1).is_refused(413, "too_large", "the body is larger than the limit of 8388608 bytes");
    assert_eq!(server.send(&id, (8 << 20) + 1).is(200)["result"], (8 << 20) - 3);
}
