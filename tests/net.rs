//! Scripts on the network, against servers of these tests on loopback: what works unmodified, and what is refused.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    thread,
};

use serde_json::json;

use crate::program::{Ended, Place};

/// A server that does `serve` with each connection, on a port of its own.
fn server(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// HTTP: `/to/URL` redirects, a body is answered with its length, everything else with `hello`.
fn http() -> u16 {
    server(|mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        loop {
            let (mut path, mut length, mut line) = (String::new(), 0, String::new());
            while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                if path.is_empty() {
                    path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a number");
                }
                line.clear();
            }
            if path.is_empty() {
                return;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("the whole body");
            let answer = match path.strip_prefix("/to/") {
                Some(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
                None => {
                    let text = if length > 0 { format!("{length} bytes") } else { "hello".to_owned() };
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
                }
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

fn echo() -> u16 {
    server(|mut stream| {
        let mut reader = stream.try_clone().expect("a second handle");
        let _ = std::io::copy(&mut reader, &mut stream);
    })
}

fn udp_echo() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = socket.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        let mut bytes = [0; 2_000];
        while let Ok((len, from)) = socket.recv_from(&mut bytes) {
            let _ = socket.send_to(&bytes[..len], from);
        }
    });
    port
}

fn run(main: &str, rules: &[String], flags: &[&str]) -> (Place, Ended) {
    let place = Place::action(main);
    let mut arguments = vec!["action", "--report", "report.json"];
    for rule in rules {
        arguments.extend(["--allow-net", rule]);
    }
    arguments.extend(flags);
    let ended = place.run(&arguments).end();
    (place, ended)
}

/// Runs a script that may reach loopback.
fn returns(main: &str, expected: &str) {
    let (_place, ended) = run(main, &["127.0.0.1".to_owned(), "::1".to_owned()], &[]);
    assert_eq!((ended.code, ended.stdout.trim_end()), (0, expected), "{main}\n{}", ended.stderr);
}

fn fetch(url: &str) -> String {
    format!(
        "import urllib.request\n\ndef main():\n    return urllib.request.urlopen({url:?}, timeout=5).read().decode()\n"
    )
}

/// Fetches it under those rules; or asks for a rule.
fn fetched(url: &str, rules: &[&str], refused: Option<&str>) {
    let rules: Vec<_> = rules.iter().map(|&rule| rule.to_owned()).collect();
    let (place, ended) = run(&fetch(url), &rules, &[]);
    let report = place.json("report.json");
    let last = report["connections"].as_array().and_then(|all| all.last()).expect("there was one").clone();
    match refused {
        None => {
            ended.returned("\"hello\"");
            assert_eq!((&last["refused"], &last["error"]), (&json!(false), &json!(null)), "{url}");
            assert!(last["received_bytes"].as_u64() > Some(40), "{last}");
        }
        Some(rule) => {
            assert_eq!(ended.code, 1, "{url}: {}", ended.stderr);
            let asks = format!("ask for the rule \"{rule}\"");
            let message = report["error"]["message"].as_str().expect("a text");
            assert!(message.contains(&asks), "{url}: {message}");
            assert!(
                report["error"]["traceback"].as_str().expect("a text").contains("PermissionError"),
                "{url}"
            );
            assert_eq!(last["refused"], json!(true), "{url}");
            assert!(last["error"].as_str().expect("a text").ends_with(&asks), "{last}");
            assert!(ended.log().iter().any(|line| line.contains(&asks)), "{:?}", ended.log());
        }
    }
}

#[test]
fn a_script_fetches_what_a_rule_allows() {
    let (port, other) = (http(), http());
    let redirect = |to: &str| format!("http://127.0.0.1:{port}/to/{to}");
    let here = |host: &str| format!("http://{host}:{port}/");
    let there = |host: &str| format!("http://{host}:{other}/");
    let both = format!("127.0.0.1:{port},{other}");
    // What is fetched, under which rules; or the rule that is to be asked for.
    let rows: &[(String, &[&str], Option<String>)] = &[
        (here("127.0.0.1"), &["127.0.0.1"], None),
        (here("127.0.0.1"), &[&format!("127.0.0.1:{port}")], None),
        (here("127.0.0.1"), &["127.0.0.0/8"], None),
        (here("localhost"), &["localhost"], None),
        (here("localhost"), &["127.0.0.1"], None),
        // Other ways to write the same address.
        (here("2130706433"), &["127.0.0.1"], None),
        (here("0177.0.0.1"), &["127.0.0.1"], None),
        (here("0x7f.1"), &["127.0.0.1"], None),
        (here("127.1"), &["127.0.0.1"], None),
        (here("017700000001"), &["127.0.0.1"], None),
        (here("[::ffff:127.0.0.1]"), &["::ffff:127.0.0.1"], None),
        (here("a.localhost"), &["127.0.0.1"], None),
        (redirect(&here("127.0.0.1")), &[&format!("127.0.0.1:{port}")], None),
        (redirect(&there("127.0.0.1")), &[&both], None),
        (redirect(&there("2130706433")), &[&both], None),
        (redirect(&there("localhost")), &[&both], None),
        (here("127.0.0.1"), &[], Some(format!("127.0.0.1:{port}"))),
        (here("127.0.0.1"), &["0.0.0.0/0", "*"], Some(format!("127.0.0.1:{port}"))),
        (here("127.0.0.1"), &["127.0.0.1:1"], Some(format!("127.0.0.1:{port}"))),
        (here("127.0.0.1"), &["localhost"], Some(format!("127.0.0.1:{port}"))),
        (here("2130706433"), &[], Some(format!("127.0.0.1:{port}"))),
        (here("0177.0.0.1"), &[], Some(format!("127.0.0.1:{port}"))),
        (here("[::ffff:127.0.0.1]"), &["127.0.0.1"], Some(format!("[::ffff:127.0.0.1]:{port}"))),
        (here("0.0.0.0"), &["127.0.0.1"], Some(format!("0.0.0.0:{port}"))),
        (here("127.1"), &["*", "0.0.0.0/0"], Some(format!("127.0.0.1:{port}"))),
        (here("017700000001"), &["*", "0.0.0.0/0"], Some(format!("127.0.0.1:{port}"))),
        (here("a.localhost"), &["*", "0.0.0.0/0"], Some(format!("[::1]:{port}"))),
        (here("[::1]"), &["127.0.0.1", "::/0"], Some(format!("[::1]:{port}"))),
        (here("[::127.0.0.1]"), &["127.0.0.1", "::/0"], Some(format!("[::7f00:1]:{port}"))),
        (here("[64:ff9b::127.0.0.1]"), &["127.0.0.1", "::/0"], Some(format!("[64:ff9b::7f00:1]:{port}"))),
        (here("[2002:7f00:1::]"), &["127.0.0.1", "::/0"], Some(format!("[2002:7f00:1::]:{port}"))),
        (here("[fe80::1%1]"), &["*", "::/0"], Some(format!("[fe80::1]:{port}"))),
        (here("224.0.0.1"), &["*", "0.0.0.0/0"], Some(format!("224.0.0.1:{port}"))),
        (here("255.255.255.255"), &["*", "0.0.0.0/0"], Some(format!("255.255.255.255:{port}"))),
        ("http://169.254.169.254/".to_owned(), &["*", "0.0.0.0/0"], Some("169.254.169.254:80".to_owned())),
        ("http://api.example.org/".to_owned(), &["127.0.0.1"], Some("api.example.org".to_owned())),
        (redirect(&there("127.0.0.1")), &[&format!("127.0.0.1:{port}")], Some(format!("127.0.0.1:{other}"))),
        (redirect(&there("2130706433")), &[&format!("127.0.0.1:{port}")], Some(format!("127.0.0.1:{other}"))),
        (
            redirect(&there("localhost")),
            &["*", &format!("127.0.0.1:{port}")],
            Some(format!("localhost:{other}")),
        ),
        (redirect("http://10.0.0.1/"), &[&format!("127.0.0.1:{port}")], Some("10.0.0.1:80".to_owned())),
        (
            redirect("http://169.254.169.254/latest"),
            &["*", &format!("127.0.0.1:{port}")],
            Some("169.254.169.254:80".to_owned()),
        ),
    ];
    for (url, rules, refused) in rows {
        fetched(url, rules, refused.as_deref());
    }
}

#[test]
fn sockets_do_what_python_says_they_do() {
    let (echo, udp) = (echo(), udp_echo());
    returns(
        &format!(
            r#"
import os, select, socket

def main():
    told = []
    with socket.create_connection(("localhost", {echo}), timeout=5) as stream:
        told.append(stream.getpeername()[1] == {echo})
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        told.append(stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        stream.sendall(b"x" * 300_000)
        got = 0
        while got < 300_000:
            got += len(stream.recv(65536))
        told.append(got)
        stream.settimeout(None)
        os.write(stream.fileno(), b"by fd")
        told.append(os.read(stream.fileno(), 100).decode())
        stream.sendmsg([b"a", b"b"])
        told.append(stream.recvmsg(10)[0].decode())
        stream.settimeout(0.05)
        try:
            stream.recv(1)
        except TimeoutError:
            told.append("timeout")
        with stream.makefile("rw") as lines:
            lines.write("line\n")
            lines.flush()
            told.append(lines.readline())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(5)
        datagrams.sendto(b"datagram", ("127.0.0.1", {udp}))
        told.append(datagrams.recvfrom(100)[0].decode())
    one, other = socket.socketpair()
    told.append([len(part) for part in select.select([one], [one], [], 0)])
    other.send(b"!")
    told.append([len(part) for part in select.select([one, other], [one], [])])
    poll = select.poll()
    poll.register(one, select.POLLIN)
    told.append(poll.poll(1000)[0][1] == select.POLLIN)
    other.close()
    told.append([one.recv(5).decode(), one.recv(5).decode()])
    late = socket.socket()
    late.setblocking(False)
    late.connect_ex(("127.0.0.1", {echo}))
    told.append(bool(select.select([], [late], [], 5)[1]) and late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    server = socket.create_server(("127.0.0.1", 0))
    caller = socket.create_connection(server.getsockname())
    callee, address = server.accept()
    callee.sendall(b"welcome")
    told.append([caller.recv(7).decode(), address == caller.getsockname()])
    try:
        socket.getaddrinfo("127.0.0.1", "nothing")
    except socket.gaierror as error:
        told.append(error.errno == socket.EAI_SERVICE)
    told.append(socket.getaddrinfo("::1", "https", type=socket.SOCK_STREAM)[0][4])
    return told
"#
        ),
        r#"[true,1,300000,"by fd","ab","timeout","line\n","datagram",[0,1,0],[1,1,0],true,["!",""],0,["welcome",true],true,["::1",443,0,0]]"#,
    );
}

#[test]
fn an_async_main_is_awaited_and_event_loops_run() {
    let echo = echo();
    returns(
        &format!(
            r#"
import asyncio, concurrent.futures, threading

async def talk(number):
    reader, writer = await asyncio.open_connection("localhost", {echo})
    writer.write(b"%d\n" % number)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(line)

async def main():
    answers = await asyncio.gather(*(talk(number) for number in range(40)))
    thread = await asyncio.to_thread(lambda: threading.current_thread().name)
    looped = await asyncio.get_running_loop().run_in_executor(None, sum, [1, 2])
    async def late():
        async with asyncio.timeout(0.05):
            await asyncio.sleep(5)
    try:
        await late()
    except TimeoutError:
        pass
    with concurrent.futures.ThreadPoolExecutor() as pool:
        mapped = list(pool.map(str, [1, 2]))
    greeted = asyncio.get_running_loop().create_future()
    async def greet(reader, writer):
        greeted.set_result(await reader.readline())
        writer.close()
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hi\n")
    return [sum(answers), thread, looped, mapped, (await greeted).decode()]
"#
        ),
        r#"[780,"MainThread",3,["1","2"],"hi\n"]"#,
    );
}

#[test]
fn there_is_no_network_while_an_action_is_imported() {
    let port = http();
    let main = format!(
        "import socket\n\ntry:\n    socket.create_connection(('127.0.0.1', {port}))\n\
         except OSError as error:\n    import_error = str(error)\n\ndef main():\n    return import_error\n"
    );
    returns(&main, "\"[Errno 38] Network is down\"");
}

#[test]
fn a_run_that_waits_for_the_network_is_stopped_by_its_deadline() {
    let silent = server(|stream| {
        let mut bytes = Vec::new();
        let _ = { stream }.read_to_end(&mut bytes);
    });
    let main = format!(
        "import socket\n\ndef main():\n    socket.create_connection(('127.0.0.1', {silent})).recv(1)\n"
    );
    let (place, ended) = run(&main, &["127.0.0.1".to_owned()], &["--timeout-s", "1"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let report = place.json("report.json");
    assert_eq!(report["stopped"], json!("time"));
    assert_eq!(report["connections"][0]["port"], json!(silent));
}

#[test]
fn a_rule_that_is_none_is_refused_with_its_reason() {
    let place = Place::action("def main():\n    return 1\n");
    let ended = place.run(&["action", "--allow-net", "0x7f000001"]).end();
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("is no address in its usual form"), "{}", ended.stderr);
}
