//! The program under test, started as a user starts it: arguments, files and standard input in, streams and a code out.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of the test's own, in which the program is started.
pub(crate) struct Place(TempDir);

/// A start of the program that is being put together.
pub(crate) struct Start {
    command: Command,
    stdin: Vec<u8>,
    stdout: Stdio,
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What a shell would see: for a signal, 128 and its number.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    /// Without the progress of a first start, which another test may have made.
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders that it lies in.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(Path::new(&name));
        fs::create_dir_all(path.parent().expect("it lies in the place")).expect("folders can be made");
        fs::write(path, contents).expect("a file can be written");
        self
    }

    /// A folder `action` whose `main.py` is `main`.
    pub(crate) fn action(main: &str) -> Self {
        let place = Self::new();
        place.write("action/main.py", main);
        place
    }

    /// `actiond run` in this place.
    pub(crate) fn run(&self, arguments: &[&str]) -> Start {
        self.start("run", arguments)
    }

    /// A command of the program in this place.
    pub(crate) fn start(&self, command: &str, arguments: &[&str]) -> Start {
        let (name, mut command) = (command, Command::new(program()));
        command.arg(name).args(arguments).current_dir(self.path()).env_remove("NO_COLOR");
        Start { command, stdin: Vec::new(), stdout: Stdio::piped() }
    }

    /// A bash in this place that knows the program, and is at home here. All its streams are piped.
    pub(crate) fn bash(&self, arguments: &[&str]) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the test starts with the same cache and programs")]
        let own = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = own("ACTIOND_CACHE").or_else(|| own("XDG_CACHE_HOME").map(|cache| cache.join("actiond")));
        let cache =
            cache.or_else(|| own("HOME").map(|home| home.join(".cache/actiond"))).expect("there is a cache");
        let folders =
            own("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
        let program = program().parent().expect("it lies in a folder").to_owned();
        let path = std::env::join_paths([program].into_iter().chain(folders)).expect("plain folders");
        let mut command = Command::new("bash");
        command.args(arguments).current_dir(self.path()).env("HOME", self.path());
        command.env("PATH", path).env("ACTIOND_CACHE", cache).env("LC_ALL", "C.UTF-8");
        // What is asked here is asked on this machine.
        command.env("NO_PROXY", "*").env("no_proxy", "*").env_remove("XDG_DATA_HOME");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        let text = fs::read(self.path().join(name)).expect("the file is there");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    /// Everything below the place, in order; folders end with `/`.
    pub(crate) fn tree(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.path(), "", &mut found);
        found.sort();
        found
    }
}

impl Start {
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Standard output goes there, and is not read.
    pub(crate) fn stdout(mut self, to: File) -> Self {
        self.stdout = to.into();
        self
    }

    pub(crate) fn spawn(mut self) -> Child {
        let streams = self.command.stdin(Stdio::piped()).stdout(self.stdout).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("it was piped");
        // A program that does not want its input may have closed it.
        let _ = stdin.write_all(&self.stdin);
        child
    }

    pub(crate) fn end(self) -> Ended {
        Ended::of(self.spawn())
    }
}

impl Ended {
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let status = output.status;
        let code = status.code().or(status.signal().map(|signal| 128 + signal)).expect("one of them");
        let stderr = text(output.stderr);
        let progress = ["compiling the guest", "booting the guest"];
        let shown = |line: &&str| !progress.iter().any(|start| line.starts_with(start));
        let stderr = stderr.split_inclusive('\n').filter(shown).collect();
        Self { code, stdout: text(output.stdout), stderr }
    }

    /// Refused: one line says why, and nothing else is said.
    #[track_caller]
    pub(crate) fn is_refused(&self, line: &str) {
        assert_eq!((self.code, &*self.stdout, &*self.stderr), (2, "", &*format!("error: {line}\n")));
    }

    #[track_caller]
    pub(crate) fn returned(&self, stdout: &str) {
        assert_eq!((self.code, &*self.stdout), (0, &*format!("{stdout}\n")), "{}", self.stderr);
    }

    /// The log, each line without its time.
    pub(crate) fn log(&self) -> Vec<String> {
        self.stderr.lines().map(|line| without_time(line).to_owned()).collect()
    }
}

fn without_time(line: &str) -> &str {
    match line.split_once("Z ") {
        Some((time, rest)) if time.len() == "2026-01-02T03:04:05.678901".len() => rest,
        _ => line,
    }
}

/// Tests are built beside the program: into `deps/` of the same folder.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let program = test.ancestors().nth(2).expect("it lies in deps/").join("actiond");
    assert!(program.is_file(), "no {}: run `cargo build --release`", program.display());
    program
}

/// The guest with NumPy and pandas, where the program finds it.
#[expect(clippy::disallowed_methods, reason = "tests find the guest where the program finds it")]
pub(crate) fn data_guest() -> PathBuf {
    let own = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || {
        let cache = own("ACTIOND_CACHE").or_else(|| own("XDG_CACHE_HOME").map(|cache| cache.join("actiond")));
        cache.or_else(|| own("HOME").map(|home| home.join(".cache/actiond"))).expect("there is a cache")
    };
    own("ACTIOND_DATA_GUEST").unwrap_or_else(|| cache().join("guest-data"))
}

fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let entry = entry.expect("an entry can be read");
        let name = format!("{prefix}{}", entry.file_name().display());
        if entry.file_type().expect("it has a type").is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
            found.push(format!("{name}/"));
        } else {
            found.push(name);
        }
    }
}
