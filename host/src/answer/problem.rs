//! What a request gets that is not answered: one envelope for all, with a stable word that programs can go by.

use std::time::Duration;

use axum::{
    Json,
    extract::rejection::{BytesRejection, JsonRejection},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{observe, word::Word};
use crate::{
    app::{Denied, NotKept, NotMade, NotPackaged, NotSaved, NotSearched, NotTried},
    deps::Fault,
    environment,
    runner::{NotOpen, NotPrepared, Refused},
    store,
};

/// When an upload that found too many others under way is worth another try.
const IMPORT_RETRY: Duration = Duration::from_secs(1);
/// The same of a search.
const SEARCH_RETRY: Duration = Duration::from_secs(1);

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    word: Word,
    message: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
    /// Text instead of the envelope, and who may be asked for credentials.
    plain: bool,
}

/// The envelope of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorWire {
    /// The HTTP status.
    #[schema(example = 404)]
    code: u16,
    /// What is wrong, for people.
    #[schema(example = "there is no action 0ujtsYcgvSTl8PAuAdqWYSMnLOv")]
    message: String,
    /// A stable word for programs: see docs/api.md.
    #[schema(example = "not_found")]
    error_detail: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The request's trace: what the log has of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, word: Word, message: impl Into<String>) -> Self {
        Self { status, word, message: message.into(), hint: None, retry_after: None, plain: false }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Word::BadRequest, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, Word::NotFound, message)
    }

    /// The same, on routes where OpenObserve answers 400 for an id of nothing.
    pub(crate) fn unfound(self) -> Self {
        let status = if self.status == StatusCode::NOT_FOUND { StatusCode::BAD_REQUEST } else { self.status };
        Self { status, ..self }
    }

    /// The account may not do that. Answers nothing about whether it is there.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, Word::Forbidden, "Unauthorized Access")
    }

    pub(crate) fn method_not_allowed(method: &Method) -> Self {
        let message = format!("{method} is not allowed here");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Word::MethodNotAllowed, message)
    }

    pub(crate) fn too_large(what: &str, bytes_max: usize) -> Self {
        let message = format!("{what} is larger than the limit of {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Word::TooLarge, message)
    }

    /// There is no room for what is being sent.
    pub(super) fn busy(retry_after: Duration) -> Self {
        let said = "too much is being sent at this time: try again";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, Word::Busy, said);
        Self { retry_after: Some(retry_after), ..problem }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn word(&self) -> Word {
        self.word
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, where somebody knows.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %error, "a request failed: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Word::Internal, "the server failed: see its log")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, word, message, hint, retry_after, plain } = self;
        let mut response = if plain {
            (status, [(header::WWW_AUTHENTICATE, "Bearer realm=\"openobserve\"")], message).into_response()
        } else {
            let trace_id = observe::trace().map(|trace| format!("{:032x}", trace.trace_id));
            let wire =
                ErrorWire { code: status.as_u16(), message, error_detail: word.as_str(), hint, trace_id };
            (status, Json(wire)).into_response()
        };
        if let Some(wait) = retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Missing => Self::new(StatusCode::UNAUTHORIZED, Word::Unauthorized, denied.to_string()),
            // OpenObserve answers wrong credentials with plain text, and its clients know that.
            Denied::Wrong => Self {
                plain: true,
                ..Self::new(StatusCode::UNAUTHORIZED, Word::Unauthorized, denied.to_string())
            },
            Denied::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Full { .. } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, Word::DiskFull, error.to_string())
            }
            store::Error::Closed => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Word::Draining, "the server is shutting down")
            }
            store::Error::Locked(_)
            | store::Error::File { .. }
            | store::Error::Newer { .. }
            | store::Error::Library(_)
            | store::Error::Damaged { .. }
            | store::Error::NotEmpty(_) => Self::internal(&error),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let retry_after = refused.retry_after();
        let message = refused.to_string();
        let (status, word) = match refused {
            Refused::NoAction | Refused::NoRun(_) | Refused::NotDead(_) => {
                (StatusCode::NOT_FOUND, Word::NotFound)
            }
            Refused::Paused => (StatusCode::CONFLICT, Word::Paused),
            Refused::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, Word::TooLarge),
            Refused::ActionQueue { .. } | Refused::OrgQueue { .. } | Refused::OrgQueueBytes { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, Word::QueueFull)
            }
            Refused::Rate { .. } => (StatusCode::TOO_MANY_REQUESTS, Word::Rate),
            Refused::Fuel { .. } => (StatusCode::TOO_MANY_REQUESTS, Word::Fuel),
            Refused::OtherBody => (StatusCode::CONFLICT, Word::IdempotencyConflict),
            Refused::Draining => (StatusCode::SERVICE_UNAVAILABLE, Word::Draining),
            Refused::Store(error) => return error.into(),
        };
        Self { retry_after, ..Self::new(status, word, message) }
    }
}

