//! Servers as scripts meet them, on loopback, ended when they are let go of: real programs that `scripts/setup` installs, each
//! with a folder of its own, and for IMAP and the services of others ones of ours. None is the machine's own service.

mod certificates;
mod mariadb;
mod nginx;
mod peer;
mod postgres;
mod python;
mod redis;

use std::{
    io::{BufRead as _, BufReader, Write as _, pipe},
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) use certificates::Certificates;
pub(crate) use mariadb::Mariadb;
pub(crate) use nginx::Nginx;
pub(crate) use peer::{Answer, Heard, Peer, Said};
pub(crate) use postgres::Postgres;
pub(crate) use python::{Ftp, Mail, WebSocket};
pub(crate) use redis::Redis;

/// A program that serves. It is told to end when it is let go of.
struct Service {
    child: Child,
    end: Signal,
}

impl Service {
    /// Starts a program, and waits until it says that it is ready. `end` is the signal at which it ends at once.
    fn start(command: &mut Command, ready: &str, end: Signal) -> Self {
        let program = command.get_program().display().to_string();
        let (said, says) = pipe().expect("a pipe");
        command.stdin(Stdio::null()).stdout(says.try_clone().expect("a second handle")).stderr(says);
        let child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}: run scripts/setup"));
        // It holds the pipe's other end, which the program alone is to have.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let service = Self { child, end };
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let mut heard = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("{program} does not start:\n{heard}"));
            if line.contains(ready) {
                break;
            }
            heard.push_str(&line);
            heard.push('\n');
        }
        // It reads to the end: a program whose lines nobody takes would wait for ever.
        thread::spawn(move || lines.for_each(drop));
        service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // One that ended by itself is waited for all the same.
        let _ = kill_process(Pid::from_child(&self.child), self.end);
        let _ = self.child.wait();
    }
}

/// An address of this process's own on loopback: nobody else takes a port of it, but for those who listen at all addresses.
pub(crate) fn address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + high, middle, low)
}

/// A port of [`address`] that nobody was given, and that could be listened at just now.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(10_000);
    let mut ports = (0..1_000).map(|_| NEXT.fetch_add(1, Ordering::Relaxed));
    ports.find(|port| TcpListener::bind((address(), *port)).is_ok()).expect("one of a thousand ports is free")
}

/// Runs a program to its end.
fn done(command: &mut Command, input: &str) {
    let program = command.get_program().display().to_string();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}: run scripts/setup"));
    child.stdin.take().expect("it was piped").write_all(input.as_bytes()).expect("it takes its input");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {}\n{said}", output.status);
}
