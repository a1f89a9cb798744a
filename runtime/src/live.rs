//! A live store: one guest, instantiated from an image, called once or twice, then dropped. Owns fuel, the deadline and
//! what the end of a call means; what is called when is decided in `prepare.rs` and `sandbox.rs`.

use std::{
    future::poll_fn,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::{Instance, Memory, Store, Trap};
use wasmtime_wasi::I32Exit;

use crate::{
    engine::{Inner, Metering},
    error::{Error, Result},
    limits::Limits,
    memory::Frozen,
    outcome::{End, Exception, Level, Outcome, Stop, Usage},
    slot::{Lease, with_image},
    state::State,
    work::YIELD_FUEL,
};

pub(crate) struct Live {
    store: Store<State>,
    instance: Instance,
    lease: Lease,
    started: Instant,
    deadline: Instant,
    fuel: u64,
    _counted: Counted,
}

/// One of an engine's live guests.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(live: &Arc<AtomicUsize>) -> Self {
        live.fetch_add(1, Ordering::Relaxed);
        Self(live.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How one call of an export ended.
#[derive(Clone, Copy)]
pub(crate) enum Ended {
    /// The export returned this number.
    Done(i32),
    /// The guest exited with this code (`os._exit`).
    Exited(i32),
    /// The guest exited with this code before `main` could be called.
    ExitedInImport(i32),
    /// Nothing more can be called.
    Stopped(Stop),
    Cancelled,
}

impl Live {
    /// A guest whose memory is `image`, which sees `action` as `/action`.
    pub(crate) fn new(engine: &Inner, image: &Arc<Frozen>, action: &Path, limits: &Limits) -> Result<Self> {
        let started = Instant::now();
        let image_bytes = image.len();
        if image_bytes > limits.memory_bytes {
            return Err(Error::MemoryLimit { limit_bytes: limits.memory_bytes, image_bytes });
        }
        let scratch = engine.machine.scratches.take()?;
        let state =
            State::new(&engine.guest, &engine.machine.shared, action, scratch, limits, image_bytes, started)?;
        let mut store = Store::new(&engine.machine.wasmtime, state);
        store.limiter(|state| &mut state.meter);
        if engine.machine.metering == Metering::Fuel {
            let metered = store.set_fuel(limits.fuel);
            metered
                .and_then(|()| store.fuel_async_yield_interval(Some(YIELD_FUEL)))
                .map_err(Error::wasm("meter"))?;
        }
        let lease = Lease::default();
        let instance = with_image(image, &lease, || instantiate(engine, &mut store))?;
        let deadline = started + limits.wall;
        let counted = Counted::new(&engine.live);
        Ok(Self { store, instance, lease, started, deadline, fuel: limits.fuel, _counted: counted })
    }

    /// Calls an export without arguments, handing `input` to whoever asks at the door.
    pub(crate) async fn call(
        &mut self,
        export: &str,
        input: String,
        cancel: &CancellationToken,
    ) -> Result<Ended> {
        self.store.data_mut().door.offer(input);
        let function = self.instance.get_typed_func::<(), i32>(&mut self.store, export);
        let function = function.map_err(Error::wasm("find an export of the guest"))?;
        let driven = drive(function.call_async(&mut self.store, ()), self.deadline, cancel).await;
        Ok(match driven {
            Driven::Finished(Ok(number)) => Ended::Done(number),
            Driven::Finished(Err(error)) => self.explain(&error),
            Driven::TimedOut => Ended::Stopped(Stop::Time),
            Driven::Cancelled => Ended::Cancelled,
        })
    }

    /// Has the guest fill its free memory with zeros. It gets no more memory from then on.
    pub(crate) async fn wipe(&mut self, cancel: &CancellationToken) -> Result<Ended> {
        self.state().meter.close();
        self.call("load", "null".to_owned(), cancel).await
    }

    /// Calls an export that every reactor module has for its constructors.
    pub(crate) async fn initialize(&mut self) -> Result<()> {
        let function = self.instance.get_typed_func::<(), ()>(&mut self.store, "_initialize");
        let function = function.map_err(Error::wasm("find the guest's constructors"))?;
        function.call_async(&mut self.store, ()).await.map_err(Error::wasm("run the guest's constructors"))
    }

    fn explain(&mut self, error: &wasmtime::Error) -> Ended {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Ended::Exited(exit.0);
        }
        let refused = self.state().meter.refused;
        let stop = match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Stop::Fuel,
            Some(Trap::StackOverflow) => Stop::Stack,
            // CPython aborts when it cannot even report that memory is short.
            Some(_) if refused => Stop::Memory,
            _ => Stop::Fault,
        };
        if stop == Stop::Fault {
            self.state()
                .output
                .remark(Level::Critical, format!("the interpreter died: {}", error.root_cause()));
        }
        Ended::Stopped(stop)
    }

    pub(crate) fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// The guest's memory; meaningful as an image while no call is under way.
    pub(crate) fn memory(&mut self) -> Result<(&[u8], &mut State)> {
        let memory: Option<Memory> = self.instance.get_memory(&mut self.store, "memory");
        let memory = memory.ok_or_else(|| Error::Boot("the guest exports no memory".to_owned()))?;
        let (bytes, state) = memory.data_and_store_mut(&mut self.store);
        Ok((bytes, state))
    }

    /// Ends this life. `prepared`: whether it began from the action's own image.
    pub(crate) fn finish(mut self, ended: Ended, prepared: bool) -> Outcome {
        let end = self.end(ended);
        self.close(ended, end, prepared)
    }

    /// Ends a life whose end is known already.
    pub(crate) fn close(mut self, ended: Ended, end: End, prepared: bool) -> Outcome {
        if matches!(ended, Ended::Done(_)) {
            self.lease.allow_reuse();
        }
        let left = self.store.get_fuel().unwrap_or(self.fuel);
        let fuel = self.fuel.saturating_sub(left.saturating_sub(self.state().work.owed()));
        let state = self.store.into_data();
        let usage = Usage {
            fuel,
            wall: self.started.elapsed(),
            memory_bytes: state.meter.memory_bytes,
            output_bytes: state.output.bytes,
            prepared,
        };
        let (connections, connections_left_out) = state.net.finish();
        Outcome { end, logs: state.output.finish(), usage, connections, connections_left_out }
    }

    /// What the end of a call means; takes what the guest handed back.
    pub(crate) fn end(&mut self, ended: Ended) -> End {
        let door = &mut self.state().door;
        match ended {
            Ended::Stopped(stop) => End::Stopped(stop),
            Ended::Cancelled => End::Cancelled,
            Ended::Exited(0) => End::Returned(null()),
            Ended::Exited(code) => End::Raised(exit(format!("exit code {code}"))),
            Ended::ExitedInImport(code) => {
                End::Raised(exit(format!("main.py ended while it was imported, by os._exit({code})")))
            }
            Ended::Done(_) => match (door.take_raised(), door.take_result()) {
                (Some(exception), _) => End::Raised(exception),
                (None, Some(result)) => returned(result),
                (None, None) => End::Returned(null()),
            },
        }
    }
}

