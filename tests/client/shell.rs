//! Somebody's shell, in which the client is started.

use std::time::Duration;

use serde_json::Value;

use crate::{
    program::{Ended, Place, Start},
    server::{ROOT, Server},
};

/// Nothing here takes longer.
pub(super) const WAIT: Duration = Duration::from_secs(60);
pub(super) const ECHO: &str =
    "def main(data, logger):\n    logger.info('%d records', len(data))\n    return [VERSION, *data]\n";

/// Somebody's shell: a folder with files, and contexts of their own.
pub(super) struct Shell(pub(super) Place);

impl Shell {
    pub(super) fn new() -> Self {
        Self(Place::new())
    }

    /// The shell of somebody who logged in as the root account.
    pub(super) fn of(server: &Server) -> Self {
        Self::of_account(server, ROOT)
    }

    pub(super) fn of_account(server: &Server, (email, password): (&str, &str)) -> Self {
        let shell = Self::new();
        let login = shell.start(&["login", &url(server), "--email", email, "--token-stdin"]);
        let ended = login.stdin(format!("{password}\n")).end();
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{ended:?}");
        shell
    }

    pub(super) fn start(&self, line: &[&str]) -> Start {
        self.0.start(line[0], &line[1..]).env("XDG_CONFIG_HOME", self.0.path().join("config"))
    }

    pub(super) fn end(&self, line: &[&str]) -> Ended {
        self.start(line).end()
    }

    /// It is done; what is on standard output.
    #[track_caller]
    pub(super) fn done(&self, line: &[&str]) -> String {
        let ended = self.end(line);
        assert_eq!(ended.code, 0, "{line:?}: {}", ended.stderr);
        ended.stdout
    }

    /// The same as JSON.
    #[track_caller]
    pub(super) fn json(&self, line: &[&str]) -> Value {
        let stdout = self.done(&[line, &["--output", "json"]].concat());
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{line:?}: no JSON: {stdout}"))
    }

    /// An action `echo` that returns its version and its data.
    pub(super) fn echo(&self, version: u32) -> &Self {
        self.0.write("echo/main.py", ECHO.replace("VERSION", &version.to_string()));
        self
    }
}

pub(super) fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}
