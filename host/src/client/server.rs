//! A server as it is called: one request, one answer, both bounded in size and time. Whoever waits for long sees that.

use std::{error::Error as _, time::Duration};

use reqwest::{
    Client, ClientBuilder, Method, RequestBuilder, Response, Url,
    header::{CONTENT_TYPE, HeaderName},
    redirect,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{contexts::Login, error::Error, form::Form, wire::EndedWire};
use crate::{config::Proxy, terminal::Terminal};

/// No answer of ours is longer: results are bounded below it.
const ANSWER_BYTES_MAX: usize = 256 << 20;
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Most answers come at once.
pub(super) const WAIT: Duration = Duration::from_secs(60);
/// A connection on which nothing comes for so long is dead: streams say something every fifteen seconds.
const SILENCE: Duration = Duration::from_secs(90);

/// A server, and who one is there.
#[derive(Debug)]
pub(crate) struct Server {
    login: Login,
    http: Client,
    terminal: Terminal,
}

/// A request that is being put together.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    server: &'a Server,
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
    wait: Duration,
    /// Somebody else says that it takes long.
    is_quiet: bool,
}

/// What came back, whatever it says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: String,
}

/// An answer that was understood, and as it was told.
#[derive(Debug)]
pub(crate) struct Told<T> {
    pub(crate) value: T,
    pub(crate) json: Box<RawValue>,
}

/// The envelope of every error.
#[derive(Debug, Deserialize)]
struct ErrorWire {
    message: String,
    hint: Option<String>,
}

impl Server {
    /// The server of a login; `proxy`: the HTTP proxy on the way.
    pub(crate) fn new(login: Login, proxy: Option<&Proxy>, terminal: &Terminal) -> Result<Self, Error> {
        let ours = |error: reqwest::Error| Error::Client(root_cause(&error));
        // It fails where one is installed already: that one does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder =
            Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_WAIT).no_proxy();
        let proxy = proxy.map(Proxy::for_requests).transpose().map_err(ours)?;
        let http = proxy.into_iter().fold(builder, ClientBuilder::proxy).build().map_err(ours)?;
        Ok(Self { login, http, terminal: terminal.clone() })
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// A request to a path of the organisation.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> Call<'_> {
        self.call_at(method, &[&["api", &*self.login.org], path].concat())
    }

    /// A request to any path.
    pub(crate) fn call_at(&self, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.login.address.join(path);
        let (headers, body) = (Vec::new(), Vec::new());
        Call { server: self, method, url, headers, body, wait: WAIT, is_quiet: false }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Told<T>, Error> {
        self.call(Method::GET, path).read().await
    }

    /// Waits for `work`; people see that it takes long.
    pub(crate) async fn patiently<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        self.terminal.patiently(what, work).await
    }

    fn failed(&self, error: reqwest::Error, wait: Duration) -> Error {
        let error = error.without_url();
        if error.is_timeout() {
            return self.silent(wait);
        }
        Error::Unreachable { server: self.login.address.to_string(), why: root_cause(&error) }
    }

    fn silent(&self, wait: Duration) -> Error {
        Error::Silent { server: self.login.address.to_string(), wait }
    }

    fn waiting(&self) -> String {
        format!("waiting for {}", self.login.address.place())
    }

    pub(super) fn not_ours(&self, what: impl Into<String>) -> Error {
        Error::NotOurs { server: self.login.address.to_string(), what: what.into() }
    }
}

