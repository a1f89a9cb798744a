//! What can be done with actiond, whoever asks: through the API, a hook or the command line. Who may, and how it is asked
//! and answered, is decided above.

mod access;
mod accounts;
mod actions;
mod audit;
mod jobs;
mod policy;
mod state;
mod trace;
mod versions;

pub(crate) use access::Denied;
pub(crate) use accounts::NotMade;
pub(crate) use actions::{Edit, NotSaved, Upload};
pub(crate) use audit::By;
pub(crate) use jobs::{Deploy, Job, JobEdit, NotDeployed};
pub(crate) use policy::{BadPolicy, PolicyBounds};
pub(crate) use state::{App, Settings};
pub(crate) use trace::new_traceparent;
