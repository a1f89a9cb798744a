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
        let (app, id) = (self.clone(), run.id);
        let deed = async move { app.runner().cancel(id).await };
        self.told(run, who, "run.cancel", deed, |_| String::new()).await
    }

    /// Runs again what `run` ran: the same input, by the version that runs now or another one.
    pub(crate) async fn replay(
        &self,
        run: &Run,
        version: Option<u32>,
        traceparent: String,
        who: String,
    ) -> Result<Ticket, Refused> {
        let (app, again) = (self.clone(), run.clone());
        let deed = async move { app.runner().replay(&again, version, traceparent).await };
        self.told(run, who, "run.replay", deed, as_run).await
    }

    /// Runs a dead letter again, and takes it from the list.
    pub(crate) async fn redrive(
        &self,
        run: &Run,
        traceparent: String,
        who: String,
    ) -> Result<Ticket, Refused> {
        let (app, again) = (self.clone(), run.clone());
        let deed = async move { app.runner().redrive(&again, traceparent).await };
        self.told(run, who, "run.redrive", deed, as_run).await
    }

    /// Takes a run from the list of dead letters.
    pub(crate) async fn bury(&self, run: &Run, who: String) -> store::Result<()> {
        let (app, id) = (self.clone(), run.id);
        let deed = async move { app.runner().bury(id).await };
        self.told(run, who, "run.bury", deed, |()| String::new()).await
    }

    /// Does it, and tells it in the audit log when it was done, both also when whoever asked goes away meanwhile.
    async fn told<T, E>(
        &self,
        run: &Run,
        who: String,
        what: &'static str,
        deed: impl Future<Output = Result<T, E>> + Send + 'static,
        detail: fn(&T) -> String,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        let (by, id, store) =
            (By { who, org: run.org.clone(), at: clock::now() }, run.id, self.store().clone());
        let doing = tokio::spawn(async move {
            let done = deed.await?;
            let detail = detail(&done);
            // It has happened already: that it cannot be told costs nobody their answer.
            let noted = store.record_later(
                move |change| by.note(change, what, &id, detail),
                move |error| tracing::error!(run.id = %id, error = %error, "{what} of {id} cannot be told in the audit log"),
            );
            noted.await;
            Ok(done)
        });
        doing.await.map_err(|error| store::Error::Library(error.to_string()))?
    }
}

fn as_run(ticket: &Ticket) -> String {
    format!("as run {}", ticket.id)
}
