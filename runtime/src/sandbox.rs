//! A sandbox: one live guest for one run of a prepared action.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::Engine,
    error::{Error, Result},
    image::{Difference, Image},
    job::Input,
    limits::Limits,
    live::{Ended, Live},
    outcome::{End, Outcome},
    prepare::{Prepared, load},
    saved::{AtRest, Kept, Saved, seal},
};

/// Where more of the memory is not as in the base image, what the script let go of is wiped: that takes milliseconds.
const UNWIPED_BYTES_MAX: u64 = 2 << 20;

/// One live guest. It is used up by its call; dropping it, or the call's future, kills the guest.
pub struct Sandbox {
    live: Live,
    action: Prepared,
    engine: Engine,
    prepared: bool,
    input_bytes_max: usize,
}

/// What becomes of a run's memory after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    Goes,
    Stays,
}

impl Engine {
    /// A fresh sandbox of its own for one run. The wall-time limit begins here. An action whose image was given up
    /// since, to make room for others, is imported in this run; [`Engine::prepare`] makes its image again.
    ///
    /// # Errors
    /// When the machine is out of memory, descriptors or slots.
    pub fn start(&self, action: &Prepared, limits: &Limits) -> Result<Sandbox> {
        let engine = &*self.0;
        let image = match action.imported_each_run() {
            None => engine.images.find(&engine.base, &action.0.key)?,
            Some(_) => None,
        };
        self.sandbox(action, image.as_deref(), limits)
    }

    /// A sandbox for one run that begins where an earlier one of the same action ended.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn resume(&self, saved: &Saved, limits: &Limits) -> Result<Sandbox> {
        self.sandbox(&saved.0.action, Some(&saved.0.image), limits)
    }

    /// `image`: none for an action that is to be imported first.
    fn sandbox(&self, action: &Prepared, image: Option<&Image>, limits: &Limits) -> Result<Sandbox> {
        let memory = &image.unwrap_or(&self.0.base).memory;
        Ok(Sandbox {
            live: Live::new(&self.0, memory, &action.0.source.root, limits)?,
            action: action.clone(),
            engine: self.clone(),
            prepared: image.is_some(),
            input_bytes_max: limits.input_bytes,
        })
    }
}

impl Sandbox {
    /// Calls `main` with `input.data` and sees the run to its end.
    ///
    /// # Errors
    /// [`Error::InputSize`] for a payload over its limit; else only what fails on our side.
    pub async fn call(mut self, input: Input<'_>) -> Result<Outcome> {
        let ended = self.enter(&input, Memory::Goes).await?;
        Ok(self.live.finish(ended, self.prepared))
    }

    /// As [`Sandbox::call`]; the memory after a run that returned is kept for the next one: all that `main` left in module
    /// globals is there again. Variables of the run are not. What a run did that raised, was stopped or cancelled, or whose
    /// memory cannot be kept, is forgotten.
    ///
    /// # Errors
    /// As [`Sandbox::call`].
    pub async fn call_and_keep(mut self, input: Input<'_>) -> Result<(Outcome, Kept)> {
        let ended = self.enter(&input, Memory::Stays).await?;
        let end = self.live.end(ended);
        let kept = if !matches!(end, End::Returned(_)) {
            Kept::Forgotten
        } else if matches!(ended, Ended::Done(0)) {
            self.keep(&input.cancel).await?
        } else {
            Kept::Refused("it ended by os._exit")
        };
        Ok((self.live.close(ended, end, self.prepared), kept))
    }

    async fn enter(&mut self, input: &Input<'_>, memory: Memory) -> Result<Ended> {
        let (bytes, limit_bytes) = (input.data.len(), self.input_bytes_max);
        if bytes > limit_bytes {
            return Err(Error::InputSize { bytes, limit_bytes });
        }
        self.live.state().output.tail.clone_from(&input.tail);
        let mut wire = RunWire { env: input.env, stays: memory == Memory::Stays };
        if !self.prepared {
            let ended = load(&mut self.live, &self.action.0.source, wire.env, &input.cancel).await?;
            if !matches!(ended, Ended::Done(0)) {
                return Ok(ended);
            }
            // They are set already.
            wire.env = &[];
        }
        self.live.state().net.begin(input.grants.clone());
        self.live.state().tls.begin(input.grants.unverified_tls());
        self.live.call("run", payload(&wire, input.data)?, &input.cancel).await
    }

    async fn keep(&mut self, cancel: &CancellationToken) -> Result<Kept> {
        let engine = &*self.engine.0;
        let grown = Difference::between(Some(&engine.base), self.live.memory()?.0).bytes();
        if grown > UNWIPED_BYTES_MAX && !matches!(self.live.wipe(cancel).await?, Ended::Done(0)) {
            return Ok(Kept::Refused("a limit was reached while its memory was kept"));
        }
        Ok(match AtRest::of(engine, &mut self.live)? {
            AtRest::Frozen(image, encoded) => {
                let bytes = seal(&self.action.0.key, &encoded);
                Kept::Saved { saved: engine.saved(&self.action, image), bytes }
            }
            AtRest::FileOpen => Kept::Refused("it leaves a file open"),
            AtRest::ScratchUsed => Kept::Refused("it leaves files below /tmp"),
            AtRest::TooLarge => Kept::Refused("it leaves too much in memory"),
        })
    }
}

/// What the guest's `run` is told before the payload, as JSON on the first line; that is empty when there is nothing to tell.
#[derive(Serialize)]
struct RunWire<'a> {
    /// Variables of this run.
    env: &'a [(String, String)],
    /// Whether the memory after it is the next run's.
    stays: bool,
}

fn payload(wire: &RunWire<'_>, data: &str) -> Result<String> {
    let mut text = if wire.env.is_empty() && !wire.stays {
        String::new()
    } else {
        serde_json::to_string(wire).map_err(Error::system("write a run's variables"))?
    };
    text.reserve_exact(1 + data.len());
    text.push('\n');
    text.push_str(data);
    Ok(text)
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").field("action", &self.action).finish_non_exhaustive()
    }
}
