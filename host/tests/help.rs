//! The help, which names every flag and exit code. It also makes cargo build the program whenever it builds all tests, for
//! those of the package `e2e` to start.

use std::process::Command;

/// Commands that talk to a server.
const CLIENT: &[&str] =
    &["deploy", "list", "show", "invoke", "runs", "logs", "pause", "resume", "rollback", "delete", "hooks"];
/// Those beside them.
const LOCAL: &[&str] = &["init", "dev", "login", "context", "completions"];

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_actiond")).args(arguments).output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("help is text")
}

#[test]
fn the_program_names_its_commands_and_its_version() {
    let help_of_all = help(&["--help"]);
    for command in ["run", "serve", "config", "cron", "backup", "restore"].iter().chain(CLIENT).chain(LOCAL) {
        assert!(help_of_all.contains(&format!("\n  {command} ")), "{command}: {help_of_all}");
    }
    assert_eq!(help(&["--version"]), concat!("actiond ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_command_line_that_is_too_short_says_what_is_missing() {
    for (arguments, missing) in [
        (&[][..], "\n  run  "),
        (&["run"][..], "\n  <PATH>\n"),
        (&["cron"][..], "\n  <EXPR>\n"),
        (&["backup"][..], "\n  <DIR>\n"),
        (&["restore"][..], "\n  <DIR>\n"),
        (&["deploy"][..], "\n  <PATH>\n"),
        (&["delete"][..], "\n  <ACTION>...\n"),
        (&["hooks"][..], "\n  create  "),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_actiond")).args(arguments).output().expect("it starts");
        let stderr = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{arguments:?}");
        assert!(stderr.contains(missing) && stderr.contains("\nUsage: actiond "), "{arguments:?}: {stderr}");
    }
}

#[test]
fn run_names_its_flags_with_examples_and_exit_codes() {
    let help = help(&["run", "--help"]);
    for flag in ["data", "env", "fuel", "memory-mib", "timeout-s", "repeat", "report"] {
        assert!(help.contains(&format!("\n      --{flag} <")), "{flag}: {help}");
    }
    for part in
        ["Examples:\n  actiond run my-action/\n", "$ACTIOND_GUEST", "$ACTIOND_CACHE", "3 stopped by a limit"]
    {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn config_names_its_flags_and_which_source_wins() {
    let help = help(&["config", "--help"]);
    for part in [
        "\n      --config <FILE>",
        "\n      --listen <ADDR>",
        "\n      --data-dir <DIR>",
        "\n      --explain ",
        "A flag goes over the environment",
        "ACTIOND_RUNS_PARALLEL for runs.parallel",
        "Exit codes: 0 ",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn cron_names_its_flags_with_examples_and_exit_codes() {
    let help = help(&["cron", "--help"]);
    for flag in ["after", "count", "tz"] {
        assert!(help.contains(&format!("\n      --{flag} <")), "{flag}: {help}");
    }
    for part in ["Examples:\n  actiond cron '30 2 * * *'", "docs/schedules.md", "2 wrong usage or expression"]
    {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn backup_and_restore_name_their_flags_with_examples_and_exit_codes() {
    for (command, parts) in [
        ("backup", ["Writes DIR/actiond.backup", "A server that\nruns goes on answering", "2 wrong usage"]),
        ("restore", ["Reads DIR/actiond.backup", "has to be\nempty or not there", "2 wrong usage"]),
    ] {
        let help = help(&[command, "--help"]);
        let example = format!("Examples:\n  actiond {command} /backups/monday");
        for part in
            parts.iter().copied().chain([&*example, "\n      --config <FILE>", "\n      --data-dir <DIR>"])
        {
            assert!(help.contains(part), "{part}: {help}");
        }
        assert!(!help.contains("--listen"), "{help}");
    }
}

#[test]
fn each_command_of_the_client_has_examples_and_exit_codes() {
    for command in CLIENT.iter().chain(LOCAL) {
        let help = help(&[command, "--help"]);
        for part in [&format!("Examples:\n  actiond {command}"), "\n\nExit codes: 0 "] {
            assert!(help.contains(part), "{part}: {help}");
        }
    }
    for command in CLIENT.iter().filter(|command| **command != "hooks") {
        let help = help(&[command, "--help"]);
        for part in
            ["--context <NAME>", "--org <ORG>", "--output <FORM>", "ACTIOND_SERVER", "77 not\nlogged in"]
        {
            assert!(help.contains(part), "{command}: {part}: {help}");
        }
    }
}
