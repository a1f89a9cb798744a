//! A cluster that answers in no way that a job could be pulled from: what it does is the first part of a path.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread::JoinHandle,
};

/// More than a zip may have, sent as one buffer over and over.
const LARGE_BYTES: usize = (256 << 20) + (1 << 20);
const BUFFER: &[u8] = &[0; 1 << 20];

pub(super) struct Origin {
    address: SocketAddr,
    answering: Option<JoinHandle<()>>,
}

impl Origin {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let answering = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if answer(stream).is_none() {
                    return;
                }
            }
        });
        Self { address, answering: Some(answering) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// `None` when it is to end. Who goes away before all is sent makes no difference.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let first = lines.next()?;
    let _ = lines.take_while(|line| !line.is_empty()).count();
    let (head, chunks): (&str, usize) = match first.split('/').nth(1)? {
        "end" => return None,
        "large" => ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", LARGE_BYTES / BUFFER.len()),
        "redirect" => ("HTTP/1.1 302 Found\r\nLocation: /text\r\nContent-Length: 0\r\n\r\n", 0),
        "short" => ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nPK", 0),
        _ => ("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nno zip..", 0),
    };
    let mut sent = stream.write_all(head.as_bytes());
    for _ in 0..chunks {
        sent = sent.and_then(|()| stream.write_all(BUFFER));
    }
    Some(())
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let _ = stream.write_all(b"GET /end/ HTTP/1.1\r\n\r\n");
        }
        if let Some(answering) = self.answering.take() {
            let _ = answering.join();
        }
    }
}
