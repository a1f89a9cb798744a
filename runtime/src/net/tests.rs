//! The imports of sockets, called as no honest guest would, and as one does.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    time::Duration,
};

use crate::{
    limits::{Limits, NetLimits},
    net::{Grants, Rule},
    tests::{
        Answer::{Ended, Nothing, Number},
        IMPORTS, MEMORY_BYTES, Puppet, limits,
    },
};

const END: i64 = MEMORY_BYTES as i64;
const MAX: i64 = u32::MAX as i64;
const INET: i64 = 2;
const STREAM: i64 = 1;
const DGRAM: i64 = 2;
const FIRST: i64 = 512;
const ADDRESS: usize = 1_000;
/// The size of an IPv4 address.
const LEN: i64 = 16;

const EACCES: i32 = 2;
const EAGAIN: i32 = 6;
const EAFNOSUPPORT: i32 = 5;
const EBADF: i32 = 8;
const ECONNREFUSED: i32 = 14;
const EDQUOT: i32 = 19;
const EFAULT: i32 = 21;
const EINVAL: i32 = 28;
const EISCONN: i32 = 30;
const EMFILE: i32 = 33;
const ENAMETOOLONG: i32 = 37;
const ENETDOWN: i32 = 38;
const ENOPROTOOPT: i32 = 50;
const EPROTONOSUPPORT: i32 = 66;
const EPROTOTYPE: i32 = 67;

const NET: NetLimits = NetLimits {
    connections: 5,
    open: 8,
    sent_bytes: 1_000,
    received_bytes: 1_000,
    connect: Duration::from_millis(200),
};

async fn puppet(rules: &str) -> Puppet {
    let mut puppet = Puppet::with(Limits { net: NET, ..limits() }).await;
    let rules = rules.split_whitespace().map(|rule| rule.parse::<Rule>().unwrap());
    puppet.store.data_mut().net.begin(Grants::new(rules));
    puppet
}

impl Puppet {
    fn address(&mut self, octets: [u8; 4], port: u16) {
        self.put(ADDRESS, &[2, 0]);
        self.put(ADDRESS + 2, &port.to_be_bytes());
        self.put(ADDRESS + 4, &octets);
    }

    async fn connect(&mut self, fd: i64) -> i32 {
        self.errno("connect", &[fd, ADDRESS as i64, LEN]).await
    }

    async fn socket(&mut self, fd: i64, kind: i64) {
        assert_eq!(self.errno("open", &[fd, INET, kind, 0]).await, 0);
    }

    async fn why(&mut self) -> String {
        let len = self.errno("why", &[3_000, 1_000]).await as usize;
        String::from_utf8(self.memory()[3_000..3_000 + len].to_vec()).unwrap()
    }
}

#[tokio::test]
async fn there_is_no_network_until_the_run_begins() {
    let mut puppet = Puppet::with(Limits { net: NET, ..limits() }).await;
    puppet.put(0, b"localhost");
    let rows: &[(&str, &[i64])] = &[
        ("open", &[FIRST, INET, STREAM, 0]),
        ("pair", &[FIRST, FIRST + 1, STREAM]),
        ("connect", &[FIRST, ADDRESS as i64, LEN]),
        ("resolve", &[FIRST, 0, 9, 0]),
        ("bind", &[FIRST, ADDRESS as i64, LEN]),
        ("send", &[FIRST, 0, 1, 0, 0, 0]),
        ("listen", &[FIRST, 1]),
        ("accept", &[FIRST, FIRST + 1, 0, 0]),
    ];
    for (name, arguments) in rows {
        assert_eq!(puppet.errno(name, arguments).await, -ENETDOWN, "{name}");
    }
    // Sleeping needs none.
    assert_eq!(puppet.errno("poll", &[0, 0, 1]).await, 0);
}

const TCP: i64 = FIRST;
const UDP: i64 = FIRST + 1;
const OURS: i64 = FIRST + 2;
const FREED: i64 = FIRST + 4;
const AT: i64 = ADDRESS as i64;

