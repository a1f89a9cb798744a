//! The client on the command line, against a real server: an action's whole life, refusals, and what is shown of text that
//! nobody trusts.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    program::{Ended, Place, Start},
    server::{ROOT, Server},
    zips::Zip,
};

/// Nothing here takes longer.
const WAIT: Duration = Duration::from_secs(60);
const TEMPLATES: [&str; 5] = ["upper-distinct", "slack", "ticket", "enrich", "report"];
const ECHO: &str =
    "def main(data, logger):\n    logger.info('%d records', len(data))\n    return [VERSION, *data]\n";

/// Somebody's shell: a folder with files, and contexts of their own.
struct Shell(Place);

impl Shell {
    fn new() -> Self {
        Self(Place::new())
    }

    /// The shell of somebody who logged in as the root account.
    fn of(server: &Server) -> Self {
        Self::of_account(server, ROOT)
    }

    fn of_account(server: &Server, (email, password): (&str, &str)) -> Self {
        let shell = Self::new();
        let login = shell.start(&["login", &url(server), "--email", email, "--token-stdin"]);
        let ended = login.stdin(format!("{password}\n")).end();
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{ended:?}");
        shell
    }

    fn start(&self, line: &[&str]) -> Start {
        self.0.start(line[0], &line[1..]).env("XDG_CONFIG_HOME", self.0.path().join("config"))
    }

    fn end(&self, line: &[&str]) -> Ended {
        self.start(line).end()
    }

    /// It is done; what is on standard output.
    #[track_caller]
    fn done(&self, line: &[&str]) -> String {
        let ended = self.end(line);
        assert_eq!(ended.code, 0, "{line:?}: {}", ended.stderr);
        ended.stdout
    }

    /// The same as JSON.
    #[track_caller]
    fn json(&self, line: &[&str]) -> Value {
        let stdout = self.done(&[line, &["--output", "json"]].concat());
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{line:?}: no JSON: {stdout}"))
    }

    /// An action `echo` that returns its version and its data.
    fn echo(&self, version: u32) -> &Self {
        self.0.write("echo/main.py", ECHO.replace("VERSION", &version.to_string()));
        self
    }
}

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

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
fn taking() -> (String, mpsc::Receiver<(String, Value)>) {
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
        let _ = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
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
        let (address, told) = taking();
        shell.done(&["init", template, "--template", template]);
        let data = format!("{template}/payload.json");
        let url = format!("{variable}=http://{address}/x");
        shell.done(&["run", template, "--data", &data, "--env", &url, "--allow-net", &address]);
        let (sent, body) = told.recv_timeout(WAIT).expect("it was sent");
        assert!(sent.contains(head), "{template}: {sent}");
        assert!(body[field].as_str().is_some_and(|text| text.starts_with(start)), "{template}: {body}");
    }
}

#[test]
fn a_zip_is_deployed_as_it_is() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let zip = Zip::new().file("top/main.py", ECHO.replace("VERSION", "7")).bytes();
    shell.0.write("build/zipped.zip", &zip);
    let made = shell.json(&["deploy", "build/zipped.zip"]);
    assert_eq!((&made["name"], &made["created"]), (&json!("zipped"), &json!(true)));
    shell.end(&["invoke", "zipped"]).returned("[7]");
    let path = format!("/api/default/actions/download/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&path).body, zip);
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

#[test]
fn an_action_lives_by_the_command_line() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let made = shell.echo(1).done(&["deploy", "echo", "--env", "A=1", "--description", "says it again"]);
    assert!(made.starts_with("made echo, version 1, id "), "{made}");
    let ended = shell.start(&["invoke", "echo", "--data", "-"]).stdin("{\"a\": 2.5}\n").end();
    ended.returned("[1,{\"a\":2.5}]");
    assert_eq!(ended.log(), ["INFO     action: 1 records"]);

    // A second version keeps what is not said again.
    let updated = shell.echo(2).done(&["deploy", "echo", "--env", "B=2", "--policy", "{\"queue\": 7}"]);
    assert!(updated.starts_with("updated echo, version 2, id "), "{updated}");
    let shown = shell.json(&["show", "echo"]);
    assert_eq!(shown["details"]["environment_variables"], json!({"A": "1", "B": "2"}));
    assert_eq!(shown["details"]["description"], "says it again");
    assert_eq!(
        (&shown["settings"]["policy"]["queue"], &shown["settings"]["version"]),
        (&json!(7), &json!(2))
    );
    shell.end(&["invoke", "echo", "--json", "[]"]).returned("[2]");
    assert_eq!(shell.done(&["rollback", "echo"]), "echo runs by version 1\n");
    shell.end(&["invoke", "echo", "--json", "[]"]).returned("[1]");
    assert_eq!(shell.end(&["rollback", "echo"]).code, 4);
    assert_eq!(shell.done(&["rollback", "echo", "--to", "2"]), "echo runs by version 2\n");

    assert_eq!(shell.done(&["pause", "echo"]), "paused echo\n");
    assert!(
        shell.done(&["show", "echo"]).contains("\nstatus           paused\n"),
        "{}",
        shell.done(&["show", "echo"])
    );
    shell.end(&["invoke", "echo"]).is_refused("the action is paused: resume it first");
    assert_eq!(shell.done(&["resume", "echo"]), "resumed echo\n");

    let url = shell.done(&["hooks", "create", "echo", "--description", "a sender", "--answer", "result"]);
    let path = url.trim().split_once("/hooks/").expect("a hook's URL").1;
    let sent = server.call("POST", &format!("/hooks/{path}")).no_auth().json(&json!([9])).send();
    assert_eq!(sent.is(200)["result"], json!([2, 9]));
    let hooks = shell.json(&["hooks", "list", "echo"]);
    assert_eq!(hooks["hooks"][0]["description"], "a sender");
    shell.done(&["hooks", "revoke", "echo", hooks["hooks"][0]["id"].as_str().unwrap()]);
    assert_eq!(shell.json(&["hooks", "list", "echo"]), json!({"hooks": []}));

    let runs = shell.json(&["runs", "echo", "--trigger", "hook", "--since", "1h"]);
    let run = runs[0]["run_id"].as_str().expect("the hook's run");
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
    assert!(shell.done(&["show", run]).contains("\ntrigger    hook\n"), "{}", shell.done(&["show", run]));
    for line in [&["logs", run][..], &["logs", "echo"], &["logs", "-f", run]] {
        assert!(shell.done(line).ends_with(": 1 records\n"), "{line:?}");
    }
    assert_eq!(shell.json(&["logs", "echo"])["message"], "1 records");

    let no_terminal = "standard input is no terminal to ask on: give --yes";
    shell.end(&["delete", "echo"]).is_refused(no_terminal);
    assert_eq!(shell.done(&["delete", "echo", "--yes"]), "deleted echo\n");
    assert_eq!(shell.json(&["list"]), json!([]));
}