impl Call<'_> {
    pub(crate) fn query(mut self, fields: &[(&str, &str)]) -> Self {
        if !fields.is_empty() {
            self.url.query_pairs_mut().extend_pairs(fields);
        }
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn json(self, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("what we send has text for keys");
        self.body("application/json", body)
    }

    pub(crate) fn form(self, form: Form) -> Self {
        let (content_type, body) = form.finish();
        self.body(&content_type, body)
    }

    pub(crate) fn body(self, content_type: &str, body: Vec<u8>) -> Self {
        Self { body, ..self.header(CONTENT_TYPE, content_type) }
    }

    /// Waits for the whole answer so long.
    pub(crate) fn wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Says nothing of how long it takes.
    pub(super) fn quietly(self) -> Self {
        Self { is_quiet: true, ..self }
    }

    /// Sends it. What the server refuses is an answer too, but for who one is.
    pub(crate) async fn send(self) -> Result<Answer, Error> {
        let (server, wait, is_quiet) = (self.server, self.wait, self.is_quiet);
        let asked = async {
            let sent = self.request().timeout(wait).send().await;
            server.whole(sent.map_err(|error| server.failed(error, wait))?, wait).await
        };
        let answer = if is_quiet { asked.await } else { server.patiently(&server.waiting(), asked).await };
        server.known(answer?)
    }

    /// Sends it, and reads what it answers; what it refuses is an error.
    pub(crate) async fn read<T: DeserializeOwned>(self) -> Result<Told<T>, Error> {
        let server = self.server;
        let answer = self.send().await?;
        if (200..300).contains(&answer.status) { answer.told(server) } else { Err(answer.refusal(server)) }
    }

    /// Sends it, for an answer that comes bit by bit and has no end that is known.
    pub(super) async fn stream(self) -> Result<Response, Error> {
        let (server, wait) = (self.server, self.wait);
        let asked = async {
            let response = self.request().send().await.map_err(|error| server.failed(error, wait))?;
            if response.status().is_success() {
                return Ok(response);
            }
            let answer = server.whole(response, wait).await?;
            Err(server.known(answer)?.refusal(server))
        };
        let asked = server.patiently(&server.waiting(), timeout(wait, asked)).await;
        asked.unwrap_or_else(|_| Err(server.silent(wait)))
    }

    fn request(self) -> RequestBuilder {
        let login = &self.server.login;
        let request = self.server.http.request(self.method, self.url);
        let request = request.basic_auth(&login.email, Some(&login.token.0)).body(self.body);
        self.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

impl Server {
    /// The answer, unless it says that one is unknown there, or may not do that.
    fn known(&self, answer: Answer) -> Result<Answer, Error> {
        let Login { address, email, org, .. } = &self.login;
        match answer.status {
            401 => Err(Error::Unauthorized { server: address.to_string(), email: email.clone() }),
            403 => Err(Error::Forbidden { email: email.clone(), org: org.clone() }),
            300..=399 => Err(self.not_ours("a redirect")),
            _ => Ok(answer),
        }
    }

    /// An answer to its end.
    async fn whole(&self, mut response: Response, wait: Duration) -> Result<Answer, Error> {
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error, wait))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.not_ours(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(body).map_err(|_| self.not_ours("bytes that are no text"))?;
        Ok(Answer { status, body })
    }

    /// The next bytes of a stream; `None` at its end.
    pub(super) async fn next_bytes(&self, response: &mut Response) -> Result<Option<Vec<u8>>, Error> {
        let chunk = timeout(SILENCE, response.chunk()).await.map_err(|_| self.silent(SILENCE))?;
        Ok(chunk.map_err(|error| self.failed(error, SILENCE))?.map(|chunk| chunk.to_vec()))
    }
}

impl Answer {
    /// Reads it, whatever its status.
    pub(crate) fn told<T: DeserializeOwned>(self, server: &Server) -> Result<Told<T>, Error> {
        let read = |error: serde_json::Error| server.not_ours(format!("not the expected JSON: {error}"));
        let value = serde_json::from_str(&self.body).map_err(read)?;
        let json = RawValue::from_string(self.body).map_err(read)?;
        Ok(Told { value, json })
    }

    /// Whether it says how a run ended, as statuses of failures do too.
    pub(super) fn is_ended(&self) -> bool {
        serde_json::from_str::<EndedWire>(&self.body).is_ok()
    }

    /// What the server says is wrong.
    pub(crate) fn refusal(self, server: &Server) -> Error {
        match serde_json::from_str::<ErrorWire>(&self.body) {
            Ok(ErrorWire { message, hint: Some(hint) }) => {
                Error::Refused { status: self.status, message: format!("{message} ({hint})") }
            }
            Ok(ErrorWire { message, hint: None }) => Error::Refused { status: self.status, message },
            // What stands before a server says so, or the server when it cannot say more.
            Err(_) if self.status == 429 || self.status >= 500 => {
                Error::Mute { server: server.login.address.to_string(), status: self.status }
            }
            Err(_) => server.not_ours(format!("status {} without a reason", self.status)),
        }
    }
}

/// The innermost reason: the others only say that there is one.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}
