//! TLS as scripts use it: Python's own modules against servers on this machine.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use actiond_runtime::{Grants, Input, Outcome, Preparation, Unverified};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::pem::PemObject as _};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, ending, limits};

/// Servers of a test; their threads end with the process.
struct Servers {
    ca: String,
    /// Answers one request after another: to GET with `hello`, to POST with the length of what it got.
    https: u16,
    /// Sends back what it gets.
    echo: u16,
    /// Mail, encrypted after STARTTLS.
    smtp: u16,
    /// One line in the clear, then as `echo`.
    upgrade: u16,
    /// Speaks no TLS.
    plain: u16,
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

impl Servers {
    fn start() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let cert = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key);
        let config = Arc::new(config.unwrap());
        let secured = move |plain| StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), plain);
        Self {
            ca: ca.pem(),
            https: serve(secured.clone(), |secured, plain| https(secured(plain))),
            echo: serve(secured.clone(), |secured, plain| echo(secured(plain))),
            smtp: serve(secured.clone(), smtp),
            upgrade: serve(secured.clone(), |secured, mut plain| {
                let mut line = [0; 1];
                while line != *b"\n" && plain.read_exact(&mut line).is_ok() {}
                if plain.write_all(b"go\n").is_ok() {
                    echo(secured(plain));
                }
            }),
            plain: serve(secured, |_, mut plain| {
                let told = plain.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                // Until the client has had enough.
                if told.is_ok() {
                    let _all = plain.read_to_end(&mut Vec::new());
                }
            }),
        }
    }
}

fn serve<Secure>(secured: Secure, conversation: fn(&Secure, TcpStream)) -> u16
where
    Secure: Fn(TcpStream) -> Stream + Clone + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for plain in listener.incoming().flatten() {
            let secured = secured.clone();
            thread::spawn(move || conversation(&secured, plain));
        }
    });
    port
}

fn echo(mut stream: Stream) {
    let mut buffer = vec![0; 65536];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
    stream.conn.send_close_notify();
    let _farewell = stream.flush();
}