const REFUSED: &[(&str, &[i64], i32)] = &[
    // Descriptors that are taken, FREED, foreign or none.
    ("open", &[TCP, INET, STREAM, 0], EBADF),
    ("open", &[3, INET, STREAM, 0], EBADF),
    ("open", &[1_024, INET, STREAM, 0], EBADF),
    ("open", &[-1, INET, STREAM, 0], EBADF),
    ("close", &[FREED], EBADF),
    ("close", &[3], EBADF),
    ("close", &[-1], EBADF),
    ("send", &[FREED, 0, 1, 0, 0, 0], EBADF),
    ("recv", &[MAX, 0, 1, 0, 0, 0], EBADF),
    ("pair", &[TCP, FREED, STREAM], EBADF),
    ("pair", &[FREED, FREED, STREAM], EINVAL),
    // Kinds that there are not.
    ("open", &[FREED, 1, STREAM, 0], EAFNOSUPPORT),
    ("open", &[FREED, 17, STREAM, 0], EAFNOSUPPORT),
    ("open", &[FREED, MAX, STREAM, 0], EAFNOSUPPORT),
    ("open", &[FREED, INET, 3, 0], EPROTOTYPE),
    ("open", &[FREED, INET, STREAM, 17], EPROTONOSUPPORT),
    ("open", &[FREED, INET, DGRAM, 1], EPROTONOSUPPORT),
    ("pair", &[FREED, FREED + 1, 5], EPROTOTYPE),
    // Places outside of memory, and lengths that lead there.
    ("connect", &[TCP, END - 8, LEN], EFAULT),
    ("connect", &[TCP, MAX, LEN], EFAULT),
    ("connect", &[TCP, AT, MAX], EINVAL),
    ("connect", &[TCP, AT, 1], EINVAL),
    ("connect", &[TCP, AT, 8], EINVAL),
    ("send", &[OURS, END - 1, 2, 0, 0, 0], EFAULT),
    ("send", &[OURS, 0, MAX, 0, 0, 0], EFAULT),
    ("send", &[OURS, MAX, MAX, 0, 0, 0], EFAULT),
    ("send", &[UDP, 0, 1, 0, AT, MAX], EINVAL),
    ("send", &[UDP, 0, 1, 0, MAX, LEN], EFAULT),
    ("recv", &[OURS, END, 1, 0, 0, 0], EFAULT),
    ("recv", &[OURS, 0, MAX, 0, 0, 0], EFAULT),
    ("recv", &[OURS, 0, 1, 0, AT, MAX], EFAULT),
    ("recv", &[OURS, 0, 1, 0, END - 8, 2_000], EFAULT),
    ("name", &[TCP, 0, 0, 2_100], EFAULT),
    ("name", &[TCP, 0, MAX, 2_100], EFAULT),
    ("name", &[TCP, 0, AT, MAX], EFAULT),
    ("getopt", &[TCP, 1, 3, MAX, 2_100], EFAULT),
    ("getopt", &[TCP, 1, 3, 0, MAX], EFAULT),
    ("setopt", &[TCP, 1, 9, MAX, 4], EFAULT),
    ("setopt", &[TCP, 1, 9, 0, MAX], EINVAL),
    ("setopt", &[TCP, 1, 9, 0, 3], EINVAL),
    ("setopt", &[TCP, 1, 13, 0, 4], EINVAL),
    ("poll", &[END, 1, 0], EFAULT),
    ("poll", &[MAX, 1_024, 0], EFAULT),
    ("poll", &[0, MAX, 0], EINVAL),
    ("why", &[MAX, MAX], EFAULT),
    // Options that are not for guests.
    ("setopt", &[TCP, 1, 25, 0, 4], ENOPROTOOPT),
    ("setopt", &[TCP, 1, 36, 0, 4], ENOPROTOOPT),
    ("setopt", &[TCP, 0, 35, 0, 8], ENOPROTOOPT),
    ("getopt", &[TCP, 1, 17, 0, 2_100], ENOPROTOOPT),
    ("getopt", &[TCP, MAX, MAX, 0, 2_100], ENOPROTOOPT),
    // Names.
    ("resolve", &[FREED, 0, 0, 0], ENAMETOOLONG),
    ("resolve", &[FREED, 0, MAX, 0], ENAMETOOLONG),
    ("resolve", &[FREED, END - 1, 2, 0], EFAULT),
    ("resolve", &[FREED, 0, 4, 99], EAFNOSUPPORT),
    ("shutdown", &[TCP, 9], EINVAL),
    ("connect", &[OURS, AT, LEN], EISCONN),
];

#[tokio::test]
async fn what_no_honest_guest_passes_is_refused() {
    let mut puppet = puppet("127.0.0.1").await;
    puppet.socket(TCP, STREAM).await;
    puppet.socket(UDP, DGRAM).await;
    assert_eq!(puppet.errno("pair", &[OURS, OURS + 1, STREAM]).await, 0);
    puppet.socket(FREED, STREAM).await;
    assert_eq!(puppet.errno("close", &[FREED]).await, 0);
    puppet.address([127, 0, 0, 1], 9);
    puppet.put(2_000, &MAX.to_le_bytes());
    puppet.put(2_100, &16_u32.to_le_bytes());
    for (name, arguments, errno) in REFUSED {
        assert_eq!(puppet.errno(name, arguments).await, -errno, "{name}{arguments:?}");
    }
}

