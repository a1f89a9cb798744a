//! `actiond serve`: the server, until it is told to end.

use std::{process::ExitCode, sync::Arc, time::Duration};

use actiond_runtime::Progress;
use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::{
    carried,
    command::{Failure, store_failure},
    settings,
};
use crate::{
    config::{Effective, Proxy, Secret},
    server::{self, Options, Told},
    signals::Signals,
    telemetry::{Traces, logs},
    terminal::Terminal,
};

const EXAMPLES: &str = "\
Examples:
  actiond serve
  actiond serve --listen 0.0.0.0:5080 --data-dir /var/lib/actiond
  ACTIOND_ROOT_EMAIL=ops@example.com ACTIOND_ROOT_PASSWORD=... actiond serve --config actiond.toml

The first start makes the organisation `default` and the root account; without ACTIOND_ROOT_PASSWORD its password is made
up and shown once. `actiond config` lists all settings. SIGTERM and Ctrl-C drain: nothing new begins, what runs has
drain_s seconds, what is queued stays queued.

Exit codes: 0 ended as it was told, 2 the configuration is wrong, 70 a failure of actiond itself.";

/// A collector that is away does not keep the program from ending.
const TRACES_WAIT: Duration = Duration::from_secs(5);

/// Serve the API, hooks and schedules
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    settings: settings::Args,
    /// Remove all secrets first: their key is lost, and nothing else decrypts them
    #[arg(long)]
    forget_secrets: bool,
}

/// Serves until a signal says to end.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let settings = Effective::read(&args.settings.flags()).map_err(Failure::bad_input)?.settings;
    let places = carried::places(terminal)?;
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(http_threads()).enable_all().build();
    let executor = executor.context("cannot start the executor").map_err(Failure::Internal)?;
    let otlp = settings.otlp.as_ref();
    let traces =
        otlp.map(|otlp| Traces::start(&otlp.endpoint, otlp.authorization.as_ref().map(Secret::expose)));
    let traces = traces.transpose().map_err(Failure::internal)?;
    let log = &settings.log;
    logs::start(&log.filter, log.format, traces.as_ref()).map_err(Failure::internal)?;
    for unread in settings.egress.proxy.iter().flat_map(Proxy::unread) {
        tracing::warn!("{unread}");
    }
    let told = terminal.clone();
    let tell: Arc<dyn Fn(Told<'_>) + Send + Sync> = Arc::new(move |what| tell(&told, what));
    let options = Options { settings, places, forget_secrets: args.forget_secrets, tell };
    let served = executor.block_on(async {
        let mut signals = Signals::listen().context("cannot listen to signals").map_err(Failure::Internal)?;
        let stop = CancellationToken::new();
        let mut serving = std::pin::pin!(server::serve(options, stop.clone()));
        let served = tokio::select! {
            served = &mut serving => served,
            () = signals.next() => {
                stop.cancel();
                serving.await
            }
        };
        served.map_err(failure)
    });
    executor.shutdown_background();
    if let Some(Err(unsent)) = traces.map(|traces| traces.end(TRACES_WAIT)) {
        tracing::warn!(error = %unsent, "{unsent}");
    }
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Half as many as there are cores: answering is less work than running, and idle ones wake each other up for nothing.
fn http_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| usize::from(cores).div_ceil(2))
}

fn tell(terminal: &Terminal, told: Told<'_>) {
    match told {
        Told::Progress(Progress::Compiling) => {
            terminal.progress("compiling the guest, once on this machine: some seconds …");
        }
        Told::Progress(Progress::Booting) => terminal.progress("booting the guest, once on this machine …"),
        Told::Password { email, password } => {
            terminal.note(&format!("root account {email}, password {password} (shown only now)"));
        }
        Told::Ready(address) => terminal.note(&format!("listening on http://{address}")),
        Told::Draining => terminal.note("ending: nothing new begins"),
    }
}

/// Whose fault it is that the server does not start.
fn failure(error: server::Error) -> Failure {
    match error {
        server::Error::Store(error) => store_failure(error),
        server::Error::Bind { .. } | server::Error::Vault(_) | server::Error::Rekey(_) => {
            Failure::bad_input(error)
        }
        server::Error::Runtime(_)
        | server::Error::Root(_)
        | server::Error::Folder { .. }
        | server::Error::Origin(_)
        | server::Error::Thread(_) => Failure::internal(error),
    }
}
