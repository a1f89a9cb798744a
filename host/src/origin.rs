//! The cluster whose logs and actions these are: pulling an action's zip from it, with the credentials that came along, and
//! asking it for log records.

mod search;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Client, ClientBuilder, StatusCode, Url, redirect};
use tokio::sync::Semaphore;

pub(crate) use search::{Answered, Cluster, Search};

use crate::model::{
    account::Email,
    id::{ActionId, OrgId},
};

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// For the whole answer.
const WAIT: Duration = Duration::from_secs(120);
const URL_BYTES_MAX: usize = 2_048;
const TOKEN_BYTES_MAX: usize = 4_096;
/// At one time: each holds a zip in memory.
static PULLS: Semaphore = Semaphore::const_new(2);

/// A cluster, and an account there that may read its actions.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Without a slash at its end.
    pub(crate) url: String,
    pub(crate) account: Email,
    pub(crate) token: Token,
}

/// A service account's token, as the cluster that it is of made it.
#[derive(Clone)]
pub(crate) struct Token(String);

/// How a zip is pulled.
#[derive(Debug, Clone)]
pub(crate) struct Through {
    pub(crate) proxy: Option<reqwest::Proxy>,
    /// Of a zip.
    pub(crate) bytes_max: u64,
}

/// A zip, and the name that it has there.
#[derive(Debug)]
pub(crate) struct Pulled {
    pub(crate) zip: Vec<u8>,
    pub(crate) file_name: Option<String>,
}

/// Why there is no zip.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("origin_cluster_url is no plain http or https address of at most {URL_BYTES_MAX} bytes")]
    Url,
    #[error("sa_token has no, or more than {TOKEN_BYTES_MAX} bytes")]
    Token,
    #[error("cannot make a client")]
    Client(#[source] reqwest::Error),
    #[error("cannot get {url}")]
    Get { url: Url, source: reqwest::Error },
    #[error("{url} answered {status}{}", hint(*.status))]
    Status { url: Url, status: StatusCode },
    #[error("the zip at {url} is larger than the limit of {bytes_max} bytes")]
    Large { url: Url, bytes_max: u64 },
    #[error("{url} answered more than the limit of {bytes_max} bytes: ask for fewer records")]
    LargeAnswer { url: Url, bytes_max: usize },
    #[error("the server is shutting down")]
    Ending,
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ": the service account needs to read actions there"
        }
        status if status.is_redirection() => ": redirects are not followed",
        _ => "",
    }
}

impl Token {
    /// The token itself, or `user:token` of that account in base 64, with or without `Basic` before it.
    pub(crate) fn parse(text: &str, account: &Email) -> Result<Self, Error> {
        let text = text.trim();
        let encoded = text.strip_prefix("Basic ").unwrap_or(text);
        let decoded = STANDARD.decode(encoded).ok().and_then(|decoded| String::from_utf8(decoded).ok());
        let pair = decoded.as_deref().and_then(|decoded| decoded.split_once(':'));
        let own = pair.filter(|(user, _)| user.eq_ignore_ascii_case(account.as_str()));
        let token = own.map_or(text, |(_, token)| token);
        let sound = !token.is_empty() && token.len() <= TOKEN_BYTES_MAX && !token.contains(char::is_control);
        if sound { Ok(Self(token.to_owned())) } else { Err(Error::Token) }
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("***")
    }
}

impl Origin {
    /// Checks an address and a token.
    pub(crate) fn new(url: &str, account: Email, token: &str) -> Result<Self, Error> {
        let url = url.trim_end_matches('/').to_owned();
        let token = Token::parse(token, &account)?;
        base(&url)?;
        Ok(Self { url, account, token })
    }

    /// Gets the zip of an action. Redirects are refused: they would take the token elsewhere.
    pub(crate) async fn pull(&self, org: &OrgId, id: ActionId, through: Through) -> Result<Pulled, Error> {
        let Through { proxy, bytes_max } = through;
        let _permit = PULLS.acquire().await.map_err(|_| Error::Ending)?;
        let mut url = base(&self.url)?;
        let path = format!("{}/api/{org}/actions/download/{id}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let client = client(proxy, WAIT)?;
        let failed = |error: reqwest::Error| Error::Get { url: url.clone(), source: error.without_url() };
        let request = client.get(url.clone()).basic_auth(&self.account, Some(self.token.expose()));
        let mut answer = request.send().await.map_err(failed)?;
        if answer.status() != StatusCode::OK {
            return Err(Error::Status { url, status: answer.status() });
        }
        let file_name = answer.headers().get(reqwest::header::CONTENT_DISPOSITION);
        let file_name = file_name.and_then(|value| file_name_of(value.to_str().ok()?));
        let mut zip = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if zip.len() as u64 + chunk.len() as u64 > bytes_max {
                return Err(Error::Large { url, bytes_max });
            }
            zip.extend_from_slice(&chunk);
        }
        Ok(Pulled { zip, file_name })
    }
}

/// Whether that is a cluster's address.
pub(crate) fn check(url: &str) -> Result<(), Error> {
    base(url).map(|_| ())
}

/// How a cluster is reached. Redirects are not followed: they would take the credentials elsewhere.
fn client(proxy: Option<reqwest::Proxy>, wait: Duration) -> Result<Client, Error> {
    // It fails where one is installed already: that one does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_WAIT)
        .timeout(wait)
        .no_proxy();
    proxy.into_iter().fold(client, ClientBuilder::proxy).build().map_err(Error::Client)
}

/// A cluster's address: nothing in it but where it is.
fn base(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= URL_BYTES_MAX).ok_or(Error::Url)?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain && url.has_host() && matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(Error::Url)
    }
}

fn file_name_of(disposition: &str) -> Option<String> {
    let (_, rest) = disposition.split_once("filename=\"")?;
    let (name, _) = rest.split_once('"')?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        for (url, sound) in [
            ("http://localhost:5080", true),
            ("https://example.com/base/", true),
            ("https://user:pass@example.com", false),
            ("https://example.com/?a=b", false),
            ("https://example.com/#a", false),
            ("file:///etc/passwd", false),
            ("example.com", false),
            ("", false),
            (&*format!("http://{}", "x".repeat(URL_BYTES_MAX)), false),
        ] {
            assert_eq!(base(url).is_ok(), sound, "{url}");
        }
    }

    #[test]
    fn tokens_come_in_several_forms() {
        let account: Email = "sa@example.com".parse().unwrap();
        let encoded = STANDARD.encode("sa@example.com:a:b");
        for (text, expected) in [
            ("plain", Some("plain")),
            (&*encoded, Some("a:b")),
            (&*format!("Basic {encoded}"), Some("a:b")),
            // Of another account: it is what it is.
            ("b0BleGFtcGxlLmNvbTpi", Some("b0BleGFtcGxlLmNvbTpi")),
            ("", None),
            ("a\nb", None),
            (&*"x".repeat(TOKEN_BYTES_MAX + 1), None),
        ] {
            let parsed = Token::parse(text, &account).ok();
            assert_eq!(parsed.as_ref().map(Token::expose), expected, "{text}");
        }
    }
}
