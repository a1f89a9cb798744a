//! The packages of an action that `actiond run` runs: installed once for what it declares, and kept for the next time.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use actiond_runtime::Guest;

use super::command::Failure;
use crate::{
    bundle::{self, Bundle},
    clock,
    config::{self, Dependencies, Effective, Flags, Places},
    deps::{self, Declared, Fault, Requirements, Resolver, Watch},
    model::guest::GuestKind,
    terminal::Terminal,
};

/// Of packages that are kept, in bytes; those unused for longest go.
const KEPT_BYTES_MAX: u64 = 1 << 30;

/// Adds to an unpacked bundle what it declares; the guest that all of it needs. `work`: an empty folder of ours. Whoever stops
/// waiting ends it.
pub(super) async fn install(
    bundle: &mut Bundle,
    places: &Places,
    work: &Path,
    terminal: &Terminal,
) -> Result<GuestKind, Failure> {
    if !deps::FILES.iter().any(|file| bundle.root.join(file).exists()) {
        return Ok(GuestKind::Base);
    }
    let guest = Guest::open(&places.guest_dir).map_err(Failure::internal)?;
    let settings = Effective::read(&Flags::default()).map_err(Failure::bad_input)?.settings;
    let (dependencies, proxy) = (settings.dependencies, settings.egress.proxy);
    let folder = places.packages_dir.clone();
    let found = config::packages(&dependencies, proxy.as_ref(), places, folder.clone(), guest.python());
    let resolver = Resolver::new(found);
    let declared = deps::declared(&bundle.root, resolver.python()).map_err(failure)?;
    let warnings = declared.warnings();
    let requirements = match declared {
        Declared::Nothing => return Ok(GuestKind::Base),
        Declared::Vendored { data, .. } => {
            let guest = resolver.guest_of(&data).map_err(failure)?;
            warnings.iter().for_each(|warning| terminal.note(warning));
            return Ok(guest);
        }
        Declared::Required(requirements) => requirements,
    };
    let kept = Kept::open(folder.join("kept")).map_err(Failure::internal)?;
    let key = resolver.key(&requirements);
    let zip = match kept.find(&key) {
        Some(zip) => zip,
        None => {
            let zip = make(&resolver, &requirements, work, &dependencies, terminal).await?;
            kept.keep(&key, &zip).map_err(Failure::internal)?;
            zip
        }
    };
    let limits = config::package_limits(&dependencies);
    bundle::add_packages(bundle, &zip, &limits).map_err(bad_bundle)?;
    Ok(deps::guest_of(&bundle.root))
}

async fn make(
    resolver: &Resolver,
    requirements: &Requirements,
    work: &Path,
    dependencies: &Dependencies,
    terminal: &Terminal,
) -> Result<Vec<u8>, Failure> {
    terminal.progress("installing packages, once for what the action declares …");
    let shown = terminal.clone();
    let watch = Watch::new(move |line| shown.progress(line));
    let resolved = resolver.resolve(requirements, &watch).await;
    terminal.progress_done();
    let resolved = resolved.map_err(failure)?;
    for warning in &resolved.warnings {
        terminal.note(warning);
    }
    let limits = config::package_limits(dependencies);
    let zip = bundle::pack(&resolved.packages(), work, &limits).map_err(bad_bundle)?;
    resolver.prune().map_err(Failure::internal)?;
    Ok(zip)
}

fn failure(error: deps::Error) -> Failure {
    match error.fault() {
        Fault::Action | Fault::Passing => Failure::bad_input(error),
        Fault::Ours => Failure::internal(error),
    }
}

fn bad_bundle(error: bundle::Error) -> Failure {
    match error {
        refused @ bundle::Error::Refused { .. } => Failure::bad_input(refused),
        ours @ bundle::Error::Work { .. } => Failure::internal(ours),
    }
}

/// Packages of earlier runs, each a zip by the hash of what was declared.
struct Kept(PathBuf);

impl Kept {
    fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn find(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.0.join(key);
        let zip = fs::read(&path).ok()?;
        // That it was used; when that cannot be noted, it goes earlier.
        let now =
            SystemTime::UNIX_EPOCH + clock::now().duration_since(jiff::Timestamp::UNIX_EPOCH).unsigned_abs();
        let _ = File::open(&path).and_then(|file| file.set_modified(now));
        Some(zip)
    }

    /// Others see all of it or nothing.
    fn keep(&self, key: &str, zip: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(&self.0)?;
        file.write_all(zip)?;
        file.persist(self.0.join(key))?;
        self.prune(KEPT_BYTES_MAX)
    }

    fn prune(&self, bytes_max: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            // Another process may have removed or renamed it.
            let Ok(metadata) = entry.metadata() else { continue };
            files.push((metadata.modified()?, metadata.len(), entry.path()));
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, size, path) in files {
            if bytes <= bytes_max {
                break;
            }
            // Another process may have removed it.
            let _ = fs::remove_file(path);
            bytes -= size;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_unused_for_longest_goes_first() {
        let place = tempfile::TempDir::new().unwrap();
        let kept = Kept::open(place.path().join("kept")).unwrap();
        for key in ["a", "b"] {
            kept.keep(key, b"1234").unwrap();
        }
        let old = File::open(place.path().join("kept/a")).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        kept.prune(8).unwrap();
        assert!(kept.find("a").is_some() && kept.find("b").is_some());
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        kept.prune(7).unwrap();
        assert!(kept.find("a").is_none() && kept.find("b").is_some());
    }
}
