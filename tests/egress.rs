//! What runs may reach: the operator, the organisation and the action have a say, and each has to allow it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::server::Server;

const FETCH: &str = "import urllib.request
def main(data):
    try:
        return urllib.request.urlopen(data[0]).read().decode()
    except OSError as error:
        return f'{type(error.reason).__name__}: {error.reason}'
";

struct Fetching {
    server: Server,
    id: String,
    /// What is to be reached: a server on loopback.
    url: String,
    port: u16,
}

impl Fetching {
    fn run(&self) -> Value {
        self.server.post(&format!("/api/default/actions/{}/invoke", self.id), &json!([self.url])).is(200)
    }

    #[track_caller]
    fn is_reached(&self) {
        assert_eq!(self.run()["result"], "ok\n");
    }

    #[track_caller]
    fn is_refused(&self) {
        let result = self.run()["result"].as_str().expect("a text").to_owned();
        assert!(result.starts_with("PermissionError: "), "{result}");
        let rule = format!("ask for the rule \"127.0.0.1:{}\"", self.port);
        assert!(result.contains(&rule), "{result}");
    }

    fn organisation(&self, rules: &Value) {
        self.server.put("/api/default/settings", &json!({"egress": rules})).is(200);
    }

    fn action(&self, rules: &Value) {
        let path = format!("/api/default/actions/{}/settings", self.id);
        self.server.put(&path, &json!({"policy": {"egress": rules}})).is(200);
    }
}

fn fetching(other: &Server, operator: Option<&str>) -> Fetching {
    let env: Vec<_> = operator.map(|rules| ("ACTIOND_EGRESS_ALLOW", rules)).into_iter().collect();
    let server = Server::start_with(&env);
    let id = server.upload("fetch", "service", FETCH, &[]);
    let url = format!("http://{}/healthz", other.address());
    Fetching { server, id, url, port: other.address().port() }
}

#[test]
fn each_of_three_has_to_allow_it() {
    let other = Server::start();
    let fetching = fetching(&other, Some("127.0.0.0/8"));
    let port = fetching.port;
    fetching.is_refused();
    fetching.organisation(&json!(["10.0.0.0/8", format!("127.0.0.1:{port}")]));
    fetching.is_reached();
    fetching.action(&json!([]));
    fetching.is_refused();
    fetching.action(&json!(["127.0.0.1:1", format!("127.0.0.1:{port}")]));
    fetching.is_reached();
    fetching.organisation(&json!(["127.0.0.1:1"]));
    fetching.is_refused();
    fetching.organisation(&json!(["127.0.0.1"]));
    fetching.action(&Value::Null);
    fetching.is_reached();
}

#[test]
fn what_is_not_public_is_the_operator_s_to_allow() {
    let other = Server::start();
    let fetching = fetching(&other, None);
    fetching.organisation(&json!(["127.0.0.1", "*", "0.0.0.0/0"]));
    fetching.is_refused();
}

#[test]
fn the_origin_may_be_reached_where_the_operator_allows_it() {
    let other = Server::start();
    let origin = json!({"origin_url": format!("http://{}", other.address())});
    for (operator, is_allowed) in [(Some("127.0.0.1"), true), (None, false)] {
        let fetching = fetching(&other, operator);
        fetching.is_refused();
        fetching.server.put("/api/default/settings", &origin).is(200);
        fetching.action(&json!([]));
        if is_allowed { fetching.is_reached() } else { fetching.is_refused() }
    }
}

