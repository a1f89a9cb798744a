//! `actiond backup`: the store as one file, while the server runs or when none does.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use tempfile::NamedTempFile;
use tokio::time::Instant;

use super::{
    command::{Failure, store_failure},
    settings,
};
use crate::{
    config::{Effective, Settings},
    server::{self, Unanswered},
    store::{self, Store},
    terminal::Terminal,
};

/// The file in the folder that the user names.
pub(super) const FILE: &str = "actiond.backup";
/// Progress is shown so often.
const SHOW_EVERY: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
Examples:
  actiond backup /backups/monday
  actiond backup /backups/monday --data-dir /var/lib/actiond
  actiond backup \"/backups/$(date +%F)\" --config /etc/actiond.toml

Writes DIR/actiond.backup: the whole store as it is at one moment, secrets included, readable by its owner alone. A server that
runs goes on answering: what changes the store waits until it is written. A file that is there is not overwritten.
`actiond restore DIR` fills an empty data folder from it.

Exit codes: 0 written, 2 wrong usage, or a folder that cannot be used, 70 a failure of actiond itself.";

/// Write the whole store into one file, also while the server runs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder that actiond.backup is written into; made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    folder: settings::FolderArgs,
}

/// Writes the backup, and says how much that was.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let settings = Effective::read(&args.folder.flags()).map_err(Failure::bad_input)?.settings;
    let data = &settings.data_dir;
    if !Store::is_in(data) {
        return Err(Failure::BadInput(anyhow!(
            "there is no store in {}: give its --data-dir",
            data.display()
        )));
    }
    let path = args.dir.join(FILE);
    let written = NewFile::create(&args.dir, &path)?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executor = executor.context("cannot start the executor").map_err(Failure::Internal)?;
    terminal.progress(&format!("backing up {} …", data.display()));
    let file =
        written.0.as_file().try_clone().context("cannot open the backup").map_err(Failure::Internal)?;
    executor.block_on(write(&settings, file, terminal))?;
    // Before it gets its name: what has it can be restored.
    let entries = store::check_backup(written.0.path()).map_err(store_failure)?;
    let bytes = written.finish(&path)?;
    let took = began.elapsed().as_secs_f64();
    terminal.note(&format!("{entries} entries, {}, in {took:.1} s: {}", size(bytes), path.display()));
    Ok(ExitCode::SUCCESS)
}

async fn write(settings: &Settings, to: File, terminal: &Terminal) -> Result<(), Failure> {
    let (opened, storage) = (settings.data_dir.clone(), &settings.storage);
    let opening = store::Settings {
        dir: opened,
        cache_bytes: storage.cache_bytes,
        flush: storage.flush,
        // It is not this folder that the backup goes to.
        free_bytes_min: 0,
        flushed: Arc::new(|_| ()),
    };
    let opened = tokio::task::spawn_blocking(|| Store::open(opening)).await;
    match opened.context("cannot open the store").map_err(Failure::Internal)? {
        Ok(store) => store.backup(to).await.map(drop).map_err(store_failure),
        Err(store::Error::Locked(_)) => ask(&settings.data_dir, to, terminal).await,
        Err(error) => Err(store_failure(error)),
    }
}

async fn ask(data: &Path, to: File, terminal: &Terminal) -> Result<(), Failure> {
    let mut shown = Instant::now();
    let asked = server::ask_for_backup(data, to, |bytes, whole| {
        if shown.elapsed() >= SHOW_EVERY && terminal.is_interactive() {
            shown = Instant::now();
            terminal.progress(&format!("backing up: {} of {} …", size(bytes), size(whole)));
        }
    });
    asked.await.map_err(|error| match error {
        Unanswered::Silent { .. } | Unanswered::Write(_) => Failure::bad_input(error),
        Unanswered::Refused(_) | Unanswered::BrokeOff(_) => Failure::internal(error),
    })
}

/// A file beside the one that it becomes; removed when it becomes none.
struct NewFile(NamedTempFile);

impl NewFile {
    fn create(dir: &Path, path: &Path) -> Result<Self, Failure> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|error| refused("create", dir, &error))?;
        if path.try_exists().map_err(|error| refused("look at", path, &error))? {
            return Err(exists(path));
        }
        let file = tempfile::Builder::new().prefix(".actiond.backup.").tempfile_in(dir);
        Ok(Self(file.map_err(|error| refused("create a file in", dir, &error))?))
    }

    /// Gives it its name; how many bytes it has.
    fn finish(self, path: &Path) -> Result<u64, Failure> {
        let file = self.0.persist_noclobber(path).map_err(|error| {
            let taken = error.error.kind() == ErrorKind::AlreadyExists;
            if taken { exists(path) } else { refused("rename to", path, &error.error) }
        })?;
        let dir = path.parent().unwrap_or(path);
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(|error| refused("sync", dir, &error))?;
        Ok(file.metadata().map_err(|error| refused("look at", path, &error))?.len())
    }
}

fn exists(path: &Path) -> Failure {
    Failure::BadInput(anyhow!("{} is there already: remove it, or name another folder", path.display()))
}

fn refused(doing: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::BadInput(anyhow!("cannot {doing} {} ({})", path.display(), error.kind()))
}

pub(super) fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
