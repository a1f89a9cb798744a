//! Connections by an HTTP proxy: names that only it knows, what the rules say of them, and what goes past it.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use actiond_runtime::{Limits, NetLimits, Outcome, Proxy};

use crate::{
    names::name_server,
    net::{listener, run},
    support::{Bench, ending, limits},
};

/// Greets, then sends back what it gets.
fn greeter() -> u16 {
    let (listener, port) = listener();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut back = stream.try_clone().unwrap();
                if back.write_all(b"hello\n").is_ok() {
                    let _ = std::io::copy(&mut stream, &mut back);
                }
                let _ = back.shutdown(Shutdown::Write);
            });
        }
    });
    port
}

/// What a proxy was asked: the first line, and the login.
type Asked = Arc<Mutex<Vec<String>>>;

/// A proxy for which every host is this machine; but it refuses what begins with `refused`, never answers what begins with
/// `silent`, and breaks off what begins with `broken`.
fn proxy(authorization: Option<&str>, direct: &str) -> (Proxy, Asked) {
    let (listener, port) = listener();
    let asked = Asked::default();
    let log = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let log = log.clone();
            thread::spawn(move || serve(stream, &log));
        }
    });
    let direct = direct.split_whitespace().map(|rule| rule.parse().unwrap()).collect();
    let authorization = authorization.map(str::to_owned);
    (Proxy { host: "127.0.0.1".to_owned(), port, authorization, direct }, asked)
}

