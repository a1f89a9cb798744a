//! `uv` as a child: what it may see, how long it may take, how much it may say, and what its words mean.

use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::{
    io::AsyncReadExt as _,
    process::Command,
    time::{Instant, timeout_at},
};

use super::{refusal::Error, resolver::Watch};

/// Of what it says; the rest is read and thrown away.
const SAID_BYTES_MAX: usize = 64 << 10;
/// Beginnings of what is told while it works.
const NEWS: &[&str] = &["Resolved ", "Prepared ", "Installed ", "Downloading ", "Downloaded ", " + "];
/// What the system says of a file that is larger than it may be.
const TOO_LARGE: &str = "File too large";
/// Of what is told of what it said.
const TOLD_CHARS_MAX: usize = 600;

/// The program, and all that it sees of our environment.
#[derive(Debug, Clone)]
pub(super) struct Uv {
    pub(super) program: PathBuf,
    pub(super) env: Vec<(OsString, OsString)>,
    /// The largest file that it may write.
    pub(super) file_bytes: u64,
}

/// One call of it.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) arguments: Vec<OsString>,
    /// Where it is started; nobody else writes there.
    pub(super) folder: &'a Path,
    pub(super) until: Instant,
    pub(super) watch: Option<&'a Watch>,
}

/// How it ended, when it did so in time.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) is_good: bool,
    /// It was ended because it wrote a file larger than it may.
    pub(super) is_too_large: bool,
    pub(super) said: String,
}

/// A child's process group, killed when this is dropped: whoever waits may go away at any time.
struct Group(Option<Pid>);

