//! What can be done with actiond, whoever asks: through the API, a hook or the command line. Who may, and how it is asked
//! and answered, is decided above.

mod access;
mod accounts;
mod actions;
mod audit;
mod builds;
mod edit;
mod hooks;
mod jobs;
mod organisations;
mod packages;
mod policy;
mod rehearse;
mod runs;
mod search;
mod secrets;
mod sessions;
mod sources;
mod state;
mod trace;
mod versions;

pub(crate) use access::{Denied, new_token};
pub(crate) use accounts::{Made, NotMade};
pub(crate) use actions::{NotSaved, Upload};
pub(crate) use builds::{Build, Failed, Stage};
pub(crate) use edit::Edit;
pub(crate) use hooks::NewHook;
pub(crate) use jobs::{Deploy, Job, JobEdit, NotDeployed};
pub(crate) use organisations::OrganisationEdit;
pub(crate) use packages::{NotPackaged, Packaging};
pub(crate) use policy::PolicyBounds;
pub(crate) use rehearse::NotTried;
pub(crate) use search::{Applied, LogSearch, NotSearched, hits};
pub(crate) use secrets::{Grants, NotKept, Shared};
pub(crate) use sessions::{SESSION, Session};
pub(crate) use sources::{FILES_MAX, SourceFile};
pub(crate) use state::{App, Settings};
pub(crate) use trace::new_traceparent;
