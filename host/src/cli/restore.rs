//! `actiond restore`: fills an empty data folder from a backup.

use std::{path::PathBuf, process::ExitCode};

use tokio::time::Instant;

use super::{
    backup::{self, size},
    command::{Failure, store_failure},
    settings,
};
use crate::{config::Effective, store, terminal::Terminal};

const EXAMPLES: &str = "\
Examples:
  actiond restore /backups/monday --data-dir /var/lib/actiond
  actiond restore /backups/monday --config /etc/actiond.toml

Reads DIR/actiond.backup, which `actiond backup DIR` wrote, and makes the store that it holds in the data folder, which has to be
empty or not there. When that fails, it is left empty. Then `actiond serve` starts as if the server had been killed when the backup
was made: what ran is recorded as interrupted, what was queued runs, and timed actions decide on what they missed by their policy.

Exit codes: 0 restored, 2 wrong usage, no whole backup, or a folder that is not empty, 70 a failure of actiond itself.";

/// Fill an empty data folder from a backup
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder that actiond.backup lies in
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    folder: settings::FolderArgs,
}

/// Restores, and says how much that was.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let settings = Effective::read(&args.folder.flags()).map_err(Failure::bad_input)?.settings;
    let (from, data) = (args.dir.join(backup::FILE), settings.data_dir);
    let bytes = std::fs::metadata(&from).map_or(0, |file| file.len());
    terminal.progress(&format!("restoring {} into {} …", size(bytes), data.display()));
    let entries = store::restore(&from, &data).map_err(store_failure)?;
    let took = began.elapsed().as_secs_f64();
    terminal.note(&format!("{entries} entries, {}, in {took:.1} s: {}", size(bytes), data.display()));
    Ok(ExitCode::SUCCESS)
}
