//! PostgreSQL, in the clear and with TLS: the database `postgres` of the user `ada`, who has a password.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;

use super::{Certificates, Service, address, done, port};
use crate::program::Place;

/// The user `nobody`, where the test is root: PostgreSQL does not start as root.
const NOBODY: u32 = 65_534;

pub(crate) struct Postgres {
    _service: Service,
    _place: Place,
    pub(crate) port: u16,
}

impl Postgres {
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let (place, port) = (Place::new(), port());
        for file in ["server.pem", "server.key"] {
            place.write(file, fs::read(certificates.path().join(file)).expect("it is there"));
        }
        place.write("password", "lovelace");
        own(place.path());
        let programs = programs();
        let data = ["-D", "data"];
        let initdb = [
            "--no-sync",
            "-U",
            "ada",
            "--pwfile",
            "password",
            "--auth",
            "scram-sha-256",
            "--locale",
            "C.UTF-8",
        ];
        done(program(&programs, "initdb", place.path()).args(data).args(initdb), "");
        let mut command = program(&programs, "postgres", place.path());
        command.args(data).args(["-p", &port.to_string()]);
        let folder = place.path().display();
        for setting in [
            &format!("listen_addresses={}", address()),
            &format!("unix_socket_directories={folder}"),
            &format!("ssl_cert_file={folder}/server.pem"),
            &format!("ssl_key_file={folder}/server.key"),
            "ssl=on",
            "fsync=off",
        ] {
            command.args(["-c", setting]);
        }
        let service = Service::start(&mut command, "ready to accept connections", Signal::QUIT);
        Self { _service: service, _place: place, port }
    }
}

/// Where the newest version's programs are. Versions that were removed may have left folders behind.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed: run scripts/setup");
    let version = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let programs = |version: u32| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    let whole = |version: &u32| programs(*version).join("initdb").is_file();
    let newest = versions.map_while(Result::ok).filter_map(version).filter(whole).max();
    programs(newest.expect("a version is whole: run scripts/setup"))
}

fn program(programs: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// The folder and its files are the server's user's, and nobody else reads them.
fn own(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may give it away");
        }
    }
    if rustix::process::geteuid().is_root() {
        chown(folder, Some(NOBODY), Some(NOBODY)).expect("root may give it away");
    }
}