#[test]
fn a_schedule_comes_with_a_deployment_and_stays() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let deploy = ["deploy", "echo", "--schedule", "30 2 1 1 *", "--timezone", "Europe/Berlin"];
    let ended = shell.echo(1).end(&deploy);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.starts_with("next due ") && ended.stderr.ends_with("-01-01T01:30:00Z\n"),
        "{ended:?}"
    );
    shell.echo(2).done(&["deploy", "echo"]);
    let shown = shell.json(&["show", "echo"]);
    let schedule = &shown["schedule"];
    assert_eq!(
        (&schedule["cron_expr"], &schedule["timezone"]),
        (&json!("30 2 1 1 *"), &json!("Europe/Berlin"))
    );
    let refused = shell.end(&["deploy", "echo", "--type", "service"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("the execution type of an action cannot be changed"), "{refused:?}");
}

#[test]
fn a_log_is_followed_while_it_is_written() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let main = "import time\n\ndef main(data):\n    print('begun', flush=True)\n    time.sleep(0.3)\n    print('done')\n";
    shell.0.write("slow/main.py", main);
    shell.done(&["deploy", "slow"]);
    let run = shell.done(&["invoke", "slow", "--no-wait"]);
    let followed = shell.done(&["logs", "--follow", run.trim()]);
    let said: Vec<&str> = followed.lines().filter_map(|line| line.rsplit(": ").next()).collect();
    assert_eq!(said, ["begun", "done"], "{followed}");
    assert_eq!(shell.json(&["show", run.trim()])["status"], "completed");
}

#[test]
fn how_a_run_ended_is_the_exit_code() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let main = "def main(data):\n    while data:\n        pass\n    raise ValueError('no \\x1b[31m')\n";
    shell.0.write("fails/main.py", main);
    shell.done(&["deploy", "fails", "--policy", "{\"wall_ms\": 300}"]);
    let raised = shell.end(&["invoke", "fails"]);
    assert_eq!((raised.code, &*raised.stdout), (1, ""));
    assert!(raised.stderr.starts_with("error: raised ValueError:\n"), "{}", raised.stderr);
    assert!(raised.stderr.contains(r"ValueError: no \u{1b}[31m"), "{}", raised.stderr);
    let stopped = shell.end(&["invoke", "fails", "--json", "[1]"]);
    assert_eq!((stopped.code, &*stopped.stdout), (3, ""));
    assert!(stopped.stderr.starts_with("error: stopped: "), "{}", stopped.stderr);
    let whole = shell.end(&["invoke", "fails", "--output", "json"]);
    let run: Value = serde_json::from_str(&whole.stdout).expect("the whole run");
    assert_eq!((whole.code, &run["error"]["type"]), (1, &json!("ValueError")));
    let listed = shell.done(&["runs", "fails", "--status", "errored"]);
    assert!(listed.contains(r"ValueError: no \u{1b}[31m") && !listed.contains('\x1b'), "{listed}");
}

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

