//! Redis, in the clear and with TLS, with a password.

use std::process::Command;

use rustix::process::Signal;

use super::{Certificates, Service, address, port};
use crate::program::Place;

pub(crate) struct Redis {
    _service: Service,
    _place: Place,
    pub(crate) plain: u16,
    pub(crate) secure: u16,
}

impl Redis {
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let (place, plain, secure) = (Place::new(), port(), port());
        let (address, certificates) = (address(), certificates.path().display());
        let configuration = format!(
            "bind {address}\nport {plain}\ntls-port {secure}\nrequirepass hidden\nsave \"\"\n\
             tls-cert-file {certificates}/server.pem\ntls-key-file {certificates}/server.key\n\
             tls-ca-cert-file {certificates}/ca.pem\ntls-auth-clients optional\n"
        );
        place.write("redis.conf", configuration);
        let mut command = Command::new("/usr/bin/redis-server");
        command.arg("redis.conf").current_dir(place.path());
        let service = Service::start(&mut command, "Ready to accept connections", Signal::KILL);
        Self { _service: service, _place: place, plain, secure }
    }
}
