//! `actiond run`: one action, here and now.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use actiond_runtime::{
    End, Engine, Grants, Guest, Input, Limits, Outcome, Preparation, Prepared, Progress, Rule, Source,
    Unverified,
};
use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use tokio::{runtime, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{command::Failure, ending, packages, repeat::Durations, work::Work};
use crate::{
    bundle, clock,
    config::{self, Kept, Places, Proxy},
    environment::Environment,
    records,
    report::Report,
    signals::Signals,
    terminal::Terminal,
};

const MEMORY_MIB_MAX: u64 = 4_096;
const TIMEOUT_S_MAX: u64 = 86_400;
const REPEAT_MAX: u64 = 1_000_000;
/// A guest that boots gives way every few milliseconds.
const BOOT_CANCEL_WAIT: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "\
Examples:
  actiond run my-action/
  actiond run my-action.zip --data records.json --env MIN_LEVEL=error
  actiond run my-action/ --allow-net hooks.slack.com:443 --allow-net 10.1.0.0/16
  my-exporter | actiond run my-action/ --data - > result.json
  actiond run my-action/ --data records.ndjson --repeat 1000 --report report.json

The result, JSON on one line, is all of standard output; the log goes to standard error. What a run cost (fuel, time,
memory) is in the report, and below the log on a terminal. PATH is a zip or a folder with main.py at its root or under
its one top folder.

The guest is taken from $ACTIOND_GUEST, else from the cache, where scripts/setup puts it: $ACTIOND_CACHE, else
$XDG_CACHE_HOME/actiond, else ~/.cache/actiond. NO_COLOR turns colours off.

Exit codes: 0 returned, 1 raised, 2 wrong usage, bundle or data, 3 stopped by a limit, 70 a failure of actiond itself,
130 cancelled.";

/// Run an action and print what its `main` returns
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action: a zip, or a folder
    path: PathBuf,
    /// Records for `main`: a JSON array, an object, or one object to a line; `-` is standard input [default: no records]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
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
    /// Memory limit of a run, in MiB
    #[arg(
        long,
        value_name = "N",
        default_value_t = config::MEMORY_MIB,
        value_parser = clap::value_parser!(u64).range(1..=MEMORY_MIB_MAX)
    )]
    memory_mib: u64,
    /// Wall time limit of a run, in seconds
    #[arg(
        long,
        value_name = "N",
        default_value_t = config::WALL_S,
        value_parser = clap::value_parser!(u64).range(1..=TIMEOUT_S_MAX)
    )]
    timeout_s: u64,
    /// Run it N times, each in a fresh sandbox, and say how long runs take; the last one is printed
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(1..=REPEAT_MAX)
    )]
    repeat: u64,
    /// Write the whole outcome to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Everything that was given, read and checked.
struct Job<'a> {
    args: &'a Args,
    places: Places,
    limits: Limits,
    environment: Environment,
    data: String,
}

/// A run's outcome, and when it began.
struct Ran {
    outcome: Outcome,
    began: Timestamp,
}

/// Runs what `args` say.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let job = Job::read(args)?;
    let report = args.report.as_deref().map(Report::create).transpose().map_err(Failure::bad_input)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the executor").map_err(Failure::Internal)?;
    let ran = runtime.block_on(job.run(terminal));
    // When the user cancels while the guest is compiled, nobody waits for the compiler.
    runtime.shutdown_background();
    let Ran { outcome, began } = ran?;
    // First: standard output may be closed or full. A report that cannot be written does not keep the result back either.
    let reported = report.map_or(Ok(()), |report| report.write(&outcome, began));
    for line in &outcome.logs {
        terminal.log(line, began);
    }
    let code = ending::tell(&outcome, &job.limits, terminal).map_err(Failure::Internal)?;
    reported.map_err(Failure::internal)?;
    Ok(code)
}