impl From<NotSaved> for Problem {
    fn from(not_saved: NotSaved) -> Self {
        let message = not_saved.to_string();
        match not_saved {
            NotSaved::NoAction(_) | NotSaved::NoOrganisation(_) => Self::not_found(message),
            NotSaved::Environment(environment::Error::Key(_)) => {
                Self::bad_request("Environment variable keys must be uppercase and alphanumeric")
                    .hint(message)
            }
            NotSaved::Environment(_)
            | NotSaved::Name(_)
            | NotSaved::NoSchedule
            | NotSaved::Schedule(_)
            | NotSaved::Kind
            | NotSaved::NoServiceAccount
            | NotSaved::Long { .. }
            | NotSaved::Policy(_)
            | NotSaved::TooMany
            | NotSaved::NoSecret(_)
            | NotSaved::TooManyOrganisations => Self::bad_request(message),
            NotSaved::Grant => Self::forbidden().hint(message),
            NotSaved::Taken(_) => Self::new(StatusCode::CONFLICT, Word::Exists, message),
            NotSaved::Packages(error) => error.into(),
            NotSaved::Prepare(error) => error.into(),
            NotSaved::Store(error) => error.into(),
        }
    }
}

impl From<NotTried> for Problem {
    fn from(not_tried: NotTried) -> Self {
        match not_tried {
            NotTried::Saved(error) => error.into(),
            NotTried::Refused(refused) => refused.into(),
            NotTried::Secrets(_) => Self::internal(&not_tried),
        }
    }
}

impl From<NotPackaged> for Problem {
    fn from(error: NotPackaged) -> Self {
        let message = format!("Failed to process action:{error}");
        let refused = || Self::new(StatusCode::BAD_REQUEST, Word::Dependencies, message.clone());
        match &error {
            NotPackaged::Dependencies(dependencies) => match dependencies.fault() {
                Fault::Action => refused(),
                Fault::Passing => {
                    tracing::warn!(error = %error, "packages are not installed: {error}");
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, Word::DependenciesUnavailable, message)
                }
                Fault::Ours => Self::internal(dependencies),
            },
            // What the contract says of a file that is no zip.
            NotPackaged::Zip(_) => Self::bad_request(format!("Error reading ZIP file: {error}")),
            NotPackaged::Installed(_) => refused(),
            NotPackaged::Files(_) => Self::internal(&error),
        }
    }
}