/// What the guest handed back is checked here: a script can reach below the shim.
fn returned(result: Vec<u8>) -> End {
    let raw =
        String::from_utf8(result).ok().and_then(|text| serde_json::value::RawValue::from_string(text).ok());
    match raw {
        Some(value) => End::Returned(value),
        None => End::Raised(Exception {
            kind: "ValueError".to_owned(),
            message: "the result that was handed back is not JSON".to_owned(),
            traceback: String::new(),
        }),
    }
}

fn null() -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::NULL.to_owned()
}

fn exit(message: String) -> Exception {
    Exception { kind: "SystemExit".to_owned(), traceback: format!("SystemExit: {message}\n"), message }
}

/// Instantiates. The module has no start function, so this is done at the first poll, on this thread.
fn instantiate(engine: &Inner, store: &mut Store<State>) -> Result<Instance> {
    let mut future = pin!(engine.guest_pre.instantiate_async(store));
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(instance) => instance.map_err(Error::wasm("instantiate the guest")),
        Poll::Pending => Err(Error::Boot("the guest waits while it is instantiated".to_owned())),
    }
}

enum Driven {
    Finished(wasmtime::Result<i32>),
    TimedOut,
    Cancelled,
}

/// Polls a guest to its end. The clock is read at every poll: a guest that is always busy leaves the executor no time to
/// fire timers; the timer is for guests that wait.
async fn drive(
    call: impl Future<Output = wasmtime::Result<i32>>,
    deadline: Instant,
    cancel: &CancellationToken,
) -> Driven {
    let mut call = pin!(call);
    let mut timer = pin!(tokio::time::sleep_until(deadline));
    let mut cancelled = pin!(cancel.cancelled());
    poll_fn(|context| {
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Driven::Cancelled);
        }
        if let Poll::Ready(finished) = call.as_mut().poll(context) {
            return Poll::Ready(Driven::Finished(finished));
        }
        if timer.as_mut().poll(context).is_ready() || Instant::now() >= deadline {
            return Poll::Ready(Driven::TimedOut);
        }
        Poll::Pending
    })
    .await
}
