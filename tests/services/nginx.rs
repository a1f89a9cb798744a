//! nginx: files to get and put, in the clear and with TLS, or TLS before a server that has none.

use std::process::Command;

use rustix::process::Signal;

use super::{Certificates, Service, address, port};
use crate::program::Place;

pub(crate) struct Nginx {
    _service: Service,
    place: Place,
    pub(crate) http: u16,
    pub(crate) https: u16,
}

impl Nginx {
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let place = Place::new();
        let (http, https) = (port(), port());
        place.write("users", "ada:{PLAIN}lovelace\n").write("www/secret/file", "for ada\n");
        place.write("www/large", "0123456789abcdef".repeat(20_000)).write("www/files/here", "");
        let service = serve(&place, certificates, &files(http, https));
        Self { _service: service, place, http, https }
    }

    /// One that speaks TLS and passes on what it is asked.
    pub(crate) fn before(port_of_other: u16, certificates: &Certificates) -> Self {
        let (place, https) = (Place::new(), port());
        let address = address();
        let server = format!(
            "listen {address}:{https} ssl;\nlocation / {{ proxy_pass http://{address}:{port_of_other}; }}\n\
             proxy_http_version 1.1;\nproxy_set_header Host $http_host;\n"
        );
        let service = serve(&place, certificates, &server);
        Self { _service: service, place, http: port_of_other, https }
    }

    /// One line for each request that was answered: who, what, and the status.
    pub(crate) fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.place.path().join("access.log")).expect("it keeps a log");
        log.lines().map(str::to_owned).collect()
    }
}

fn serve(place: &Place, certificates: &Certificates, server: &str) -> Service {
    place.write("nginx.conf", configuration(certificates, server));
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(place.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
    Service::start(&mut command, "start worker processes", Signal::TERM)
}

fn configuration(certificates: &Certificates, server: &str) -> String {
    let certificates = certificates.path().display();
    // Only root is asked who the workers are.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path temporary_{kind};\n"))
        .collect();
    format!(
        r#"
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 100; }}
http {{
  {temporary}
  log_format short '$remote_user $request_method $uri $status';
  access_log access.log short;
  client_max_body_size 16m;
  ssl_certificate {certificates}/server.pem;
  ssl_certificate_key {certificates}/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_client_certificate {certificates}/ca.pem;
  ssl_verify_client optional;
  server {{
    {server}
  }}
}}
"#
    )
}

fn files(http: u16, https: u16) -> String {
    let address = address();
    format!(
        r#"
listen {address}:{http};
listen {address}:{https} ssl;
root www;
gzip on;
gzip_types *;
location /files/ {{ dav_methods PUT DELETE; }}
location /secret/ {{ auth_basic secret; auth_basic_user_file users; }}
location /moved {{ return 302 /large; }}
location /asked {{
  default_type application/json;
  return 200 '{{"method": "$request_method", "tls": "$ssl_protocol", "client": "$ssl_client_s_dn", "bytes": "$content_length", "type": "$content_type", "query": "$args", "name": "$ssl_server_name"}}';
}}
"#
    )
}
