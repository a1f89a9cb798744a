//! Every setting of the server: its name, what it may be, its default, and what it is for. Reading, showing and the
//! documents go by this table.

use super::limits::{DATA_MEMORY_MIB, FUEL, MEMORY_MIB, WALL_S};

/// The runtime has 1,600 sandboxes; those beyond the live runs are for imports.
const PARALLEL_MAX: u64 = 1_500;
/// Each imports its native modules only where it finds them.
const FALLBACKS: &str = "aiohttp markupsafe msgpack pymongo pyyaml tornado wrapt";

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// As in the file; before the dot stands its section.
    pub(crate) key: &'static str,
    /// What it may be, and what it is where nobody says.
    pub(crate) kind: Kind,
    /// What it is for, in a sentence.
    pub(crate) about: &'static str,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, with its default.
    Text(&'static str),
    /// Text that is never shown; empty by default.
    Secret,
    /// Text whose default follows from something else, told here for people.
    Derived(&'static str),
    /// Text of that sort that is never shown.
    DerivedSecret(&'static str),
    /// On or off, with its default.
    Switch(bool),
    /// A whole number.
    Integer {
        /// Where nobody says.
        default: u64,
        /// At least.
        min: u64,
        /// At most.
        max: u64,
    },
}

impl Setting {
    /// The section of the file that it stands in.
    pub(super) fn section(&self) -> Option<&'static str> {
        self.key.split_once('.').map(|(section, _)| section)
    }

    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!("ACTIOND_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }

    /// The flag that sets it.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        FLAGS.iter().find(|(key, _)| *key == self.key).map(|(_, flag)| *flag)
    }
}

/// The settings that have a flag too.
pub(super) const FLAGS: &[(&str, &str)] = &[("listen", "--listen"), ("data_dir", "--data-dir")];

/// All of them, in the order in which they are shown.
pub(crate) const SETTINGS: &[Setting] = &[
    text("listen", "127.0.0.1:5080", "The address and port that the server listens on."),
    derived(
        "public_url",
        "`http://` and `listen`",
        "The address under which others, runs included, reach the server; requests may carry its path.",
    ),
    derived(
        "data_dir",
        "`$XDG_DATA_HOME/actiond`, else `~/.local/share/actiond`",
        "The folder of all that the server stores.",
    ),
    integer("body_mib", 200, 1, 1_024, "The largest request body, in MiB."),
    integer(
        "drain_s",
        30,
        0,
        3_600,
        "How long live runs may go on once the server was asked to end, in seconds.",
    ),
    integer("connections", 4_096, 1, 1_000_000, "Open connections at one time; further ones wait."),
    text(
        "cors_origins",
        "",
        "Origins whose web pages may call the API, as `https://logs.example.com`, with spaces between; `*` is all.",
    ),
    text("root.email", "", "The user that the first start makes; empty makes none."),
    secret(
        "root.password",
        "That user's password, 8 to 128 characters; empty has the first start make one and print it.",
    ),
    integer("runs.threads", 0, 0, 1_024, "Threads that run actions; 0 is one for each core."),
    integer("runs.parallel", 256, 1, PARALLEL_MAX, "Live runs on the machine; further ones queue."),
    integer(
        "runs.per_action_parallel",
        32,
        1,
        10_000,
        "Live runs of one action, unless the action says fewer.",
    ),
    integer(
        "runs.per_action_queue",
        10_000,
        0,
        1_000_000,
        "Runs of one action that wait; further ones are refused.",
    ),
    integer("runs.org_parallel", 128, 1, 10_000, "Live runs of one organisation."),
    integer(
        "runs.org_queue",
        50_000,
        0,
        1_000_000,
        "Runs of one organisation that wait; further ones are refused.",
    ),
    integer(
        "runs.org_fuel_per_minute",
        0,
        0,
        FUEL_MAX,
        "Fuel that one organisation may use in a minute; 0 is no bound.",
    ),
    integer("runs.fuel", FUEL, 1, FUEL_MAX, "Fuel of a run whose action does not say."),
    integer("runs.fuel_max", 10_000_000_000_000, 1, FUEL_MAX, "The most fuel that an action may ask for."),
    integer("runs.wall_s", WALL_S, 1, 86_400, "Wall time of a run whose action does not say, in seconds."),
    integer(
        "runs.wall_s_max",
        3_600,
        1,
        86_400,
        "The most wall time that an action may ask for, in seconds.",
    ),
    integer("runs.memory_mib", MEMORY_MIB, 32, 4_096, "Memory of a run whose action does not say, in MiB."),
    integer(
        "runs.data_memory_mib",
        DATA_MEMORY_MIB,
        128,
        4_096,
        "The same with NumPy and pandas, in MiB; no more than an action may ask for.",
    ),
    integer("runs.memory_mib_max", 1_024, 32, 4_096, "The most memory that an action may ask for, in MiB."),
    integer("runs.import_wall_s", 60, 1, 3_600, "Wall time of importing an action, in seconds."),
    integer("runs.hot_images_mib", 256, 1, 65_536, "Images of imported actions in memory, in MiB."),
    integer("runs.cold_images_mib", 1_024, 1, 1_048_576, "Images of imported actions on disk, in MiB."),
    integer(
        "runs.idle_slots",
        64,
        0,
        10_000,
        "Memories of ended runs kept ready for the next run of the same action.",
    ),
    integer("retention.runs", 1_000, 1, 1_000_000, "Runs that are kept of one action."),
    integer("retention.days", 7, 1, 3_650, "How long a run is kept, in days."),
    integer("retention.mib", 64, 1, 65_536, "Results and logs that are kept of one action's runs, in MiB."),
    integer("retention.idempotency_h", 24, 1, 720, "How long an idempotency key is remembered, in hours."),
    integer("retention.audit_days", 90, 1, 3_650, "How long an entry of the audit log is kept, in days."),
    integer("storage.cache_mib", 32, 1, 65_536, "The store's cache, in MiB."),
    integer(
        "storage.free_mib_min",
        64,
        1,
        1_048_576,
        "Free disk space below which writes are refused, in MiB.",
    ),
    integer("storage.flush_ms", 200, 1, 60_000, "How often the store is flushed to disk, in milliseconds."),
    text(
        "egress.allow",
        "* 0.0.0.0/0 ::/0",
        "The most that organisations may let their actions reach: rules with spaces between; by default all that is public.",
    ),
    switch(
        "egress.unverified_tls",
        false,
        "Whether organisations may let their actions turn off that the certificates of TLS servers are checked.",
    ),
    derived_secret(
        "egress.proxy",
        "`$HTTPS_PROXY`, else `$HTTP_PROXY`, else `$ALL_PROXY`, else empty",
        "The HTTP proxy that connections to other machines go through, as `http://user:password@proxy.example.com:3128`; empty is none.",
    ),
    derived(
        "egress.no_proxy",
        "`$NO_PROXY`, else empty",
        "Domains, addresses and networks that are reached without it, with commas between; `*` is all: no proxy, whatever the environment has.",
    ),
    text(
        "origin.url",
        "",
        "The OpenObserve that `_search` asks, as `https://logs.example.com`; empty turns it off.",
    ),
    integer("origin.timeout_s", 600, 1, 3_600, "How long its answer to a search may take, in seconds."),
    integer("origin.answer_mib", 32, 1, 1_024, "Its largest answer to a search, in MiB."),
    secret(
        "secret.key",
        "The key that secrets are encrypted with, 32 bytes in base64; empty takes the one in the key file.",
    ),
    secret(
        "secret.key_old",
        "The key before, in base64: a start with it encrypts all secrets anew with the one above, and says so.",
    ),
    derived(
        "secret.key_file",
        "`secret.key` in `data_dir`",
        "The file that holds that key; the first start makes it.",
    ),
    secret(
        "action_server.token",
        "The token that callers of the action server's API send; empty turns that API off.",
    ),
    switch("dependencies.enabled", true, "Whether packages that an upload declares are installed."),
    text(
        "dependencies.uv",
        "",
        "The program uv; empty looks for it on PATH, then where scripts/setup puts it.",
    ),
    secret(
        "dependencies.index_url",
        "The index that packages come from; empty leaves it to uv's own configuration.",
    ),
    secret("dependencies.extra_index_urls", "Further indexes, asked before that one, with spaces between."),
    text(
        "dependencies.find_links",
        "",
        "Folders and pages with wheels besides the indexes, with spaces between.",
    ),
    switch("dependencies.offline", false, "Whether only packages are used that were fetched before."),
    text(
        "dependencies.fallbacks",
        FALLBACKS,
        "Packages without a pure wheel that work when their native modules are left out, with spaces between.",
    ),
    integer("dependencies.timeout_s", 300, 1, 3_600, "How long one upload's packages may take, in seconds."),
    integer(
        "dependencies.parallel",
        2,
        1,
        64,
        "Uploads whose packages are installed at one time; others wait.",
    ),
    integer("dependencies.files", 10_000, 1, 100_000, "Files and folders of one action's packages."),
    integer("dependencies.mib", 128, 1, 1_024, "One action's packages, unpacked, in MiB."),
    integer("dependencies.cache_mib", 2_048, 1, 1_048_576, "Fetched wheels kept for later uploads, in MiB."),
    text(
        "log.level",
        "info",
        "What is logged: off, error, warn, info, debug or trace, also by module as in `info,actiond=debug`.",
    ),
    text(
        "log.format",
        "auto",
        "How it is logged: text, json, or auto, which is text on a terminal and json elsewhere.",
    ),
    text(
        "otlp.endpoint",
        "",
        "The http(s) address of a collector that traces are sent to, before its /v1/traces; empty sends none.",
    ),
    secret("otlp.authorization", "The Authorization header that is sent to the collector; empty sends none."),
];

/// As large as a run's counter of fuel may get.
const FUEL_MAX: u64 = 1_000_000_000_000_000;

const fn text(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Text(default), about }
}