#[test]
fn contexts_are_kept_for_their_owner_alone() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let login = ["login", &url(&server), "--email", ROOT.0, "--token-stdin", "--name", "two"];
    assert_eq!(shell.start(&login).stdin(ROOT.1).end().code, 0);
    let kept = shell.0.path().join("config/actiond/contexts.toml");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let place = server.address().to_string();
    let known = shell.json(&["context", "list"]);
    assert_eq!(
        (&known["two"]["current"], &known[&place]["current"]),
        (&json!(true), &json!(false)),
        "{known}"
    );
    assert!(!known.to_string().contains(ROOT.1));
    shell.done(&["context", "use", &place]);
    assert!(shell.done(&["context", "list"]).contains(&format!("*  {place}")));
    shell.done(&["context", "remove", &place]);
    // The one that is left.
    assert_eq!(shell.json(&["list"]), json!([]));
    shell.done(&["context", "remove", "two"]);
    assert_eq!(shell.end(&["list"]).code, 77);
    // Without any context, the environment does.
    let env = [("ACTIOND_SERVER", &*url(&server)), ("ACTIOND_EMAIL", ROOT.0), ("ACTIOND_TOKEN", ROOT.1)];
    let list = env
        .iter()
        .fold(shell.start(&["list", "--output", "json"]), |start, (key, value)| start.env(key, value));
    assert_eq!(list.end().stdout, "[]\n");
    // What they say is no setting of the server.
    assert_eq!(shell.start(&["config"]).env("ACTIOND_TOKEN", "x").end().code, 0);
}

/// A server that answers every request with this.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(10).flatten() {
            let (mut stream, mut head) = (BufReader::new(stream), String::new());
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).is_ok_and(|bytes| bytes > 0) {}
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.get_mut().write_all((head + answer).as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn what_a_server_says_reaches_no_terminal_raw() {
    const ACTIONS: &str = r#"[{"id":"\u001b]0;x\u0007","name":"a\nb\u202e","created_at":1,"last_run_at":2,"last_successful_at":null,
        "created_by":"c","status":"\u009b31m","execution_details_type":"service","more":1}]"#;
    let list = |answer, output: &str| {
        let shell = Shell::new();
        let start = shell.start(&["list", "--output", output]).env("ACTIOND_SERVER", answering(answer));
        start.env("ACTIOND_EMAIL", "a@b.c").env("ACTIOND_TOKEN", "x").end()
    };
    for output in ["table", "json"] {
        let listed = list(ACTIONS, output);
        assert_eq!((listed.code, listed.stderr.as_str()), (0, ""));
        let raw = |char: char| char.is_control() && char != '\n';
        assert!(!listed.stdout.contains(raw) && listed.stdout.contains("9b"), "{listed:?}");
    }
    assert!(list(ACTIONS, "table").stdout.contains(r"a\nb\u{202e}  service  \u{9b}31m"));
    for answer in ["<html>hello</html>", "{\"data\": []}", ""] {
        let refused = list(answer, "table");
        assert_eq!((refused.code, &*refused.stdout), (2, ""), "{answer}");
        assert!(
            refused.stderr.contains(" sent what is no answer of actiond (not the expected JSON"),
            "{refused:?}"
        );
    }
}

#[test]
fn shells_get_their_completions() {
    let shell = Shell::new();
    for (name, part) in
        [("bash", "complete -F"), ("zsh", "#compdef actiond"), ("fish", "complete -c actiond")]
    {
        let script = shell.done(&["completions", name]);
        assert!(script.contains(part) && script.contains("rollback"), "{name}");
        if name == "bash" {
            let mut bash =
                Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash is installed");
            bash.stdin.take().expect("it was piped").write_all(script.as_bytes()).expect("it reads");
            assert!(bash.wait().expect("it ends").success());
        }
    }
    assert_eq!(shell.end(&["completions", "tcsh"]).code, 2);
}

#[test]
fn dev_runs_again_when_a_file_changes() {
    let shell = Shell::new();
    shell.echo(1).0.write("echo/payload.json", "[5]");
    let mut child = shell.start(&["dev", "echo"]).spawn();
    let (tell, told) = mpsc::sync_channel(100);
    let mut stderr = BufReader::new(child.stderr.take().expect("it was piped"));
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    let stdout = BufReader::new(child.stdout.take().expect("it was piped"));
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    let next = || told.recv_timeout(WAIT).expect("a result");
    assert_eq!(next(), "[1,5]");
    shell.echo(2);
    assert_eq!(next(), "[2,5]");
    shell.0.write("echo/payload.json", "[6]");
    assert_eq!(next(), "[2,6]");
    // What is wrong is told, and may be mended.
    shell.0.write("echo/payload.json", "6]");
    shell.echo(3).0.write("echo/payload.json", "[7]");
    assert_eq!(next(), "[3,7]");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it can be told to end");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let errors = errors.join().expect("it only reads");
    assert!(
        errors.contains("echo/main.py changed\n") && errors.contains("watching echo: Ctrl-C ends\n"),
        "{errors}"
    );
}