fn https(stream: Stream) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut line, mut first) = (0, String::new(), String::new());
        loop {
            line.clear();
            if !matches!(stream.read_line(&mut line), Ok(1..)) {
                return;
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let answer = match first.split(' ').nth(1) {
            Some("/large") => "x".repeat(4 << 20),
            _ if first.starts_with("POST") => body.len().to_string(),
            _ => "hello".to_owned(),
        };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn smtp<Secure: Fn(TcpStream) -> Stream>(secured: &Secure, plain: TcpStream) {
    fn talk(mut stream: impl std::io::Read + std::io::Write, greet: bool) -> bool {
        let mut line = Vec::new();
        if greet && stream.write_all(b"220 ready\r\n").is_err() {
            return false;
        }
        let mut byte = [0];
        loop {
            line.clear();
            while !line.ends_with(b"\n") {
                if stream.read_exact(&mut byte).is_err() {
                    return false;
                }
                line.extend(byte);
            }
            let (answer, upgrade): (&[u8], bool) = match line.get(..4).unwrap_or_default() {
                b"ehlo" => (b"250-me\r\n250 STARTTLS\r\n", false),
                b"STAR" => (b"220 go\r\n", true),
                _ => (b"250 yes\r\n", false),
            };
            if stream.write_all(answer).is_err() {
                return false;
            }
            if upgrade {
                return true;
            }
        }
    }
    if talk(&plain, true) {
        talk(secured(plain), false);
    }
}

const HEAD: &str = r#"
import asyncio, http.client, imaplib, json, select, smtplib, socket, ssl, urllib.error, urllib.request
# Made at import: it survives in the image.
TRUSTED = ssl.create_default_context(cafile="ca.pem")

def connect(port, name="localhost", context=TRUSTED, **settings):
    return context.wrap_socket(socket.create_connection(("localhost", port), 10), server_hostname=name, **settings)

def failure(call, *arguments, **settings):
    try:
        call(*arguments, **settings)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def waiting(call, *arguments):
    while True:
        try:
            return call(*arguments)
        except ssl.SSLWantReadError:
            select.select([call.__self__], [], [], 10)
        except ssl.SSLWantWriteError:
            select.select([], [call.__self__], [], 10)
"#;

const UNKNOWN: &str =
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate";
const WRONG: &str = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'x.example'.";

/// (body of `main(p)`, where `p` has the ports; what it returns, as JSON)
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn rows() -> Vec<(&'static str, String)> {
    let text = |text: &str| serde_json::to_string(text).unwrap();
    vec![
        (
            "return urllib.request.urlopen(f'https://localhost:{p.https}/', context=TRUSTED).read().decode()",
            text("hello"),
        ),
        (
            "return len(urllib.request.urlopen(f'https://127.0.0.1:{p.https}/large', context=TRUSTED).read())",
            "4194304".to_owned(),
        ),
        (
            "c = http.client.HTTPSConnection('localhost', p.https, context=TRUSTED)
    answers = []
    for size in (1, 3_000_000, 0):
        c.request('POST', '/', b'x' * size)
        answers.append(int(c.getresponse().read()))
    return answers",
            "[1,3000000,0]".to_owned(),
        ),
        (
            "return failure(urllib.request.urlopen, f'https://localhost:{p.https}/', context=ssl.create_default_context())",
            text(&format!("URLError: <urlopen error {UNKNOWN}>")),
        ),
        (
            "try: connect(p.echo, context=ssl.create_default_context())
    except ssl.SSLCertVerificationError as e: return [e.reason, e.library, e.verify_code, e.verify_message, isinstance(e, ValueError)]",
            r#"["CERTIFICATE_VERIFY_FAILED","SSL",20,"unable to get local issuer certificate",true]"#.to_owned(),
        ),
        (
            "return failure(connect, p.echo, name='x.example')",
            text(&format!("SSLCertVerificationError: {WRONG}")),
        ),
        (
            "c = ssl.create_default_context(cafile='ca.pem'); c.check_hostname = False
    return connect(p.echo, name='x.example', context=c).version()",
            text("TLSv1.3"),
        ),
        (
            "c = ssl.create_default_context(cadata=open('ca.pem').read()); c.maximum_version = ssl.TLSVersion.TLSv1_2
    s = connect(p.echo, context=c)
    return [s.version(), s.cipher()[1], s.getpeercert()['subjectAltName'], len(s.getpeercert(True)) > 200]",
            r#"["TLSv1.2","TLSv1.2",[["DNS","localhost"],["IP Address","127.0.0.1"]],true]"#.to_owned(),
        ),
        (
            "return failure(connect, p.plain)",
            text("SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number"),
        ),
        (
            "s = connect(p.echo)
    s.sendall(b'x' * 300_000)
    got = 0
    while got < 300_000: got += len(s.recv(100_000))
    s.sendall(b'bye'); b = bytearray(9); n = s.recv_into(b)
    s.settimeout(0.1)
    late = failure(s.recv, 1)
    s.settimeout(10)
    return [got, n, b[:3].decode(), late, s.pending(), s.unwrap() is s, failure(s.read)[:10]]",
            r#"[300000,3,"bye","TimeoutError: timed out",0,true,"ValueError"]"#.to_owned(),
        ),
        (
            "s = socket.create_connection(('localhost', p.echo)); s.setblocking(False)
    s = TRUSTED.wrap_socket(s, server_hostname='localhost', do_handshake_on_connect=False)
    waiting(s.do_handshake)
    data, sent, got = memoryview(b'x' * 1_000_000), 0, 0
    while got < len(data):
        try:
            if sent < len(data): sent += s.send(data[sent:])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError): pass
        try: got += len(s.recv(65536))
        except ssl.SSLWantReadError: select.select([s], [s] if sent < len(data) else [], [], 10)
    return [sent, got]",
            "[1000000,1000000]".to_owned(),
        ),
        (
            "m = smtplib.SMTP('localhost', p.smtp, timeout=10)
    first = m.starttls(context=TRUSTED)[0]
    m.ehlo()
    return [first, m.noop()[0], m.sock.version(), failure(smtplib.SMTP('localhost', p.smtp).starttls)]",
            format!(r#"[220,250,"TLSv1.3","SSLCertVerificationError: {UNKNOWN}"]"#),
        ),
        (
            "async def talk():
        r, w = await asyncio.open_connection('localhost', p.echo, ssl=TRUSTED)
        w.write(b'x' * 500_000); await w.drain()
        n = len(await r.readexactly(500_000))
        version = w.get_extra_info('ssl_object').version()
        w.close(); await w.wait_closed()
        return [n, version]
    return asyncio.run(talk())",
            r#"[500000,"TLSv1.3"]"#.to_owned(),
        ),
        (
            "async def talk():
        r, w = await asyncio.open_connection('localhost', p.upgrade)
        w.write(b'STARTTLS\\n'); line = await r.readline()
        await w.start_tls(TRUSTED, server_hostname='localhost')
        w.write(b'secret'); return [line.decode(), (await r.readexactly(6)).decode()]
    return asyncio.run(talk())",
            r#"["go\n","secret"]"#.to_owned(),
        ),
        (
            "async def one():
        r, w = await asyncio.open_connection('localhost', p.https, ssl=TRUSTED)
        w.write(b'GET / HTTP/1.1\\r\\n\\r\\n'); line = await r.readline(); w.close()
        return line.decode()
    async def all(): return set(await asyncio.gather(*[one() for _ in range(10)]))
    return list(asyncio.run(all()))",
            r#"["HTTP/1.1 200 OK\r\n"]"#.to_owned(),
        ),
        (
            "async def talk(): await asyncio.open_connection('localhost', p.echo, ssl=True)
    return failure(asyncio.run, talk())",
            text(&format!("SSLCertVerificationError: {UNKNOWN}")),
        ),
        // What is not offered.
        (
            "return failure(TRUSTED.wrap_socket, socket.create_connection(('localhost', p.echo)), server_side=True)",
            text("NotImplementedError: TLS for servers is not offered here: an action connects, it does not listen"),
        ),
        (
            "c = ssl.create_default_context(); c.maximum_version = ssl.TLSVersion.TLSv1_1
    return failure(connect, p.echo, context=c)[:60]",
            text("SSLError: [SSL: NO_PROTOCOLS_AVAILABLE] no protocols availab"),
        ),
        // Below the module.
        (
            "import _tls
    return [_tls.open(b'x'), _tls.open(b'x' * (2 << 20)), _tls.roots(b'x'), _tls.roots(b'x' * (5 << 20)), _tls.feed(7, b'x'),
            _tls.take(-7, 10), _tls.read(0, 1 << 30), _tls.write(1 << 20, b''), _tls.state(0), _tls.notify(-1), _tls.close(3),
            _tls.fact(5, 0), _tls.fact(5, -5), _tls.carried(1, 2), json.loads(_tls.fact(0, 0))['reason']]",
            r#"[-28,-35,0,-35,-8,-8,-8,-8,-8,-8,-8,-8,-28,-8,"INVALID_REQUEST"]"#.to_owned(),
        ),
        (
            "n = [TRUSTED.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname='x') for _ in range(128)]
    return failure(TRUSTED.wrap_bio, ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname='x')",
            text("OSError: [Errno 33] too many TLS connections at one time"),
        ),
    ]
}

/// Runs each row's body.
async fn check(rows: Vec<(&str, String)>, unverified: Unverified) -> Vec<Outcome> {
    let bench = Bench::new().await;
    let servers = Servers::start();
    let ports = serde_json::json!({"https": servers.https, "echo": servers.echo, "smtp": servers.smtp,
        "upgrade": servers.upgrade, "plain": servers.plain});
    let rule = |text: &str| text.parse().unwrap();
    let grants = Grants::new([rule("localhost"), rule("127.0.0.0/8")]).with_unverified_tls(unverified);
    let (mut wrong, mut outcomes) = (Vec::new(), Vec::new());
    for (body, expected) in rows {
        let main = format!(
            "{HEAD}\nclass p: pass\ndef main(data):\n    for port in data[0].items(): setattr(p, *port)\n    {body}\n"
        );
        let source = bench.source(&[("main.py", &main), ("ca.pem", &servers.ca)]);
        let prepared = match bench.prepare(source).await {
            Preparation::Ready(prepared) => prepared,
            other => panic!("not ready: {other:#?}"),
        };
        assert_eq!(prepared.imported_each_run(), None);
        let data = format!("[{ports}]");
        let input = Input { grants: grants.clone(), ..Input::new(&data, CancellationToken::new()) };
        let outcome = bench.engine.start(&prepared, &limits()).unwrap().call(input).await.unwrap();
        if ending(&outcome) != expected {
            wrong.push(format!(
                "{body}\n  ended {}\n  not   {expected}\n{:#?}",
                ending(&outcome),
                outcome.end
            ));
        }
        outcomes.push(outcome);
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    outcomes
}

#[tokio::test]
async fn scripts_speak_tls() {
    let bodies: Vec<_> = rows().into_iter().map(|(body, _)| body).collect();
    let outcomes = check(rows(), Unverified::Refused).await;
    // The first is `urllib`: its connection is in the record, as one with TLS.
    let tls: Vec<_> = outcomes[0].connections.iter().map(|connection| connection.tls).collect();
    assert_eq!(tls, [true]);
    // So are those that `asyncio` encrypts in memory, at once or after a word in the clear.
    let in_memory =
        |body: &str| body.contains("asyncio.open_connection('localhost'") && body.contains("TRUSTED");
    let ran = bodies.iter().zip(&outcomes).filter(|(body, _)| in_memory(body)).map(|(_, outcome)| outcome);
    let tls: Vec<_> =
        ran.map(|ran| ran.connections.iter().filter(|connection| connection.tls).count()).collect();
    assert_eq!(tls, [1, 1, 10]);
}

/// With what is granted or not: (body, what it returns).
const UNVERIFIED: &str = "c = ssl._create_unverified_context()
    f = failure(connect, p.echo, context=c, name='x.example')
    m = smtplib.SMTP('localhost', p.smtp, timeout=10)
    return [f and f[:74], failure(m.starttls)]";

#[tokio::test]
async fn certificates_are_checked_unless_the_contrary_is_granted() {
    let refused = format!(
        r#"["SSLPermissionError: a server's certificate must be checked: verify_mode = ","SSLCertVerificationError: {UNKNOWN}"]"#
    );
    check(vec![(UNVERIFIED, refused)], Unverified::Refused).await;
    check(vec![(UNVERIFIED, "[null,null]".to_owned())], Unverified::Granted).await;
}

/// While an action is imported there is no network, and what it prepared works in its runs.
#[tokio::test]
async fn no_connection_while_an_action_is_imported() {
    let bench = Bench::new().await;
    let main = "import ssl\ntry: ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname='x')
except OSError as e: LEFT = str(e)\ndef main(): return LEFT";
    let outcome = bench.outcome(main, "[]").await;
    let expected = "\"[Errno 38] no connection while the action is imported: connect in main()\"";
    assert_eq!(ending(&outcome), expected);
}
