//! Actions of a server, by name or id, and following an upload to its end.

use std::time::Duration;

use reqwest::Method;
use tokio::time::{Instant, sleep};

use super::{
    error::Error,
    server::{Server, Told},
    wire::{ActionWire, BuildWire},
};

/// Ids that a message names.
const NAMED_MAX: usize = 5;
/// Between two looks at an upload: the first, and the most.
const LOOK: Duration = Duration::from_millis(50);
const LOOK_MAX: Duration = Duration::from_secs(1);

/// An action that was found.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Server {
    pub(crate) async fn actions(&self) -> Result<Told<Vec<ActionWire>>, Error> {
        self.get(&["actions"]).await
    }

    /// The one action of that id or name.
    pub(crate) async fn find(&self, name: &str) -> Result<Named, Error> {
        let org = self.login().org.clone();
        self.seek(name).await?.ok_or_else(|| Error::NoAction { name: name.to_owned(), org })
    }

    /// The same, where there may be none.
    pub(crate) async fn seek(&self, name: &str) -> Result<Option<Named>, Error> {
        let actions = self.actions().await?.value;
        let by_id = actions.iter().find(|action| action.id == name);
        let mut by_name = actions.iter().filter(|action| action.name == name);
        let Some(found) = by_id.or_else(|| by_name.next()) else { return Ok(None) };
        if found.id != name && by_name.next().is_some() {
            let all = actions.iter().filter(|action| action.name == name).map(|action| action.id.as_str());
            let ids = all.take(NAMED_MAX).collect::<Vec<_>>().join(", ");
            return Err(Error::Ambiguous { name: name.to_owned(), ids });
        }
        let ActionWire { id, name, .. } = found.clone();
        Ok(Some(Named { id, name }))
    }

    /// Looks at an upload until it ends; the id of the action that it became. `tell` gets each line once.
    pub(crate) async fn follow_build(
        &self,
        build: BuildWire,
        wait: Duration,
        tell: impl Fn(&str),
    ) -> Result<String, Error> {
        let (id, began) = (build.id.clone(), Instant::now());
        let (mut build, mut told, mut pause) = (build, 0, LOOK);
        loop {
            for line in build.log.iter().skip(told) {
                tell(line);
            }
            told = build.log.len().max(told);
            match (&*build.status, build.uuid.take()) {
                ("running", _) => {}
                (_, Some(uuid)) => return Ok(uuid),
                (_, None) => {
                    let message = build.message.unwrap_or_else(|| format!("the build {}", build.status));
                    return Err(Error::Refused { status: build.code.unwrap_or(400), message });
                }
            }
            if began.elapsed() > wait {
                return Err(Error::Unfinished { server: self.login().address.to_string(), wait, id });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_MAX);
            build = self.call(Method::GET, &["builds", &id]).quietly().read().await?.value;
        }
    }
}