const fn switch(key: &'static str, default: bool, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Switch(default), about }
}

const fn secret(key: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Secret, about }
}

const fn derived(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Derived(default), about }
}

const fn derived_secret(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: Kind::DerivedSecret(default), about }
}

const fn integer(key: &'static str, default: u64, min: u64, max: u64, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Integer { default, min, max }, about }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, fs, path::Path};

    use super::*;

    /// The row of a setting in `docs/configuration.md`.
    fn row(setting: &Setting) -> String {
        let (default, bounds) = match setting.kind {
            Kind::Text("") | Kind::Secret => ("empty".to_owned(), String::new()),
            Kind::Text(text) => (format!("`{text}`"), String::new()),
            Kind::Derived(from) | Kind::DerivedSecret(from) => (from.to_owned(), String::new()),
            Kind::Switch(default) => (default.to_string(), " `true` or `false`.".to_owned()),
            Kind::Integer { default, min, max } => (default.to_string(), format!(" From {min} to {max}.")),
        };
        let flag = setting.flag().map(|flag| format!(", `{flag}`")).unwrap_or_default();
        let (key, variable, about) = (setting.key, setting.variable(), setting.about);
        format!("| `{key}` | {default} | `{variable}`{flag} | {about}{bounds} |\n")
    }

    #[test]
    fn the_document_says_what_the_table_says() {
        let mut rows =
            String::from("| setting | default | variable, flag | what it is for |\n|---|---|---|---|\n");
        for setting in SETTINGS {
            write!(rows, "{}", row(setting)).unwrap();
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
        let document = fs::read_to_string(path).unwrap();
        assert!(document.contains(&rows), "docs/configuration.md has to hold these rows:\n{rows}");
    }

    #[test]
    fn names_and_sentences_have_their_form() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert!(setting.key.chars().all(|char| matches!(char, 'a'..='z' | '_' | '.')), "{}", setting.key);
            assert!(setting.about.ends_with('.') && !setting.about.contains('|'), "{}", setting.about);
            let name = setting.variable();
            assert!(SETTINGS[..index].iter().all(|other| other.variable() != name), "{name} is there twice");
            if let Kind::Integer { default, min, max } = setting.kind {
                assert!((min..=max).contains(&default), "{name}");
            }
        }
        assert!(FLAGS.iter().all(|(key, _)| SETTINGS.iter().any(|setting| setting.key == *key)));
    }
}
