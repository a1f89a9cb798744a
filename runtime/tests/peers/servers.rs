//! Servers that do to their clients what no honest server would, each on a port of its own. Each of their threads ends when its
//! client has gone.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustix::event::{PollFd, PollFlags};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::sync::watch;

/// Longer than any client stays.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two bytes of a server that takes its time.
const DRIP: Duration = Duration::from_millis(2);

type Secured = StreamOwned<ServerConnection, TcpStream>;
type Serve = fn(TcpStream, &Configs) -> std::io::Result<()>;

/// All of them.
pub(crate) struct Servers {
    pub(crate) ca: String,
    pub(crate) ports: BTreeMap<&'static str, u16>,
    /// Connections that they hold.
    live: watch::Sender<usize>,
}

/// Ways to speak TLS.
struct Configs {
    honest: Arc<ServerConfig>,
    /// Sends thousands of session tickets.
    tickets: Arc<ServerConfig>,
    /// Has a chain of hundreds of certificates.
    chain: Arc<ServerConfig>,
}

/// Each by the name that scripts have for it.
const SERVERS: &[(&str, Serve)] = &[
    ("echo", |mut stream, _| std::io::copy(&mut stream.try_clone()?, &mut stream).map(drop)),
    ("silent", |mut stream, _| stream.read_to_end(&mut Vec::new()).map(drop)),
    ("deaf", |stream, _| until_gone(&stream)),
    ("drip", |stream, _| drip(stream, |_| b'x')),
    ("flood", |stream, _| forever(stream, &[0; 65_536])),
    ("reset", reset),
    ("leaves", |stream, _| stream.shutdown(Shutdown::Write)),
    // HTTP, after the request.
    ("headers", |stream, _| http(stream, "", b"X-A: b\r\n")),
    ("line", |stream, _| http(stream, "X-A: ", b"bbbbbbbb")),
    ("chunks", |stream, _| http(stream, "Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")),
    ("chunk", |stream, _| {
        http(stream, "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", b"xxxxxxxx")
    }),
    ("length", |stream, _| http(stream, "Content-Length: 999999999999999999\r\n\r\n", b"xxxxxxxx")),
    ("continues", |stream, _| forever(asked(stream)?, b"HTTP/1.1 100 Continue\r\n\r\n")),
    ("dripping", |stream, _| drip(asked(stream)?, |at| b"HTTP/1.1 200 OK\r\nX: "[at.min(19)])),
    // What is no TLS, or not in its place.
    ("noise", |stream, _| forever(stream, &noise())),
    ("mirror", |mut stream, _| std::io::copy(&mut stream.try_clone()?, &mut stream).map(drop)),
    ("long record", |stream, _| forever(stream, &[&[22, 3, 3, 0xff, 0xff][..], &[0; 65_535]].concat())),
    ("empty records", |stream, _| forever(stream, &[22, 3, 3, 0, 0].repeat(1_000))),
    ("empty data", |stream, _| forever(stream, &[23, 3, 3, 0, 0].repeat(1_000))),
    ("warnings", |stream, _| forever(stream, &[21, 3, 3, 0, 2, 1, 90].repeat(1_000))),
    ("ciphers", |stream, _| forever(stream, &[20, 3, 3, 0, 1, 1].repeat(1_000))),
    ("renegotiation", |stream, _| forever(stream, &[22, 3, 3, 0, 4, 0, 0, 0, 0].repeat(1_000))),
    ("long message", |mut stream, _| {
        stream.write_all(&[22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff])?;
        forever(stream, &[&[0; 16_380][..], &[22, 3, 3, 0x40, 0]].concat())
    }),
    ("part of a record", |mut stream, _| {
        stream.write_all(&[22, 3, 3, 0, 100, 2]).and_then(|()| until_gone(&stream))
    }),
    ("part of a hello", |stream, configs| part(stream, configs, 40, After::Waits)),
    ("part of a flight", |stream, configs| part(stream, configs, 300, After::Waits)),
    ("no more of a hello", |stream, configs| part(stream, configs, 40, After::Leaves)),
    ("no more of a flight", |stream, configs| part(stream, configs, 300, After::Leaves)),
    // TLS, and then.
    ("secure", |stream, configs| secured(stream, &configs.honest).and_then(answer)),
    ("tickets", |stream, configs| secured(stream, &configs.tickets).and_then(answer)),
    ("chain", |stream, configs| secured(stream, &configs.chain).and_then(answer)),
    ("keys", |stream, configs| keys(secured(stream, &configs.honest)?)),
    ("secure flood", |stream, configs| forever(secured(stream, &configs.honest)?, &[0; 65_536])),
    ("secure silence", |stream, configs| {
        secured(stream, &configs.honest)?.read_to_end(&mut Vec::new()).map(drop)
    }),
    ("cut off", |stream, configs| {
        let mut stream = secured(stream, &configs.honest)?;
        stream.write_all(b"hel")?;
        // Without a word of farewell.
        stream.sock.shutdown(Shutdown::Write)
    }),
    ("wrong record", |stream, configs| {
        let mut stream = secured(stream, &configs.honest)?;
        stream.write_all(b"hel")?;
        stream.sock.write_all(&[23, 3, 3, 0, 40])?;
        forever(stream.sock, &[7; 64])
    }),
];

