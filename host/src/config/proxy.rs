//! The HTTP proxy that the host reaches others through: where it is said, and how.

use std::{env, ffi::OsString};

use actiond_runtime::{Rule, RuleError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;

use super::{settings::Secret, sources};

/// The usual variables, best first. There is one proxy for all that we reach, whatever is spoken there.
const URL: &[&str] = &["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
/// Taken last, and only where they name an HTTP proxy: often it is one of another kind.
const ANY_URL: &[&str] = &["ALL_PROXY", "all_proxy"];
const DIRECT: &[&str] = &["NO_PROXY", "no_proxy"];
/// What no proxy is asked for, whatever is said.
const HERE: &str = "localhost,127.0.0.0/8,::1";
const PORT: u16 = 80;
const RIGHT: &str = "it is an address as http://proxy.example.com:3128, with user:password@ before the host where it needs a login";

/// An HTTP proxy, and what is reached without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    url: Secret,
    /// As the usual variable has it.
    direct: String,
    runs: actiond_runtime::Proxy,
    /// Why entries of what is reached without it mean nothing.
    unread: Vec<RuleError>,
}

/// What is no address of a proxy. Says what is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{RIGHT}")]
pub(crate) struct NoProxy;

/// A variable's name, and what it says.
type Said = (&'static str, String);

/// The proxy's address where only the usual variables say it.
pub(super) fn url<'a>(variable: impl Fn(&str) -> Option<&'a OsString>) -> Option<Said> {
    first(URL, &variable).or_else(|| {
        let is_http = |url: &str| url.starts_with("http://") || !url.contains("://");
        first(ANY_URL, &variable).filter(|(_, url)| is_http(url))
    })
}

/// The same of what is reached without it.
pub(super) fn direct<'a>(variable: impl Fn(&str) -> Option<&'a OsString>) -> Option<Said> {
    first(DIRECT, &variable)
}

/// Whether one of the usual variables is that origin of what is reached without it.
pub(super) fn is_usual(origin: &str) -> bool {
    DIRECT.iter().any(|name| origin == sources::env(name))
}

fn first<'a>(names: &[&'static str], variable: &impl Fn(&str) -> Option<&'a OsString>) -> Option<Said> {
    names.iter().find_map(|name| Some((*name, variable(name)?.to_string_lossy().trim().to_owned())))
}

impl Proxy {
    /// Reads both settings; `None` when there is no proxy.
    pub(super) fn parse(text: &str, direct: &str) -> Result<Option<Self>, NoProxy> {
        if text.is_empty() || direct.split(',').any(|entry| entry.trim() == "*") {
            return Ok(None);
        }
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|_| NoProxy)?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let host = url.host_str().filter(|host| !host.is_empty() && is_bare && url.scheme() == "http");
        let host = host.ok_or(NoProxy)?.trim_matches(['[', ']']).to_owned();
        let (mut rules, mut unread) = (Vec::new(), Vec::new());
        for entry in direct.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match self::rules(entry) {
                Ok(more) => rules.extend(more),
                Err(error) => unread.push(error),
            }
        }
        let runs = actiond_runtime::Proxy {
            host,
            port: url.port().unwrap_or(PORT),
            authorization: authorization(&url)?,
            direct: rules,
        };
        let url = Secret::new(whole).ok_or(NoProxy)?;
        let direct = if direct.is_empty() { HERE.to_owned() } else { format!("{direct},{HERE}") };
        Ok(Some(Self { url, direct, runs, unread }))
    }

    /// What is wrong with entries of what is reached without it; they mean nothing.
    pub(crate) fn unread(&self) -> impl Iterator<Item = String> {
        self.unread.iter().map(|error| format!("what is reached without the proxy: {error}"))
    }

    /// For a program that reads no settings.
    pub(crate) fn from_environment() -> Result<Option<Self>, NoProxy> {
        let variables: Vec<(OsString, OsString)> = env::vars_os().collect();
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value)
        };
        let own = |name: &str| variable(name).map(|text| text.to_string_lossy().into_owned());
        let usual = |said: Option<Said>| said.map_or_else(String::new, |(_, text)| text);
        let text = own("ACTIOND_EGRESS_PROXY").unwrap_or_else(|| usual(url(variable)));
        let direct = own("ACTIOND_EGRESS_NO_PROXY").unwrap_or_else(|| usual(direct(variable)));
        Self::parse(&text, &direct)
    }

    /// For connections of runs.
    pub(crate) fn for_runs(&self) -> actiond_runtime::Proxy {
        self.runs.clone()
    }

    /// For our own requests.
    pub(crate) fn for_requests(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(self.url.expose())?;
        Ok(proxy.no_proxy(reqwest::NoProxy::from_string(&self.direct)))
    }

    /// Variables by which a child knows of it.
    pub(super) fn variables(&self) -> [(OsString, OsString); 3] {
        let url = self.url.expose();
        [("HTTPS_PROXY", url), ("HTTP_PROXY", url), ("NO_PROXY", &self.direct)]
            .map(|(key, value)| (key.into(), value.into()))
    }
}

