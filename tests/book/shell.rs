//! The terminal in which a page's commands are given: one bash from the page's first command to its last.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout},
};

use crate::program::Place;

/// Stops at the first command that fails. `upload FOLDER KIND` is what pages have done before their first block: it makes the
/// folder an action and prints its id.
const BEGIN: &str = r#"
set -e
upload() {
    local zip=$PWD/.book/upload.zip
    rm -f "$zip"
    (cd "$1" && zip -qr "$zip" .)
    curl -s -u "$LOGIN" -F "name=$(basename "$1")" -F owner=root@example.com -F service_account=root@example.com \
        -F "execution_details=$2" -F filename=upload.zip -F "file=@$zip" "$API/actions/upload" | jq -er .uuid
}
"#;
/// Where a command's output goes, below the page's folder.
const FOLDER: &str = ".book";

pub(super) struct Shell<'a> {
    place: &'a Place,
    bash: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    count: usize,
}

impl<'a> Shell<'a> {
    pub(super) fn start(place: &'a Place) -> Self {
        place.write(format!("{FOLDER}/begin"), BEGIN);
        let mut bash = place.bash(&["--noprofile", "--norc"]).spawn().expect("there is a bash");
        let stdin = bash.stdin.take().expect("it was piped");
        let stdout = BufReader::new(bash.stdout.take().expect("it was piped"));
        let mut shell = Self { place, bash, stdin, stdout, count: 0 };
        shell.tell(&format!(". {FOLDER}/begin"));
        shell
    }

    /// Gives commands, and waits for their end. What they said, on both streams; an error when one of them failed.
    pub(super) fn run(&mut self, commands: &str) -> Result<String, String> {
        self.count += 1;
        let name = format!("{FOLDER}/{}", self.count);
        self.place.write(&name, commands);
        self.tell(&format!(". {name} >{name}.out 2>&1 </dev/null; echo done"));
        let mut answer = String::new();
        // It ends at the first failure.
        let read = self.stdout.read_line(&mut answer);
        let said = fs::read_to_string(self.place.path().join(format!("{name}.out"))).unwrap_or_default();
        let said: String = said.split_inclusive('\n').filter(|line| !is_progress(line)).collect();
        if read.is_ok() && answer == "done\n" { Ok(said) } else { Err(said) }
    }

    fn tell(&mut self, line: &str) {
        // One that has ended does not answer either.
        let _ = writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush());
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        self.tell("exit 0");
        let _ = self.bash.wait();
    }
}

/// What a terminal shows only while it goes on, or only at a first start on a machine.
fn is_progress(line: &str) -> bool {
    ["compiling the guest", "booting the guest", "backing up ", "restoring "]
        .iter()
        .any(|start| line.starts_with(start))
}
