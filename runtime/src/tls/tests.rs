//! The engine against servers in memory.

use std::{
    io::{Read as _, Write as _},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use serde_json::{Value, json};

use super::{
    cache::Cache,
    connection::{Connection, Fact, Stuck},
    failure::Failure,
    request::{Refusal, Request, Unverified},
    roots::Roots,
    table::CONNECTIONS_MAX,
};
use crate::tests::{
    Answer::{self, Ended, Number},
    MEMORY_BYTES, Puppet,
};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate with its key: PEM of both, DER of the first.
struct Identity {
    cert: String,
    key: String,
    chain: Vec<CertificateDer<'static>>,
}

impl Identity {
    fn of(authority: Option<&Authority>, adjust: impl FnOnce(&mut CertificateParams)) -> Self {
        let names = ["test.example".to_owned(), "*.wild.example".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "server");
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = match authority {
            Some(authority) => params.signed_by(&key, authority),
            None => params.self_signed(&key),
        };
        let cert = cert.unwrap();
        Self { cert: cert.pem(), key: key.serialize_pem(), chain: vec![cert.der().clone()] }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        rustls::pki_types::pem::PemObject::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

struct World {
    good: Authority,
    other: Authority,
    cache: Cache,
}

impl World {
    fn new() -> Self {
        let good = authority("good");
        let cache = Cache::default();
        cache.machine.set(Arc::new(Roots::parse(good.pem().as_bytes()).unwrap().unwrap())).unwrap();
        Self { good, other: authority("other"), cache }
    }

    fn request(&self, changes: &Value) -> Result<Connection, Refusal> {
        self.request_as(changes, Unverified::Refused)
    }

    fn request_as(&self, changes: &Value, unverified: Unverified) -> Result<Connection, Refusal> {
        let mut request = json!({
            "name": "test.example", "roots": [], "system": true, "verify": "required", "check_name": true,
            "alpn": [], "min": 12, "max": 13, "cert": null, "key": null,
        });
        for (key, value) in changes.as_object().unwrap() {
            request[key] = value.clone();
        }
        let plan = Request::parse(request.to_string().as_bytes())?.plan(unverified)?;
        let name = plan.name()?;
        Ok(Connection::open(self.cache.config(&plan)?, name)?)
    }

    fn upload(&self, pem: &str) -> String {
        self.cache
            .keep(pem.as_bytes())
            .unwrap()
            .unwrap()
            .name
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn server(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<&Authority>,
) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    builder.with_single_cert(identity.chain.clone(), identity.key()).unwrap()
}

type Versions<'a> = &'a [&'static SupportedProtocolVersion];

const BOTH: Versions<'static> = &[&TLS12, &TLS13];

/// Carries everything both ways until nothing moves; what the client takes is cut into parts of `cut` bytes. What the server got,
/// or what it thinks of it.
fn pump(
    client: &mut Connection,
    server: &mut ServerConnection,
    cut: usize,
) -> Result<Vec<u8>, rustls::Error> {
    let mut error = None;
    let mut plaintext = Vec::new();
    loop {
        let mut moved = false;
        let mut buffer = vec![0; cut];
        loop {
            let taken = client.take(&mut buffer);
            if taken == 0 {
                break;
            }
            moved = true;
            let mut sent = &buffer[..taken];
            while !sent.is_empty() && error.is_none() {
                server.read_tls(&mut sent).unwrap();
                error = server.process_new_packets().err();
                // That it would block, or that nothing more comes.
                let _end = server.reader().read_to_end(&mut plaintext);
            }
        }
        let mut sent = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut sent).unwrap();
        }
        for part in sent.chunks(cut) {
            moved = true;
            match client.feed(part) {
                Ok(taken) => assert_eq!(taken, part.len()),
                Err(stuck) => assert_eq!(stuck, Stuck::Failed),
            }
        }
        if !moved {
            return error.map_or(Ok(plaintext), Err);
        }
    }
}

fn text(client: &Connection, fact: Fact) -> String {
    String::from_utf8(client.fact(fact).unwrap_or_default()).unwrap()
}

/// How it went: `TLSv1.3`, or why not.
fn ending(client: &mut Connection) -> String {
    if client.state() & 1 == 0 && client.state() & 16 == 0 {
        return text(client, Fact::Version);
    }
    let failure: Value = serde_json::from_str(&text(client, Fact::Failure)).unwrap();
    let code = failure["verify_code"].as_u64().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{}{code}: {}", failure["reason"].as_str().unwrap(), failure["message"].as_str().unwrap())
}

fn check(
    name: &str,
    opened: Result<Connection, Refusal>,
    config: ServerConfig,
    expected: &str,
) -> Connection {
    let mut client = opened.unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
    let mut server = ServerConnection::new(Arc::new(config)).unwrap();
    let _servers_view = pump(&mut client, &mut server, 1000);
    assert_eq!(ending(&mut client), expected, "{name}");
    client
}

#[test]
fn certificates() {
    let world = World::new();
    let good = Identity::of(Some(&world.good), |_| {});
    let stranger = Identity::of(Some(&world.other), |_| {});
    let with_root = Identity {
        chain: vec![stranger.chain[0].clone(), world.other.der().clone()],
        ..Identity::of(None, |_| {})
    };
    let with_root = Identity { key: stranger.key.clone(), ..with_root };
    let expired = Identity::of(Some(&world.good), |params| params.not_after = date_time_ymd(2001, 1, 1));
    let early = Identity::of(Some(&world.good), |params| params.not_before = date_time_ymd(2999, 1, 1));
    let own = Identity::of(None, |_| {});
    let own_ca = Identity::of(None, |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let own_expired = Identity::of(None, |params| params.not_after = date_time_ymd(2001, 1, 1));
    let other = world.upload(&world.other.pem());
    let upload = |identity: &Identity| world.upload(&identity.cert);
    let unknown = "CERTIFICATE_VERIFY_FAILED 20: unable to get local issuer certificate";
    let wrong = "CERTIFICATE_VERIFY_FAILED 62: Hostname mismatch, certificate is not valid for 'x.example'.";
    let over = "CERTIFICATE_VERIFY_FAILED 10: certificate has expired";
    let alone = "CERTIFICATE_VERIFY_FAILED 18: self-signed certificate";
    let rows: &[(&str, &Identity, Value, &str)] = &[
        ("good", &good, json!({}), "TLSv1.3"),
        ("by wildcard", &good, json!({"name": "a.wild.example"}), "TLSv1.3"),
        ("by address", &good, json!({"name": "127.0.0.1"}), "TLSv1.3"),
        ("wrong name", &good, json!({"name": "x.example"}), wrong),
        (
            "wrong address",
            &good,
            json!({"name": "127.0.0.2"}),
            "CERTIFICATE_VERIFY_FAILED 64: IP address mismatch, certificate is not valid for '127.0.0.2'.",
        ),
        ("wrong name, forgiven", &good, json!({"name": "x.example", "check_name": false}), "TLSv1.3"),
        ("no name", &good, json!({"name": null, "check_name": false}), "TLSv1.3"),
        ("unknown, name forgiven", &stranger, json!({"check_name": false}), unknown),
        ("unknown", &stranger, json!({}), unknown),
        ("trusting nothing", &good, json!({"system": false}), unknown),
        ("own roots only", &stranger, json!({"system": false, "roots": [other]}), "TLSv1.3"),
        ("own roots only, another", &good, json!({"system": false, "roots": [other]}), unknown),
        ("own roots too", &good, json!({"roots": [other]}), "TLSv1.3"),
        (
            "its root comes along",
            &with_root,
            json!({}),
            "CERTIFICATE_VERIFY_FAILED 19: self-signed certificate in certificate chain",
        ),
        ("expired", &expired, json!({}), over),
        ("not yet", &early, json!({}), "CERTIFICATE_VERIFY_FAILED 9: certificate is not yet valid"),
        ("self-signed", &own, json!({}), alone),
        ("self-signed authority", &own_ca, json!({}), alone),
        ("self-signed, given", &own, json!({"roots": [upload(&own)]}), "TLSv1.3"),
        ("self-signed authority, given", &own_ca, json!({"roots": [upload(&own_ca)]}), "TLSv1.3"),
        (
            "self-signed, given, wrong name",
            &own,
            json!({"roots": [upload(&own)], "name": "x.example"}),
            wrong,
        ),
        ("self-signed, given, expired", &own_expired, json!({"roots": [upload(&own_expired)]}), over),
        ("if need be", &good, json!({"verify": "if_must", "check_name": false}), "TLSv1.3"),
        ("if need be, unknown", &stranger, json!({"verify": "if_must", "check_name": false}), unknown),
    ];
    for (name, identity, changes, expected) in rows {
        for (versions, version) in [(BOTH, "TLSv1.3"), (&[&TLS12][..], "TLSv1.2")] {
            let expected = if expected.starts_with("TLS") { version } else { expected };
            let config = server(identity, versions, None);
            let client = check(name, world.request(changes), config, expected);
            let der = client.fact(Fact::Certificate(0));
            assert!(der.is_none() || der.as_deref() == Some(&*identity.chain[0]), "{name}");
        }
    }
}

#[test]
fn certificates_are_not_checked_where_that_is_granted() {
    let world = World::new();
    let expired = Identity::of(Some(&world.good), |params| params.not_after = date_time_ymd(2001, 1, 1));
    for verify in ["none", "if_must"] {
        let request = world.request_as(&json!({"verify": verify, "check_name": false}), Unverified::Granted);
        check("unverified", request, server(&expired, BOTH, None), "TLSv1.3");
    }
}

#[test]
fn versions_and_protocols() {
    let world = World::new();
    let good = Identity::of(Some(&world.good), |_| {});
    let rows: &[(&str, Versions<'_>, &[&str], Value, &str)] = &[
        ("the newest", BOTH, &[], json!({}), "TLSv1.3"),
        ("at most 1.2", BOTH, &[], json!({"max": 12}), "TLSv1.2"),
        ("at least 1.3", BOTH, &[], json!({"min": 13}), "TLSv1.3"),
        (
            "too old",
            &[&TLS12],
            &[],
            json!({"min": 13}),
            "TLSV1_ALERT_PROTOCOL_VERSION: tlsv1 alert protocol version",
        ),
        (
            "too new",
            &[&TLS13],
            &[],
            json!({"max": 12}),
            "TLSV1_ALERT_PROTOCOL_VERSION: tlsv1 alert protocol version",
        ),
        ("a protocol", BOTH, &["h2", "http/1.1"], json!({"alpn": ["http/1.1"]}), "TLSv1.3"),
        ("the server's first", BOTH, &["h2", "http/1.1"], json!({"alpn": ["http/1.1", "h2"]}), "TLSv1.3"),
        (
            "none in common",
            BOTH,
            &["h2"],
            json!({"alpn": ["x"]}),
            "TLSV1_ALERT_NO_APPLICATION_PROTOCOL: tlsv1 alert no application protocol",
        ),
    ];
    for (name, versions, protocols, changes, expected) in rows {
        let mut config = server(&good, versions, None);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let client = check(name, world.request(changes), config, expected);
        let chosen = protocols.iter().find(|name| {
            changes["alpn"].as_array().is_some_and(|asked| asked.iter().any(|asked| asked == *name))
        });
        assert_eq!(text(&client, Fact::Alpn), chosen.copied().unwrap_or_default(), "{name}");
    }
}

#[test]
fn client_certificates() {
    let world = World::new();
    let good = Identity::of(Some(&world.good), |_| {});
    let client = Identity::of(Some(&world.other), |_| {});
    let stranger = Identity::of(None, |_| {});
    let config = || server(&good, &[&TLS12], Some(&world.other));
    let with = |identity: &Identity| json!({"cert": identity.cert, "key": identity.key});
    check("good", world.request(&with(&client)), config(), "TLSv1.2");
    let both = format!("{}{}", client.cert, client.key);
    check("one file", world.request(&json!({"cert": both})), config(), "TLSv1.2");
    let missing = "TLSV13_ALERT_CERTIFICATE_REQUIRED: tlsv13 alert certificate required";
    check("none", world.request(&json!({})), config(), missing);
    let unknown = world.request(&with(&stranger));
    check("unknown", unknown, config(), "TLSV1_ALERT_UNKNOWN_CA: tlsv1 alert unknown ca");
}

#[test]
fn requests_that_are_refused() {
    let world = World::new();
    let client = Identity::of(None, |_| {});
    let long = "x".repeat(256);
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let rows = [
        (json!({"verify": "none"}), "not granted"),
        (json!({"roots": ["0".repeat(64)]}), "unknown roots"),
        (json!({"roots": ["é".repeat(32)]}), "INVALID_REQUEST"),
        (json!({"roots": ["00"]}), "INVALID_REQUEST"),
        (json!({"roots": vec!["0".repeat(64); 17]}), "INVALID_REQUEST"),
        (json!({"alpn": [""]}), "INVALID_REQUEST"),
        (json!({"alpn": [long]}), "INVALID_REQUEST"),
        (json!({"alpn": vec!["x"; 33]}), "INVALID_REQUEST"),
        (json!({"name": null}), "INVALID_REQUEST"),
        (json!({"name": ""}), "INVALID_REQUEST"),
        (json!({"name": "a b"}), "INVALID_REQUEST"),
        (json!({"name": "a.".repeat(200)}), "INVALID_REQUEST"),
        (json!({"name": 1}), "INVALID_REQUEST"),
        (json!({"more": 1}), "INVALID_REQUEST"),
        (json!({"min": 14}), "NO_PROTOCOLS_AVAILABLE"),
        (json!({"max": 11}), "NO_PROTOCOLS_AVAILABLE"),
        (json!({"min": -1}), "INVALID_REQUEST"),
        (json!({"cert": "x", "key": client.key}), "NO_START_LINE"),
        (json!({"cert": client.cert, "key": "x"}), "NO_START_LINE"),
        (json!({"cert": format!("{}{}", client.cert, broken), "key": client.key}), "PEM_LIB"),
        (json!({"cert": client.cert, "key": Identity::of(None, |_| {}).key}), "KEY_VALUES_MISMATCH"),
        (json!({"key": client.key}), "INVALID_REQUEST"),
    ];
    for (changes, expected) in rows {
        let refused = match world.request(&changes) {
            Ok(_) => "accepted",
            Err(Refusal::NotGranted) => "not granted",
            Err(Refusal::UnknownRoots) => "unknown roots",
            Err(Refusal::Failed(Failure { reason, .. })) => reason,
        };
        assert_eq!(refused, expected, "{changes}");
    }
    for json in ["", "{}", "[", "null", "\0"] {
        assert!(Request::parse(json.as_bytes()).is_err(), "{json}");
    }
}

/// A connection that stands, at both ends.
fn connected(world: &World, changes: &Value) -> (Connection, ServerConnection) {
    let good = Identity::of(Some(&world.good), |_| {});
    let mut client = world.request(changes).unwrap();
    let mut server = ServerConnection::new(Arc::new(server(&good, BOTH, None))).unwrap();
    assert_eq!(client.write(b"early"), Err(Stuck::Again));
    assert_eq!(pump(&mut client, &mut server, 7), Ok(Vec::new()));
    (client, server)
}

#[test]
fn bytes_go_both_ways() {
    let world = World::new();
    for changes in [json!({"max": 12}), json!({})] {
        let (mut client, mut server) = connected(&world, &changes);
        let mut buffer = vec![0; 1 << 20];
        assert_eq!(client.read(&mut buffer), Err(Stuck::Again));
        assert_eq!(client.write(b"").unwrap(), 0);
        // More than it buffers.
        let mut written = 0;
        while let Ok(more) = client.write(&buffer[written..]) {
            written += more;
        }
        assert!((60_000..80_000).contains(&written), "{written}");
        assert_eq!(pump(&mut client, &mut server, 1 << 20).unwrap().len(), written);
        // What is not read holds up what comes after it, and nothing is lost.
        server.set_buffer_limit(None);
        let sent: Vec<u8> = (0..200_000u32).map(|at| at as u8).collect();
        server.writer().write_all(&sent).unwrap();
        server.send_close_notify();
        let mut ciphertext = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut ciphertext).unwrap();
        }
        let (mut fed, mut received): (usize, Vec<u8>) = (0, Vec::new());
        loop {
            fed += client.feed(&ciphertext[fed..]).unwrap();
            assert!(client.state() >> 8 <= 64 << 10, "{}", client.state() >> 8);
            match client.read(&mut buffer[..5000]) {
                Ok(0) => break,
                Ok(read) => received.extend(&buffer[..read]),
                Err(stuck) => panic!("{stuck:?}"),
            }
        }
        assert!(received == sent);
        assert_ne!(client.state() & 8, 0);
        assert!(client.records() > 200_000 / (16 << 10));
        client.notify();
        assert_eq!(pump(&mut client, &mut server, 1000), Ok(Vec::new()));
        assert_eq!(server.reader().read(&mut buffer).unwrap(), 0);
    }
}

#[test]
fn what_is_not_tls() {
    let world = World::new();
    let huge = [[22, 3, 3, 0xff, 0xff].to_vec(), vec![0; 70_000]].concat();
    let endless = [[22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff].to_vec(), vec![0; 70_000]].concat();
    let rows: &[(&str, &[u8], Option<&str>)] = &[
        ("http", b"HTTP/1.1 400 Bad Request\r\n\r\n", Some("WRONG_VERSION_NUMBER")),
        ("smtp", b"220 mail.example ESMTP\r\n", Some("WRONG_VERSION_NUMBER")),
        ("zeros", &[0; 100], Some("WRONG_VERSION_NUMBER")),
        ("a huge record", &huge, Some("WRONG_VERSION_NUMBER")),
        ("a huge message", &endless, Some("BAD_DATA")),
        ("an alert", &[21, 3, 3, 0, 2, 2, 40], Some("SSLV3_ALERT_HANDSHAKE_FAILURE")),
        ("data too early", &[23, 3, 3, 0, 1, 0], Some("UNEXPECTED_MESSAGE")),
        ("cut off", &[22, 3, 3, 0, 100, 2], None),
        ("nothing", &[], None),
    ];
    for (name, bytes, reason) in rows {
        for cut in [1, 5, 100_000] {
            let mut client = world.request(&json!({})).unwrap();
            let mut failed = false;
            for part in bytes.chunks(cut) {
                failed |= client.feed(part) == Err(Stuck::Failed);
            }
            assert_eq!(failed, reason.is_some(), "{name} in parts of {cut}");
            if let Some(reason) = reason {
                let failure: Value = serde_json::from_str(&text(&client, Fact::Failure)).unwrap();
                assert_eq!(failure["reason"], *reason, "{name} in parts of {cut}: {failure}");
                assert_eq!(client.feed(b"x"), Err(Stuck::Failed));
                assert_eq!(client.write(b"x"), Err(Stuck::Failed));
                assert_eq!(client.read(&mut [0; 8]), Err(Stuck::Failed));
                assert_ne!(client.state() & 16, 0);
            }
        }
    }
}

#[test]
fn one_flipped_bit_ends_a_connection() {
    let world = World::new();
    let (mut client, mut server) = connected(&world, &json!({}));
    server.writer().write_all(b"secret").unwrap();
    let mut ciphertext = Vec::new();
    server.write_tls(&mut ciphertext).unwrap();
    *ciphertext.last_mut().unwrap() ^= 1;
    assert_eq!(client.feed(&ciphertext), Err(Stuck::Failed));
    assert!(ending(&mut client).starts_with("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"));
    // The server is told.
    assert_ne!(client.take(&mut [0; 1000]), 0);
}

#[test]
fn sets_of_roots_are_kept_up_to_a_bound() {
    let cache = Cache::default();
    let one = authority("one").pem();
    let count = |pem: &str| cache.keep(pem.as_bytes()).map(|kept| kept.map(|kept| kept.count));
    assert_eq!(count(""), Ok(None));
    // What is cut, no base64, or no certificate; and what it would hide behind it.
    for broken in ["AAAA", "A!AA\n-----END CERTIFICATE-----\n", "MAAwAA==\n-----END CERTIFICATE-----\n"] {
        let broken = format!("-----BEGIN CERTIFICATE-----\n{broken}");
        for pem in [format!("{broken}{one}"), format!("{one}{broken}")] {
            assert_eq!(count(&pem).unwrap_err().reason, "PEM_LIB", "{pem}");
        }
    }
    let two = format!("text\n{one}text\n{}", authority("two").pem());
    assert_eq!(count(&two), Ok(Some(2)));
    let keep = |pem: &str| cache.keep(pem.as_bytes()).unwrap().unwrap();
    let first = keep(&one);
    assert!(first.new && !keep(&one).new);
    let padding = "x".repeat(3 << 20);
    for number in 0..20 {
        keep(&format!("{number}{padding}\n{one}"));
    }
    let name: String = first.name.iter().map(|byte| format!("{byte:02x}")).collect();
    let world = World { cache, ..World::new() };
    let gone = world.request(&json!({"roots": [name], "system": false}));
    assert_eq!(gone.err(), Some(Refusal::UnknownRoots));
    world.upload(&one);
    assert!(world.request(&json!({"roots": [name], "system": false})).is_ok());
}

const END: i64 = MEMORY_BYTES as i64;
const MAX: i64 = u32::MAX as i64;
const MIN: i64 = i32::MIN as i64;
const REQUEST: &str = r#"{"name": "test.example", "roots": [], "system": false, "verify": "required",
    "check_name": true, "alpn": [], "min": 12, "max": 13, "cert": null, "key": null}"#;

impl Puppet {
    /// A guest in its run, with a connection.
    async fn connected() -> (Self, i64) {
        let mut puppet = Self::new().await;
        puppet.store.data_mut().tls.begin(Unverified::Refused);
        puppet.put(0, REQUEST.as_bytes());
        let number = puppet.open_tls().await;
        assert!(number > 0, "{number}");
        (puppet, number)
    }

    async fn open_tls(&mut self) -> i64 {
        match self.call("tls.open", &[0, REQUEST.len() as i64]).await {
            Number(number) => number,
            other @ (Answer::Nothing | Ended(_)) => panic!("{other:?}"),
        }
    }
}

/// Where a function takes an address, what lies inside is served and what does not ends the run, before anything is taken.
#[tokio::test]
async fn addresses_are_checked() {
    const AT: i64 = i64::MIN;
    const IT: i64 = i64::MIN + 1;
    // (function, arguments of which each `AT` is an address and each `IT` a connection, bytes that it needs there)
    let rows: &[(&str, &[i64], i64)] = &[
        ("tls.roots", &[AT, 10, 0], 10),
        ("tls.roots", &[0, 10, AT], 32),
        ("tls.check", &[AT, 10], 10),
        ("tls.open", &[AT, 10], 10),
        ("tls.feed", &[IT, AT, 10], 10),
        ("tls.take", &[IT, AT, 10], 10),
        ("tls.write", &[IT, AT, 10], 10),
        ("tls.read", &[IT, AT, 10], 10),
        ("tls.fact", &[IT, 1, AT, 10], 10),
    ];
    for (name, arguments, bytes) in rows {
        for (at, served) in [
            (0, true),
            (END - bytes, true),
            (END - bytes + 1, false),
            (END - 1, false),
            (END, false),
            (MAX, false),
            (MAX - bytes, false),
            (MIN, false),
        ] {
            let (mut puppet, number) = Puppet::connected().await;
            let value = |argument: &i64| match *argument {
                AT => at,
                IT => number,
                other => other,
            };
            let arguments: Vec<i64> = arguments.iter().map(value).collect();
            let answer = puppet.call(name, &arguments).await;
            assert_eq!(matches!(answer, Number(_)), served, "{name}{arguments:?}: {answer:?}");
            if *name == "tls.take" && !served {
                assert_eq!(puppet.call("tls.take", &[number, 0, 10]).await, Number(10), "nothing is lost");
            }
        }
    }
}

#[tokio::test]
async fn numbers_that_are_none() {
    let (mut puppet, number) = Puppet::connected().await;
    let length = REQUEST.len() as i64;
    let rows: &[(&str, &[i64], i64)] = &[
        ("tls.roots", &[0, MAX, 0], -35),
        ("tls.roots", &[0, (4 << 20) + 1, 0], -35),
        ("tls.roots", &[0, 0, 0], 0),
        ("tls.check", &[0, MAX], -35),
        ("tls.check", &[0, (1 << 20) + 1], -35),
        ("tls.check", &[0, length], 0),
        ("tls.check", &[0, length - 1], -28),
        ("tls.open", &[0, MIN], -35),
        ("tls.open", &[0, 0], -28),
        ("tls.feed", &[number, 0, 0], 0),
        ("tls.feed", &[0, 0, 1], -8),
        ("tls.feed", &[number ^ 1, 0, 1], -8),
        ("tls.take", &[MAX, 0, 1], -8),
        ("tls.write", &[MIN, 0, 1], -8),
        ("tls.write", &[number, 0, 1], -6),
        ("tls.read", &[number, 0, 1], -6),
        ("tls.read", &[0, 0, 1], -8),
        ("tls.state", &[number], 1 | 2),
        ("tls.state", &[0], -8),
        ("tls.notify", &[0], -8),
        ("tls.fact", &[number, 0, 0, 0], -44),
        ("tls.fact", &[number, MAX, 0, 0], -28),
        ("tls.fact", &[number, MIN, 0, 0], -28),
        ("tls.fact", &[number, i32::MAX as i64, 0, 0], -44),
        ("tls.fact", &[0, 1, 0, 0], -8),
        ("tls.carried", &[number, MIN], 0),
        ("tls.carried", &[number, 512], 0),
        ("tls.carried", &[0, 512], -8),
        ("tls.close", &[number], 0),
        ("tls.close", &[number], -8),
        ("tls.state", &[number], -8),
    ];
    for (name, arguments, expected) in rows {
        assert_eq!(puppet.call(name, arguments).await, Number(*expected), "{name}{arguments:?}");
    }
}

#[tokio::test]
async fn connections_are_counted_and_paid() {
    let (mut puppet, first) = Puppet::connected().await;
    for _ in 1..CONNECTIONS_MAX {
        assert!(puppet.open_tls().await > 0);
    }
    assert_eq!(puppet.open_tls().await, -33);
    assert_eq!(puppet.call("tls.close", &[first]).await, Number(0));
    let again = puppet.open_tls().await;
    assert!(again > 0 && again != first, "no number is given twice");
    let spent = crate::tests::FUEL - puppet.store.get_fuel().unwrap();
    assert!(spent > 4_000_000 * CONNECTIONS_MAX as u64, "{spent}");
}

#[tokio::test]
async fn contexts_but_no_connections_outside_of_a_run() {
    let mut puppet = Puppet::new().await;
    puppet.put(0, REQUEST.as_bytes());
    assert_eq!(puppet.open_tls().await, -38);
    assert_eq!(puppet.call("tls.check", &[0, REQUEST.len() as i64]).await, Number(0));
    let pem = authority("some").pem();
    puppet.put(1000, pem.as_bytes());
    assert_eq!(puppet.call("tls.roots", &[1000, pem.len() as i64, 0]).await, Number(1));
}

/// The host does not break on anything, and what is not right is answered or ends the run.
#[tokio::test]
async fn garbage_is_survived() {
    // A generator of its own: the same numbers each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let edges = [0, 1, 2, 4, 5, 32, 512, 1 << 14, END - 32, END - 1, END, END + 1, MAX, MIN, MAX - 4];
    let names: Vec<_> = crate::tests::IMPORTS.iter().filter(|(from, ..)| *from == "tls").collect();
    for _ in 0..60 {
        let (mut puppet, mut number) = Puppet::connected().await;
        for _ in 0..100 {
            let (_, name, parameters, _) = names[next() as usize % names.len()];
            let arguments: Vec<i64> = (0..parameters.len())
                .map(|at| match next() % 4 {
                    0 => next() as u32 as i64,
                    1 if at == 0 => number,
                    _ => edges[next() as usize % edges.len()],
                })
                .collect();
            let at = next() as usize % (MEMORY_BYTES - 8);
            puppet.put(at, &next().to_le_bytes());
            match puppet.call(name, &arguments).await {
                Number(answer) if *name == "tls.open" && answer > 0 => number = answer,
                Number(_) => {}
                Answer::Nothing => panic!("{name} answers nothing"),
                Ended(why) => {
                    assert_eq!(why, "the guest passed an address outside of its memory");
                    break;
                }
            }
        }
    }
}
