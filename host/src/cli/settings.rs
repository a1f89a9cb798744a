//! The flags that say how the server is configured, shared by the commands that take them.

use std::path::PathBuf;

use crate::config::Flags;

/// How the server is configured: these go over the environment, it over the file, and that over the defaults.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,
    /// The address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// The part of it that says where the data lies.
#[derive(Debug, clap::Args)]
pub(super) struct FolderArgs {
    /// A configuration file, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of all that the server stores
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

impl Args {
    pub(super) fn flags(&self) -> Flags {
        Flags { listen: self.listen.clone(), ..self.folder.flags() }
    }
}

impl FolderArgs {
    pub(super) fn flags(&self) -> Flags {
        let Self { config, data_dir } = self;
        Flags { file: config.clone(), listen: None, data_dir: data_dir.clone() }
    }
}
