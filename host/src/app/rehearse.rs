//! Trying code out before it is saved: it is found, packed and imported as an upload is, and run once.

use super::{
    actions::{NotSaved, Upload},
    audit::By,
    packages::Packages,
    state::App,
    trace::new_traceparent,
};
use crate::{
    clock,
    deps::Watch,
    runner::{Draft, NotRehearsed, Refused, Rehearsed},
    store,
};

/// Why nothing was tried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTried {
    /// It could not be saved either.
    #[error(transparent)]
    Saved(#[from] NotSaved),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{0}")]
    Secrets(String),
}

impl App {
    /// Runs what would be saved on `input`, a JSON array. Nothing of it is kept but that somebody did.
    pub(crate) async fn rehearse(&self, upload: Upload, input: String) -> Result<Rehearsed, NotTried> {
        self.runner().fits(&input)?;
        let now = clock::now();
        let (before, organisation) = self.found(&upload).await?;
        let mut action = self.drafted(&upload, before.as_ref(), now)?;
        let Packages { zip: packages, guest, .. } =
            self.packages(upload.zip.clone(), &Watch::new(|_| ())).await.map_err(NotSaved::from)?;
        action.guest = guest;
        self.settings().policy.check_memory(&action.policy, guest).map_err(NotSaved::from)?;
        // It is told before it happens: what it reaches it reaches with the action's secrets.
        let by = By { who: upload.by, org: upload.org, at: now };
        let (subject, detail) = (action.id, format!("unsaved code of {}", action.name));
        let noted = self.store().write(move |change| by.note(change, "action.rehearse", &subject, detail));
        noted.await.map_err(|error: store::Error| NotSaved::from(error))?;
        let draft = Draft { action, organisation, zip: upload.zip, packages, guest };
        let rehearsed = self.runner().rehearse(draft, input, new_traceparent()).await;
        rehearsed.map_err(|error| match error {
            NotRehearsed::Prepare(error) => NotTried::Saved(error.into()),
            NotRehearsed::Refused(refused) => refused.into(),
            NotRehearsed::Secrets(why) => NotTried::Secrets(why),
        })
    }
}
