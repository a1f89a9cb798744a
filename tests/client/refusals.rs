//! What is refused, and by whom: a line and a code each, and nothing of it raw.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener},
};

use serde_json::json;

use super::shell::{Shell, url};
use crate::{
    program::Ended,
    server::{ROOT, Server},
};

/// Nothing but one line is said, that begins so, and the code is this.
#[track_caller]
fn check_refusal(ended: &Ended, code: i32, start: &str) {
    assert_eq!((ended.code, &*ended.stdout), (code, ""), "{start}: {ended:?}");
    let line = ended.stderr.strip_suffix('\n').expect("a line");
    assert!(line.starts_with(&format!("error: {start}")) && !line.contains('\n'), "{start}: {line}");
}

#[test]
fn a_login_that_is_wrong_is_told_in_one_line_with_a_code() {
    let server = Server::start();
    let (url, gone) = (url(&server), {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        format!("http://{}", listener.local_addr().expect("it is bound"))
    });
    let user = json!({"email": "editor@example.com", "password": ROOT.1, "role": "editor"});
    assert_eq!(server.post("/api/default/users", &user).status, 200);
    let (editor, unknown) = (["--email", "editor@example.com"], ["--email", "a@b.c"]);
    let unknown_there = format!("{url} does not take the password or token of ");
    type Row<'a> = (&'a [&'a str], [&'a str; 2], &'a str, i32, &'a str);
    let rows: &[Row<'_>] = &[
        (&[&url], editor, "no\n", 77, &unknown_there),
        (&[&url], unknown, ROOT.1, 77, &unknown_there),
        (
            &[&url, "--org", "x"],
            editor,
            ROOT.1,
            77,
            "editor@example.com is not in the organisation x there: ",
        ),
        (&[&url], editor, "", 2, "the password or token is empty"),
        (&[&gone], editor, "x", 69, &format!("cannot reach {gone} (")),
        (&["example.com"], editor, "x", 2, "\"example.com\" is no address of a server: "),
        (
            &["http://a:b@example.com"],
            editor,
            "x",
            2,
            "\"http://a:b@example.com\" is no address of a server: ",
        ),
        (&[&url, "--name", "a b"], editor, ROOT.1, 2, "\"a b\" is no name of a context: "),
    ];
    let shell = Shell::new();
    for (line, account, stdin, code, start) in rows {
        let line = [&["login", "--token-stdin"], *line, account].concat();
        check_refusal(&shell.start(&line).stdin(*stdin).end(), *code, start);
    }
    let ended = shell.end(&["login", &url]);
    check_refusal(&ended, 2, "standard input is no terminal to ask on: give --email");
    let ended = shell.end(&["login", &url, "--email", "a@b.c"]);
    check_refusal(&ended, 2, "standard input is no terminal to ask on: give --token-stdin, or ACTIOND_TOKEN");
    check_refusal(&shell.end(&["list"]), 77, "not logged in: run `actiond login URL`, or set ACTIOND_SERVER");
}

#[test]
fn what_is_refused_is_told_in_one_line_with_a_code() {
    let server = Server::start();
    let user = json!({"email": "editor@example.com", "password": ROOT.1, "role": "editor"});
    assert_eq!(server.post("/api/default/users", &user).status, 200);
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    let shell = Shell::of_account(&server, ("editor@example.com", ROOT.1));
    shell.echo(1).done(&["deploy", "echo"]);
    shell.0.write("raises/main.py", "1 / 0\n");
    let run = "01a21190-3848-7000-8d2d-57cb23ab64f6";
    let no_run = format!("there is no run {run}");
    let rows: &[(&[&str], i32, &str)] = &[
        (&["show", "none"], 4, "there is no action none in the organisation default: `actiond list`"),
        (&["invoke", "none"], 4, "there is no action none"),
        (&["delete", "echo", "none", "--yes"], 4, "there is no action none"),
        (&["list", "--org", "other"], 77, "editor@example.com may not do that in the organisation other: "),
        (&["list", "--context", "x"], 2, "there is no context \"x\": "),
        (&["logs", "echo"], 4, "the action echo has not run yet"),
        (&["logs", run], 4, &no_run),
        (&["logs", "-f", run], 4, &no_run),
        (&["runs", "--since", "lunch"], 2, "--since: \"lunch\" is no time: write 24h"),
        (&["runs", "--status", "fine"], 2, "status is none of the known words"),
        (&["invoke", "echo", "--json", "{"], 2, "--json:1:1: not JSON"),
        (&["invoke", "echo", "--data", "none"], 2, "none: there is no such file"),
        (&["deploy", "none"], 2, "none: there is no such file"),
        (&["deploy", "echo", "--env", "a=1"], 2, "--env: the key \"a\" is not allowed"),
        (&["deploy", "echo", "--policy", "[]"], 2, "--policy: not a JSON object"),
        (&["deploy", "echo", "--name", "new", "--schedule", "61 * * * *"], 2, "Failed to process action:"),
        (&["hooks", "revoke", "echo", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"], 4, "there is no hook"),
        (&["rollback", "echo", "--to", "9"], 4, "there is no version 9"),
        (&["deploy", "raises"], 2, "Failed to process action:importing main.py failed: "),
        (&["deploy", "echo", "--secret", "NONE"], 77, "Failed to process action:only an admin changes"),
        (&["dev", "none"], 2, "none: there is no such file or folder: check the path"),
        (&["dev", "echo", "--env", "a=1"], 2, "--env: the key \"a\" is not allowed"),
        (&["dev", "echo", "--data", "none"], 2, "none: there is no such file or folder: check the path"),
        (&["dev", "echo", "--data", "-"], 2, "--data -: standard input can be read once only"),
    ];
    for (line, code, start) in rows {
        check_refusal(&shell.end(line), *code, start);
    }
    // Nothing was deleted, for one of the names was unknown.
    assert_eq!(shell.json(&["list"]).as_array().map(Vec::len), Some(1));
    let place = server.address();
    drop(server);
    check_refusal(&shell.end(&["list"]), 69, &format!("cannot reach http://{place} ("));
}

/// A server that answers every request with this status and text.
fn answering(status: u16, answer: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(10).flatten() {
            let (mut stream, mut head) = (BufReader::new(stream), String::new());
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).is_ok_and(|bytes| bytes > 0) {}
            let length = answer.len();
            let head =
                format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.get_mut().write_all((head + answer).as_bytes());
        }
    });
    format!("http://{address}")
}