impl<'a> Job<'a> {
    fn read(args: &'a Args) -> Result<Self, Failure> {
        let mib = usize::try_from(args.memory_mib).map_err(Failure::internal)?;
        let limits = config::limits(args.fuel, Duration::from_secs(args.timeout_s), mib << 20);
        let environment = Environment::parse(&args.env, &config::ENVIRONMENT_LIMITS);
        let environment = environment.map_err(|error| Failure::BadInput(anyhow!("--env: {error}")))?;
        let data = match &args.data {
            Some(path) => records::read(&records::Origin::parse(path), limits.input_bytes),
            None => Ok(records::NONE.to_owned()),
        };
        let data = data.map_err(Failure::bad_input)?;
        let places = Places::from_environment().map_err(Failure::bad_input)?;
        Ok(Self { args, places, limits, environment, data })
    }

    async fn run(&self, terminal: &Terminal) -> Result<Ran, Failure> {
        let mut signals = Signals::listen().context("cannot listen to signals").map_err(Failure::Internal)?;
        let work = Work::create(&self.places.work_dir).map_err(Failure::Internal)?;
        let bundle = bundle::unpack(&self.args.path, &work.bundle(), &config::BUNDLE_LIMITS);
        let mut bundle = bundle.map_err(|error| match error {
            refused @ bundle::Error::Refused { .. } => Failure::bad_input(refused),
            ours @ bundle::Error::Work { .. } => Failure::internal(ours),
        })?;
        let packages_dir = work.packages();
        tokio::select! {
            installed = packages::install(&mut bundle, &self.places, &packages_dir, terminal) => installed?,
            () = signals.next() => return Ok(Ran::cancelled()),
        }
        let Some(engine) = open(&self.places, &work.scratch(), &mut signals, terminal).await? else {
            return Ok(Ran::cancelled());
        };
        let env = self.environment.variables().to_vec();
        let source = Source { root: bundle.root, digest: bundle.digest, env };
        // Dropping the call ends it as well.
        let (began, never) = (clock::now(), CancellationToken::new());
        let preparation = tokio::select! {
            preparation = engine.prepare(source, &self.limits, &never) => preparation.map_err(failure)?,
            () = signals.next() => return Ok(Ran::cancelled()),
        };
        match preparation {
            Preparation::Ready(prepared) => {
                for line in prepared.import_logs() {
                    terminal.log(line, began);
                }
                self.repeat(&engine, &prepared, &mut signals, terminal).await
            }
            Preparation::NoMain(_) => {
                let path = self.args.path.display();
                let what = "main.py defines no function named main: add `def main(data, logger):`";
                Err(Failure::BadInput(anyhow!("{path}: {what}")))
            }
            Preparation::Failed(outcome) => Ok(Ran { outcome, began }),
        }
    }

    /// Runs as often as is asked for, up to the first run that does not return; hands out the last one.
    async fn repeat(
        &self,
        engine: &Engine,
        prepared: &Prepared,
        signals: &mut Signals,
        terminal: &Terminal,
    ) -> Result<Ran, Failure> {
        let mut durations = Durations::default();
        let mut left = self.args.repeat;
        let ran = loop {
            let (began, instant) = (clock::now(), Instant::now());
            let outcome = self.once(engine, prepared, signals).await.map_err(failure)?;
            durations.push(instant.elapsed());
            left -= 1;
            if left == 0 || !matches!(outcome.end, End::Returned(_)) {
                break Ran { outcome, began };
            }
        };
        if self.args.repeat > 1
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
        signals: &mut Signals,
    ) -> Result<Outcome, actiond_runtime::Error> {
        let cancel = CancellationToken::new();
        let sandbox = engine.start(prepared, &self.limits)?;
        let unverified =
            if self.args.allow_unverified_tls { Unverified::Granted } else { Unverified::Refused };
        let grants = Grants::new(self.args.allow_net.iter().cloned()).with_unverified_tls(unverified);
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
}

impl Ran {
    /// Cancelled before anything ran.
    fn cancelled() -> Self {
        Self { outcome: Outcome::cancelled(), began: clock::now() }
    }
}

/// Opens the engine on a thread of its own: compiling blocks, and Ctrl-C must not wait for it. `None` when cancelled.
async fn open(
    places: &Places,
    scratch: &Path,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<Option<Engine>, Failure> {
    let guest = Guest::open(&places.guest_dir).map_err(failure)?;
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
