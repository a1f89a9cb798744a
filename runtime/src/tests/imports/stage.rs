//! A guest in the middle of its run, with files, sockets and TLS connections open, and with what imports read in its memory.

use std::{
    io::Write as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, ServerConnection, crypto::ring, pki_types::PrivateKeyDer};

use crate::{
    limits::{Limits, NetLimits},
    net::{Grants, Rule},
    tests::{
        Answer::{Ended, Nothing, Number},
        Puppet, limits,
    },
    tls::Unverified,
};

/// Where things lie.
pub(super) const NAMES: i64 = 0x0100;
pub(super) const ADDRESS: i64 = 0x0200;
pub(super) const LENGTH: i64 = 0x0280;
pub(super) const VECTORS: i64 = 0x0300;
pub(super) const POLLED: i64 = 0x0400;
pub(super) const SUBSCRIBED: i64 = 0x0500;
pub(super) const REQUEST: i64 = 0x0800;
pub(super) const EXCEPTION: i64 = 0x0a00;
pub(super) const PEM: i64 = 0x1000;
pub(super) const RECORDS: i64 = 0x2000;
pub(super) const FLIGHT: i64 = 0x4000;

const TMP: i64 = 5;
const FILE: i64 = 7;
const LISTENER: i64 = 512;
const CLIENT: i64 = 513;
const ACCEPTED: i64 = 514;
const PAIR: i64 = 515;
const UDP: i64 = 517;
const CLOSED: i64 = 518;
/// Files, directories and sockets; some that are closed, or were never open.
const DESCRIPTORS: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    TMP,
    6,
    FILE,
    8,
    LISTENER,
    CLIENT,
    ACCEPTED,
    PAIR,
    PAIR + 1,
    UDP,
    CLOSED,
    CLOSED + 1,
    1_023,
    1_024,
    -1,
];
const LENGTHS: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    8,
    9,
    16,
    24,
    28,
    32,
    48,
    64,
    96,
    128,
    253,
    255,
    256,
    1_000,
    1_024,
    1_025,
    4_096,
    16_384,
    1 << 16,
    1 << 17,
    1 << 18,
    1 << 20,
    (1 << 20) + 1,
    4 << 20,
    u32::MAX as i64,
    i32::MAX as i64,
    i32::MIN as i64,
];

/// An address of this machine that nobody else uses.
const PEER: [u8; 4] = [127, 66, 0, 1];
const NET: NetLimits = NetLimits {
    connections: 20,
    open: 12,
    sent_bytes: 1 << 20,
    received_bytes: 1 << 20,
    connect: Duration::from_millis(200),
};
/// A tenth of a second of the host's work.
const FUEL: u64 = 200_000_000;
const REQUESTED: &str = r#"{"name": "test.example", "roots": [], "system": false, "verify": "none", "check_name": false,
    "alpn": ["h2"], "min": 12, "max": 13, "cert": null, "key": null}"#;
const RAISED: &str = r#"{"type": "E", "message": "m", "traceback": "t"}"#;

