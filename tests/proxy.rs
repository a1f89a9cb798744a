//! A server behind an HTTP proxy: runs, packages and other clusters are reached through it.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use serde_json::{Value, json};

use crate::{
    index::{Index, PURE, Wheel},
    program::Place,
    search::origin::Origin,
    server::{ROOT, Server},
    zips::Zip,
};

const FETCH: &str = "import urllib.request
def main(data):
    try:
        return urllib.request.urlopen(data[0]).read().decode()
    except OSError as error:
        return f'{type(error.reason).__name__}: {error.reason}'
";
/// `user:word`, as the proxy is told it.
const LOGIN: &str = "Basic dXNlcjp3b3Jk";

/// Variables that the machine may have. An empty one is as good as none.
const NO_OTHER: &[(&str, &str)] = &[
    ("HTTPS_PROXY", ""),
    ("https_proxy", ""),
    ("HTTP_PROXY", ""),
    ("http_proxy", ""),
    ("NO_PROXY", ""),
    ("ALL_PROXY", ""),
    ("all_proxy", ""),
    ("no_proxy", ""),
];

fn server(variables: &[(&str, &str)]) -> Server {
    Server::start_with(&[NO_OTHER, variables].concat())
}

/// A proxy for which every host is this machine. What it is asked is remembered.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = log.clone();
                thread::spawn(move || serve(stream, &log));
            }
        });
        Self { port, asked }
    }

    fn url(&self) -> String {
        format!("http://user:word@127.0.0.1:{}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut client: TcpStream, log: &Mutex<Vec<String>>) -> Option<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).ok()?;
    let (first, rest) = head.split_once("\r\n")?;
    let (method, target) = first.strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let mut headers = rest.lines().filter_map(|line| line.split_once(": "));
    let login = headers.find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
    let login = login.map_or("", |(_, login)| login);
    log.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{method} {target} {login}"));
    let (authority, path) = match target.strip_prefix("http://") {
        Some(rest) => rest.split_at(rest.find('/')?),
        None => (target, ""),
    };
    let port: u16 = authority.rsplit(':').next()?.parse().ok()?;
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    } else {
        // One request on one connection.
        let rest = rest.replace("keep-alive", "close");
        server
            .write_all(format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n{rest}").as_bytes())
            .ok()?;
    }
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    std::io::copy(&mut server, &mut client).ok()?;
    client.shutdown(Shutdown::Both).ok()
}

#[test]
fn runs_reach_names_through_the_proxy() {
    let (other, proxy) = (Server::start(), Proxy::start());
    let port = other.address().port();
    let server = server(&[("https_proxy", &proxy.url()), ("ACTIOND_EGRESS_ALLOW", "* 127.0.0.1")]);
    let id = server.upload("fetch", "service", FETCH, &[]);
    server.put("/api/default/settings", &json!({"egress": ["*.invalid", "127.0.0.1"]})).is(200);
    let invoke = |url: &str| {
        let ran = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([url])).is(200);
        let run = ran["run_id"].as_str().expect("an id").to_owned();
        let list = server.get(&format!("/api/default/runs/{run}/connections")).is(200);
        (ran["result"].clone(), list[0].clone())
    };
    let is = |connection: &Value, host: Value, address: Value, proxied: bool| {
        let fields =
            [&connection["host"], &connection["address"], &connection["proxied"], &connection["error"]];
        assert_eq!(fields, [&host, &address, &json!(proxied), &Value::Null], "{connection}");
    };
    let (result, connection) = invoke(&format!("http://far.invalid:{port}/healthz"));
    assert_eq!(result, "ok\n");
    is(&connection, json!("far.invalid"), Value::Null, true);
    let asked = format!("CONNECT far.invalid:{port} {LOGIN}");
    assert_eq!(proxy.asked(), std::slice::from_ref(&asked));
    // What is on this machine goes past it, and what no rule has is not asked for.
    let (result, connection) = invoke(&format!("http://127.0.0.1:{port}/healthz"));
    assert_eq!(result, "ok\n");
    is(&connection, Value::Null, json!("127.0.0.1"), false);
    let (result, _) = invoke("http://10.0.0.1/");
    assert!(result.as_str().expect("a text").contains("ask for the rule \"10.0.0.1:80\""), "{result}");
    assert_eq!(proxy.asked(), [asked]);
}

