//! A server for HTTP that answers as a service would, and keeps what it was asked.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use super::{address, port};

pub(crate) struct Peer {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// What came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What goes back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) status: u16,
    /// Lines, each with its end.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

/// How a service answers, knowing what it was asked before.
pub(crate) type Answer = fn(&Heard, &[Heard]) -> Said;

impl Peer {
    pub(crate) fn start(answer: Answer) -> Self {
        let port = port();
        let listener = TcpListener::bind((address(), port)).expect("the port is free");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeps = heard.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let keeps = keeps.clone();
                thread::spawn(move || converse(stream, answer, &keeps));
            }
        });
        Self { port, heard }
    }

    /// What it was asked so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Heard {
    /// The header's value; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("it is text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("it is JSON")
    }
}

impl Said {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: format!("Content-Type: {kind}\r\n"), body: body.into() }
    }

    pub(crate) fn with(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }
}

/// One request after another, until the client goes away.
fn converse(mut stream: TcpStream, answer: Answer, keeps: &Mutex<Vec<Heard>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let heard = hear(&mut reader, &mut stream)?;
        let is_head = heard.method == "HEAD";
        let said = {
            let mut before = keeps.lock().unwrap_or_else(PoisonError::into_inner);
            let said = answer(&heard, &before);
            before.push(heard);
            said
        };
        let length = said.body.len();
        let head = format!("HTTP/1.1 {} -\r\nContent-Length: {length}\r\n{}\r\n", said.status, said.headers);
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(if is_head { &[] } else { &said.body }).ok()?;
    }
}

fn hear(reader: &mut BufReader<TcpStream>, stream: &mut TcpStream) -> Option<Heard> {
    let first = line(reader)?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut heard = Heard { method: words.next()?, path: words.next()?, ..Heard::default() };
    loop {
        let header = line(reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        heard.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    if heard.header("expect") == "100-continue" {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    if heard.header("transfer-encoding") == "chunked" {
        while let length @ 1.. = usize::from_str_radix(&line(reader)?, 16).ok()? {
            take(reader, length, &mut heard.body)?;
            line(reader)?;
        }
        line(reader)?;
    } else if let Ok(length) = heard.header("content-length").parse() {
        take(reader, length, &mut heard.body)?;
    }
    Some(heard)
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
    Some(line.trim_end().to_owned())
}

fn take(reader: &mut BufReader<TcpStream>, length: usize, body: &mut Vec<u8>) -> Option<()> {
    let start = body.len();
    body.resize(start + length, 0);
    reader.read_exact(&mut body[start..]).ok()
}
