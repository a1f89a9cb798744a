//! Names, and where they lead: against a name server of these tests, whose answers change.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

use crate::{
    net::{listener, run},
    support::{Bench, ending, limits},
};

/// Names with where they lead, in turns; nowhere is `-`. `slow.test` is never answered, all else does not exist.
const NAMES: &[(&str, &[&str])] = &[
    ("loop.test", &["127.0.0.1"]),
    ("one.loop.test", &["127.0.0.1"]),
    ("two.loop.test", &["127.0.0.1"]),
    ("badloop.test", &["127.0.0.1"]),
    ("host.local", &["192.168.255.1"]),
    ("gone.test", &["10.0.0.1", "-"]),
    ("turns.test", &["203.0.114.1", "127.0.0.1"]),
    ("rebinds.test", &["127.0.0.1", "127.0.0.2"]),
    ("private.test", &["10.0.0.1"]),
    ("cloud.test", &["169.254.169.254"]),
    ("group.test", &["224.0.0.1"]),
    ("any.test", &["0.0.0.0"]),
    ("six.test", &["::1"]),
    ("mapped.test", &["::ffff:127.0.0.1"]),
    ("compatible.test", &["::127.0.0.1"]),
    ("nat64.test", &["64:ff9b::7f00:1"]),
    ("6to4.test", &["2002:7f00:1::1"]),
    ("link.test", &["fe80::1"]),
];
const SLOW: &str = "slow.test";

/// The questions that were asked, with the kind of address.
pub(crate) type Asked = Arc<Mutex<Vec<(String, Kind)>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    V4,
    V6,
}

pub(crate) fn name_server() -> (SocketAddr, Asked) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (socket.local_addr().unwrap(), Asked::default());
    let log = asked.clone();
    thread::spawn(move || {
        let (mut bytes, mut turns) = ([0; 1_500], HashMap::new());
        while let Ok((len, from)) = socket.recv_from(&mut bytes) {
            let (name, kind, end) = question(&bytes[..len]);
            log.lock().unwrap().push((name.clone(), kind));
            if name != SLOW {
                let _ = socket.send_to(&answer(&bytes[..end], &name, kind, &mut turns), from);
            }
        }
    });
    (address, asked)
}

/// The name that is asked for, the kind of address, and where the question ends.
fn question(query: &[u8]) -> (String, Kind, usize) {
    let (mut name, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let label = &query[at + 1..at + 1 + usize::from(query[at])];
        name.push(String::from_utf8(label.to_vec()).unwrap().to_lowercase());
        at += 1 + label.len();
    }
    let kind = if query[at + 1..at + 3] == [0, 1] { Kind::V4 } else { Kind::V6 };
    (name.join("."), kind, at + 5)
}

fn answer(question: &[u8], name: &str, kind: Kind, turns: &mut HashMap<String, usize>) -> Vec<u8> {
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, addresses)| *addresses);
    let next = known.and_then(|addresses| {
        let turn = turns.entry(name.to_owned()).or_default();
        let address = addresses[*turn % addresses.len()].parse::<IpAddr>().ok();
        let is_four = address.is_none_or(|address| address.is_ipv4());
        let asked = is_four == (kind == Kind::V4);
        *turn += usize::from(asked);
        address.filter(|_| asked)
    });
    let code = if known.is_some() { 0x80 } else { 0x83 };
    let mut answer = question[..2].to_vec();
    answer.extend_from_slice(&[0x81, code, 0, 1, 0, u8::from(next.is_some()), 0, 0, 0, 0]);
    answer.extend_from_slice(&question[12..]);
    match next {
        Some(IpAddr::V4(four)) => {
            answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend_from_slice(&four.octets());
        }
        Some(IpAddr::V6(six)) => {
            answer.extend_from_slice(&[0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 60, 0, 16]);
            answer.extend_from_slice(&six.octets());
        }
        None => {}
    }
    answer
}

fn connect(name: &str, port: u16) -> String {
    format!(
        "import socket\n\ndef main():\n    with socket.create_connection((\"{name}\", {port}), timeout=5) as one:\n        \
         return one.getpeername()[0]\n"
    )
}

/// What comes of it when that rule was needed.
fn refused(place: &str, kind: &str, rule: &str) -> String {
    format!("PermissionError: [Errno 2] not allowed to reach {place} ({kind}): ask for the rule \"{rule}\"")
}

fn not_looked_up(name: &str) -> String {
    format!("PermissionError: [Errno 2] not allowed to look up {name}: ask for the rule \"{name}\"")
}

const REACHED: &str = "\"127.0.0.1\"";

