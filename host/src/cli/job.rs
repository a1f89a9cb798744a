//! A run in the local sandbox, as `actiond run` and `actiond dev` have it: all that is given, read and checked; then prepared, and
//! run.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use actiond_runtime::{
    End, Engine, Grants, Guest, Input, Limits, Outcome, Preparation, Prepared, Progress, Rule, Source,
    Unverified,
};
use anyhow::anyhow;
use jiff::Timestamp;
use tokio::{runtime, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{carried, command::Failure, packages, repeat::Durations, work::Work};
use crate::{
    bundle, clock,
    config::{self, Kept, Places, Proxy},
    environment::Environment,
    model::guest::GuestKind,
    records,
    signals::Signals,
    terminal::Terminal,
};

const MEMORY_MIB_MAX: u64 = 4_096;
const TIMEOUT_S_MAX: u64 = 86_400;
/// A guest that boots gives way every few milliseconds.
const BOOT_CANCEL_WAIT: Duration = Duration::from_millis(500);

/// What a run gets, and how far it may go.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Given {
    /// Records for `main`: a JSON array, an object, or one object to a line; `-` is standard input [default: no records]
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// A variable of the action's environment; may be given many times
    #[arg(long, value_name = "KEY=VALUE")]
    env: Vec<String>,
    /// What the run may reach: `host`, `*.domain`, an address or address/prefix, each with ports behind a colon or without; may be
    /// given many times. Private, loopback and other special addresses must be named [default: nothing]
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_net: Vec<Rule>,
    /// Let the action talk to TLS servers whose certificate nobody checks, if it asks for that (`verify=False`)
    #[arg(long)]
    allow_unverified_tls: bool,
    /// CPU limit of a run: WebAssembly instructions, roughly. The default is about ten to thirty seconds of CPU, by the
    /// machine
    #[arg(long, value_name = "N", default_value_t = config::FUEL, value_parser = clap::value_parser!(u64).range(1..))]
    fuel: u64,
    /// Memory limit of a run, in MiB [default: 256, or 512 for an action that needs NumPy or pandas]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=MEMORY_MIB_MAX)
    )]
    memory_mib: Option<u64>,
    /// Wall time limit of a run, in seconds
    #[arg(
        long,
        value_name = "N",
        default_value_t = config::WALL_S,
        value_parser = clap::value_parser!(u64).range(1..=TIMEOUT_S_MAX)
    )]
    timeout_s: u64,
}

/// Everything that was given, read and checked.
pub(super) struct Job<'a> {
    path: &'a Path,
    given: &'a Given,
    places: Places,
    /// Those of an action that needs nothing but Python.
    limits: Limits,
    environment: Environment,
    data: String,
}

/// A run's outcome, when it began, and how far it might go.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) began: Timestamp,
    pub(super) limits: Limits,
}

impl Given {
    /// What no change of a file mends.
    pub(super) fn check(&self) -> Result<Environment, Failure> {
        let environment = Environment::parse(&self.env, &config::ENVIRONMENT_LIMITS);
        environment.map_err(|error| Failure::BadInput(anyhow!("--env: {error}")))
    }

    fn limits(&self, guest: GuestKind) -> Result<Limits, Failure> {
        let usual = match guest {
            GuestKind::Base => config::MEMORY_MIB,
            GuestKind::Data => config::DATA_MEMORY_MIB,
        };
        let mib = usize::try_from(self.memory_mib.unwrap_or(usual)).map_err(Failure::internal)?;
        Ok(config::limits(self.fuel, Duration::from_secs(self.timeout_s), mib << 20))
    }
}

impl<'a> Job<'a> {
    pub(super) fn read(path: &'a Path, given: &'a Given, terminal: &Terminal) -> Result<Self, Failure> {
        let limits = given.limits(GuestKind::Base)?;
        let environment = given.check()?;
        let data = match &given.data {
            Some(path) => records::read(&records::Origin::parse(path), limits.input_bytes),
            None => Ok(records::NONE.to_owned()),
        };
        let data = data.map_err(Failure::bad_input)?;
        let places = carried::places(terminal)?;
        Ok(Self { path, given, places, limits, environment, data })
    }

