//! MariaDB, in the clear and with TLS: the database `shop` of the user `ada`, who has a password.

use std::process::Command;

use rustix::process::Signal;

use super::{Certificates, Service, address, done, port};
use crate::program::Place;

pub(crate) struct Mariadb {
    _service: Service,
    _place: Place,
    pub(crate) port: u16,
}

/// Nothing is kept: small files, which nobody waits for.
const SMALL: &str = "loose-debug-no-sync=ON\ninnodb-flush-log-at-trx-commit=0\ninnodb-log-file-size=4M\n\
     innodb-temp-data-file-path=ibtmp1:1M:autoextend\nloose-innodb-undo-tablespaces=0\n";

/// What the server does first: the user gets a way in.
const FIRST: &str = "CREATE DATABASE shop;\n\
     CREATE USER ada@'%' IDENTIFIED BY 'lovelace';\n\
     GRANT ALL ON shop.* TO ada@'%';\n";

impl Mariadb {
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let (place, port) = (Place::new(), port());
        let (folder, certificates) = (place.path().display(), certificates.path().display());
        let user = if rustix::process::geteuid().is_root() { "user=root\n" } else { "" };
        let configuration = format!(
            "[mariadbd]\n{user}datadir={folder}/data\nsocket={folder}/socket\npid-file={folder}/pid\n\
             bind-address={}\nport={port}\ninit-file={folder}/first.sql\nlog-bin=OFF\n\
             ssl-cert={certificates}/server.pem\nssl-key={certificates}/server.key\nssl-ca={certificates}/ca.pem\n\
             {SMALL}",
            address()
        );
        place.write("my.cnf", configuration).write("first.sql", FIRST);
        let defaults = format!("--defaults-file={folder}/my.cnf");
        let mut install = Command::new("/usr/bin/mariadb-install-db");
        install.args([&defaults, "--auth-root-authentication-method=normal", "--skip-test-db"]);
        done(install.current_dir(place.path()), "");
        let mut command = Command::new("/usr/sbin/mariadbd");
        let service = Service::start(command.arg(&defaults), "ready for connections", Signal::KILL);
        Self { _service: service, _place: place, port }
    }
}
