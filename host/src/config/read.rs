//! From all that was said to settings that are right, or to the one line that says what is not.

use std::{
    ffi::OsString,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use actiond_runtime::Rule;
use axum::http::HeaderValue;
use figment::{
    Figment,
    value::{Num, Value},
};

use super::{
    place::Kept,
    proxy::{self, Proxy},
    raw::{self, Raw},
    refusal::Error,
    settings::{
        ActionServer, Dependencies, Egress, Log, Origin, Origins, Otlp, Retention, Root, RunLimits, Runs,
        Secret, SecretKey, Settings, Storage,
    },
    show::{self, Shown},
    sources::{self, DEFAULT, Flags, Sources, env},
    table::{Kind, SETTINGS, Setting},
};
use crate::{
    origin,
    telemetry::{Endpoint, Filter, Format},
};

const FILE_BYTES_MAX: u64 = 1 << 20;
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings that hold, and who said so.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) settings: Settings,
    /// In the order of the table.
    pub(crate) shown: Vec<Shown>,
}

impl Effective {
    /// Reads the file, the environment and the flags.
    pub(crate) fn read(flags: &Flags) -> Result<Self, Error> {
        let text = flags.file.as_deref().map(read_file).transpose()?;
        let file = flags.file.as_deref().zip(text.as_deref());
        let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        Self::of(&Sources { file, variables: &variables, flags })
    }

    /// The same from what was read: no input, no output.
    pub(super) fn of(sources: &Sources<'_>) -> Result<Self, Error> {
        let mut figment = sources.merged()?;
        // What the usual variables say is a default that has a name.
        for (key, said) in [
            ("egress.proxy", proxy::url(|name| sources.variable(name))),
            ("egress.no_proxy", proxy::direct(|name| sources.variable(name))),
        ] {
            let (origin, text) =
                said.map_or_else(|| (DEFAULT.to_owned(), String::new()), |(name, text)| (env(name), text));
            figment = sources::derive(figment, key, &origin, &text);
        }
        type From = fn(&Figment, &Sources<'_>) -> Option<String>;
        let derived: [(&str, From); 3] =
            [("public_url", public_url), ("data_dir", data_dir), ("secret.key_file", key_file)];
        for (key, from) in derived {
            if let Some(default) = from(&figment, sources) {
                figment = sources::derive(figment, key, DEFAULT, &default);
            }
        }
        let said = Said(figment);
        let mut shown = Vec::with_capacity(SETTINGS.len());
        for setting in SETTINGS {
            let (value, origin) = said.find(setting.key)?;
            said.check(setting, &value)?;
            shown.push(Shown { setting, value: show::shown(setting.kind, &value), origin });
        }
        let raw: Raw = said.0.extract().map_err(|error| Error::Table(Box::new(error)))?;
        Ok(Self { settings: said.settings(raw)?, shown })
    }
}

/// Everything that was said, defaults included.
struct Said(Figment);

impl Said {
    fn find(&self, key: &'static str) -> Result<(Value, String), Error> {
        let value = match self.0.find_value(key) {
            Ok(value) => value,
            Err(_) if key == "data_dir" => return Err(Error::NoDataDir),
            Err(error) => return Err(Error::Table(Box::new(error))),
        };
        let origin = self.0.get_metadata(value.tag()).map_or_else(String::new, |said| said.name.to_string());
        Ok((value, origin))
    }

    /// A value that is not right.
    fn wrong(&self, key: &'static str, right: impl Into<String>) -> Error {
        let kind =
            SETTINGS.iter().find(|setting| setting.key == key).map_or(Kind::Secret, |found| found.kind);
        match self.find(key) {
            Ok((value, origin)) => {
                Error::Value { key, origin, value: show::shown(kind, &value), right: right.into() }
            }
            Err(error) => error,
        }
    }

