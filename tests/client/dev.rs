//! `actiond dev`, which ends when it is told to.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    sync::mpsc,
};

use super::shell::{Shell, WAIT};

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
