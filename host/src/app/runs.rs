//! What people do to runs that are there: cancelling, replaying, redriving, burying. Each is told in the audit log.

use super::{audit::By, state::App};
use crate::{
    clock,
    model::run::Run,
    runner::{Refused, Ticket},
    store,
};

impl App {
    /// Stops a run, or takes it out of the queue. The run as it was found; `None` when it is gone.
    pub(crate) async fn cancel(&self, run: &Run, who: String) -> store::Result<Option<Run>> {
        let cancelled = self.runner().cancel(run.id).await?;
        self.note(run, who, "run.cancel", String::new()).await;
        Ok(cancelled)
    }

    /// Runs again what `run` ran: the same input, by the version that runs now or another one.
    pub(crate) async fn replay(
        &self,
        run: &Run,
        version: Option<u32>,
        traceparent: String,
        who: String,
    ) -> Result<Ticket, Refused> {
        let ticket = self.runner().replay(run, version, traceparent).await?;
        self.note(run, who, "run.replay", format!("as run {}", ticket.id)).await;
        Ok(ticket)
    }

    /// Runs a dead letter again, and takes it from the list.
    pub(crate) async fn redrive(
        &self,
        run: &Run,
        traceparent: String,
        who: String,
    ) -> Result<Ticket, Refused> {
        let ticket = self.runner().redrive(run, traceparent).await?;
        self.note(run, who, "run.redrive", format!("as run {}", ticket.id)).await;
        Ok(ticket)
    }

    /// Takes a run from the list of dead letters.
    pub(crate) async fn bury(&self, run: &Run, who: String) -> store::Result<()> {
        self.runner().bury(run.id).await?;
        self.note(run, who, "run.bury", String::new()).await;
        Ok(())
    }

    /// It has happened already: that it cannot be told costs nobody its answer.
    async fn note(&self, run: &Run, who: String, what: &'static str, detail: String) {
        let (by, id) = (By { who, org: run.org.clone(), at: clock::now() }, run.id);
        let noted = self.store().record_later(
            move |change| by.note(change, what, &id, detail),
            move |error| tracing::error!(run.id = %id, error = %error, "{what} of {id} cannot be told in the audit log"),
        );
        noted.await;
    }
}
