//! The address of a server: where it is and nothing else.

use std::{fmt, net::Ipv4Addr};

use reqwest::Url;

use super::error::Error;

const BYTES_MAX: usize = 2_048;

/// A server's address: `http` or `https`, a host, maybe a port and a path that comes before all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(Url);

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Address(text.chars().take(100).collect());
        let url = Url::parse(text).ok().filter(|_| text.len() <= BYTES_MAX).ok_or_else(wrong)?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let sound = is_bare && url.has_host() && matches!(url.scheme(), "http" | "https");
        if sound { Ok(Self(url)) } else { Err(wrong()) }
    }

    /// The URL of a path there, each part of it as it is.
    pub(super) fn join(&self, parts: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// Host and port, as a name for a context.
    pub(crate) fn place(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether a password that is sent there can be read on the way.
    pub(crate) fn is_open(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let is_loopback = host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        let is_here = host == "localhost" || host == "[::1]" || is_loopback;
        self.0.scheme() == "http" && !is_here
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_a_server_is_and_nothing_else() {
        for (text, joined) in [
            ("http://localhost:5080", Some("http://localhost:5080/api/a%2Fb")),
            ("https://example.com/base/", Some("https://example.com/base/api/a%2Fb")),
            ("https://user:pass@example.com", None),
            ("https://example.com/?a=b", None),
            ("https://example.com/#a", None),
            ("file:///etc/passwd", None),
            ("example.com", None),
            ("", None),
        ] {
            let address = Address::parse(text).ok();
            let found = address.map(|address| address.join(&["api", "a/b"]).to_string());
            assert_eq!(found.as_deref(), joined, "{text}");
        }
    }

    #[test]
    fn what_goes_over_the_network_in_clear_is_known() {
        for (text, open) in [
            ("http://localhost:5080", false),
            ("http://127.0.0.1", false),
            ("http://127.1", false),
            ("http://127.example.com", true),
            ("http://[::1]:1", false),
            ("https://example.com", false),
            ("http://example.com", true),
        ] {
            assert_eq!(Address::parse(text).unwrap().is_open(), open, "{text}");
        }
    }
}
