//! Why a configuration is refused: which key, said where, what is wrong, what is right. One line each.

use std::{io, path::PathBuf};

/// Why the server does not start with this configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file that was named cannot be read.
    #[error("cannot read the configuration {path}")]
    File {
        /// As it was given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large to be one.
    #[error("the configuration {path} is larger than {bytes_max} bytes: is it the right file?")]
    FileSize {
        /// As it was given.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// The file is no TOML.
    #[error("the configuration {path} is not TOML: line {line}: {message}")]
    Toml {
        /// As it was given.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A key of the file that is no setting.
    #[error("unknown setting {key} (file {path}): {right}")]
    UnknownKey {
        /// With its section.
        key: String,
        /// As it was given.
        path: PathBuf,
        /// What would be one.
        right: String,
    },
    /// A variable that looks like a setting and is none.
    #[error("unknown setting {name} (environment): {right}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// What would be one.
        right: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{key} ({origin}) is {value}: {right}")]
    Value {
        /// With its section.
        key: &'static str,
        /// Who said so.
        origin: String,
        /// What it is now; a secret is masked.
        value: String,
        /// What it has to be.
        right: String,
    },
    /// The environment does not say where the data is.
    #[error(
        "data_dir has no default because neither XDG_DATA_HOME nor HOME is set: set it, or ACTIOND_DATA_DIR"
    )]
    NoDataDir,
    /// The table and the types do not fit together: our own mistake.
    #[error("the table of settings does not fit their types")]
    Table(#[source] Box<figment::Error>),
}
