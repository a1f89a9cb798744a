//! A peer: an HTTP server on loopback that answers each request after a second.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::Result;

pub(crate) const ANSWER_AFTER: Duration = Duration::from_secs(1);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const HEAD_BYTES_MAX: usize = 4_096;

/// It ends when it is dropped.
pub(crate) struct Peer {
    address: SocketAddr,
    asked: Arc<Asked>,
    ends: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// Requests so far.
#[derive(Default)]
struct Asked {
    count: Mutex<usize>,
    more: Condvar,
}

impl Peer {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (address, asked, ends) = (listener.local_addr()?, Arc::default(), CancellationToken::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (counts, end) = (Arc::clone(&asked), ends.clone());
        let thread = thread::spawn(move || {
            runtime.block_on(end.run_until_cancelled(serve(listener, counts)));
        });
        Ok(Self { address, asked, ends, thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Waits until there were so many requests; whether there were.
    pub(crate) fn when_asked(&self, count: usize, within: Duration) -> bool {
        let asked = self.asked.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.asked.more.wait_timeout_while(asked, within, |asked| *asked < count);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.ends.cancel();
        if let Some(thread) = self.thread.take() {
            // That it panicked was reported by the panic.
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, asked: Arc<Asked>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let asked = asked.clone();
        tokio::spawn(async move {
            // Whoever does not ask is not answered.
            let _ = answer(stream, &asked).await;
        });
    }
}

async fn answer(mut stream: TcpStream, asked: &Asked) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > HEAD_BYTES_MAX || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    *asked.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    asked.more.notify_all();
    tokio::time::sleep(ANSWER_AFTER).await;
    stream.write_all(ANSWER).await
}
