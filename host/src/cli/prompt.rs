//! Asking whoever sits at the terminal: a line, a password that is not shown, yes or no.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _, Stdin, Write as _},
    os::fd::AsFd as _,
};

use anyhow::{Context as _, anyhow};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::command::Failure;
use crate::terminal::escaped;

const LINE_BYTES_MAX: u64 = 4_096;
const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACES: [u8; 2] = [8, 127];

/// Somebody who can be asked.
pub(super) struct Prompt {
    stdin: Stdin,
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden<'a> {
    stdin: &'a Stdin,
    before: Termios,
}

impl Prompt {
    /// `instead`: what to give where nobody can be asked.
    pub(super) fn open(instead: &str) -> Result<Self, Failure> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Ok(Self { stdin });
        }
        Err(Failure::BadInput(anyhow!("standard input is no terminal to ask on: give {instead}")))
    }

    /// A line; `default` where nothing is typed.
    pub(super) fn line(&self, question: &str, default: Option<&str>) -> Result<String, Failure> {
        let hint = default.map(|default| format!(" [{default}]")).unwrap_or_default();
        ask(&format!("{question}{hint}: ")).map_err(Failure::Internal)?;
        let line = read_line(self.stdin.lock()).map_err(Failure::Internal)?;
        match (line.trim(), default) {
            ("", Some(default)) => Ok(default.to_owned()),
            ("", None) => Err(Failure::BadInput(anyhow!("{question}: nothing was typed"))),
            (line, _) => Ok(line.to_owned()),
        }
    }

    pub(super) fn confirm(&self, question: &str) -> Result<bool, Failure> {
        ask(&format!("{question} [y/N]: ")).map_err(Failure::Internal)?;
        let line = read_line(self.stdin.lock()).map_err(Failure::Internal)?;
        Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// A line that nobody sees. `None`: Ctrl-C.
    pub(super) fn hidden(&self, question: &str) -> Result<Option<String>, Failure> {
        let hidden =
            Hidden::begin(&self.stdin).context("cannot hide what is typed").map_err(Failure::Internal)?;
        // Not before: what was typed until then is forgotten.
        ask(&format!("{question}: ")).map_err(Failure::Internal)?;
        let typed = hidden.line().context("cannot read from the terminal").map_err(Failure::Internal);
        drop(hidden);
        // The line end was not shown either.
        write("\n").map_err(Failure::Internal)?;
        match typed? {
            None => Ok(None),
            Some(bytes) => String::from_utf8(bytes).map(Some).map_err(Failure::bad_input),
        }
    }
}

impl<'a> Hidden<'a> {
    fn begin(stdin: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin.as_fd())?;
        let mut modes = before.clone();
        // Byte by byte, Ctrl-C too: else it would leave a terminal behind that shows nothing any more.
        modes.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(stdin.as_fd(), OptionalActions::Flush, &modes)?;
        Ok(Self { stdin, before })
    }

    fn line(&self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        for byte in self.stdin.lock().bytes().take(LINE_BYTES_MAX as usize) {
            match byte? {
                b'\r' | b'\n' | END => break,
                INTERRUPT => return Ok(None),
                byte if BACKSPACES.contains(&byte) => drop(line.pop()),
                byte => line.push(byte),
            }
        }
        Ok(Some(line))
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.stdin.as_fd(), OptionalActions::Flush, &self.before);
    }
}

/// The first line of what is piped in.
pub(super) fn piped_line() -> Result<String, Failure> {
    let line = read_line(io::stdin().lock()).map_err(Failure::Internal)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_line(from: impl io::BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    from.take(LINE_BYTES_MAX).read_line(&mut line).context("cannot read standard input")?;
    Ok(line)
}

/// Names in a question are somebody's.
fn ask(question: &str) -> anyhow::Result<()> {
    write(&escaped(question))
}

/// To standard error: standard output is for results.
fn write(text: &str) -> anyhow::Result<()> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).context("cannot write to the terminal")
}
