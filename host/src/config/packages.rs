//! How packages of actions are found: the settings, and what `uv` sees of our environment.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::{limits::BUNDLE_LIMITS, place::Places, proxy::Proxy, settings::Dependencies};
use crate::{bundle, deps};

const PROGRAM: &str = "uv";
/// What of our environment `uv` sees: where it finds Python, its configuration, indexes and certificates. Which proxy there is
/// we say ourselves.
const SEEN: &[&str] = &[
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "NETRC",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX_STRATEGY",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_HTTP_TIMEOUT",
];
/// `UV_INDEX_INTERNAL_PASSWORD` and the like.
const SEEN_CREDENTIALS: &str = "UV_INDEX_";

/// How packages are found. `folder`: where the wheels are kept. `python`: the version that runs actions.
pub(crate) fn packages(
    dependencies: &Dependencies,
    proxy: Option<&Proxy>,
    places: &Places,
    folder: PathBuf,
    python: &str,
) -> deps::Settings {
    let variables: Vec<(OsString, OsString)> = env::vars_os().collect();
    let path = variables.iter().find(|(key, _)| key == "PATH").map(|(_, path)| path.as_os_str());
    let uv = match &dependencies.uv {
        Some(uv) => vec![uv.clone()],
        None => candidates(path, &places.uv),
    };
    let mut env: Vec<_> = variables.into_iter().filter(|(key, _)| is_seen(key)).collect();
    if let Some(proxy) = proxy {
        env.extend(proxy.variables());
    }
    // Not as arguments: those are seen by everybody on the machine.
    for (key, secret) in
        [("UV_DEFAULT_INDEX", &dependencies.index_url), ("UV_INDEX", &dependencies.extra_index_urls)]
    {
        if let Some(secret) = secret {
            env.retain(|(other, _)| other != key);
            env.push((key.into(), secret.expose().into()));
        }
    }
    deps::Settings {
        enabled: dependencies.enabled,
        uv,
        env,
        find_links: dependencies.find_links.clone(),
        offline: dependencies.offline,
        fallbacks: dependencies.fallbacks.iter().cloned().collect(),
        data_guest: places.data_guest_dir.clone(),
        python: python.parse().unwrap_or_else(|_| deps::Version::new([3, 13])),
        wall: dependencies.wall,
        parallel: dependencies.parallel,
        bytes: dependencies.bytes,
        cache_bytes: dependencies.cache_bytes,
        folder,
    }
}

/// What one action's packages may be.
pub(crate) fn package_limits(dependencies: &Dependencies) -> bundle::Limits {
    bundle::Limits {
        // As we pack them: hardly larger than what is in it.
        zip_bytes: dependencies.bytes + (64 << 20),
        entries: dependencies.files,
        bytes: dependencies.bytes,
        ratio: u64::MAX,
        ..BUNDLE_LIMITS
    }
}

fn candidates(path: Option<&OsStr>, installed: &Path) -> Vec<PathBuf> {
    let folders = path.map(env::split_paths).into_iter().flatten();
    let on_path = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(PROGRAM));
    on_path.chain([installed.to_owned()]).collect()
}

fn is_seen(key: &OsStr) -> bool {
    let Some(key) = key.to_str() else { return false };
    SEEN.contains(&key)
        || key.starts_with(SEEN_CREDENTIALS) && (key.ends_with("_USERNAME") || key.ends_with("_PASSWORD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_sees_what_it_needs_and_no_more() {
        for (key, expected) in [
            ("PATH", true),
            ("HTTPS_PROXY", false),
            ("UV_INDEX_INTERNAL_PASSWORD", true),
            ("UV_CACHE_DIR", false),
            ("UV_INDEX_X", false),
            ("ACTIOND_ROOT_PASSWORD", false),
            ("AWS_SECRET_ACCESS_KEY", false),
            ("LD_PRELOAD", false),
            ("PYTHONPATH", false),
        ] {
            assert_eq!(is_seen(OsStr::new(key)), expected, "{key}");
        }
    }

    #[test]
    fn uv_is_looked_for_on_path_and_then_where_setup_puts_it() {
        let found = candidates(Some(OsStr::new("/a:rel:/b")), Path::new("/cache/uv"));
        assert_eq!(found, ["/a/uv", "/b/uv", "/cache/uv"].map(PathBuf::from));
    }
}
