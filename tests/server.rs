//! `actiond serve` under test, and the requests that are sent to it. What is sent is written byte by byte, so that a test
//! can send what no client library would.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Child,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use serde_json::Value;

use crate::{
    program::{Ended, Place},
    zips::Zip,
};

/// The root account of every server here.
pub(crate) const ROOT: (&str, &str) = ("root@example.com", "Complexpass#123");
/// No server takes longer to start, and none to answer.
const WAIT: Duration = Duration::from_secs(60);
const BOUNDARY: &str = "a-line-that-no-file-holds";

/// A server that listens. It is killed when it is let go of.
pub(crate) struct Server {
    place: Arc<Place>,
    address: SocketAddr,
    child: Option<Child>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// A request that is being put together. It is of the root account until it is said to be another's.
pub(crate) struct Call {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    /// Whether the head says how long the body is.
    says_length: bool,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// A server with a data folder of its own, ready.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with these variables in its environment.
    pub(crate) fn start_with(env: &[(&str, &str)]) -> Self {
        Self::again_with(Arc::new(Place::new()), env)
    }

    /// Starts on the data folder of a server that ended.
    pub(crate) fn again(place: Arc<Place>) -> Self {
        Self::again_with(place, &[])
    }

    pub(crate) fn again_with(place: Arc<Place>, env: &[(&str, &str)]) -> Self {
        Self::again_by(place, env, &[])
    }

    /// The same, with these flags too.
    pub(crate) fn again_by(place: Arc<Place>, env: &[(&str, &str)], flags: &[&str]) -> Self {
        let flags = [&["--listen", "127.0.0.1:0", "--data-dir", "data"], flags].concat();
        let mut start = place
            .start("serve", &flags)
            .env("ACTIOND_ROOT_EMAIL", ROOT.0)
            .env("ACTIOND_ROOT_PASSWORD", ROOT.1);
        for (key, value) in env {
            start = start.env(key, value);
        }
        Self::of(place, start.spawn())
    }

