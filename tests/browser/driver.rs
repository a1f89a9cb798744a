//! chromedriver, started for one test, and what is said to it: the WebDriver protocol, as far as the tests need it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Call;

const STARTED: &str = "was started successfully on port ";
/// The browser waits so long for what a test looks for, in milliseconds.
const WAIT_MS: u64 = 20_000;
const ARGUMENTS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--window-size=1280,900",
];

/// One browser with one window. All of its processes end with it.
pub(super) struct Driver {
    child: Child,
    address: SocketAddr,
    session: String,
    /// The browser's own process.
    browser: Option<Pid>,
    /// What the browser keeps; its own.
    _profile: TempDir,
}

impl Driver {
    pub(super) fn start() -> Self {
        let profile = TempDir::new().expect("a temporary folder");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.env("HOME", profile.path()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("no chromedriver ({error}): run scripts/setup"));
        let mut lines =
            BufReader::new(child.stdout.take().expect("it was piped")).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.split_once(STARTED)?.1.trim_end_matches('.').parse().ok());
        let address = SocketAddr::from(([127, 0, 0, 1], port.expect("it says its port")));
        // It is read to its end: a driver whose lines nobody takes would wait for ever.
        std::thread::spawn(move || lines.for_each(drop));
        let mut driver = Self { child, address, session: String::new(), browser: None, _profile: profile };
        driver.open();
        driver
    }

    fn open(&mut self) {
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([profile.as_str()]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"implicit": WAIT_MS, "pageLoad": WAIT_MS, "script": WAIT_MS},
        }}});
        let made = self.ask("POST", "/session", &wanted);
        self.session = made["sessionId"].as_str().expect("a session").to_owned();
        let process = made["capabilities"]["goog:processID"].as_i64().and_then(|id| i32::try_from(id).ok());
        self.browser = process.and_then(Pid::from_raw);
    }

    /// A command of the session; what it answers.
    #[track_caller]
    pub(super) fn tell(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    /// A command of the browser's own protocol.
    #[track_caller]
    pub(super) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.tell("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let call = Call::to(self.address, method, path).no_auth();
        let call = if method == "GET" { call } else { call.json(body) };
        let answer = read(call.open()).unwrap_or_else(|| panic!("{method} {path}: no answer"));
        let value = &answer["value"];
        assert!(value["error"].is_null(), "{method} {path}: {}: {}", value["error"], value["message"]);
        value.clone()
    }
}

/// What chromedriver answers. It leaves the connection open: the head says how much there is to read.
fn read(stream: TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(said) = line.strip_prefix("content-length:") {
            length = said.trim().parse().ok()?;
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser ends its own processes when it is told to.
        let ending = Call::to(self.address, "DELETE", &format!("/session/{}", self.session)).no_auth();
        if read(ending.open()).is_none_or(|answer| !answer["value"].is_null()) {
            self.browser.map(|browser| kill_process(browser, Signal::KILL));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