fn serve(mut client: TcpStream, log: &Asked) -> Option<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let login = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    log.lock().unwrap().push(login.map_or_else(|| target.clone(), |login| format!("{target} {login}")));
    if target.starts_with("silent") {
        return client.read_exact(&mut byte).ok();
    }
    if target.starts_with("broken") {
        return None;
    }
    if target.starts_with("refused") {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").ok();
    }
    let port = target.rsplit(':').next()?.parse::<u16>().ok()?;
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    // What the server says first comes along with the answer.
    let mut first = [0; 6];
    server.read_exact(&mut first).ok()?;
    client.write_all(&[b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n", &first[..]].concat()).ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    std::io::copy(&mut server, &mut client).ok()?;
    client.shutdown(Shutdown::Write).ok()
}

async fn bench(proxy: Proxy) -> Bench {
    bench_with(proxy, name_server().0).await
}

async fn bench_with(proxy: Proxy, server: SocketAddr) -> Bench {
    Bench::with(|settings| (settings.name_servers, settings.proxy) = (vec![server], Some(proxy))).await
}

/// Talks to the greeter; an error as its type and text.
fn talk(host: &str, port: u16) -> String {
    format!(
        r#"
import socket

def main():
    try:
        with socket.create_connection(("{host}", {port}), timeout=5) as stream:
            lines = stream.makefile("rw")
            lines.write("there?\n")
            lines.flush()
            stream.shutdown(socket.SHUT_WR)
            return lines.read()
    except OSError as error:
        return type(error).__name__ + ": " + str(error).split("] ")[-1]
"#
    )
}

const TALKED: &str = "\"hello\\nthere?\\n\"";

async fn talked(bench: &Bench, host: &str, port: u16, rules: &str) -> Outcome {
    run(bench, &bench.ready(&talk(host, port)).await, rules, &limits()).await
}

/// Where to, under which rules, what comes of it, and what the proxy is asked for.
fn rows(port: u16) -> Vec<(&'static str, String, String, Option<String>)> {
    let by_proxy = |host: &str| Some(format!("{host}:{port} Basic eA=="));
    let refused = |host: &str| {
        format!(
            "\"PermissionError: not allowed to reach {host}:{port} by the proxy: ask for the rule \\\"{host}:{port}\\\"\""
        )
    };
    let own = format!("one.far.test:{port}");
    let port_of = format!("*.far.test:{port}");
    let hidden = |host: &str, address: &str, kind: &str, rule: &str| {
        format!(
            "\"PermissionError: not allowed to reach {host}:{port} at {address} ({kind}): ask for the rule \\\"{rule}:{port}\\\"\""
        )
    };
    let rows = [
        ("one.far.test", own.as_str(), TALKED.to_owned(), by_proxy("one.far.test")),
        ("one.far.test", &port_of, TALKED.to_owned(), by_proxy("one.far.test")),
        ("one.far.test", "*", TALKED.to_owned(), by_proxy("one.far.test")),
        ("one.far.test", "*.far.test:1", refused("one.far.test"), None),
        // Names of use only within somebody's own network.
        ("metadata.google.internal", "*", refused("metadata.google.internal"), None),
        (
            "metadata.google.internal",
            "metadata.google.internal",
            TALKED.to_owned(),
            by_proxy("metadata.google.internal"),
        ),
        ("intranet", "*", refused("intranet"), None),
        ("intranet", "intranet", TALKED.to_owned(), by_proxy("intranet")),
        // What some take for addresses, and what is no name.
        ("1.2.3.4.5", "*", "\"gaierror: Name or service not known\"".to_owned(), None),
        ("a:b.far.test", "*", "\"gaierror: Temporary failure in name resolution\"".to_owned(), None),
        // What this machine knows is checked by its address, and asked for by its name.
        ("private.test", "private.test", TALKED.to_owned(), by_proxy("private.test")),
        ("private.test", "*", hidden("private.test", "10.0.0.1", "private", "private.test"), None),
        (
            "cloud.test",
            "cloud.test",
            hidden("cloud.test", "169.254.169.254", "metadata", "169.254.169.254"),
            None,
        ),
        ("10.0.0.1", "10.0.0.0/8", TALKED.to_owned(), by_proxy("10.0.0.1")),
        (
            "10.0.0.1",
            "* 0.0.0.0/0",
            format!(
                "\"PermissionError: not allowed to reach 10.0.0.1:{port} (private): ask for the rule \\\"10.0.0.1:{port}\\\"\""
            ),
            None,
        ),
        // What is on this machine goes past it.
        ("one.loop.test", "one.loop.test 127.0.0.1", TALKED.to_owned(), None),
        ("127.0.0.1", "127.0.0.1", TALKED.to_owned(), None),
    ];
    rows.map(|(host, rules, expected, asks)| (host, rules.to_owned(), expected, asks)).into()
}

#[tokio::test]
async fn the_proxy_is_asked_for_what_the_rules_allow() {
    let port = greeter();
    let (proxy, asked) = proxy(Some("Basic eA=="), "");
    let bench = bench(proxy).await;
    for (host, rules, expected, asks) in rows(port) {
        asked.lock().unwrap().clear();
        let outcome = talked(&bench, host, port, &rules).await;
        assert_eq!(ending(&outcome), expected, "{host} {rules}");
        assert_eq!(*asked.lock().unwrap(), Vec::from_iter(asks.clone()), "{host} {rules}");
        if let Some(one) = outcome.connections.last() {
            assert_eq!((one.proxied, one.port), (asks.is_some(), port), "{host} {rules}");
            let far = ["far.test", "internal", "intranet"].iter().any(|name| host.ends_with(name));
            assert_eq!(one.address.is_none(), far, "{host} {rules}");
        }
    }
}

#[tokio::test]
async fn what_is_excepted_goes_past_the_proxy() {
    let port = greeter();
    let direct = format!("*.near.test 10.0.0.0/8 host.local port.test:{port}");
    let (proxy, asked) = proxy(None, &direct);
    let bench = bench(proxy).await;
    let outcome = talked(&bench, "one.near.test", port, "*").await;
    assert_eq!(ending(&outcome), "\"gaierror: Name or service not known\"");
    let limits = Limits { net: NetLimits { connect: Duration::from_millis(50), ..limits().net }, ..limits() };
    // By its address, and by a name that the proxy is not asked for.
    for (host, rules) in [("10.0.0.1", "10.0.0.1"), ("host.local", "*.local 192.168.255.0/24")] {
        let outcome = run(&bench, &bench.ready(&talk(host, port)).await, rules, &limits).await;
        let [one] = &outcome.connections[..] else { panic!("{outcome:?}") };
        assert_eq!((one.proxied, one.refused, one.error.is_some()), (false, false, true), "{outcome:?}");
    }
    // Nobody knows where that would be.
    let outcome = talked(&bench, "port.test", port, "*").await;
    assert!(ending(&outcome).starts_with("\"OSError: "), "{}", ending(&outcome));
    let why = "it is reached without the proxy, and its name is not known here";
    assert_eq!(outcome.connections[0].error.as_deref(), Some(why));
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_proxy_does_not_do_is_told() {
    let port = greeter();
    let (proxy, _) = proxy(None, "");
    let bench = bench(proxy.clone()).await;
    let short = Limits { net: NetLimits { connect: Duration::from_secs(1), ..limits().net }, ..limits() };
    let rows = [
        ("refused.far.test", "ConnectionRefusedError: Connection refused", "the proxy answered 403"),
        ("silent.far.test", "TimeoutError: Connection timed out", "the proxy took too long"),
        (
            "broken.far.test",
            "ConnectionResetError: Connection reset by peer",
            "the proxy broke off: unexpected end of file",
        ),
    ];
    for (host, raised, error) in rows {
        let limits = if host.starts_with("silent") { short.clone() } else { limits() };
        let outcome = run(&bench, &bench.ready(&talk(host, port)).await, "*", &limits).await;
        // Python's words are the guest's libc's.
        let kind = raised.split(':').next().unwrap();
        assert!(ending(&outcome).starts_with(&format!("\"{kind}")), "{host}: {}", ending(&outcome));
        let [one] = &outcome.connections[..] else { panic!("{outcome:?}") };
        assert_eq!((one.error.as_deref(), one.refused, one.proxied), (Some(error), false, true), "{host}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let bench = self::bench(Proxy { port: closed, ..proxy }).await;
    let outcome = talked(&bench, "one.far.test", port, "*").await;
    assert!(ending(&outcome).starts_with("\"OSError"), "{}", ending(&outcome));
    let error = outcome.connections[0].error.clone().unwrap();
    assert!(error.starts_with("the proxy cannot be reached: "), "{error}");
}

#[tokio::test]
async fn loops_and_datagrams_meet_the_proxy() {
    let port = greeter();
    let (proxy, asked) = proxy(None, "");
    let bench = bench(proxy).await;
    let main = format!(
        r#"
import asyncio, socket

async def talk(number):
    reader, writer = await asyncio.open_connection(f"n{{number}}.far.test", {port})
    writer.write(b"%d\n" % number)
    lines = [await reader.readline(), await reader.readline()]
    peer = writer.get_extra_info("peername")
    writer.close()
    return [lines[0].decode(), int(lines[1]), peer[0].startswith("240.0.0."), peer[1] == {port}]

async def main():
    told = await asyncio.gather(*(talk(number) for number in range(3)))
    try:
        await asyncio.open_connection("refused.far.test", {port})
    except OSError as error:
        told.append(type(error).__name__)
    try:
        await asyncio.wait_for(asyncio.open_connection("silent.far.test", {port}), 2)
    except TimeoutError:
        told.append("given up")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        try:
            datagrams.sendto(b"!", ("one.far.test", 53))
        except OSError as error:
            told.append(str(error).split("] ")[-1])
    return told
"#
    );
    let outcome = run(&bench, &bench.ready(&main).await, "*.far.test", &limits()).await;
    let talked = |number| format!("[\"hello\\n\",{number},true,true]");
    assert_eq!(
        ending(&outcome),
        format!(
            "[{},{},{},\"ConnectionRefusedError\",\"given up\",\"Network unreachable\"]",
            talked(0),
            talked(1),
            talked(2)
        )
    );
    assert_eq!(asked.lock().unwrap().len(), 5);
    let [.., datagram] = &outcome.connections[..] else { panic!("{outcome:?}") };
    assert_eq!(datagram.error.as_deref(), Some("datagrams do not go by the proxy"));
    assert_eq!(
        (datagram.refused, datagram.proxied, datagram.host.as_deref()),
        (true, false, Some("one.far.test"))
    );
}

#[tokio::test]
async fn what_this_machine_knows_has_no_stand_in() {
    let (proxy, _) = proxy(None, "");
    let (server, asked) = name_server();
    let bench = bench_with(proxy, server).await;
    let main = r#"
import socket

def find(name, family=socket.AF_UNSPEC):
    try:
        return socket.getaddrinfo(name, 80, family, socket.SOCK_STREAM)[0][4][0]
    except socket.gaierror as error:
        return str(error).split("] ")[-1]

def main():
    kinds = [socket.AF_INET, socket.AF_INET6]
    found = [find(name, kind) for name in ["six.test", "one.far.test"] for kind in kinds]
    return found + [find("gone.test"), find("gone.test")]
"#;
    let outcome = run(&bench, &bench.ready(main).await, "*", &limits()).await;
    let unknown = "\"Name or service not known\"";
    assert_eq!(
        ending(&outcome),
        format!("[{unknown},\"::1\",\"240.0.0.1\",{unknown},\"10.0.0.1\",{unknown}]")
    );
    // Once for each kind: what only the proxy knows is not asked again.
    let asked = asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|(name, _)| name == "one.far.test").count(), 2, "{asked:?}");
}

#[tokio::test]
async fn calls_that_may_wait_wait_for_the_proxy() {
    let port = greeter();
    let (proxy, _) = proxy(None, "");
    let bench = bench(proxy).await;
    let main = format!(
        r#"
import socket

def begun(host):
    stream = socket.socket()
    stream.setblocking(False)
    try:
        stream.connect((host, {port}))
    except BlockingIOError:
        pass
    stream.setblocking(True)
    return stream

def main():
    with begun("one.far.test") as one, begun("two.far.test") as two, begun("refused.far.test") as refused:
        one.sendall(b"there?")
        told = [one.recv(6).decode(), two.recv(6).decode()]
        try:
            refused.recv(6)
        except ConnectionRefusedError:
            told.append("refused")
    return told
"#
    );
    let outcome = run(&bench, &bench.ready(&main).await, "*", &limits()).await;
    assert_eq!(ending(&outcome), "[\"hello\\n\",\"hello\\n\",\"refused\"]");
    let [.., refused] = &outcome.connections[..] else { panic!("{outcome:?}") };
    assert_eq!(refused.error.as_deref(), Some("the proxy answered 403"));
}