#[tokio::test]
async fn garbage_is_answered_whatever_it_is() {
    let interesting: &[i64] = &[
        0,
        1,
        2,
        3,
        4,
        6,
        8,
        10,
        13,
        16,
        28,
        41,
        128,
        511,
        512,
        513,
        514,
        515,
        1_000,
        1_023,
        1_024,
        END - 1,
        END,
        MAX,
        -1,
        i32::MIN as i64,
        i32::MAX as i64,
    ];
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let calls: Vec<_> = IMPORTS.iter().filter(|(module, ..)| *module == "net").collect();
    for round in 0..40 {
        let mut puppet = puppet("127.0.0.1 ::1 localhost").await;
        puppet.address([127, 0, 0, 1], 9);
        puppet.put(0, b"localhost");
        for _ in 0..200 {
            let (_, name, parameters, _) = calls[random(calls.len())];
            let mut arguments: Vec<_> =
                parameters.chars().map(|_| interesting[random(interesting.len())]).collect();
            // Nothing here may wait for ever.
            if *name == "poll" {
                arguments[2] = 1;
            }
            let call = tokio::time::timeout(Duration::from_millis(300), puppet.call(name, &arguments));
            match call.await {
                Ok(Number(_)) => {}
                Ok(other @ (Nothing | Ended(_))) => panic!("{round}: {name}{arguments:?}: {other:?}"),
                // It waits, as it should; the guest is not called again.
                Err(_) => break,
            }
        }
    }
}

#[tokio::test]
async fn sockets_and_connections_are_counted() {
    let mut puppet = puppet("127.0.0.1").await;
    for number in 0..i64::from(NET.open) {
        puppet.socket(FIRST + number, STREAM).await;
    }
    let one_more = FIRST + i64::from(NET.open);
    assert_eq!(puppet.errno("open", &[one_more, INET, STREAM, 0]).await, -EMFILE);
    assert_eq!(puppet.errno("close", &[FIRST]).await, 0);
    puppet.socket(one_more, STREAM).await;
    assert_eq!(puppet.errno("pair", &[FIRST, 1_000, STREAM]).await, -EMFILE);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    puppet.address([127, 0, 0, 1], listener.local_addr().unwrap().port());
    for number in 0..i64::from(NET.connections) {
        assert_eq!(puppet.connect(FIRST + 1 + number).await, 0);
    }
    assert_eq!(puppet.connect(one_more).await, -EDQUOT);
    assert_eq!(puppet.why().await, "the run's limit of 5 connections is reached");
    // It is told once.
    assert_eq!(puppet.why().await, "");
    let (connections, left_out) = puppet.store.into_data().net.finish();
    assert_eq!((connections.len(), left_out), (6, 0));
    assert!(connections[5].refused);
}

#[tokio::test]
async fn bytes_are_counted_each_way() {
    let mut puppet = puppet("127.0.0.1").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    puppet.address([127, 0, 0, 1], listener.local_addr().unwrap().port());
    puppet.socket(FIRST, STREAM).await;
    assert_eq!(puppet.connect(FIRST).await, 0);
    assert_eq!(puppet.connect(FIRST).await, -EISCONN);
    let mut peer = listener.accept().unwrap().0;
    assert_eq!(puppet.errno("send", &[FIRST, 0, 700, 0, 0, 0]).await, 700);
    // What is left, then nothing.
    assert_eq!(puppet.errno("send", &[FIRST, 0, 700, 0, 0, 0]).await, 300);
    assert_eq!(puppet.errno("send", &[FIRST, 0, 1, 0, 0, 0]).await, -EDQUOT);
    assert_eq!(puppet.why().await, "the run's limit of 1000 bytes to send is reached");
    let mut got = vec![0; 1_000];
    peer.read_exact(&mut got).unwrap();
    peer.write_all(&[7; 1_500]).unwrap();
    let mut received = 0;
    while received < 1_000 {
        received += puppet.errno("recv", &[FIRST, 5_000, 10_000, 0, 0, 0]).await;
    }
    assert_eq!(received, 1_000);
    assert_eq!(puppet.errno("recv", &[FIRST, 5_000, 1, 0, 0, 0]).await, -EDQUOT);
    assert_eq!(puppet.errno("nonblock", &[FIRST, 1]).await, 0);
    assert_eq!(puppet.errno("close", &[FIRST]).await, 0);
    let (connections, _) = puppet.store.into_data().net.finish();
    let [connection] = &connections[..] else { panic!("{connections:#?}") };
    assert_eq!((connection.sent_bytes, connection.received_bytes), (1_000, 1_000));
    assert_eq!((connection.refused, &connection.error), (false, &None));
}

