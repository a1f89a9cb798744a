//! What the environment says to the client on the command line: where its contexts are kept, and what goes over them.

use std::{env, ffi::OsString, path::PathBuf};

use super::settings::Secret;

/// All of ours, which are no settings of the server.
pub(super) const VARIABLES: &[&str] =
    &["ACTIOND_CONTEXT", "ACTIOND_EMAIL", "ACTIOND_ORG", "ACTIOND_SERVER", "ACTIOND_TOKEN"];

/// What the environment says. What it does not say, or says with nothing, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClientEnvironment {
    /// The file that contexts are kept in; `None` without a home.
    pub(crate) contexts: Option<PathBuf>,
    pub(crate) context: Option<String>,
    pub(crate) server: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) token: Option<Secret>,
    pub(crate) org: Option<String>,
}

impl ClientEnvironment {
    /// Reads `ACTIOND_SERVER` and its like, and `XDG_CONFIG_HOME` (else `HOME`).
    pub(crate) fn read() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place for the client")]
        Self::of(|key| env::var_os(key))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let said = |key| variable(key).filter(|value| !value.is_empty());
        let text = |key| said(key).map(|value| value.to_string_lossy().into_owned());
        let config = said("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| said("HOME").map(|home| PathBuf::from(home).join(".config")));
        Self {
            contexts: config.map(|config| config.join("actiond/contexts.toml")),
            context: text("ACTIOND_CONTEXT"),
            server: text("ACTIOND_SERVER"),
            email: text("ACTIOND_EMAIL"),
            token: text("ACTIOND_TOKEN").and_then(Secret::new),
            org: text("ACTIOND_ORG"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_lie_where_configuration_does() {
        type Variables = &'static [(&'static str, &'static str)];
        let rows: &[(Variables, Option<&str>)] = &[
            (&[], None),
            (&[("HOME", "/h")], Some("/h/.config/actiond/contexts.toml")),
            (&[("HOME", "/h"), ("XDG_CONFIG_HOME", "")], Some("/h/.config/actiond/contexts.toml")),
            (&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")], Some("/x/actiond/contexts.toml")),
        ];
        for (variables, expected) in rows {
            let find =
                |key: &str| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| value.into());
            assert_eq!(ClientEnvironment::of(find).contexts, expected.map(PathBuf::from), "{variables:?}");
        }
    }
}
