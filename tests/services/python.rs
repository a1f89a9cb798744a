//! Servers in Python: this folder's, on the packages of `requirements.txt`, which `scripts/setup` puts into the cache.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;

use super::{Certificates, Service, address, port};
use crate::program::Place;

/// SMTP and IMAP on one mailbox.
pub(crate) struct Mail {
    _services: [Service; 2],
    place: Place,
    pub(crate) smtp: u16,
    pub(crate) smtp_secure: u16,
    pub(crate) imap: u16,
    pub(crate) imap_secure: u16,
}

pub(crate) struct Ftp {
    _service: Service,
    place: Place,
    pub(crate) port: u16,
    pub(crate) data: u16,
}

pub(crate) struct WebSocket {
    _service: Service,
    pub(crate) plain: u16,
    pub(crate) secure: u16,
}

impl Mail {
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let (place, [smtp, smtp_secure, imap, imap_secure]) = (Place::new(), [(); 4].map(|()| port()));
        let folder = [certificates.path().to_owned(), place.path().join("mail")];
        let services = [
            start("mail.py", &[smtp, smtp_secure], &folder),
            start("imap.py", &[imap, imap_secure], &folder),
        ];
        Self { _services: services, place, smtp, smtp_secure, imap, imap_secure }
    }

    /// What has come in, in order.
    pub(crate) fn messages(&self) -> Vec<String> {
        read(&self.place.path().join("mail/new"))
    }
}

impl Ftp {
    pub(crate) fn start() -> Self {
        let (place, port, data) = (Place::new(), port(), port());
        place.write("files/here", "a file\n");
        let service = start("ftp.py", &[port, data], &[place.path().join("files")]);
        Self { _service: service, place, port, data }
    }

    pub(crate) fn files(&self) -> Vec<String> {
        read(&self.place.path().join("files"))
    }
}

impl WebSocket {
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let (plain, secure) = (port(), port());
        let service = start("websocket.py", &[plain, secure], &[certificates.path().to_owned()]);
        Self { _service: service, plain, secure }
    }
}

fn start(file: &str, ports: &[u16], folders: &[PathBuf]) -> Service {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("services");
    let mut command = Command::new("/usr/bin/python3");
    command.arg(here.join(file)).arg(address().to_string());
    command.args(ports.iter().map(u16::to_string)).args(folders);
    command.env("PYTHONPATH", packages()).env("PYTHONDONTWRITEBYTECODE", "1");
    Service::start(&mut command, "ready", Signal::KILL)
}

/// Where `scripts/setup` put the packages that the servers need.
fn packages() -> PathBuf {
    let mut setup = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/setup"));
    let output = setup.arg("--print-servers").output().expect("scripts/setup can be run");
    let said = String::from_utf8(output.stdout).expect("a path is text");
    let packages = PathBuf::from(said.trim_end());
    assert!(packages.is_dir(), "{said:?} is not there: run scripts/setup");
    packages
}

/// The files of a folder, by name.
fn read(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).expect("it is text")).collect()
}