    /// Runs it so often, or until it does not return; a signal cancels.
    pub(super) async fn run(
        &self,
        times: u64,
        signals: &mut Signals,
        terminal: &Terminal,
    ) -> Result<Ran, Failure> {
        let work = Work::create(&self.places.work_dir).map_err(Failure::Internal)?;
        let bundle = bundle::unpack(self.path, &work.bundle(), &config::BUNDLE_LIMITS);
        let mut bundle = bundle.map_err(|error| match error {
            refused @ bundle::Error::Refused { .. } => Failure::bad_input(refused),
            ours @ bundle::Error::Work { .. } => Failure::internal(ours),
        })?;
        let packages_dir = work.packages();
        let kind = tokio::select! {
            installed = packages::install(&mut bundle, &self.places, &packages_dir, terminal) => installed?,
            () = signals.next() => return Ok(self.cancelled()),
        };
        let limits = self.given.limits(kind)?;
        let guest_dir = match kind {
            GuestKind::Base => &self.places.guest_dir,
            GuestKind::Data => &self.places.data_guest_dir,
        };
        let guest = Guest::open(guest_dir).map_err(failure)?;
        let Some(engine) = open(guest, &self.places, &work.scratch(), signals, terminal).await? else {
            return Ok(self.cancelled());
        };
        let env = self.environment.variables().to_vec();
        let source = Source { root: bundle.root, digest: bundle.digest, env };
        // Dropping the call ends it as well.
        let (began, never) = (clock::now(), CancellationToken::new());
        let preparation = tokio::select! {
            preparation = engine.prepare(source, &limits, &never) => preparation.map_err(failure)?,
            () = signals.next() => return Ok(self.cancelled()),
        };
        match preparation {
            Preparation::Ready(prepared) => {
                for line in prepared.import_logs() {
                    terminal.log(line, began);
                }
                let running = self.repeat(&engine, &prepared, &limits, times, signals, terminal);
                terminal.patiently("running", running).await
            }
            Preparation::NoMain(_) => {
                let path = self.path.display();
                let what = "main.py defines no function named main: add `def main(data, logger):`";
                Err(Failure::BadInput(anyhow!("{path}: {what}")))
            }
            Preparation::Failed(outcome) => Ok(Ran { outcome, began, limits }),
        }
    }

    /// Runs as often as is asked for, up to the first run that does not return; hands out the last one.
    async fn repeat(
        &self,
        engine: &Engine,
        prepared: &Prepared,
        limits: &Limits,
        times: u64,
        signals: &mut Signals,
        terminal: &Terminal,
    ) -> Result<Ran, Failure> {
        let mut durations = Durations::default();
        let mut left = times;
        let ran = loop {
            let (began, instant) = (clock::now(), Instant::now());
            let outcome = self.once(engine, prepared, limits, signals).await.map_err(failure)?;
            durations.push(instant.elapsed());
            left -= 1;
            if left == 0 || !matches!(outcome.end, End::Returned(_)) {
                break Ran { outcome, began, limits: limits.clone() };
            }
        };
        if times > 1
            && let Some(summary) = durations.summary()
        {
            terminal.note(&summary.to_string());
        }
        Ok(ran)
    }

    async fn once(
        &self,
        engine: &Engine,
        prepared: &Prepared,
        limits: &Limits,
        signals: &mut Signals,
    ) -> Result<Outcome, actiond_runtime::Error> {
        let cancel = CancellationToken::new();
        let sandbox = engine.start(prepared, limits)?;
        let unverified =
            if self.given.allow_unverified_tls { Unverified::Granted } else { Unverified::Refused };
        let grants = Grants::new(self.given.allow_net.iter().cloned()).with_unverified_tls(unverified);
        let input = Input { grants, ..Input::new(&self.data, cancel.clone()) };
        let mut call = std::pin::pin!(sandbox.call(input));
        tokio::select! {
            outcome = &mut call => outcome,
            () = signals.next() => {
                cancel.cancel();
                call.await
            }
        }
    }

    /// Cancelled before anything ran.
    fn cancelled(&self) -> Ran {
        Ran { outcome: Outcome::cancelled(), began: clock::now(), limits: self.limits.clone() }
    }
}

/// Opens the engine on a thread of its own: compiling blocks, and Ctrl-C must not wait for it. `None` when cancelled.
async fn open(
    guest: Guest,
    places: &Places,
    scratch: &Path,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<Option<Engine>, Failure> {
    let proxy = Proxy::from_environment().map_err(|why| anyhow!("the proxy of the environment: {why}"));
    let proxy = proxy.map_err(Failure::bad_input)?;
    for unread in proxy.iter().flat_map(Proxy::unread) {
        terminal.note(&unread);
    }
    let settings = places.engine(scratch, Kept::ONE_ACTION, proxy.as_ref());
    let (executor, cancel) = (runtime::Handle::current(), CancellationToken::new());
    let (cancelled, shown) = (cancel.clone(), terminal.clone());
    let mut opening = tokio::task::spawn_blocking(move || {
        let engine = Engine::open(guest, settings, |progress| {
            shown.progress(match progress {
                Progress::Compiling => "compiling the guest, once on this machine: some seconds …",
                Progress::Booting => "booting the guest, once on this machine …",
            });
        });
        executor.block_on(cancelled.run_until_cancelled(engine))
    });
    let opened = tokio::select! {
        opened = &mut opening => opened.map_err(Failure::internal)?,
        () = signals.next() => {
            cancel.cancel();
            // A boot ends at once and lets go of the work folder. Nobody waits for the compiler.
            let _ = tokio::time::timeout(BOOT_CANCEL_WAIT, opening).await;
            None
        }
    };
    terminal.progress_done();
    opened.transpose().map_err(failure)
}

/// Whose fault an error of the runtime is.
fn failure(error: actiond_runtime::Error) -> Failure {
    if matches!(error, actiond_runtime::Error::MemoryLimit { .. }) {
        Failure::BadInput(anyhow!("{error}: raise it with --memory-mib"))
    } else if matches!(error, actiond_runtime::Error::InputSize { .. }) {
        Failure::BadInput(anyhow!("{error}: hand over fewer records"))
    } else {
        Failure::internal(error)
    }
}
