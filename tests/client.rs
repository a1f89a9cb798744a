//! The client on the command line, against a real server: an action's whole life, refusals, and what is shown of text that
//! nobody trusts.

mod dev;
mod refusals;
mod shell;
mod templates;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use self::shell::{ECHO, Shell, url};
use crate::{
    server::{ROOT, Server},
    zips::Zip,
};

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
    shell.echo(1).done(&["deploy", "echo", "--name", "other"]);
    // However often it is named.
    assert_eq!(shell.done(&["delete", "echo", "other", "echo", "--yes"]), "deleted echo\ndeleted other\n");
    assert_eq!(shell.json(&["list"]), json!([]));
}

#[test]
fn a_schedule_and_a_policy_come_with_a_deployment_and_stay() {
    let server = Server::start();
    let shell = Shell::of(&server);
    let deploy = ["deploy", "echo", "--schedule", "30 2 1 1 *", "--timezone", "Europe/Berlin"];
    let policy = ["--policy", "{\"stateful\": true, \"queue\": 7}"];
    let ended = shell.echo(1).end(&[&deploy[..], &policy].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.starts_with("next due ") && ended.stderr.ends_with("-01-01T01:30:00Z\n"),
        "{ended:?}"
    );
    shell.echo(2).done(&["deploy", "echo", "--allow-net", "example.com:443"]);
    let shown = shell.json(&["show", "echo"]);
    let policy = &shown["settings"]["policy"];
    // What is said of a policy leaves the rest of it alone.
    let expected = (&json!(true), &json!(7), &json!(["example.com:443"]));
    assert_eq!((&policy["stateful"], &policy["queue"], &policy["egress"]), expected);
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
    // What it says of one server goes to no other.
    for (said, code) in [(&*url(&server), 0), ("http://127.0.0.1:1", 2)] {
        let login = shell.start(&["login", &url(&server), "--email", ROOT.0]);
        let login = login.env("ACTIOND_SERVER", said).env("ACTIOND_TOKEN", ROOT.1).end();
        assert_eq!(login.code, code, "{login:?}");
    }
    // What they say is no setting of the server.
    assert_eq!(shell.start(&["config"]).env("ACTIOND_TOKEN", "x").end().code, 0);
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