#[test]
fn a_run_from_the_command_line_takes_the_proxy_of_the_environment() {
    let (other, proxy) = (Server::start(), Proxy::start());
    let port = other.address().port();
    let place = Place::action(FETCH);
    place.write("data.json", json!([format!("http://far.invalid:{port}/healthz")]).to_string());
    let run = |variables: &[(&str, &str)]| {
        let arguments =
            ["action", "--data", "data.json", "--allow-net", "far.invalid", "--report", "report.json"];
        let variables = NO_OTHER.iter().chain(variables);
        variables.fold(place.run(&arguments), |run, (key, value)| run.env(key, value)).end()
    };
    run(&[("HTTP_PROXY", &proxy.url())]).returned("\"ok\\n\"");
    assert_eq!(place.json("report.json")["connections"][0]["proxied"], true);
    assert_eq!(proxy.asked(), [format!("CONNECT far.invalid:{port} {LOGIN}")]);
    // Our own setting goes before it.
    run(&[("HTTP_PROXY", "http://127.0.0.1:1"), ("ACTIOND_EGRESS_PROXY", &proxy.url())])
        .returned("\"ok\\n\"");
    assert_eq!(proxy.asked().len(), 2);
    let refused = run(&[("HTTPS_PROXY", "socks5://127.0.0.1:1")]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("it is an address as http://proxy.example.com:3128"),
        "{}",
        refused.stderr
    );
}

#[test]
fn packages_come_through_the_proxy() {
    let (index, proxy) = (Index::start(vec![Wheel::new("one", "1.0", PURE)]), Proxy::start());
    let url = index.url().replace("127.0.0.1", "packages.invalid");
    let server = server(&[
        ("ACTIOND_EGRESS_PROXY", &proxy.url()),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("ACTIOND_DEPENDENCIES_INDEX_URL", &url),
    ]);
    let main = "import one\n\ndef main():\n    return one.VERSION\n";
    let zip = Zip::new().file("main.py", main).file("requirements.txt", "one\n").bytes();
    let fields = [
        ("name", "a"),
        ("owner", ROOT.0),
        ("filename", "action.zip"),
        ("execution_details", "service"),
        ("service_account", ROOT.0),
    ];
    let answer =
        server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(&zip)).send().is(200);
    let id = answer["uuid"].as_str().expect("an id");
    let ran = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200);
    assert_eq!(ran["result"], "1.0");
    assert!(proxy.asked().contains(&format!("GET {url}/one/ {LOGIN}")), "{:?}", proxy.asked());
}

#[test]
fn jobs_are_pulled_through_the_proxy() {
    let (origin, proxy) = (Server::start(), Proxy::start());
    let token = "the cluster's token";
    let server = server(&[("ACTIOND_EGRESS_PROXY", &proxy.url()), ("ACTIOND_ACTION_SERVER_TOKEN", token)]);
    let account = json!({"email": "puller@example.com", "role": "editor"});
    let made = origin.post("/api/default/service_accounts", &account).is(200);
    let id = origin.upload("job", "service", "def main(data):\n    return 1\n", &[]);
    let url = format!("http://origin.invalid:{}", origin.address().port());
    let job = json!({
        "job_name": "job", "execution_details": "Service", "cron_expr": null, "environment_variables": {}, "ksuid": id,
        "runtime": "python", "origin_cluster_url": url, "sa_token": made["token"], "service_account": "puller@example.com",
    });
    let deployed = server.call("POST", "/api/default/v1/job").auth((token, "")).json(&job).send();
    assert_eq!(deployed.status, 200, "{}", deployed.text());
    assert_eq!(proxy.asked(), [format!("GET {url}/api/default/actions/download/{id} {LOGIN}")]);
}

#[test]
fn log_records_are_searched_through_the_proxy() {
    let (origin, proxy) = (Origin::start(&[ROOT]), Proxy::start());
    let url = origin.url().replace("127.0.0.1", "origin.invalid");
    let server = server(&[("ACTIOND_EGRESS_PROXY", &proxy.url()), ("ACTIOND_ORIGIN_URL", &url)]);
    let found = server.post("/api/default/_search", &json!({"query": {"sql": "select one"}})).is(200);
    assert_eq!(found["hits"], json!([{"log": "one"}]));
    assert_eq!(proxy.asked(), [format!("POST {url}/api/default/_search {LOGIN}")]);
}