impl From<NotPrepared> for Problem {
    fn from(error: NotPrepared) -> Self {
        let message = error.to_string();
        let bad =
            |word| Self::new(StatusCode::BAD_REQUEST, word, format!("Failed to process action:{message}"));
        match error {
            NotPrepared::NoAction | NotPrepared::NoVersion(_) => Self::not_found(message),
            // What the contract says of a file that is no zip.
            NotPrepared::Bundle(why) => Self::bad_request(format!("Error reading ZIP file: {why}")),
            NotPrepared::NoMain => bad(Word::NoMain),
            NotPrepared::Busy => {
                let busy = Self::new(StatusCode::TOO_MANY_REQUESTS, Word::QueueFull, message);
                Self { retry_after: Some(IMPORT_RETRY), ..busy }
            }
            NotPrepared::Import { log, .. } => {
                let said: Vec<&str> = log.iter().map(|line| line.message.as_str()).collect();
                let problem = bad(Word::ImportFailed);
                if said.is_empty() {
                    problem
                } else {
                    problem.hint(format!("it logged:\n{}", said.join("\n")))
                }
            }
            NotPrepared::Runtime(error @ actiond_runtime::Error::MemoryLimit { .. }) => {
                Self::bad_request(error.to_string())
            }
            NotPrepared::Engine(NotOpen::Missing) => bad(Word::Dependencies),
            NotPrepared::Engine(NotOpen::Runtime(error)) | NotPrepared::Runtime(error) => {
                Self::internal(&error)
            }
            NotPrepared::Engine(error @ NotOpen::Thread(_)) => Self::internal(&error),
            NotPrepared::Store(error) => error.into(),
            NotPrepared::Files(_) => Self::internal(&error),
        }
    }
}

impl From<NotMade> for Problem {
    fn from(not_made: NotMade) -> Self {
        let message = not_made.to_string();
        match not_made {
            NotMade::NoAccount(_)
            | NotMade::NoAction(_)
            | NotMade::NoHook(_)
            | NotMade::NoOrganisation(_) => Self::not_found(message),
            NotMade::Exists(_) | NotMade::Known(_) => Self::new(StatusCode::CONFLICT, Word::Exists, message),
            NotMade::Password
            | NotMade::OldPassword
            | NotMade::Long { .. }
            | NotMade::Url
            | NotMade::Rules { .. }
            | NotMade::Token(_)
            | NotMade::TooMany => Self::bad_request(message),
            NotMade::Root => Self::forbidden(),
            NotMade::Store(error) => error.into(),
        }
    }
}

impl From<NotKept> for Problem {
    fn from(not_kept: NotKept) -> Self {
        let message = not_kept.to_string();
        match not_kept {
            NotKept::NoOrganisation(_) | NotKept::NoAction(_) | NotKept::NoSecret(_) => {
                Self::not_found(message)
            }
            NotKept::Name(_)
            | NotKept::Reserved(_)
            | NotKept::LongName { .. }
            | NotKept::Empty
            | NotKept::Long { .. }
            | NotKept::Nul
            | NotKept::TooMany
            | NotKept::TooMuch { .. } => Self::bad_request(message),
            NotKept::Store(error) => error.into(),
        }
    }
}

impl From<NotSearched> for Problem {
    fn from(not_searched: NotSearched) -> Self {
        let message = not_searched.to_string();
        match not_searched {
            NotSearched::NoOrigin => Self::not_found(message).hint("the operator sets origin.url"),
            NotSearched::NoAction(_) => Self::not_found(message),
            NotSearched::Body(_) => Self::new(StatusCode::BAD_REQUEST, Word::BadJson, message),
            NotSearched::ActionId(_) => Self::bad_request(message),
            NotSearched::Busy => {
                let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, Word::Busy, message);
                Self { retry_after: Some(SEARCH_RETRY), ..busy }
            }
            NotSearched::Origin(error) => {
                let message = chain(&error);
                tracing::warn!(error = message, "the origin cannot be searched: {message}");
                Self::new(StatusCode::BAD_GATEWAY, Word::Origin, message)
            }
            NotSearched::Answer(_) => Self::new(StatusCode::BAD_GATEWAY, Word::Origin, message),
            NotSearched::Failed { run, .. } => {
                let failed = Self::new(StatusCode::BAD_GATEWAY, Word::ActionFailed, message);
                failed.hint(format!("it was run {run}"))
            }
            NotSearched::Refused(refused) => refused.into(),
            NotSearched::Store(error) => error.into(),
        }
    }
}

/// An error with all that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let word = match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Word::ContentType,
            StatusCode::PAYLOAD_TOO_LARGE => Word::TooLarge,
            _ => Word::BadJson,
        };
        Self::new(rejection.status(), word, rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let word = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Word::TooLarge
        } else {
            Word::BadRequest
        };
        Self::new(rejection.status(), word, rejection.body_text())
    }
}