#[test]
fn what_was_reached_is_in_the_record_and_counted() {
    let other = Server::start();
    let fetching = fetching(&other, Some("127.0.0.1"));
    let list = |run: &Value| {
        let path = format!("/api/default/runs/{}/connections", run["run_id"].as_str().unwrap());
        fetching.server.get(&path).is(200)
    };
    let refused = list(&fetching.run());
    assert_eq!(refused[0]["refused"], true, "{refused}");
    assert!(refused[0]["error"].as_str().unwrap().contains("ask for the rule"), "{refused}");
    fetching.organisation(&json!(["127.0.0.1"]));
    let reached = list(&fetching.run());
    assert_eq!(reached.as_array().unwrap().len(), 1, "{reached}");
    let one = &reached[0];
    assert_eq!(
        (&one["address"], &one["port"], &one["transport"], &one["refused"], &one["error"]),
        (&json!("127.0.0.1"), &json!(fetching.port), &json!("tcp"), &json!(false), &Value::Null)
    );
    assert_eq!((&one["tls"], &one["proxied"]), (&json!(false), &json!(false)));
    assert!(one["sent_bytes"].as_u64() > Some(30) && one["received_bytes"].as_u64() > Some(30), "{one}");
    let metrics = fetching.server.get("/metrics").text();
    for line in [
        "actiond_connections_total{org=\"default\",outcome=\"made\"} 1",
        "actiond_connections_total{org=\"default\",outcome=\"refused\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

/// A TLS server whose certificate nobody knows: it answers each request with `ok`.
fn unknown_tls() -> u16 {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("there are some")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into());
    let config = Arc::new(config.expect("the key is the certificate's"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    // It ends with the process.
    thread::spawn(move || {
        for plain in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).expect("a good configuration");
            let mut stream = BufReader::new(StreamOwned::new(connection, plain));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                line.clear();
            }
            let _ = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    port
}

#[test]
fn certificates_go_unchecked_where_all_three_allow_it() {
    let url = format!("https://127.0.0.1:{}/", unknown_tls());
    let main = "import ssl, urllib.request
def main(data):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return urllib.request.urlopen(data[0], context=context).read().decode()
    except OSError as error:
        return str(error)
";
    for operator in ["false", "true"] {
        let env = [("ACTIOND_EGRESS_ALLOW", "127.0.0.1"), ("ACTIOND_EGRESS_UNVERIFIED_TLS", operator)];
        let server = Server::start_with(&env);
        let id = server.upload("fetch", "service", main, &[]);
        let settings = format!("/api/default/actions/{id}/settings");
        server.put("/api/default/settings", &json!({"egress": ["127.0.0.1"]})).is(200);
        assert_eq!(server.get("/api/default/settings").is(200)["unverified_tls"], false);
        assert_eq!(server.get(&settings).is(200)["policy"]["unverified_tls"], false);
        for (organisation, action) in [(false, false), (true, false), (false, true), (true, true)] {
            server.put("/api/default/settings", &json!({"unverified_tls": organisation})).is(200);
            server.put(&settings, &json!({"policy": {"unverified_tls": action}})).is(200);
            let ran = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([url])).is(200);
            let result = ran["result"].as_str().expect("a text").to_owned();
            let case = format!("{operator} {organisation} {action}: {result}");
            if operator == "true" && organisation && action {
                assert_eq!(result, "ok", "{case}");
            } else {
                assert!(result.contains("needs the grant `unverified_tls`"), "{case}");
            }
        }
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    let server = Server::start();
    let id = server.upload("fetch", "service", FETCH, &[]);
    for (rules, why) in [
        (json!(["a b"]), "egress: `a b` is neither a host"),
        (json!(["0x7f.1"]), "egress: `0x7f.1` is no address in its usual form"),
        (json!(["10.0.0.1/8"]), "egress: `10.0.0.1/8` names one address"),
        (json!(["host:99999"]), "egress: `99999` are no ports"),
        (json!((1..=101).map(|port| format!("host:{port}")).collect::<Vec<_>>()), "101"),
    ] {
        for answer in [
            server.put("/api/default/settings", &json!({"egress": rules})),
            server.put(&format!("/api/default/actions/{id}/settings"), &json!({"policy": {"egress": rules}})),
        ] {
            assert_eq!(answer.status, 400, "{}", answer.text());
            assert!(answer.text().contains(why), "{}", answer.text());
        }
    }
    let hundred: Vec<String> = (1..=100).map(|port| format!("host:{port}")).collect();
    let kept = server.put("/api/default/settings", &json!({"egress": hundred})).is(200);
    assert_eq!(kept["egress"], json!(hundred));
}
