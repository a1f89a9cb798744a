//! Where the guests, the cache and the work folders are, and how the engine is set up there.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use actiond_runtime::{Metering, Reset, Settings};

use super::{limits::limits, proxy::Proxy};

/// Where things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The guest, made by `scripts/setup`.
    pub(crate) guest_dir: PathBuf,
    /// Whether `ACTIOND_GUEST` says so.
    pub(crate) guest_is_named: bool,
    /// The data guest, made there too; it need not be there.
    pub(crate) data_guest_dir: PathBuf,
    /// Whether `ACTIOND_DATA_GUEST` says so.
    pub(crate) data_guest_is_named: bool,
    /// Compiled code and images.
    pub(crate) images_dir: PathBuf,
    /// Work folders: one for each run of the program.
    pub(crate) work_dir: PathBuf,
    /// Packages of actions that were run by `actiond run`.
    pub(crate) packages_dir: PathBuf,
    /// Where `scripts/setup` puts the program uv.
    pub(crate) uv: PathBuf,
}

/// What the engine keeps for later runs, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Images of actions in memory.
    pub(crate) hot_images_bytes: u64,
    /// Images of actions on disk.
    pub(crate) cold_images_bytes: u64,
    /// Slots that wait for the next run of their image.
    pub(crate) idle_slots: usize,
}

impl Kept {
    /// For a program that runs one action and ends.
    pub(crate) const ONE_ACTION: Self =
        Self { hot_images_bytes: 512 << 20, cold_images_bytes: 1 << 30, idle_slots: 64 };
}

/// The environment does not say where things are.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where the cache is: set HOME, or ACTIOND_CACHE to a folder")]
pub(crate) struct NoCache;

impl Places {
    /// Reads `ACTIOND_CACHE` (else `XDG_CACHE_HOME`, else `HOME`), `ACTIOND_GUEST` and `ACTIOND_DATA_GUEST`.
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
        let (guest, data_guest) = (path("ACTIOND_GUEST"), path("ACTIOND_DATA_GUEST"));
        Ok(Self {
            guest_is_named: guest.is_some(),
            guest_dir: guest.unwrap_or_else(|| cache.join("guest")),
            data_guest_is_named: data_guest.is_some(),
            data_guest_dir: data_guest.unwrap_or_else(|| cache.join("guest-data")),
            images_dir: cache.join("images"),
            work_dir: cache.join("work"),
            packages_dir: cache.join("packages"),
            uv: cache.join("uv/bin/uv"),
        })
    }

    /// How the engine is set up; `scratch_dir` is the caller's.
    pub(crate) fn engine(&self, scratch_dir: &Path, kept: Kept, proxy: Option<&Proxy>) -> Settings {
        let Kept { hot_images_bytes, cold_images_bytes, idle_slots } = kept;
        Settings {
            cache_dir: self.images_dir.clone(),
            scratch_dir: scratch_dir.to_owned(),
            // A prepared action takes one to two MiB of either.
            image_bytes: 64 << 20,
            hot_images_bytes,
            cold_images_bytes,
            idle_slots,
            name_servers: Vec::new(),
            proxy: proxy.map(Proxy::for_runs),
            // Ours, and trusted: these only stop a broken guest from hanging the program.
            boot: limits(50_000_000_000, Duration::from_secs(60), 512 << 20),
            reset: Reset::CopyBack,
            metering: Metering::Fuel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_says_where_the_cache_is() {
        type Variables = &'static [(&'static str, &'static str)];
        let rows: &[(Variables, Option<[&str; 3]>)] = &[
            (&[], None),
            (&[("HOME", "")], None),
            (
                &[("HOME", "/h")],
                Some(["/h/.cache/actiond/guest", "/h/.cache/actiond/guest-data", "/h/.cache/actiond/images"]),
            ),
            (
                &[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")],
                Some(["/x/actiond/guest", "/x/actiond/guest-data", "/x/actiond/images"]),
            ),
            (
                &[("XDG_CACHE_HOME", "/x"), ("ACTIOND_CACHE", "/a")],
                Some(["/a/guest", "/a/guest-data", "/a/images"]),
            ),
            (&[("ACTIOND_CACHE", "/a"), ("ACTIOND_GUEST", "/g")], Some(["/g", "/a/guest-data", "/a/images"])),
            (&[("ACTIOND_CACHE", "/a"), ("ACTIOND_DATA_GUEST", "/d")], Some(["/a/guest", "/d", "/a/images"])),
        ];
        for (variables, expected) in rows {
            let find =
                |key: &str| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.into());
            let places = Places::read(find).ok();
            let places = places.map(|places| [places.guest_dir, places.data_guest_dir, places.images_dir]);
            assert_eq!(places, expected.map(|paths| paths.map(PathBuf::from)), "{variables:?}");
        }
    }
}
