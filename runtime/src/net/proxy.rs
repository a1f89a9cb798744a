//! The HTTP proxy that connections go through where the host has one: which of them, and how it is asked (CONNECT, RFC 9110).

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::io::Errno;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use super::{
    grants::Rule,
    names::Resolver,
    ranges::{Kind, special},
};

/// Of the head of an answer.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// An HTTP proxy, and what is reached without it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The value of the header `Proxy-Authorization`.
    pub authorization: Option<String>,
    /// What is reached without it. A name's rule has no say about addresses, nor the other way.
    pub direct: Vec<Rule>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proxy({}:{})", self.host, self.port)
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Unmade {
    pub(super) errno: Errno,
    pub(super) why: String,
}

impl Proxy {
    /// Whether it carries what goes to a place of those names, or that address where it is known. What lies on this machine or
    /// on its own links is reached without it.
    pub(super) fn carries(&self, names: &[String], address: Option<IpAddr>, port: u16) -> bool {
        let is_far = |address| matches!(special(address).map(|(_, kind)| kind), None | Some(Kind::Private));
        address.is_none_or(is_far)
            && !self.direct.iter().any(|rule| {
                rule.has_port(port)
                    && (names.iter().any(|name| rule.allows_name(name))
                        || address.is_some_and(|address| rule.has_address(address)))
            })
    }

    /// Asks it for a connection to a host and its port.
    pub(super) async fn connect(
        &self,
        resolver: &Resolver,
        to: &str,
        limit: Duration,
    ) -> Result<OwnedFd, Unmade> {
        let until = Instant::now() + limit;
        let made = async {
            let stream = reach(self.addresses(resolver).await, until).await?;
            self.ask(stream, to).await
        };
        timeout_at(until, made).await.unwrap_or_else(|_| Err(late()))
    }

    async fn addresses(&self, resolver: &Resolver) -> Vec<SocketAddr> {
        let addresses = match self.host.parse() {
            Ok(address) => vec![address],
            Err(_) => resolver.addresses(&self.host).await.unwrap_or_default(),
        };
        addresses.into_iter().map(|address| SocketAddr::new(address, self.port)).collect()
    }

    async fn ask(&self, mut stream: TcpStream, to: &str) -> Result<OwnedFd, Unmade> {
        let broken = |error: io::Error| Unmade {
            errno: Errno::CONNRESET,
            why: format!("the proxy broke off: {error}"),
        };
        let login = self.authorization.as_ref();
        let login = login.map_or_else(String::new, |login| format!("Proxy-Authorization: {login}\r\n"));
        let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{login}\r\n");
        // The script's own wish came too early for this socket.
        stream.set_nodelay(true).map_err(broken)?;
        stream.write_all(request.as_bytes()).await.map_err(broken)?;
        match status(&head(&mut stream).await.map_err(broken)?) {
            Some(200..=299) => Ok(stream.into_std().map_err(broken)?.into()),
            Some(status) => {
                Err(Unmade { errno: Errno::CONNREFUSED, why: format!("the proxy answered {status}") })
            }
            None => Err(Unmade { errno: Errno::PROTO, why: "the proxy speaks no HTTP".to_owned() }),
        }
    }
}

/// Connects to the first of its addresses that answers. Each has its share of the time that is left.
async fn reach(addresses: Vec<SocketAddr>, until: Instant) -> Result<TcpStream, Unmade> {
    let unreached = |why: &dyn fmt::Display| Unmade {
        errno: Errno::HOSTUNREACH,
        why: format!("the proxy cannot be reached: {why}"),
    };
    let mut unmade = unreached(&"its name is not known");
    for (left, address) in (1..=addresses.len()).rev().zip(addresses) {
        let time = until.saturating_duration_since(Instant::now());
        let share = time / u32::try_from(left).unwrap_or(u32::MAX);
        unmade = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => unreached(&error),
            Err(_) => late(),
        };
    }
    Err(unmade)
}

fn late() -> Unmade {
    Unmade { errno: Errno::TIMEDOUT, why: "the proxy took too long".to_owned() }
}

/// Reads up to the empty line, and not a byte of what comes after it.
async fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(io::Error::other("its answer does not end"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.strip_prefix(b"HTTP/1.")?).ok()?;
    line.split(' ').nth(1)?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};

    use super::*;

    /// Where connecting gets no answer: one that waits to be accepted is all that has room.
    fn silent() -> (SocketAddr, OwnedFd, std::net::TcpStream) {
        let fd = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&fd, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listen(&fd, 0).unwrap();
        let address = getsockname(&fd).unwrap().try_into().unwrap();
        (address, fd, std::net::TcpStream::connect(address).unwrap())
    }

    #[tokio::test]
    async fn an_address_that_is_silent_leaves_time_for_the_next() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (good, (silent, _fd, _first)) = (listener.local_addr().unwrap(), silent());
        let until = Instant::now() + Duration::from_secs(2);
        let stream = reach(vec![silent, good], until).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        let until = Instant::now() + Duration::from_millis(100);
        assert_eq!(reach(vec![silent, silent], until).await.unwrap_err().errno, Errno::TIMEDOUT);
    }
}