impl Uv {
    /// `None`: it was not done in time.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Option<Ended>, Error> {
        let failed = |error: io::Error| Error::Uv(format!("it cannot be started ({})", error.kind()));
        let mut command = Command::new(&self.program);
        command.args(&call.arguments).current_dir(call.folder).env_clear();
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(failed)?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let mut group = Group(pid);
        let limit = Rlimit { current: Some(self.file_bytes), maximum: Some(self.file_bytes) };
        // A child that has ended already needs no limit.
        let _ = prlimit(pid, Resource::Fsize, limit);
        let ended = async {
            let said = match child.stderr.take() {
                Some(stderr) => hear(stderr, call.watch).await,
                None => String::new(),
            };
            let status = child.wait().await?;
            let is_too_large = status.signal() == Some(Signal::XFSZ.as_raw()) || said.contains(TOO_LARGE);
            Ok(Ended { is_good: status.success(), is_too_large, said })
        };
        match timeout_at(call.until, ended).await {
            Ok(ended) => {
                group.0 = None;
                ended.map(Some).map_err(failed)
            }
            Err(_) => Ok(None),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may have ended just now.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Reads to the end, so that the child never waits for us; keeps the beginning.
async fn hear(mut stderr: impl tokio::io::AsyncRead + Unpin, watch: Option<&Watch>) -> String {
    let (mut kept, mut told, mut chunk) = (Vec::new(), 0, vec![0; 4 << 10]);
    while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
        let room = SAID_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..read.min(room)]);
        while let (Some(watch), Some(end)) = (watch, kept[told..].iter().position(|byte| *byte == b'\n')) {
            let line = String::from_utf8_lossy(&kept[told..told + end]);
            told += end + 1;
            if is_news(&line) {
                watch.see(line.trim_end());
            }
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// What it did. Why it did not is told once, when it has ended.
fn is_news(line: &str) -> bool {
    NEWS.iter().any(|start| line.starts_with(start))
}

/// What a call came to that failed, for whoever wrote the action.
pub(super) fn understood(said: &str) -> Error {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let cause = cause(said);
    if has(&["network was disabled", "Network connectivity is disabled", "not found in the cache"]) {
        return Error::Offline(cause);
    }
    if has(&["Failed to fetch", "error sending request", "Failed to download", "Request failed"]) {
        return Error::Unreachable(cause);
    }
    if has(&["Hash mismatch", "hash mismatch"]) {
        return Error::Uv(cause);
    }
    if let Some(name) = not_pure(said).pop() {
        return Error::NotPure(name);
    }
    if let Some((before, _)) = said.split_once(" was not found in the package registry") {
        let name = before.rsplit(|char: char| char.is_whitespace()).next().unwrap_or_default();
        return Error::NoPackage(name.to_owned());
    }
    if has(&["No solution found"]) {
        return Error::NoVersions(cause);
    }
    if has(&["Couldn't parse requirement"]) {
        return Error::Unread(cause);
    }
    Error::Uv(cause)
}

/// The packages of which it says that they have no wheel that fits.
pub(super) fn not_pure(said: &str) -> Vec<String> {
    let text = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let hinted = text.split("Wheels are required for `").skip(1).filter_map(|piece| piece.split_once('`'));
    let mut names: Vec<String> = hinted.map(|(name, _)| name.to_owned()).collect();
    for says in
        [" has no wheels with a matching", " have no wheels with a matching", " have no usable wheels"]
    {
        for (at, _) in text.match_indices(says) {
            let word = text[..at].rsplit(' ').next().unwrap_or_default();
            // As `name==1.0` or `name[extra]`, or the name alone.
            let end = word.find(['=', '<', '>', '!', '~', '[']).unwrap_or(word.len());
            names.push(word[..end].to_owned());
        }
    }
    names
}

/// The reason in one line, without hints on how to call it.
pub(super) fn cause(said: &str) -> String {
    let lines = said.lines().filter(|line| !line.starts_with("warning:"));
    let text: Vec<&str> = lines.take_while(|line| !line.starts_with("hint:")).collect();
    let text = text.join("\n");
    let text = text.split_once("cause:").map_or(text.as_str(), |(_, cause)| cause);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim_start_matches("error: ").trim_end_matches('.');
    match text.char_indices().nth(TOLD_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_told_in_one_line() {
        let rows = [
            (
                "warning: The requested Python version 3.13 is not available.\nerror: No solution found when resolving \
                 dependencies\n  cause: Because all versions of pandas have no usable wheels and you require pandas, we can \
                 conclude that your requirements are unsatisfiable.\n\nhint: Wheels are required for `pandas` because building \
                 from source is disabled",
                "pandas has no pure Python wheel, and a sandbox can load no other: choose another version or package, or put \
                 one into dependencies/",
            ),
            (
                "error: No solution found when resolving dependencies\n  cause: Because abc was not found in the package \
                 registry and you require abc, we can conclude that it fails.",
                "there is no package abc in the index: check its name",
            ),
            (
                "error: No solution found when resolving dependencies\n  cause: Because only a<=2\n   is available and you \
                 require a>=99.\n",
                "no versions fit together: Because only a<=2 is available and you require a>=99",
            ),
            (
                "error: Failed to fetch: https://i/simple/a/\n  cause: connection refused\n\nhint: x",
                "the index cannot be reached: connection refused",
            ),
            (
                "error: No solution found when resolving dependencies\n  cause: Because a was not found in the cache and you \
                 require a.\n\nhint: the network was disabled",
                "Because a was not found in the cache and you require a, and the server takes only packages that it has \
                 already (dependencies.offline)",
            ),
            (
                "error: No solution found when resolving dependencies\n  cause: Because abc==1.0 has no wheels with a matching \
                 platform tag (e.g., `x`) and you require abc, it fails.",
                "abc has no pure Python wheel, and a sandbox can load no other: choose another version or package, or put one \
                 into dependencies/",
            ),
            ("error: unexpected argument", "uv failed: unexpected argument"),
        ];
        for (said, expected) in rows {
            assert_eq!(understood(said).to_string(), expected);
        }
        let long = understood(&format!("error: {}", "x ".repeat(1_000))).to_string();
        assert!(long.chars().count() < 700 && long.ends_with('…'), "{long}");
    }
}
