//! The packages of an upload: what it declares, found and packed before it is tried out.

use std::{fs, path::PathBuf, sync::Arc};

use super::state::App;
use crate::{
    bundle,
    deps::{self, Declared, Resolver, Watch},
    model::guest::GuestKind,
};

/// How the packages of uploads are found.
#[derive(Debug, Clone)]
pub(crate) struct Packaging {
    pub(crate) resolver: Resolver,
    /// Of what an upload unpacks to.
    pub(crate) bundle_limits: bundle::Limits,
    /// Of what is installed for it.
    pub(crate) limits: bundle::Limits,
    /// Where both are unpacked for a moment.
    pub(crate) folder: PathBuf,
}

/// Why there are no packages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPackaged {
    #[error(transparent)]
    Dependencies(#[from] deps::Error),
    /// The zip breaks a rule.
    #[error("the zip {0}")]
    Zip(String),
    /// What was installed for it does.
    #[error("what the action requires {0}")]
    Installed(String),
    #[error("cannot unpack what was uploaded: {0}")]
    Files(String),
}

/// What comes with an upload's zip.
#[derive(Debug)]
pub(super) struct Packages {
    /// What is to be kept beside it. `None`: it declares nothing, or its packages came along.
    pub(super) zip: Option<Arc<[u8]>>,
    /// What they need, installed or come along.
    pub(super) guest: GuestKind,
    /// What its owner should know.
    pub(super) warnings: Vec<String>,
}

/// A zip's files for a moment.
#[derive(Debug)]
pub(super) struct Unpacked {
    /// The folder with `main.py`.
    pub(super) root: PathBuf,
    _folder: tempfile::TempDir,
}

impl NotPackaged {
    #[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
    pub(super) fn files(error: std::io::Error) -> Self {
        Self::Files(error.to_string())
    }
}

impl App {
    /// Finds the packages of an upload. Whoever stops waiting ends it.
    pub(super) async fn packages(&self, zip: Arc<[u8]>, watch: &Watch) -> Result<Packages, NotPackaged> {
        let packaging = self.packaging().clone();
        let (for_reading, python) = (packaging.clone(), packaging.resolver.python().clone());
        let declared = blocking(move || for_reading.declared(&zip, &python)).await?;
        let warnings = declared.warnings();
        let requirements = match declared {
            Declared::Nothing => return Ok(Packages { zip: None, guest: GuestKind::Base, warnings }),
            Declared::Vendored { data, .. } => {
                let resolver = packaging.resolver.clone();
                let guest = blocking(move || Ok(resolver.guest_of(&data)?)).await?;
                warnings.iter().for_each(|warning| watch.see(warning));
                return Ok(Packages { zip: None, guest, warnings });
            }
            Declared::Required(requirements) => requirements,
        };
        let mut resolved = packaging.resolver.resolve(&requirements, watch).await?;
        let (guest, warnings) = (resolved.guest, std::mem::take(&mut resolved.warnings));
        warnings.iter().for_each(|warning| watch.see(warning));
        let packed = blocking(move || {
            let into = packaging.temporary()?;
            let packed = bundle::pack(&resolved.packages(), into.path(), &packaging.limits);
            // A failure to clean up is told by the next one.
            let _ = packaging.resolver.prune();
            packed.map_err(of_installed)
        });
        Ok(Packages { zip: Some(packed.await?.into()), guest, warnings })
    }
}

impl Packaging {
    fn declared(&self, zip: &[u8], python: &deps::Version) -> Result<Declared, NotPackaged> {
        if !bundle::holds_any(zip, &deps::FILES, &self.bundle_limits) {
            return Ok(Declared::Nothing);
        }
        Ok(deps::declared(&self.unpacked(zip)?.root, python)?)
    }

    /// The files of a zip, until it is let go of.
    pub(super) fn unpacked(&self, zip: &[u8]) -> Result<Unpacked, NotPackaged> {
        let folder = self.temporary()?;
        let (file, into) = (folder.path().join("zip"), folder.path().join("files"));
        let written = fs::write(&file, zip).and_then(|()| fs::create_dir(&into));
        written.map_err(NotPackaged::files)?;
        let bundle::Bundle { root, .. } =
            bundle::unpack(&file, &into, &self.bundle_limits).map_err(of_zip)?;
        Ok(Unpacked { root, _folder: folder })
    }

    fn temporary(&self) -> Result<tempfile::TempDir, NotPackaged> {
        let made = fs::create_dir_all(&self.folder)
            .and_then(|()| tempfile::Builder::new().prefix("upload-").tempdir_in(&self.folder));
        made.map_err(NotPackaged::files)
    }
}

fn of_zip(error: bundle::Error) -> NotPackaged {
    match error {
        bundle::Error::Refused { why, .. } => NotPackaged::Zip(why.to_string()),
        error @ bundle::Error::Work { .. } => NotPackaged::Files(error.to_string()),
    }
}

fn of_installed(error: bundle::Error) -> NotPackaged {
    match error {
        bundle::Error::Refused { why, .. } => NotPackaged::Installed(why.to_string()),
        error @ bundle::Error::Work { .. } => NotPackaged::Files(error.to_string()),
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NotPackaged> + Send + 'static,
) -> Result<T, NotPackaged> {
    tokio::task::spawn_blocking(work).await.map_err(|error| NotPackaged::Files(error.to_string()))?
}
