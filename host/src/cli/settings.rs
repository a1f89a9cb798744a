//! The flags that say how the server is configured, shared by the commands that take them.

use std::path::PathBuf;

use crate::config::Flags;

/// How the server is configured: these go over the environment, it over the file, and that over the defaults.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A configuration file, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The folder of all that the server stores
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

impl Args {
    pub(super) fn flags(&self) -> Flags {
        let Self { config, listen, data_dir } = self;
        Flags { file: config.clone(), listen: listen.clone(), data_dir: data_dir.clone() }
    }
}