impl Servers {
    pub(crate) fn start() -> Self {
        let (ca, configs) = configs();
        let (configs, live) = (Arc::new(configs), watch::Sender::new(0));
        let start = |(name, serve): &(&'static str, Serve)| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let (port, serve) = (listener.local_addr().unwrap().port(), *serve);
            let (configs, live) = (configs.clone(), live.clone());
            thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    let (configs, live) = (configs.clone(), live.clone());
                    live.send_modify(|count| *count += 1);
                    thread::spawn(move || {
                        // What its client does to it is no matter here.
                        let _ = serve(stream, &configs);
                        live.send_modify(|count| *count -= 1);
                    });
                }
            });
            (*name, port)
        };
        Self { ca, ports: SERVERS.iter().map(start).collect(), live }
    }

    /// Waits until a client has come; whether one did.
    pub(crate) async fn asked(&self) -> bool {
        self.until(|count| count > 0).await
    }

    /// Waits until all clients have gone; whether they have.
    pub(crate) async fn left(&self) -> bool {
        self.until(|count| count == 0).await
    }

    async fn until(&self, so: fn(usize) -> bool) -> bool {
        let mut live = self.live.subscribe();
        tokio::time::timeout(PATIENCE / 2, live.wait_for(|count| so(*count))).await.is_ok()
    }
}

/// Waits for the end, or a while, without reading what comes before it: behind a full queue the end is not seen.
fn until_gone(stream: &TcpStream) -> std::io::Result<()> {
    let timeout = rustix::event::Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
    rustix::event::poll(&mut [PollFd::new(stream, PollFlags::RDHUP)], Some(&timeout))?;
    Ok(())
}

fn forever(mut stream: impl Write, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes)?;
    }
}

/// One byte, and another one a little later.
fn drip(mut stream: TcpStream, byte: fn(usize) -> u8) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DRIP))?;
    for at in 0.. {
        stream.write_all(&[byte(at)])?;
        // Its client says nothing: what comes is the end.
        if matches!(stream.read(&mut [0]), Ok(0)) {
            break;
        }
    }
    Ok(())
}

fn reset(stream: TcpStream, _: &Configs) -> std::io::Result<()> {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
    drop(stream);
    Ok(())
}

/// The stream after one request.
fn asked(mut stream: TcpStream) -> std::io::Result<TcpStream> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(stream)
}

fn http(stream: TcpStream, head: &str, then: &[u8]) -> std::io::Result<()> {
    let mut stream = asked(stream)?;
    write!(stream, "HTTP/1.1 200 OK\r\n{head}")?;
    forever(stream, &then.repeat(1_000))
}

/// The same each time.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..65_536).map(|_| next()).collect()
}

#[derive(Clone, Copy)]
enum After {
    Waits,
    Leaves,
}

/// The beginning of an honest server's first flight.
fn part(mut stream: TcpStream, configs: &Configs, len: usize, after: After) -> std::io::Result<()> {
    let mut server = ServerConnection::new(configs.honest.clone()).map_err(std::io::Error::other)?;
    while !server.wants_write() {
        if server.read_tls(&mut stream)? == 0 {
            return Ok(());
        }
        server.process_new_packets().map_err(std::io::Error::other)?;
    }
    let mut flight = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut flight)?;
    }
    stream.write_all(&flight[..len])?;
    match after {
        After::Waits => until_gone(&stream),
        After::Leaves => stream.shutdown(Shutdown::Write).and_then(|()| until_gone(&stream)),
    }
}

/// A connection after its handshake.
fn secured(stream: TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<Secured> {
    let server = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(server, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// Says `hello` and takes its leave.
fn answer(mut stream: Secured) -> std::io::Result<()> {
    stream.write_all(b"hello")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Changes its keys all the time, and asks its client to do so as well.
fn keys(mut stream: Secured) -> std::io::Result<()> {
    loop {
        stream.conn.refresh_traffic_keys().map_err(std::io::Error::other)?;
        stream.write_all(b"x")?;
    }
}

fn configs() -> (String, Configs) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let config = |certificates: usize| {
        let chain =
            [vec![cert.der().clone()], vec![CertificateDer::from(ca.der().to_vec()); certificates - 1]]
                .concat();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        builder.with_single_cert(chain, key).unwrap()
    };
    let mut tickets = config(1);
    tickets.send_tls13_tickets = 1_000;
    let configs =
        Configs { honest: Arc::new(config(1)), tickets: Arc::new(tickets), chain: Arc::new(config(500)) };
    (ca.pem(), configs)
}