pub(super) struct Stage {
    pub(super) puppet: Puppet,
    /// Those of `DESCRIPTORS`, and TLS connections.
    pub(super) descriptors: Vec<i64>,
    /// Those of `LENGTHS`, and of what lies in memory.
    pub(super) lengths: Vec<i64>,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let limits = Limits { fuel: FUEL, net: NET, open_files: 3, ..limits() };
        let mut puppet = Puppet::with(limits).await;
        let rules = ["127.66.0.1", "localhost"].map(|rule| rule.parse::<Rule>().unwrap());
        let state = puppet.store.data_mut();
        state.net.begin(Grants::new(rules));
        state.tls.begin(Unverified::Granted);
        let (descriptors, mut lengths) = (DESCRIPTORS.to_vec(), LENGTHS.to_vec());
        lengths.extend([REQUESTED.len() as i64, RAISED.len() as i64]);
        let mut stage = Self { puppet, descriptors, lengths };
        stage.lay();
        stage.files().await;
        stage.sockets().await;
        stage.tls().await;
        stage
    }

    /// Tables and texts.
    fn lay(&mut self) {
        self.put(NAMES, b"file\0\0\0\0made/in/it\0\0\0\0\0\0../../etc/passwd\0localhost\0");
        self.words(LENGTH, &[128]);
        // Vectors that lie over each other and over themselves.
        self.words(VECTORS, &[VECTORS, 64, 0, 4_096, 0x8000, 16, POLLED, 200, 0x1_0000, 0xffff]);
        self.words(POLLED, &[LISTENER, 5, CLIENT, 5, PAIR, 4, PAIR, 1, CLOSED, 7, FILE, 1]);
        // A clock, a file and a descriptor that there is not.
        self.words(SUBSCRIBED, &[1, 0, 0, 0, 1, 0, 1_000_000, 0, 0, 0, 0, 0]);
        self.words(SUBSCRIBED + 48, &[2, 0, 1, 0, FILE, 0, 0, 0, 0, 0, 0, 0]);
        self.words(SUBSCRIBED + 96, &[3, 0, 2, 0, 99, 0, 0, 0, 0, 0, 0, 0]);
        self.put(REQUEST, REQUESTED.as_bytes());
        self.put(EXCEPTION, RAISED.as_bytes());
    }

    fn put(&mut self, at: i64, bytes: &[u8]) {
        self.puppet.put(at as usize, bytes);
    }

    fn words(&mut self, at: i64, words: &[i64]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| (*word as u32).to_le_bytes()).collect();
        self.put(at, &bytes);
    }

    async fn call(&mut self, name: &str, arguments: &[i64]) -> i64 {
        match self.puppet.call(name, arguments).await {
            Number(number) if number >= 0 => number,
            other @ (Number(_) | Nothing | Ended(_)) => panic!("{name}{arguments:?}: {other:?}"),
        }
    }

    async fn files(&mut self) {
        let rights = 1 << 1 | 1 << 6;
        assert_eq!(self.call("path_open", &[TMP, 0, NAMES, 4, 1, rights, rights, 0, 0]).await, 0);
        assert_eq!(i64::from(self.puppet.word(0)), FILE);
        assert_eq!(self.call("fd_write", &[FILE, VECTORS, 3, 0]).await, 0);
    }

    async fn sockets(&mut self) {
        self.put(ADDRESS, &[2, 0, 0, 0]);
        self.put(ADDRESS + 4, &PEER);
        for (fd, kind) in [(LISTENER, 1), (CLIENT, 1), (UDP, 2), (CLOSED, 1)] {
            self.call("open", &[fd, 2, kind, 0]).await;
        }
        self.call("close", &[CLOSED]).await;
        self.call("pair", &[PAIR, PAIR + 1, 1]).await;
        self.call("bind", &[UDP, ADDRESS, 16]).await;
        self.call("bind", &[LISTENER, ADDRESS, 16]).await;
        self.call("listen", &[LISTENER, 4]).await;
        // Its port.
        self.call("name", &[LISTENER, 0, ADDRESS, LENGTH]).await;
        self.call("connect", &[CLIENT, ADDRESS, 16]).await;
        self.call("accept", &[LISTENER, ACCEPTED, 0, 0]).await;
        self.call("send", &[CLIENT, NAMES, 64, 0, 0, 0]).await;
    }

    /// A connection that is made, with records from its server, and one to which its server's first flight is on the way.
    async fn tls(&mut self) {
        let (pem, config) = server();
        self.put(PEM, pem.as_bytes());
        let (mut first, mut second) =
            (ServerConnection::new(config.clone()).unwrap(), ServerConnection::new(config).unwrap());
        let made = self.call("tls.open", &[REQUEST, REQUESTED.len() as i64]).await;
        self.take(made, &mut first).await;
        let flight = self.lay_flight(FLIGHT, &mut first);
        self.call("tls.feed", &[made, FLIGHT, flight]).await;
        self.take(made, &mut first).await;
        first.writer().write_all(&[b'x'; 500]).unwrap();
        first.send_close_notify();
        let records = self.lay_flight(RECORDS, &mut first);
        let begun = self.call("tls.open", &[REQUEST, REQUESTED.len() as i64]).await;
        self.take(begun, &mut second).await;
        let flight = self.lay_flight(FLIGHT, &mut second);
        self.lengths.extend([flight, records, pem.len() as i64]);
        self.descriptors.extend([made, begun]);
    }

    /// Carries what a connection has for its server.
    async fn take(&mut self, connection: i64, server: &mut ServerConnection) {
        let len = self.call("tls.take", &[connection, FLIGHT, 16_384]).await as usize;
        let mut from = &self.puppet.memory()[FLIGHT as usize..][..len];
        server.read_tls(&mut from).unwrap();
        server.process_new_packets().unwrap();
    }

    /// Lays what a server has for its client; how much it is.
    fn lay_flight(&mut self, at: i64, server: &mut ServerConnection) -> i64 {
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        self.put(at, &bytes);
        bytes.len() as i64
    }
}

/// A certificate as PEM, and a server that has it. Made once: keys take time.
fn server() -> (&'static str, Arc<ServerConfig>) {
    static MADE: OnceLock<(String, Arc<ServerConfig>)> = OnceLock::new();
    let (pem, config) = MADE.get_or_init(|| {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["test.example".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        (cert.pem(), Arc::new(config.with_single_cert(vec![cert.der().clone()], key).unwrap()))
    });
    (pem, config.clone())
}
