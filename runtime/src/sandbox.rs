//! A sandbox: one live guest for one run of a prepared action.

use serde::Serialize;

use crate::{
    engine::Engine,
    error::{Error, Result},
    job::Input,
    limits::Limits,
    live::{Ended, Live},
    outcome::Outcome,
    prepare::{Prepared, load},
};

/// One live guest. It is used up by its call; dropping it, or the call's future, kills the guest.
pub struct Sandbox {
    live: Live,
    action: Prepared,
    prepared: bool,
    input_bytes_max: usize,
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
        let prepared = image.is_some();
        let memory = &image.as_ref().unwrap_or(&engine.base).memory;
        let live = Live::new(engine, memory, &action.0.source.root, limits)?;
        Ok(Sandbox { live, action: action.clone(), prepared, input_bytes_max: limits.input_bytes })
    }
}

impl Sandbox {
    /// Calls `main` with `input.data` and sees the run to its end.
    ///
    /// # Errors
    /// [`Error::InputSize`] for a payload over its limit; else only what fails on our side.
    pub async fn call(mut self, input: Input<'_>) -> Result<Outcome> {
        let (bytes, limit_bytes) = (input.data.len(), self.input_bytes_max);
        if bytes > limit_bytes {
            return Err(Error::InputSize { bytes, limit_bytes });
        }
        self.live.state().output.tail.clone_from(&input.tail);
        if !self.prepared {
            let ended = load(&mut self.live, &self.action.0.source, input.env, &input.cancel).await?;
            if !matches!(ended, Ended::Done(0)) {
                return Ok(self.live.finish(ended, false));
            }
        }
        let ended = self.live.call("run", payload(&input)?, &input.cancel).await?;
        Ok(self.live.finish(ended, self.prepared))
    }
}

/// What the guest's `run` is told before the payload, as JSON on the first line; that is empty when there is nothing to tell.
#[derive(Serialize)]
struct RunWire<'a> {
    env: &'a [(String, String)],
}

fn payload(input: &Input<'_>) -> Result<String> {
    let wire = RunWire { env: input.env };
    let mut text = match wire.env {
        [] => String::new(),
        [_, ..] => serde_json::to_string(&wire).map_err(Error::system("write a run's variables"))?,
    };
    text.reserve_exact(1 + input.data.len());
    text.push('\n');
    text.push_str(input.data);
    Ok(text)
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").field("action", &self.action).finish_non_exhaustive()
    }
}