    /// Whether a value is of its kind.
    fn check(&self, setting: &Setting, value: &Value) -> Result<(), Error> {
        match setting.kind {
            Kind::Integer { min, max, .. } => {
                let whole = value.to_num().and_then(Num::to_u128_lossy);
                let number = whole.filter(|number| (min.into()..=max.into()).contains(number));
                let right = || self.wrong(setting.key, format!("it is a whole number from {min} to {max}"));
                number.map(|_| ()).ok_or_else(right)
            }
            Kind::Switch(_) if value.to_bool().is_none() => {
                Err(self.wrong(setting.key, "it is true or false"))
            }
            Kind::Text(_) | Kind::Derived(_) | Kind::Secret | Kind::DerivedSecret(_)
                if value.as_str().is_none() =>
            {
                Err(self.wrong(setting.key, "it is text: put it between quotes"))
            }
            Kind::Secret | Kind::DerivedSecret(_) if value.as_str() == Some(show::MASK) => {
                Err(self.wrong(setting.key, "that is the mask that is shown instead of it"))
            }
            Kind::Text(_) | Kind::Derived(_) | Kind::Secret | Kind::DerivedSecret(_) | Kind::Switch(_) => {
                Ok(())
            }
        }
    }

    fn settings(&self, raw: Raw) -> Result<Settings, Error> {
        let listen = raw.listen.parse();
        let listen = listen.map_err(|_| {
            self.wrong("listen", "it is an address and a port, as 127.0.0.1:5080 or [::1]:5080")
        })?;
        if raw.data_dir.is_empty() {
            return Err(self.wrong("data_dir", "it is a folder"));
        }
        let filter = Filter::parse(&raw.log.level);
        let filter = filter.map_err(|error| self.wrong("log.level", error.to_string()))?;
        let format = Format::parse(&raw.log.format);
        let format = format.ok_or_else(|| self.wrong("log.format", "it is auto, text or json"))?;
        Ok(Settings {
            listen,
            public_url: self.public_url(&raw.public_url)?,
            data_dir: PathBuf::from(raw.data_dir),
            body_bytes: bytes(raw.body_mib),
            drain: Duration::from_secs(raw.drain_s),
            connections: count(raw.connections),
            cors_origins: self.origins(&raw.cors_origins)?,
            root: self.root(raw.root)?,
            runs: self.runs(&raw.runs)?,
            retention: Retention {
                runs: count(raw.retention.runs),
                age: DAY * short(raw.retention.days),
                bytes: raw.retention.mib << 20,
                idempotency: HOUR * short(raw.retention.idempotency_h),
                audit: DAY * short(raw.retention.audit_days),
            },
            storage: Storage {
                cache_bytes: raw.storage.cache_mib << 20,
                free_bytes_min: raw.storage.free_mib_min << 20,
                flush: Duration::from_millis(raw.storage.flush_ms),
            },
            egress: self.egress(&raw.egress)?,
            origin: self.origin(raw.origin)?,
            secret_key_old: Secret::new(raw.secret.key_old.clone()),
            secret_key: self.secret_key(raw.secret)?,
            action_server: self
                .header(raw.action_server.token, "action_server.token")?
                .map(|token| ActionServer { token }),
            dependencies: dependencies(raw.dependencies),
            log: Log { filter, format },
            otlp: self.otlp(raw.otlp)?,
        })
    }

    fn public_url(&self, text: &str) -> Result<String, Error> {
        let url = reqwest::Url::parse(text).ok();
        let plain = url.filter(|url| {
            let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
            let is_bare = url.query().is_none() && url.fragment().is_none();
            is_http && is_bare && url.username().is_empty() && url.password().is_none()
        });
        let right = "it is an address as http://actions.example.com:5080, without user, query and fragment";
        let plain = plain.ok_or_else(|| self.wrong("public_url", right))?;
        Ok(plain.as_str().trim_end_matches('/').to_owned())
    }