/// What the client says of such a server.
fn ask(status: u16, answer: &'static str, line: &[&str]) -> Ended {
    let shell = Shell::new();
    let start = shell.start(line).env("ACTIOND_SERVER", answering(status, answer));
    start.env("ACTIOND_EMAIL", "a@b.c").env("ACTIOND_TOKEN", "x").end()
}

#[test]
fn what_stands_before_a_server_may_be_tried_again() {
    const BUSY: &str = r#"{"code": 503, "message": "a reason", "error_detail": "busy"}"#;
    for (status, answer, code, said) in [
        (429, "slowly", 69, "answered with status 429 and no reason: try again"),
        (502, "<html>", 69, "answered with status 502 and no reason: try again"),
        (503, "", 69, "answered with status 503 and no reason: try again"),
        (504, "<html>", 69, "answered with status 504 and no reason: try again"),
        (503, BUSY, 69, "error: a reason"),
        (500, "<html>", 70, "answered with status 500 and no reason: try again"),
        (404, "<html>", 2, "sent what is no answer of actiond (status 404 without a reason)"),
    ] {
        for line in [&["list"][..], &["logs", "-f", "01a21190-3848-7000-8d2d-57cb23ab64f6"]] {
            let refused = ask(status, answer, line);
            assert_eq!((refused.code, &*refused.stdout), (code, ""), "{status}: {refused:?}");
            assert!(refused.stderr.contains(said), "{status}: {refused:?}");
        }
    }
}

#[test]
fn what_a_server_says_reaches_no_terminal_raw() {
    const ACTIONS: &str = r#"[{"id":"\u001b]0;x\u0007","name":"a\nb\u202e","created_at":1,"last_run_at":2,"last_successful_at":null,
        "created_by":"c","status":"\u009b31m","execution_details_type":"service","more":1}]"#;
    let list = |answer, output: &str| ask(200, answer, &["list", "--output", output]);
    for output in ["table", "json"] {
        let listed = list(ACTIONS, output);
        assert_eq!((listed.code, listed.stderr.as_str()), (0, ""));
        let raw = |char: char| char.is_control() && char != '\n';
        assert!(!listed.stdout.contains(raw) && listed.stdout.contains("9b"), "{listed:?}");
    }
    assert!(list(ACTIONS, "table").stdout.contains(r"a\nb\u{202e}  service  \u{9b}31m"));
    const NAME: &str = "a\nb\u{202e}";
    for (line, said) in [
        (&["pause", NAME][..], "paused "),
        (&["resume", NAME], "resumed "),
        (&["delete", NAME, "--yes"], "deleted "),
        (&["hooks", "revoke", NAME, "x"], "revoked a hook of "),
    ] {
        let done = ask(200, ACTIONS, line);
        assert_eq!((done.code, &*done.stdout), (0, &*format!("{said}{}\n", r"a\nb\u{202e}")), "{done:?}");
    }
    for answer in ["<html>hello</html>", "{\"data\": []}", ""] {
        let refused = list(answer, "table");
        assert_eq!((refused.code, &*refused.stdout), (2, ""), "{answer}");
        assert!(
            refused.stderr.contains(" sent what is no answer of actiond (not the expected JSON"),
            "{refused:?}"
        );
    }
}
