//! A package index on loopback, with wheels that are made here: the tests of packages need no network.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use crate::zips::Zip;

/// Tags of wheels.
pub(crate) const PURE: &str = "py3-none-any";
pub(crate) const NATIVE: &str = "cp313-cp313-manylinux_2_17_x86_64";

/// An index that answers for as long as the process lives. What it is asked for is remembered.
pub(crate) struct Index {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A wheel that is being put together.
pub(crate) struct Wheel {
    name: &'static str,
    version: &'static str,
    tag: &'static str,
    requires: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
}

impl Wheel {
    /// A package of one module, which knows its version.
    pub(crate) fn new(name: &'static str, version: &'static str, tag: &'static str) -> Self {
        let module = format!("{}/__init__.py", name.replace('-', "_"));
        let files = vec![(module, format!("VERSION = '{version}'\n").into_bytes())];
        Self { name, version, tag, requires: Vec::new(), files }
    }

    /// A line of its metadata, as `Requires-Dist: other>=1`.
    pub(crate) fn says(mut self, line: &str) -> Self {
        self.requires.push(line.to_owned());
        self
    }

    pub(crate) fn file(mut self, name: &str, contents: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), contents.into()));
        self
    }

    fn file_name(&self) -> String {
        format!("{}-{}-{}.whl", self.name.replace('-', "_"), self.version, self.tag)
    }

    fn bytes(&self) -> Vec<u8> {
        let info = format!("{}-{}.dist-info", self.name.replace('-', "_"), self.version);
        let mut metadata = format!("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", self.name, self.version);
        for line in &self.requires {
            metadata.push_str(line);
            metadata.push('\n');
        }
        let wheel = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {}\n", self.tag);
        let (mut zip, mut record) = (Zip::new(), String::new());
        for (name, contents) in &self.files {
            zip = zip.file(name, contents);
            record.push_str(&format!("{name},,\n"));
        }
        for (name, contents) in [("METADATA", metadata), ("WHEEL", wheel)] {
            zip = zip.file(format!("{info}/{name}"), contents);
            record.push_str(&format!("{info}/{name},,\n"));
        }
        record.push_str(&format!("{info}/RECORD,,\n"));
        zip.file(format!("{info}/RECORD"), record).bytes()
    }
}

impl Index {
    pub(crate) fn start(wheels: Vec<Wheel>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let address = listener.local_addr().expect("it listens");
        let mut pages: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for wheel in wheels {
            let (file, name) = (wheel.file_name(), wheel.name);
            let link = format!("<a href=\"/files/{file}\">{file}</a>\n");
            pages.entry(format!("/simple/{name}/")).or_default().extend_from_slice(link.as_bytes());
            pages.insert(format!("/files/{file}"), wheel.bytes());
        }
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(path) = answer(stream, &pages) {
                    log.lock().unwrap_or_else(PoisonError::into_inner).push(path);
                }
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/simple", self.address)
    }

    /// What it was asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: TcpStream, pages: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    while !lines.next()?.ok()?.is_empty() {}
    let (status, body) = match pages.get(&path) {
        Some(body) => ("200 OK", body.as_slice()),
        None => ("404 Not Found", b"".as_slice()),
    };
    let kind = if path.starts_with("/simple") { "text/html" } else { "application/octet-stream" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: max-age=600\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    Some(path)
}
