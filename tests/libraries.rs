//! Libraries as they are, each doing a job of its own against servers on loopback: `libraries/<name>/` is an action, with the
//! packages that it declares, and the exact result. The servers' addresses are in its environment, and the certificates
//! beside it. The servers are real ones, but for IMAP, Slack, AWS and Elasticsearch, which answer here as far as is asked.

mod cloud;

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    program::Place,
    services::{
        Answer, Certificates, Ftp, Heard, Mail, Mariadb, Nginx, Peer, Postgres, Redis, WebSocket, address,
    },
};

/// What the actions of one test may use.
struct World {
    certificates: Certificates,
    /// Variables of an action's environment.
    env: Vec<String>,
    /// What it may reach.
    rules: Vec<String>,
}

impl World {
    fn new() -> Self {
        let host = address();
        Self { certificates: Certificates::new(host), env: vec![format!("HOST={host}")], rules: Vec::new() }
    }

    /// Actions may reach this port, and find it under this name.
    fn grant(&mut self, name: &str, port: u16) {
        self.env.push(format!("{name}={port}"));
        self.rules.push(format!("{}:{port}", address()));
    }

    /// Runs the library's action, which returns what is expected.
    fn run(&self, library: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries").join(library);
        let place = Place::new();
        for from in [&folder, self.certificates.path()] {
            for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
                let path = entry.expect("it can be listed").path();
                let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
                place.write(format!("action/{name}"), fs::read(&path).expect("it can be read"));
            }
        }
        let mut arguments = vec!["action"];
        arguments.extend(self.env.iter().flat_map(|variable| ["--env", variable]));
        arguments.extend(self.rules.iter().flat_map(|rule| ["--allow-net", rule]));
        let ended = place.run(&arguments).end();
        assert_eq!(ended.code, 0, "{library}:\n{}", ended.stderr);
        let result: Value = serde_json::from_str(&ended.stdout).expect("a result is JSON");
        assert_eq!(result, place.json("action/expected.json"), "{library}:\n{}", ended.stderr);
    }
}

#[test]
fn http_clients_fetch_and_send_files() {
    let mut world = World::new();
    let nginx = Nginx::start(&world.certificates);
    world.grant("HTTP", nginx.http);
    world.grant("HTTPS", nginx.https);
    for library in ["socket", "ssl", "http_client", "urllib_request", "asyncio"] {
        world.run(library);
    }
    for library in ["requests", "urllib3", "httpx", "aiohttp"] {
        world.run(library);
    }
    // What nginx saw: a few of many.
    let log = nginx.log();
    for line in ["ada GET /secret/file 200", "- PUT /files/requests 201", "- GET /files/aiohttp_secure_9 200"]
    {
        assert!(log.iter().any(|seen| seen == line), "{line}: {log:?}");
    }
}

#[test]
fn databases_keep_what_they_are_given() {
    let mut world = World::new();
    let redis = Redis::start(&world.certificates);
    let postgres = Postgres::start(&world.certificates);
    let mariadb = Mariadb::start(&world.certificates);
    world.grant("REDIS", redis.plain);
    world.grant("REDIS_TLS", redis.secure);
    world.grant("POSTGRES", postgres.port);
    world.grant("MARIADB", mariadb.port);
    for library in ["redis", "pg8000", "pymysql"] {
        world.run(library);
    }
}

#[test]
fn mail_is_sent_and_read() {
    let mut world = World::new();
    let mail = Mail::start(&world.certificates);
    world.grant("SMTP", mail.smtp);
    world.grant("SMTP_TLS", mail.smtp_secure);
    world.grant("IMAP", mail.imap);
    world.grant("IMAP_TLS", mail.imap_secure);
    world.run("smtplib");
    let mut messages = mail.messages();
    messages.sort_by_key(|message| message.contains("Subject: 2 secure"));
    let [plain, secure] = &messages[..] else { panic!("{messages:?}") };
    for (message, subject) in [(plain, "Subject: 1 plain"), (secure, "Subject: 2 secure")] {
        for line in [subject, "X-MailFrom: action@example.com", "X-RcptTo: ada@example.com"] {
            assert!(message.lines().any(|seen| seen == line), "{line}: {message}");
        }
    }
    // It reads what the other sent.
    world.run("imaplib");
}

#[test]
fn files_are_put_and_got_by_ftp() {
    let mut world = World::new();
    let ftp = Ftp::start();
    world.grant("FTP", ftp.port);
    world.grant("FTP_DATA", ftp.data);
    world.run("ftplib");
    assert_eq!(ftp.files(), ["a file\n".to_owned(), "a line\n".repeat(20_000)]);
}

#[test]
fn web_sockets_carry_messages_both_ways() {
    let mut world = World::new();
    let server = WebSocket::start(&world.certificates);
    world.grant("WS", server.plain);
    world.grant("WSS", server.secure);
    world.run("websockets");
}

#[test]
fn services_are_asked_as_they_want_to_be() {
    type Check = fn(&[Heard]);
    let rows: [(&str, &str, Answer, Check); 3] = [
        ("slack_sdk", "SLACK", cloud::slack, cloud::slack_heard),
        ("boto3", "AWS", cloud::aws, cloud::aws_heard),
        ("elasticsearch", "ELASTIC", cloud::elastic, cloud::elastic_heard),
    ];
    for (library, name, answer, check) in rows {
        let mut world = World::new();
        let peer = Peer::start(answer);
        let nginx = Nginx::before(peer.port, &world.certificates);
        world.grant(name, nginx.https);
        world.run(library);
        check(&peer.heard());
    }
}

#[test]
fn texts_are_read_and_written() {
    let world = World::new();
    for library in ["jinja2", "pyyaml", "dateutil", "tabulate"] {
        world.run(library);
    }
}