#[tokio::test]
async fn what_no_rule_allows_is_refused_and_told() {
    let mut puppet = puppet("127.0.0.1:9").await;
    puppet.socket(FIRST, STREAM).await;
    puppet.socket(FIRST + 1, DGRAM).await;
    puppet.address([10, 1, 2, 3], 80);
    assert_eq!(puppet.connect(FIRST).await, -EACCES);
    let told = "not allowed to reach 10.1.2.3:80 (private): ask for the rule \"10.1.2.3:80\"";
    assert_eq!(puppet.why().await, told);
    assert_eq!(puppet.errno("send", &[FIRST + 1, 0, 1, 0, ADDRESS as i64, LEN]).await, -EACCES);
    puppet.put(0, b"one.example");
    assert_eq!(puppet.errno("resolve", &[FIRST + 2, 0, 11, 0]).await, -EACCES);
    assert_eq!(puppet.errno("bind", &[FIRST, ADDRESS as i64, LEN]).await, -EACCES);
    // Allowed, but nobody is there.
    puppet.address([127, 0, 0, 1], 9);
    assert_eq!(puppet.connect(FIRST).await, -ECONNREFUSED);
    let state = puppet.store.into_data();
    let told_in_log =
        state.output.finish().iter().filter(|line| line.message.contains("ask for the rule")).count();
    assert_eq!(told_in_log, 3);
    let (connections, _) = state.net.finish();
    let refused: Vec<_> = connections.iter().map(|connection| connection.refused).collect();
    assert_eq!(refused, [true, true, true, false]);
    assert_eq!(connections[0].error.as_deref(), Some(told));
    assert_eq!(connections[2].host.as_deref(), Some("one.example"));
}

#[tokio::test]
async fn connecting_takes_so_long_and_no_longer() {
    let mut puppet = puppet("127.0.0.1").await;
    // A listener whose queue is full answers nobody.
    let listener =
        rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    rustix::net::bind(&listener, &any).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address: std::net::SocketAddr = rustix::net::getsockname(&listener).unwrap().try_into().unwrap();
    let _fills = std::net::TcpStream::connect(address).unwrap();
    puppet.address([127, 0, 0, 1], address.port());
    puppet.socket(FIRST, STREAM).await;
    assert_eq!(puppet.connect(FIRST).await, -73);
    // The same without waiting in the call: the socket becomes ready, and says why.
    puppet.socket(FIRST + 1, STREAM).await;
    assert_eq!(puppet.errno("nonblock", &[FIRST + 1, 1]).await, 0);
    assert_eq!(puppet.connect(FIRST + 1).await, -26);
    puppet.put(4_000, &(FIRST as i32 + 1).to_le_bytes());
    puppet.put(4_004, &[4, 0, 0, 0]);
    assert_eq!(puppet.errno("poll", &[4_000, 1, -1]).await, 1);
    puppet.put(2_100, &4_u32.to_le_bytes());
    assert_eq!(puppet.errno("getopt", &[FIRST + 1, 1, 4, 4_100, 2_100]).await, 0);
    assert_eq!(puppet.word(4_100), 73);
}

#[tokio::test]
async fn a_socket_that_is_not_ready_says_so() {
    let mut puppet = puppet("127.0.0.1").await;
    assert_eq!(puppet.errno("pair", &[FIRST, FIRST + 1, STREAM]).await, 0);
    assert_eq!(puppet.errno("recv", &[FIRST, 0, 1, 0x40, 0, 0]).await, -EAGAIN);
    assert_eq!(puppet.errno("nonblock", &[FIRST, 1]).await, 0);
    assert_eq!(puppet.errno("recv", &[FIRST, 0, 1, 0, 0, 0]).await, -EAGAIN);
    // One that is named twice, one that is none of ours, one that there is not.
    for (at, fd, events) in [(4_000, FIRST, 1_u8), (4_008, FIRST, 4), (4_016, 3, 1), (4_024, FIRST + 9, 1)] {
        puppet.put(at, &(fd as i32).to_le_bytes());
        puppet.put(at + 4, &[events, 0, 0xff, 0xff]);
    }
    assert_eq!(puppet.errno("poll", &[4_000, 4, -1]).await, 2);
    let mut ready = |at: usize| puppet.word(at + 4) >> 16;
    assert_eq!([ready(4_000), ready(4_008), ready(4_016), ready(4_024)], [0, 4, 0xffff, 0x20]);
}
