//! What the program takes from its environment, and the numbers it gives to others: the only place that reads the one and
//! that decides the other.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use actiond_runtime::{Limits, Metering, Reset, Settings};

use crate::{bundle, environment};

/// Fuel of one run: ten seconds of CPU where it is fast, thirty where it is slow.
pub(crate) const FUEL: u64 = 100_000_000_000;
/// Wall time of one run, in seconds.
pub(crate) const WALL_S: u64 = 30;
/// Linear memory of one run, in MiB; the interpreter takes about 20 of them.
pub(crate) const MEMORY_MIB: u64 = 256;

/// A bundle: thousands of files are a virtual environment that was packed by mistake; no text that an action needs unpacks
/// to 200 times its size.
pub(crate) const BUNDLE_LIMITS: bundle::Limits = bundle::Limits {
    zip_bytes: 256 << 20,
    entries: 10_000,
    bytes: 256 << 20,
    ratio: 200,
    ratio_from_bytes: 1 << 20,
    depth: 32,
};

/// An action's environment.
pub(crate) const ENVIRONMENT_LIMITS: environment::Limits =
    environment::Limits { variables: 256, key_bytes: 255, value_bytes: 32 << 10 };

/// Where things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The guest, made by `scripts/setup`.
    pub(crate) guest_dir: PathBuf,
    /// Compiled code and images.
    pub(crate) images_dir: PathBuf,
    /// Work folders: one for each run of the program.
    pub(crate) work_dir: PathBuf,
}

/// The environment does not say where things are.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where the cache is: set HOME, or ACTIOND_CACHE to a folder")]
pub(crate) struct NoCache;

impl Config {
    /// Reads `ACTIOND_CACHE` (else `XDG_CACHE_HOME`, else `HOME`) and `ACTIOND_GUEST`.
    pub(crate) fn from_environment() -> Result<Self, NoCache> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        Self::read(|key| env::var_os(key))
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoCache> {
        let path = |key| variable(key).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = path("ACTIOND_CACHE")
            .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("actiond")))
            .or_else(|| path("HOME").map(|home| home.join(".cache/actiond")))
            .ok_or(NoCache)?;
        let guest_dir = path("ACTIOND_GUEST").unwrap_or_else(|| cache.join("guest"));
        Ok(Self { guest_dir, images_dir: cache.join("images"), work_dir: cache.join("work") })
    }

    /// How the engine is set up; `scratch_dir` is the caller's.
    pub(crate) fn settings(&self, scratch_dir: &Path) -> Settings {
        Settings {
            cache_dir: self.images_dir.clone(),
            scratch_dir: scratch_dir.to_owned(),
            // A prepared action takes one to two MiB of either.
            image_bytes: 64 << 20,
            hot_images_bytes: 512 << 20,
            cold_images_bytes: 1 << 30,
            idle_slots: 64,
            // Ours, and trusted: these only stop a broken guest from hanging the program.
            boot: limits(50_000_000_000, Duration::from_secs(60), 512 << 20),
            reset: Reset::CopyBack,
            metering: Metering::Fuel,
        }
    }
}

/// A run's limits: three that the user may choose, the others as they always are.
pub(crate) fn limits(fuel: u64, wall: Duration, memory_bytes: usize) -> Limits {
    Limits {
        fuel,
        wall,
        memory_bytes,
        input_bytes: 64 << 20,
        result_bytes: 16 << 20,
        log_lines: 10_000,
        log_bytes: 1 << 20,
        scratch_bytes: 64 << 20,
        scratch_entries: 4_096,
        open_files: 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_says_where_the_cache_is() {
        type Variables = &'static [(&'static str, &'static str)];
        let rows: &[(Variables, Option<(&str, &str)>)] = &[
            (&[], None),
            (&[("HOME", "")], None),
            (&[("HOME", "/h")], Some(("/h/.cache/actiond/guest", "/h/.cache/actiond/images"))),
            (&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")], Some(("/x/actiond/guest", "/x/actiond/images"))),
            (&[("XDG_CACHE_HOME", "/x"), ("ACTIOND_CACHE", "/a")], Some(("/a/guest", "/a/images"))),
            (&[("ACTIOND_CACHE", "/a"), ("ACTIOND_GUEST", "/g")], Some(("/g", "/a/images"))),
        ];
        for (variables, expected) in rows {
            let find =
                |key: &str| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.into());
            let config = Config::read(find).ok();
            let places = config.map(|config| (config.guest_dir, config.images_dir));
            assert_eq!(
                places,
                expected.map(|(guest, images)| (guest.into(), images.into())),
                "{variables:?}"
            );
        }
    }
}
