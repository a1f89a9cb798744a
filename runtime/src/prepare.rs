//! Preparing: booting the interpreter into the base image, and importing an action once into an image of its own.

use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{Engine, Inner},
    error::{Error, Result},
    image::Image,
    images::ImageKey,
    job::Source,
    limits::Limits,
    live::{Ended, Live},
    outcome::{End, LogLine, Outcome},
    saved::AtRest,
};

/// The exception by which the shim says that `main.py` defines no `main`.
const NO_MAIN: &str = "NoMain";

/// An action that can be run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Prepared(pub(crate) Arc<Action>);

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) source: Source,
    pub(crate) key: ImageKey,
    imported_each_run: Option<&'static str>,
    import_logs: Vec<LogLine>,
}

impl Prepared {
    /// What `main.py` said while it was imported, timed from when that began; nothing when its image was kept already.
    #[must_use]
    pub fn import_logs(&self) -> &[LogLine] {
        &self.0.import_logs
    }

    /// Why the action is imported anew in each run; `None` when runs start from its image.
    #[must_use]
    pub fn imported_each_run(&self) -> Option<&'static str> {
        self.0.imported_each_run
    }
}

/// What came of importing an action.
#[derive(Debug)]
pub enum Preparation {
    /// It can be run.
    Ready(Prepared),
    /// `main.py` was imported, but defines no function `main`.
    NoMain(Outcome),
    /// `main.py` raised, or reached a limit.
    Failed(Outcome),
}

/// What the guest's `load` is told, as JSON.
#[derive(Serialize)]
struct LoadWire<'a> {
    /// The action's variables.
    env: &'a [(String, String)],
    /// Those of the run that imports it.
    run: &'a [(String, String)],
}

impl Engine {
    /// Imports `main.py` and keeps the memory as the action's image, or finds the image that is kept already. Of several
    /// calls for one image, one imports and the others wait. An import that is cancelled has failed, as
    /// [`End::Cancelled`].
    ///
    /// # Errors
    /// Only when something on our side fails; what the script does is in [`Preparation`].
    pub async fn prepare(
        &self,
        source: Source,
        limits: &Limits,
        cancel: &CancellationToken,
    ) -> Result<Preparation> {
        let engine = &*self.0;
        let key = image_key(&engine.base, &source);
        let ready = |source, imported_each_run, import_logs| {
            let action = Action { source, key, imported_each_run, import_logs };
            Ok(Preparation::Ready(Prepared(Arc::new(action))))
        };
        if engine.images.find(&engine.base, &key)?.is_some() {
            return ready(source, None, Vec::new());
        }
        let Some(_turn) = cancel.run_until_cancelled(engine.imports.take(key)).await else {
            return Ok(Preparation::Failed(Outcome::cancelled()));
        };
        if engine.images.find(&engine.base, &key)?.is_some() {
            return ready(source, None, Vec::new());
        }
        let mut live = Live::new(engine, &engine.base.memory, &source.root, limits)?;
        let ended = load(&mut live, &source, &[], cancel).await?;
        if !matches!(ended, Ended::Done(0)) {
            let outcome = live.finish(ended, false);
            let no_main = matches!(&outcome.end, End::Raised(exception) if exception.kind == NO_MAIN);
            return Ok(if no_main { Preparation::NoMain(outcome) } else { Preparation::Failed(outcome) });
        }
        // What gives no image is imported anew in each run, which logs what it says.
        let not_kept = match AtRest::of(engine, &mut live)? {
            AtRest::Frozen(image, delta) => {
                engine.images.keep(key, Arc::new(image), &delta)?;
                return ready(source, None, live.finish(ended, false).logs);
            }
            AtRest::FileOpen => "its import leaves a file open",
            AtRest::ScratchUsed => "its import leaves files below /tmp",
            AtRest::TooLarge => "its import leaves too much in memory",
        };
        ready(source, Some(not_kept), Vec::new())
    }
}

impl Engine {
    /// Gives up the image of an action that was deleted or replaced, in memory and on disk, and the slots that wait with it. Of
    /// an action with the same files and variables it is the same image: that one is to be prepared again.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget(&self, action: &Prepared) -> Result<()> {
        self.0.images.forget(&action.0.key)
    }
}

/// Imports the action in `live`, which is at the base image. `run`: variables of the run that does it.
pub(crate) async fn load(
    live: &mut Live,
    source: &Source,
    run: &[(String, String)],
    cancel: &CancellationToken,
) -> Result<Ended> {
    let input = serde_json::to_string(&LoadWire { env: &source.env, run });
    let input = input.map_err(Error::system("write the environment"))?;
    Ok(match live.call("load", input, cancel).await? {
        Ended::Exited(code) => Ended::ExitedInImport(code),
        ended @ (Ended::Done(_) | Ended::ExitedInImport(_) | Ended::Stopped(_) | Ended::Cancelled) => ended,
    })
}

/// Boots the interpreter in a guest that holds only its module's data.
pub(crate) async fn boot(engine: &Inner, limits: &Limits) -> Result<(Image, Vec<u8>)> {
    let action = engine.machine.scratches.take()?;
    let mut live = Live::new(engine, &engine.base.memory, action.path(), limits)?;
    live.initialize().await?;
    // What `run` gets, for those that warm it up.
    let never = CancellationToken::new();
    let mut ended = live.call("boot", "\n[]".to_owned(), &never).await?;
    if matches!(ended, Ended::Done(0)) {
        ended = live.wipe(&never).await?;
    }
    if matches!(ended, Ended::Done(0)) && live.state().files.open() == 0 {
        return Image::freeze(None, live.memory()?.0);
    }
    let outcome = live.finish(ended, false);
    let mut said = format!("{:?}", outcome.end);
    for line in outcome.logs {
        said = said + "\n" + &line.message;
    }
    Err(Error::Boot(said))
}

fn image_key(base: &Image, source: &Source) -> ImageKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(base.id());
    hasher.update(&source.digest);
    for text in source.env.iter().flat_map(|(key, value)| [key, value]) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().into()
}