    fn origins(&self, text: &str) -> Result<Origins, Error> {
        let origins = text.split_whitespace().map(|word| {
            // As browsers write it: without a path, and without a port that goes without saying.
            let url =
                reqwest::Url::parse(word).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
            let origin = url.origin().ascii_serialization();
            (origin == word).then(|| HeaderValue::from_str(word).ok())?
        });
        match origins.collect::<Option<Vec<_>>>() {
            Some(origins) if origins.is_empty() => Ok(Origins::None),
            Some(origins) => Ok(Origins::Some(origins)),
            None if text.trim() == "*" => Ok(Origins::All),
            None => {
                let right = "each is as https://logs.example.com, without a path, or all of it is *";
                Err(self.wrong("cors_origins", right))
            }
        }
    }

    fn egress(&self, raw: &raw::Egress) -> Result<Egress, Error> {
        let rules = raw.allow.split_whitespace().map(str::parse::<Rule>);
        let allow =
            rules.collect::<Result<_, _>>().map_err(|error| self.wrong("egress.allow", error.to_string()))?;
        let proxy = Proxy::parse(&raw.proxy, &raw.no_proxy);
        let proxy = proxy.map_err(|error| self.wrong("egress.proxy", error.to_string()))?;
        let (_, origin) = self.find("egress.no_proxy")?;
        let unread = proxy.as_ref().and_then(|proxy| proxy.unread().next());
        // The usual variable is written for many programs: serving warns of what means nothing to us.
        if let Some(unread) = unread.filter(|_| !proxy::is_usual(&origin)) {
            return Err(self.wrong("egress.no_proxy", unread));
        }
        Ok(Egress { allow, unverified_tls: raw.unverified_tls, proxy })
    }

    fn origin(&self, raw: raw::Origin) -> Result<Option<Origin>, Error> {
        let raw::Origin { url, timeout_s, answer_mib } = raw;
        if url.is_empty() {
            return Ok(None);
        }
        origin::check(&url).map_err(|_| {
            let right = "it is an address as https://logs.example.com, without user, query and fragment";
            self.wrong("origin.url", right)
        })?;
        let (wait, answer_bytes) = (Duration::from_secs(timeout_s), bytes(answer_mib));
        Ok(Some(Origin { url: url.trim_end_matches('/').to_owned(), wait, answer_bytes }))
    }

    fn root(&self, raw: raw::Root) -> Result<Option<Root>, Error> {
        let raw::Root { email, password } = raw;
        if email.is_empty() {
            return match password.is_empty() {
                true => Ok(None),
                false => Err(self.wrong("root.password", "it needs root.email too")),
            };
        }
        let parts = email.split_once('@');
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['@', ':', '/']);
        let is_graphic = email.len() <= 254 && email.chars().all(|char| char.is_ascii_graphic());
        if !is_graphic || !parts.is_some_and(|(user, host)| is_plain(user) && is_plain(host)) {
            return Err(self.wrong("root.email", "it is an address as admin@example.com"));
        }
        if !password.is_empty() && !PASSWORD_CHARS.contains(&password.chars().count()) {
            let (min, max) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
            return Err(self.wrong("root.password", format!("it has {min} to {max} characters")));
        }
        Ok(Some(Root { email, password: Secret::new(password) }))
    }

    fn runs(&self, raw: &raw::Runs) -> Result<Runs, Error> {
        for (key, value, max_key, max) in [
            ("runs.fuel", raw.fuel, "runs.fuel_max", raw.fuel_max),
            ("runs.wall_s", raw.wall_s, "runs.wall_s_max", raw.wall_s_max),
            ("runs.memory_mib", raw.memory_mib, "runs.memory_mib_max", raw.memory_mib_max),
        ] {
            if value > max {
                let (_, origin) = self.find(max_key)?;
                return Err(self.wrong(key, format!("it is at most {max_key} ({origin}), {max}")));
            }
        }
        let limits = |fuel, wall_s, memory_mib| RunLimits {
            fuel,
            wall: Duration::from_secs(wall_s),
            memory_bytes: bytes(memory_mib),
        };
        Ok(Runs {
            threads: (raw.threads != 0).then_some(count(raw.threads)),
            parallel: count(raw.parallel),
            per_action_parallel: count(raw.per_action_parallel),
            per_action_queue: count(raw.per_action_queue),
            org_parallel: count(raw.org_parallel),
            org_queue: count(raw.org_queue),
            org_fuel_per_minute: (raw.org_fuel_per_minute != 0).then_some(raw.org_fuel_per_minute),
            default: limits(raw.fuel, raw.wall_s, raw.memory_mib),
            // An operator who lowers the one bound need not know of the other.
            data_memory_bytes: bytes(raw.data_memory_mib.min(raw.memory_mib_max)),
            max: limits(raw.fuel_max, raw.wall_s_max, raw.memory_mib_max),
            import_wall: Duration::from_secs(raw.import_wall_s),
            kept: Kept {
                hot_images_bytes: raw.hot_images_mib << 20,
                cold_images_bytes: raw.cold_images_mib << 20,
                idle_slots: count(raw.idle_slots),
            },
        })
    }

