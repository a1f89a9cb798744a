//! Where settings come from, and which source wins: a flag over the environment over the file over the default.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format as _, Toml},
    util::nest,
    value::{Dict, Map, Value},
};

use super::{
    client,
    refusal::Error,
    spelling,
    table::{Kind, SETTINGS, Setting},
};

/// What the command line said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `--config`: the file to read.
    pub(crate) file: Option<PathBuf>,
    /// `--listen`.
    pub(crate) listen: Option<String>,
    /// `--data-dir`.
    pub(crate) data_dir: Option<String>,
}

/// All sources, read but not yet understood.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    /// Its path and its text.
    pub(super) file: Option<(&'a Path, &'a str)>,
    pub(super) variables: &'a [(OsString, OsString)],
    pub(super) flags: &'a Flags,
}

/// What one source says, and its name.
struct Layer {
    origin: String,
    values: Dict,
}

/// Variables that are no settings: the guests and the cache, and two that building a guest takes.
const OTHER_VARIABLES: &[&str] =
    &["ACTIOND_GUEST", "ACTIOND_DATA_GUEST", "ACTIOND_CACHE", "ACTIOND_ENTRY", "ACTIOND_SHIM"];
/// Beginnings of the variables that Kubernetes and Docker set for a service that is called `actiond`.
const SERVICE_VARIABLES: &[&str] = &["ACTIOND_SERVICE_", "ACTIOND_PORT_"];
const SERVICE_VARIABLE: &str = "ACTIOND_PORT";
const PREFIX: &str = "ACTIOND_";

/// The origin of what nobody said.
pub(super) const DEFAULT: &str = "default";

/// The origin of what a variable says.
pub(super) fn env(name: &str) -> String {
    format!("env {name}")
}

impl Sources<'_> {
    /// The value of a variable. An empty one is as good as none.
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        let found = self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        found.filter(|value| !value.is_empty())
    }

    /// All that was said, each value with its origin; defaults are in it but for those that follow from other settings.
    pub(super) fn merged(&self) -> Result<Figment, Error> {
        let mut figment = Figment::new();
        for setting in SETTINGS {
            let default = match setting.kind {
                Kind::Text(text) => Value::from(text),
                Kind::Secret => Value::from(""),
                Kind::Switch(default) => Value::from(default),
                Kind::Integer { default, .. } => Value::from(default),
                Kind::Derived(_) | Kind::DerivedSecret(_) => continue,
            };
            figment = figment.merge(Layer::one(setting, DEFAULT, default));
        }
        if let Some((path, text)) = self.file {
            let origin = format!("file {}", path.display());
            figment = figment.merge(Layer { origin, values: parse(path, text)? });
        }
        self.refuse_unknown_variables()?;
        for setting in SETTINGS {
            let name = setting.variable();
            if let Some(text) = self.variable(&name) {
                let value = value(setting.kind, &text.to_string_lossy());
                figment = figment.merge(Layer::one(setting, &env(&name), value));
            }
        }
        for setting in SETTINGS {
            let given = match setting.flag() {
                Some("--listen") => self.flags.listen.as_ref(),
                Some("--data-dir") => self.flags.data_dir.as_ref(),
                Some(_) | None => None,
            };
            if let (Some(flag), Some(text)) = (setting.flag(), given) {
                let value = Value::from(text.as_str());
                figment = figment.merge(Layer::one(setting, &format!("flag {flag}"), value));
            }
        }
        Ok(figment)
    }

    fn refuse_unknown_variables(&self) -> Result<(), Error> {
        for (name, _) in self.variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            let is_setting = SETTINGS.iter().any(|setting| setting.variable() == name);
            let others = [OTHER_VARIABLES, client::VARIABLES];
            let is_other = others.iter().any(|names| names.contains(&name)) || name == SERVICE_VARIABLE;
            let is_service = SERVICE_VARIABLES.iter().any(|start| name.starts_with(start));
            if !is_setting && !is_other && !is_service {
                let right = spelling::near(name, SETTINGS.iter().map(Setting::variable));
                return Err(Error::UnknownVariable { name: name.to_owned(), right });
            }
        }
        Ok(())
    }
}

/// Adds a default that was not known before, and its origin; what somebody said stays.
pub(super) fn derive(figment: Figment, key: &str, origin: &str, default: &str) -> Figment {
    match SETTINGS.iter().find(|setting| setting.key == key) {
        Some(setting) => figment.join(Layer::one(setting, origin, Value::from(default))),
        None => figment,
    }
}

impl Layer {
    fn one(setting: &Setting, origin: &str, value: Value) -> Self {
        let values = nest(setting.key, value).into_dict().unwrap_or_default();
        Self { origin: origin.to_owned(), values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// What a variable says. Text that is no number and no switch stays text, for the checks to refuse.
fn value(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Integer { .. } => text.trim().parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
        Kind::Switch(_) => text.trim().parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
        Kind::Text(_) | Kind::Secret | Kind::Derived(_) | Kind::DerivedSecret(_) => Value::from(text),
    }
}

/// The file's values, each of whose names is in the table.
fn parse(path: &Path, text: &str) -> Result<Dict, Error> {
    let values: Dict = Toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (path, line) = (path.to_owned(), before.matches('\n').count() + 1);
        Error::Toml { path, line, message: error.message().replace('\n', ", ") }
    })?;
    for (name, value) in &values {
        let is_section = SETTINGS.iter().any(|setting| setting.section() == Some(name));
        let inside = value.as_dict().filter(|_| is_section);
        let keys = match inside {
            Some(inside) => inside.keys().map(|key| format!("{name}.{key}")).collect(),
            None => vec![name.clone()],
        };
        // A quoted key may hold a dot and still be one key.
        let is_setting = |key: &String| {
            let setting = SETTINGS.iter().find(|setting| setting.key == key);
            setting.is_some_and(|setting| setting.section().is_some() == inside.is_some())
        };
        if let Some(key) = keys.into_iter().find(|key| !is_setting(key)) {
            let right = match is_section && inside.is_none() {
                true => format!("it is a section: write [{name}]"),
                false => spelling::near(&key, SETTINGS.iter().map(|setting| setting.key.to_owned())),
            };
            return Err(Error::UnknownKey { key, path: path.to_owned(), right });
        }
    }
    Ok(values)
}