fn authorization(url: &Url) -> Result<Option<String>, NoProxy> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let user = decoded(url.username()).ok_or(NoProxy)?;
    let password = decoded(url.password().unwrap_or_default()).ok_or(NoProxy)?;
    Ok(Some(format!("Basic {}", STANDARD.encode([&*user, b":", &*password].concat()))))
}

/// A part of an address without its percent signs.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, more) = more.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = more;
    }
    Some(bytes)
}

/// What an entry means: a name stands for all below it too.
fn rules(entry: &str) -> Result<impl Iterator<Item = Rule>, RuleError> {
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    let below = format!("*.{domain}").parse().ok();
    Ok([domain.parse()?].into_iter().chain(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_written_in_several_forms() {
        let rows = [
            ("http://proxy.example.com:3128", Some(("proxy.example.com", 3128, None))),
            ("http://proxy.example.com", Some(("proxy.example.com", 80, None))),
            ("proxy.example.com:3128/", Some(("proxy.example.com", 3128, None))),
            ("http://[fd00::1]:3128", Some(("fd00::1", 3128, None))),
            ("http://user:p%40ss@10.0.0.1:1", Some(("10.0.0.1", 1, Some("Basic dXNlcjpwQHNz")))),
            ("https://proxy.example.com", None),
            ("socks5://proxy.example.com", None),
            ("http://proxy.example.com/path", None),
            ("http://", None),
        ];
        for (text, expected) in rows {
            let parsed = Proxy::parse(text, "").ok().flatten();
            let parsed = parsed.as_ref().map(|proxy| &proxy.runs);
            let parsed = parsed.map(|runs| (runs.host.as_str(), runs.port, runs.authorization.as_deref()));
            assert_eq!(parsed, expected, "{text}");
        }
        assert_eq!(Proxy::parse("", "a"), Ok(None));
        assert_eq!(Proxy::parse("http://a", "b, *"), Ok(None));
    }

    #[test]
    fn the_first_of_the_usual_variables_says_it() {
        type Variables = &'static [(&'static str, &'static str)];
        let rows: &[(Variables, Option<&str>)] = &[
            (&[], None),
            (&[("HTTP_PROXY", "http://a"), ("https_proxy", "http://b")], Some("https_proxy http://b")),
            (&[("ALL_PROXY", "http://a"), ("http_proxy", " b:1 ")], Some("http_proxy b:1")),
            (&[("all_proxy", "a:1")], Some("all_proxy a:1")),
            (&[("ALL_PROXY", "socks5://a")], None),
            (&[("HTTPS_PROXY", "socks5://a"), ("ALL_PROXY", "http://b")], Some("HTTPS_PROXY socks5://a")),
        ];
        for (variables, expected) in rows {
            let variables: Vec<(&str, OsString)> =
                variables.iter().map(|(key, value)| (*key, value.into())).collect();
            let found = url(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value));
            let found = found.map(|(name, text)| format!("{name} {text}"));
            assert_eq!(found.as_deref(), *expected, "{variables:?}");
        }
    }

    #[test]
    fn what_is_reached_without_it_is_written_as_usual() {
        let rows = [
            ("", "", 0),
            ("example.com", "example.com *.example.com", 0),
            (".example.com, *.b.example,", "example.com *.example.com b.example *.b.example", 0),
            ("10.0.0.0/8,fd00::1", "10.0.0.0/8 [fd00::1]", 0),
            ("db.example:5432", "db.example:5432 *.db.example:5432", 0),
            ("<local>,10.0.0.1/8,10.0.0.1", "10.0.0.1", 2),
        ];
        for (direct, expected, unread) in rows {
            let proxy = Proxy::parse("http://proxy", direct).unwrap().unwrap();
            let rules: Vec<_> = proxy.runs.direct.iter().map(ToString::to_string).collect();
            assert_eq!((&*rules.join(" "), proxy.unread().count()), (expected, unread), "{direct}");
        }
    }
}