    fn secret_key(&self, raw: raw::Secret) -> Result<SecretKey, Error> {
        if raw.key_file.is_empty() {
            return Err(self.wrong("secret.key_file", "it is a file"));
        }
        Ok(Secret::new(raw.key).map_or(SecretKey::File(PathBuf::from(raw.key_file)), SecretKey::Said))
    }

    fn otlp(&self, raw: raw::Otlp) -> Result<Option<Otlp>, Error> {
        let authorization = self.header(raw.authorization, "otlp.authorization")?;
        if raw.endpoint.is_empty() {
            return Ok(None);
        }
        let endpoint = Endpoint::parse(&raw.endpoint);
        let endpoint = endpoint.map_err(|error| self.wrong("otlp.endpoint", error.to_string()))?;
        Ok(Some(Otlp { endpoint, authorization }))
    }

    /// A secret that travels in a header.
    fn header(&self, text: String, key: &'static str) -> Result<Option<Secret>, Error> {
        if !text.chars().all(|char| char == ' ' || char.is_ascii_graphic()) {
            return Err(self.wrong(key, "it is printable ASCII on one line"));
        }
        Ok(Secret::new(text))
    }
}

fn dependencies(raw: raw::Dependencies) -> Dependencies {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Dependencies {
        enabled: raw.enabled,
        uv: (!raw.uv.is_empty()).then(|| PathBuf::from(raw.uv)),
        index_url: Secret::new(raw.index_url),
        extra_index_urls: Secret::new(raw.extra_index_urls),
        find_links: words(&raw.find_links),
        offline: raw.offline,
        fallbacks: words(&raw.fallbacks),
        wall: Duration::from_secs(raw.timeout_s),
        parallel: count(raw.parallel),
        files: count(raw.files),
        bytes: raw.mib << 20,
        cache_bytes: raw.cache_mib << 20,
    }
}

fn read_file(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
        Ok(_) if text.len() as u64 > FILE_BYTES_MAX => {
            Err(Error::FileSize { path: path.to_owned(), bytes_max: FILE_BYTES_MAX })
        }
        Ok(_) => Ok(text),
    }
}

/// Where others reach the server, if nobody says: where it listens.
fn public_url(figment: &Figment, _: &Sources<'_>) -> Option<String> {
    let listen = figment.find_value("listen").ok()?;
    listen.as_str().map(|listen| format!("http://{listen}"))
}

/// Where the data is, if nobody says.
fn data_dir(_: &Figment, sources: &Sources<'_>) -> Option<String> {
    let below = |name: &str, rest: &str| {
        let folder = sources.variable(name)?;
        Some(Path::new(folder).join(rest).to_string_lossy().into_owned())
    };
    below("XDG_DATA_HOME", "actiond").or_else(|| below("HOME", ".local/share/actiond"))
}

/// Where the key of secrets is, if nobody says.
fn key_file(figment: &Figment, _: &Sources<'_>) -> Option<String> {
    let folder = figment.find_value("data_dir").ok()?;
    Some(Path::new(folder.as_str()?).join("secret.key").to_string_lossy().into_owned())
}

// The table's bounds lie far below where these would saturate.
fn bytes(mib: u64) -> usize {
    count(mib << 20)
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
