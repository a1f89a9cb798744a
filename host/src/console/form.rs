//! What a form sends: read whole, within the room that bodies have, and only from a page of the one who sends it.

use axum::{
    extract::{FromRequest, FromRequestParts as _, Multipart, Request},
    http::{HeaderMap, header},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{fault::Fault, session::Visitor};
use crate::{
    answer::{Problem, Room, bytes},
    app::App,
};

/// Fields of one form.
const FIELDS_MAX: usize = 1_000;
/// Of what a page shows again.
const BRIEF_BYTES_MAX: usize = 64 << 10;
pub(super) const CSRF: &str = "csrf";
const CSRF_HEADER: &str = "x-csrf-token";

/// A form, and who sent it: checked to be of a page of theirs.
pub(super) struct Sent {
    pub(super) visitor: Visitor,
    pub(super) form: Form,
}

/// A form's fields, in order. They hold passwords: nothing prints them.
#[derive(Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// Names of fields, names of files, contents. A field that no file was chosen for is not there.
    files: Vec<(String, String, Vec<u8>)>,
    _room: Option<OwnedSemaphorePermit>,
}

impl FromRequest<App> for Sent {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        if !is_from_here(app, &parts.headers) {
            return Err(Fault::Forged);
        }
        let csrf = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let form = Form::read(Request::from_parts(parts, body), app).await?;
        if !visitor.sent(csrf.as_deref().or(form.get(CSRF))) {
            return Err(Fault::Forged);
        }
        Ok(Self { visitor, form })
    }
}

impl Form {
    async fn read(request: Request, app: &App) -> Result<Self, Fault> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            return Self::of(&bytes(request, app).await?);
        }
        let (mut parts, body) = request.into_parts();
        let room = Room::from_request_parts(&mut parts, app).await?;
        let read = async {
            let form = Multipart::from_request(Request::from_parts(parts, body), app).await;
            Self::of_parts(form.map_err(|rejection| Problem::bad_request(rejection.body_text()))?).await
        };
        let (form, room) = room.take(read).await?;
        Ok(Self { _room: Some(room), ..form })
    }

    /// The fields of `a=b&c=d`.
    pub(super) fn of(body: &[u8]) -> Result<Self, Fault> {
        let fields: Vec<_> = form_urlencoded::parse(body)
            .take(FIELDS_MAX + 1)
            .map(|(name, value)| (name.into(), unix(&value)))
            .collect();
        if fields.len() > FIELDS_MAX {
            return Err(Fault::bad("The form has too many fields."));
        }
        Ok(Self { fields, ..Self::default() })
    }

    async fn of_parts(mut parts: Multipart) -> Result<Self, Problem> {
        let mut form = Self::default();
        let unread = |error: axum::extract::multipart::MultipartError| {
            Problem::bad_request(format!("The form cannot be read: {}", error.body_text()))
        };
        while let Some(part) = parts.next_field().await.map_err(unread)? {
            if form.fields.len() + form.files.len() >= FIELDS_MAX {
                return Err(Problem::bad_request("The form has too many fields."));
            }
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                None => form.fields.push((name, unix(&part.text().await.map_err(unread)?))),
                Some(file) => {
                    let bytes = part.bytes().await.map_err(unread)?;
                    if !(file.is_empty() && bytes.is_empty()) {
                        form.files.push((name, file, bytes.to_vec()));
                    }
                }
            }
        }
        Ok(form)
    }

    /// What a page may show of it again. All else is let go, and with it the room that it takes: for before guests run.
    pub(super) fn brief(mut self) -> Self {
        let mut left = BRIEF_BYTES_MAX;
        self.fields.retain(|(_, value)| {
            let fits = value.len() <= left;
            left -= if fits { value.len() } else { 0 };
            fits
        });
        Self { fields: self.fields, ..Self::default() }
    }

    /// The first field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same without blanks around it; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box of that name is checked.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The number that a field holds; `None` when it is empty.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Fault> {
        let text = self.text(name).replace(['_', ','], "");
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Fault::bad(format!("{what}: {text:?} is no number that fits.")))
    }

    /// The file that was chosen: its name and contents.
    pub(super) fn file(&self, name: &str) -> Option<(&str, &[u8])> {
        let found = self.files.iter().find(|(known, _, _)| known == name);
        found.map(|(_, file, bytes)| (file.as_str(), bytes.as_slice()))
    }
}

/// Whether a browser says that a page of another site sends this. Those that say nothing are held by the token.
pub(super) fn is_from_here(app: &App, headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match said("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => said("origin").is_none_or(|origin| {
            let host = origin.split_once("://").map_or(origin, |(_, host)| host);
            said("host") == Some(host) || is_origin_of(origin, &app.settings().public_url)
        }),
    }
}

fn is_origin_of(origin: &str, url: &str) -> bool {
    url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Browsers end the lines of texts as no file of ours does.
pub(super) fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}
