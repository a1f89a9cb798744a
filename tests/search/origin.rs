//! A cluster that answers as OpenObserve's search API does. What it answers is the last word of the query's SQL.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};

use crate::server::base64;

pub(crate) const FOUND: &str = r#"{"took":7,"hits":[{"log":"one"},{},{"log":"two"}],"total":3,"from":0,"size":10,"cached_ratio":0,"scan_size":0.25,"trace_id":"0af7651916cd43dd8448eb211c80319c"}"#;
pub(crate) const WRONG: &str = r#"{"code":400,"message":"Error# schema of the stream is not known"}"#;
/// More than a server of these tests takes.
const LARGE_BYTES: usize = 2 << 20;

/// What it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The request's first line.
    pub(crate) first: String,
    /// `name:password`, as far as it knows them.
    pub(crate) who: String,
    pub(crate) body: Value,
}

pub(crate) struct Origin {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    answering: Option<JoinHandle<()>>,
}

impl Origin {
    /// It knows these accounts.
    pub(crate) fn start(accounts: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let accounts: Vec<_> = accounts.iter().map(|(name, word)| format!("{name}:{word}")).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let answering = thread::spawn(move || {
            // Those that wait for an answer get none as long as it is there.
            let mut waiting = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                match answer(stream, &accounts, &log) {
                    Some(Next::Wait(stream)) => waiting.push(stream),
                    Some(Next::End) => return,
                    None => {}
                }
            }
        });
        Self { address, asked, answering: Some(answering) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

enum Next {
    Wait(TcpStream),
    End,
}

fn answer(mut stream: TcpStream, accounts: &[String], log: &Mutex<Vec<Asked>>) -> Option<Next> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let first = head.first()?.clone();
    if first.starts_with("END") {
        return Some(Next::End);
    }
    let header = |name: &str| {
        let mut pairs = head.iter().filter_map(|line| line.split_once(": "));
        pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    let authorization = header("authorization").unwrap_or_default();
    let known = accounts.iter().find(|pair| authorization == format!("Basic {}", base64(pair.as_bytes())));
    let Some(who) = known.cloned() else {
        write(&mut stream, "401 Unauthorized", "text/plain", "Unauthorized Access");
        return None;
    };
    let sql = body["query"]["sql"].as_str().unwrap_or_default().to_owned();
    log.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { first, who, body });
    let hits =
        |hits: Value| json!({"took": 1, "total": hits.as_array().map(Vec::len), "hits": hits}).to_string();
    let (status, text) = match sql.rsplit(' ').next()? {
        "logs" => ("200 OK", FOUND.to_owned()),
        "one" => ("200 OK", hits(json!([{"log": "one"}]))),
        "nothing" => ("200 OK", hits(json!([]))),
        "empty" => ("200 OK", hits(json!([{}]))),
        "numbers" => ("200 OK", hits(json!([{"n": 1_700_000_000_000_123_u64, "part": 0.1}]))),
        "text" => ("200 OK", "no JSON".to_owned()),
        "large" => ("200 OK", "x".repeat(LARGE_BYTES)),
        "redirect" => ("302 Found\r\nLocation: /other", String::new()),
        "slow" => return Some(Next::Wait(stream)),
        "close" => return None,
        _ => ("400 Bad Request", WRONG.to_owned()),
    };
    write(&mut stream, status, "application/json", &text);
    None
}

/// Who goes away before all is sent makes no difference.
fn write(stream: &mut TcpStream, status: &str, content_type: &str, text: &str) {
    let length = text.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    );
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let _ = stream.write_all(b"END\r\n\r\n");
        }
        if let Some(answering) = self.answering.take() {
            let _ = answering.join();
        }
    }
}
