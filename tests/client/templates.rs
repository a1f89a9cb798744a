//! Actions from templates: written, run here and there, and what they send.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    sync::mpsc,
};

use serde_json::{Value, json};

use super::shell::{Shell, WAIT};
use crate::server::Server;

const TEMPLATES: [&str; 5] = ["upper-distinct", "slack", "ticket", "enrich", "report"];

/// The same but for the time in it.
fn untimed(result: &str) -> Value {
    let mut value: Value = serde_json::from_str(result).expect("a result is JSON");
    if let Some(object) = value.as_object_mut() {
        object.remove("at");
    }
    value
}

#[test]
fn each_template_runs_here_and_there() {
    let server = Server::start();
    let shell = Shell::of(&server);
    for template in TEMPLATES {
        let (name, data) = (&*format!("my-{template}"), &*format!("my-{template}/payload.json"));
        shell.done(&["init", name, "--template", template]);
        let here = untimed(&shell.done(&["run", name, "--data", data]));
        assert!(!here.is_null() && here != json!([]), "{template}: {here}");
        let made = shell.json(&["deploy", name]);
        assert_eq!((&made["name"], &made["version"]), (&json!(name), &json!(1)), "{template}");
        let there = untimed(&shell.done(&["invoke", name, "--data", data]));
        assert_eq!(here, there, "{template}");
    }
    let listed = shell.done(&["list"]);
    assert!(TEMPLATES.iter().all(|template| listed.contains(&format!("my-{template} "))), "{listed}");
}

/// A server that takes one request and answers it well; its address, and the request's head and body.
fn taking(answer: &'static str) -> (String, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (tell, told) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody comes");
        let (mut stream, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).is_ok_and(|bytes| bytes > 0) {}
        let lines = head.to_lowercase();
        let length = lines.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a body");
        let mut body = vec![0; length.parse().expect("a number")];
        stream.read_exact(&mut body).expect("the body comes");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        let _ = stream.get_mut().write_all(answer.as_bytes());
        let _ = tell.send((lines, serde_json::from_slice(&body).expect("it is JSON")));
    });
    (address, told)
}

#[test]
fn templates_that_send_something_send_it() {
    let shell = Shell::new();
    for (template, variable, head, field, start) in [
        (
            "slack",
            "SLACK_WEBHOOK_URL",
            "post /x http/1.1",
            "text",
            "*2 records*\n• alert_name: error-rate, service",
        ),
        ("ticket", "TICKET_URL", "idempotency-key: ", "title", "disk-full on database"),
    ] {
        let (address, told) = taking("ok");
        shell.done(&["init", template, "--template", template]);
        let readme = fs::read_to_string(shell.0.path().join(template).join("README.md")).unwrap();
        assert!(readme.contains(" --allow-net ") && readme.contains(" --secret "), "{readme}");
        let data = format!("{template}/payload.json");
        let url = format!("{variable}=http://{address}/x");
        shell.done(&["run", template, "--data", &data, "--env", &url, "--allow-net", &address]);
        let (sent, body) = told.recv_timeout(WAIT).expect("it was sent");
        assert!(sent.contains(head), "{template}: {sent}");
        assert!(body[field].as_str().is_some_and(|text| text.starts_with(start)), "{template}: {body}");
    }
}

#[test]
fn a_report_is_counted_where_the_records_are() {
    let shell = Shell::new();
    let hits = r#"{"hits": [{"level": "ERROR", "records": 70000}, {"level": null, "records": 2}]}"#;
    let (address, told) = taking(hits);
    shell.done(&["init", "report", "--template", "report"]);
    let url = format!("ORIGIN_CLUSTER_URL=http://{address}/");
    let env = ["--env", &url, "--env", "ORIGIN_CLUSTER_TOKEN=x", "--env", "STREAM=s"];
    let run = shell.done(&[&["run", "report", "--allow-net", &address], &env[..]].concat());
    assert_eq!(untimed(&run), json!({"records": 70_002, "levels": {"ERROR": 70_000, "none": 2}}));
    let (sent, body) = told.recv_timeout(WAIT).expect("it was asked");
    assert!(sent.starts_with("post /api/default/_search http/1.1"), "{sent}");
    let sql = "SELECT level, count(*) AS records FROM \"s\" GROUP BY level";
    assert_eq!(body["query"]["sql"], sql);
}

#[test]
fn a_new_action_overwrites_nothing() {
    let shell = Shell::new();
    shell.done(&["init", "deep/mine"]);
    let main = fs::read_to_string(shell.0.path().join("deep/mine/main.py")).unwrap();
    assert!(main.contains("def main("), "{main}");
    let project = fs::read_to_string(shell.0.path().join("deep/mine/pyproject.toml")).unwrap();
    assert!(project.contains("\nname = \"mine\"\n"), "{project}");
    let there = "deep/mine: is there already: give another name, or remove it";
    shell.end(&["init", "deep/mine"]).is_refused(there);
    let rule = "write 1 to 32 letters, digits, -, _ and ., the first and last of them a letter or digit";
    for name in ["two words", "-", "..", "ä"] {
        let line = format!("{name:?} is no name: {rule}");
        shell.end(&["init", "--", name]).is_refused(&line);
    }
    let before = shell.0.tree();
    assert_eq!(shell.end(&["init", "other", "--template", "none"]).code, 2);
    assert_eq!(shell.0.tree(), before);
}