/// Names, rules, and what comes of it.
fn rows(port: u16) -> Vec<(String, String, String)> {
    let reached = REACHED;
    let to_loopback = |name: &str| {
        refused(&format!("{name}:{port} at 127.0.0.1"), "loopback", &format!("127.0.0.1:{port}"))
    };
    // A name that leads elsewhere than its rule, and the rule that names where it leads.
    let hidden = |name: &str, address: &str, kind: &str| {
        let numbers = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let rule = if kind == "private" { format!("{name}:{port}") } else { format!("{numbers}:{port}") };
        (name.to_owned(), "*".to_owned(), refused(&format!("{name}:{port} at {address}"), kind, &rule))
    };
    let row =
        |name: &str, rules: &str, expected: &str| (name.to_owned(), rules.to_owned(), expected.to_owned());
    vec![
        row("one.loop.test", "one.loop.test 127.0.0.1", reached),
        row("one.loop.test", "*.loop.test 127.0.0.1", reached),
        row("one.loop.test", &format!("one.loop.test:{port} 127.0.0.1:{port}"), reached),
        // Names that lead to loopback, whatever their rule.
        row("one.loop.test", "one.loop.test", &to_loopback("one.loop.test")),
        row("ONE.loop.test.", "one.loop.test", &to_loopback("one.loop.test")),
        row("two.loop.test", "*.loop.test * 0.0.0.0/0", &to_loopback("two.loop.test")),
        row("one.loop.test", "one.loop.test 127.0.0.1:1", &to_loopback("one.loop.test")),
        row(
            "a.localhost",
            "a.localhost *",
            &refused(&format!("a.localhost:{port} at ::1"), "loopback", &format!("[::1]:{port}")),
        ),
        row("a.localhost", "127.0.0.1", reached),
        // The edges of a wildcard.
        row("loop.test", "loop.test 127.0.0.1", reached),
        row("loop.test", "*.loop.test 127.0.0.1", &not_looked_up("loop.test")),
        row("badloop.test", "*.loop.test loop.test 127.0.0.1", &not_looked_up("badloop.test")),
        row("badloop.test", "*.test 127.0.0.1", reached),
        row("none.test", "*", "socket.gaierror: [Errno -2] Name or service not known"),
        hidden("private.test", "10.0.0.1", "private"),
        hidden("cloud.test", "169.254.169.254", "metadata"),
        hidden("group.test", "224.0.0.1", "multicast"),
        hidden("any.test", "0.0.0.0", "unspecified"),
        hidden("six.test", "::1", "loopback"),
        hidden("mapped.test", "::ffff:127.0.0.1", "embedded"),
        hidden("compatible.test", "::7f00:1", "embedded"),
        hidden("nat64.test", "64:ff9b::7f00:1", "embedded"),
        hidden("6to4.test", "2002:7f00:1::1", "embedded"),
        hidden("link.test", "fe80::1", "link-local"),
        // An address that hides another counts as what is written.
        row("mapped.test", "mapped.test ::ffff:127.0.0.1", "\"::ffff:127.0.0.1\""),
        row("mapped.test", "mapped.test 127.0.0.1", &hidden("mapped.test", "::ffff:127.0.0.1", "embedded").2),
    ]
}

#[tokio::test]
async fn names_lead_where_their_rules_allow() {
    let (server, asked) = name_server();
    let (_listener, port) = listener();
    let bench = Bench::with(|settings| settings.name_servers = vec![server]).await;
    for (name, rules, expected) in rows(port) {
        let action = bench.ready(&connect(&name, port)).await;
        let outcome = run(&bench, &action, &rules, &limits()).await;
        assert_eq!(ending(&outcome), expected, "{name} {rules}");
        if expected == REACHED {
            assert_eq!(outcome.connections[0].host.as_deref(), Some(name.as_str()), "{rules}");
        }
    }
    // Nobody is asked about names that no rule has.
    let before = asked.lock().unwrap().len();
    let action = bench.ready(&connect("one.loop.test", port)).await;
    let outcome = run(&bench, &action, "127.0.0.1", &limits()).await;
    assert_eq!(ending(&outcome), not_looked_up("one.loop.test"));
    assert_eq!(asked.lock().unwrap().len(), before);
}

#[tokio::test]
async fn an_answer_that_changes_reaches_nothing_more() {
    let (server, asked) = name_server();
    let (_listener, port) = listener();
    let _other = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let bench = Bench::with(|settings| settings.name_servers = vec![server]).await;
    // Each look-up is a question of its own.
    let twice = "import socket\n\ndef main():\n    \
                 return [socket.getaddrinfo(\"turns.test\", 80, type=socket.SOCK_STREAM)[0][4][0] for _ in range(2)]\n";
    let outcome = run(&bench, &bench.ready(twice).await, "turns.test", &limits()).await;
    assert_eq!(ending(&outcome), "[\"203.0.114.1\",\"127.0.0.1\"]");
    // A connection is one look-up, and goes to the address that was checked.
    let main = format!(
        "import socket\n\ndef reached():\n    try:\n        \
         with socket.create_connection((\"rebinds.test\", {port}), timeout=5) as one:\n            \
         return one.getpeername()[0]\n    except PermissionError as error:\n        return str(error)[10:]\n\n\
         def main():\n    return [reached(), reached()]\n"
    );
    let action = bench.ready(&main).await;
    let refused = format!(
        "not allowed to reach rebinds.test:{port} at 127.0.0.2 (loopback): ask for the rule \\\"127.0.0.2:{port}\\\""
    );
    for (rules, expected) in [
        ("rebinds.test 127.0.0.1", format!("[\"127.0.0.1\",\"{refused}\"]")),
        ("rebinds.test 127.0.0.1 127.0.0.2", "[\"127.0.0.1\",\"127.0.0.2\"]".to_owned()),
    ] {
        let before = asked.lock().unwrap().len();
        assert_eq!(ending(&run(&bench, &action, rules, &limits()).await), expected, "{rules}");
        let asked: Vec<_> = asked.lock().unwrap()[before..].to_vec();
        let questions = asked.iter().filter(|asked| **asked == ("rebinds.test".to_owned(), Kind::V4));
        assert_eq!((questions.count(), asked.len()), (2, 4), "{asked:?}");
    }
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