    /// The server that was started in that place, with its standard error piped.
    pub(crate) fn of(place: Arc<Place>, mut child: Child) -> Self {
        let stderr = Arc::new(Mutex::new(String::new()));
        let (tell, told) = mpsc::sync_channel(1);
        let lines = BufReader::new(child.stderr.take().expect("it was piped")).lines();
        let said = stderr.clone();
        // It reads to the end: a server whose lines nobody takes would wait for ever.
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.push_str(&line);
                    said.push('\n');
                }
                if let Some(address) = line.strip_prefix("listening on http://") {
                    let _ = tell.send(address.parse().expect("it says where it listens"));
                }
            }
        });
        let address = told.recv_timeout(WAIT);
        let mut server = Self {
            place,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: Some(child),
            stderr,
            reader: Some(reader),
        };
        server.address = address.unwrap_or_else(|_| panic!("it does not start:\n{}", server.stderr()));
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder that it is started in; its data is in `data`.
    pub(crate) fn place(&self) -> Arc<Place> {
        self.place.clone()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// What it has said so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A request as the root account; see [`Call::auth`] and [`Call::no_auth`].
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        Call::to(self.address, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send()
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path).json(body).send()
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).send()
    }

    /// Uploads an action to the organisation `default`; its id.
    #[track_caller]
    pub(crate) fn upload(&self, name: &str, kind: &str, main: &str, more: &[(&str, &str)]) -> String {
        self.upload_to("default", name, kind, main, more)
    }

    #[track_caller]
    pub(crate) fn upload_to(
        &self,
        org: &str,
        name: &str,
        kind: &str,
        main: &str,
        more: &[(&str, &str)],
    ) -> String {
        let answer = self.uploading(org, name, kind, main, more).send();
        answer.is(200)["uuid"].as_str().expect("an id").to_owned()
    }

    /// The call that uploads an action.
    pub(crate) fn uploading(
        &self,
        org: &str,
        name: &str,
        kind: &str,
        main: &str,
        more: &[(&str, &str)],
    ) -> Call {
        let zip = Zip::new().file("main.py", main).bytes();
        let mut fields = vec![
            ("name", name),
            ("owner", ROOT.0),
            ("filename", "action.zip"),
            ("execution_details", kind),
            ("service_account", ROOT.0),
        ];
        fields.extend(more);
        self.call("POST", &format!("/api/{org}/actions/upload")).multipart(&fields, Some(&zip))
    }

    /// SIGTERM: it drains and ends.
    pub(crate) fn stop(self) -> Ended {
        self.terminate();
        self.wait()
    }

    /// Tells it to end.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(self.child.as_ref().expect("it runs"));
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be told to end");
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let child = self.child.take().expect("it runs");
        self.ended(child)
    }

    /// SIGKILL: as if the power went.
    pub(crate) fn kill(mut self) -> Ended {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        self.ended(child)
    }

    fn ended(&mut self, child: Child) -> Ended {
        let mut ended = Ended::of(child);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("it only reads");
        }
        ended.stderr = self.stderr();
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Call {
    /// A request as the root account to a server that may be gone by then.
    pub(crate) fn to(address: SocketAddr, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Call { address, method, path, headers: Vec::new(), body: None, says_length: true }.auth(ROOT)
    }

    pub(crate) fn auth(self, (name, secret): (&str, &str)) -> Self {
        let encoded = base64(format!("{name}:{secret}").as_bytes());
        self.no_auth().header("Authorization", &format!("Basic {encoded}"))
    }

    pub(crate) fn no_auth(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "Authorization");
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    /// A body whose length the head does not say.
    pub(crate) fn body_as_is(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.says_length = false;
        self.body(bytes)
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.header("Content-Type", "application/json").body(value.to_string())
    }

    /// A form of these fields, in this order, then the file `file` with the name `action.zip`.
    pub(crate) fn multipart(self, fields: &[(&str, &str)], file: Option<&[u8]>) -> Self {
        let mut body = Vec::new();
        for (name, value) in fields {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        if let Some(bytes) = file {
            let disposition = "form-data; name=\"file\"; filename=\"action.zip\"";
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: application/zip\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.header("Content-Type", &format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
    }

    /// Sends it, and reads the answer to its end.
    pub(crate) fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let bytes = read(self.open());
        Answer::of(&bytes).unwrap_or_else(|| panic!("{what}: no answer: {}", String::from_utf8_lossy(&bytes)))
    }

    /// The same; `None` when the server went away before it had answered.
    pub(crate) fn try_send(self) -> Option<Answer> {
        let answer = Answer::of(&read(self.try_open()?))?;
        let length = answer.header("content-length").map(str::parse);
        (length == Some(Ok(answer.body.len()))).then_some(answer)
    }

    /// Sends it; the answer is to be read as it comes.
    pub(crate) fn open(self) -> TcpStream {
        self.try_open().expect("the server listens")
    }

    fn try_open(self) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(WAIT)).expect("it is no zero");
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = self.body.as_ref().filter(|_| self.says_length) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("Connection: close\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(self.body.unwrap_or_default());
        let _ = stream.write_all(&bytes);
        Some(stream)
    }
}

fn read(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A server that refuses a body may close before it has read all of it.
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

impl Answer {
    fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
        let body = &bytes[end + 4..];
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunked(body)? } else { body.to_vec() };
        Some(Self { status, headers, body })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// It has that status; its body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// It is refused with that status, and that word and message in the envelope.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, word: &str, message: &str) {
        let body = self.is(status);
        let said = (body["code"].as_u64(), body["error_detail"].as_str(), body["message"].as_str());
        assert_eq!(said, (Some(status.into()), Some(word), Some(message)));
    }
}

fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).ok()?, 16).ok()?;
        bytes = &bytes[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
    }
}

/// Base64 with the usual alphabet and padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (number >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    text
}

#[test]
fn a_server_starts_answers_and_ends() {
    let server = Server::start();
    assert_eq!((server.get("/readyz").status, server.get("/healthz").text()), (200, "ok\n".to_owned()));
    let id = server.upload("echo", "service", "def main(data):\n    return data\n", &[]);
    let ran =
        server.post(&format!("/api/default/actions/{id}/invoke"), &serde_json::json!([1, "two"])).is(200);
    assert_eq!(ran["result"], serde_json::json!([1, "two"]));
    let place = server.place();
    let ended = server.stop();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let server = Server::again(place);
    assert_eq!(server.get(&format!("/api/default/runs/{}", ran["run_id"].as_str().unwrap())).status, 200);
    assert_eq!(server.kill().code, 137);
}
