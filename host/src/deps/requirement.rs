//! One requirement: a name, extras, versions and a marker. Addresses, paths and options are no requirements here.

use std::{fmt, str::FromStr as _};

use pep440_rs::{Version, VersionSpecifiers};

/// Longest requirement, in bytes.
const BYTES_MAX: usize = 1_000;
const HASH: &str = "--hash=sha256:";

/// A requirement that names nothing but a package of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// In lower case, its parts joined by `-`.
    pub(super) name: String,
    extras: String,
    /// As `>=2,<3`; may be empty.
    pub(super) versions: String,
    marker: String,
    /// SHA-256 of files that may be taken, in hex; none: any that the index has.
    pub(super) hashes: Vec<String>,
}

/// What is wrong with a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRequirement {
    #[error("it has more than {BYTES_MAX} bytes")]
    Long,
    #[error("options are not taken: the operator says where packages come from")]
    Option,
    #[error("addresses are not taken: name a package of the index")]
    Address,
    #[error("paths are not taken: put modules beside main.py, or name a package of the index")]
    Path,
    #[error("it is no requirement as `name[extra]>=1.2,<2; python_version >= \"3.8\"`")]
    Form,
}

impl Requirement {
    pub(super) fn parse(text: &str) -> Result<Self, BadRequirement> {
        if text.len() > BYTES_MAX {
            return Err(BadRequirement::Long);
        }
        let (text, hashes) = cut_hashes(text.trim())?;
        refuse_others(text)?;
        let (head, marker) = match text.split_once(';') {
            Some((head, marker)) => (head.trim_end(), marker.trim()),
            None => (text, ""),
        };
        let end = head.find(|char: char| !is_name(char)).unwrap_or(head.len());
        let (name, rest) = head.split_at(end);
        let (extras, versions) = match rest.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or(BadRequirement::Form)?,
            None => ("", rest),
        };
        let edges = |char: char| char.is_ascii_alphanumeric();
        let is_sound = name.starts_with(edges)
            && name.ends_with(edges)
            && extras.chars().all(|char| is_name(char) || matches!(char, ',' | ' '))
            && marker.chars().all(is_marker);
        let versions = versions.trim();
        let versions = match versions.strip_prefix('(') {
            Some(inside) => inside.strip_suffix(')').ok_or(BadRequirement::Form)?,
            None => versions,
        };
        let versions = VersionSpecifiers::from_str(versions).ok().filter(|_| is_sound);
        let versions = versions.ok_or(BadRequirement::Form)?;
        let extras = extras.replace(' ', "");
        Ok(Self {
            name: normalized(name),
            extras,
            versions: versions.to_string(),
            marker: marker.to_owned(),
            hashes,
        })
    }
}

impl Requirement {
    /// Whether that version is one of those that it names.
    pub(super) fn takes(&self, version: &str) -> bool {
        let (versions, version) = (VersionSpecifiers::from_str(&self.versions), Version::from_str(version));
        versions.is_ok_and(|versions| version.is_ok_and(|version| versions.contains(&version)))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.extras.is_empty() {
            write!(formatter, "[{}]", self.extras)?;
        }
        formatter.write_str(&self.versions)?;
        if !self.marker.is_empty() {
            write!(formatter, " ; {}", self.marker)?;
        }
        Ok(())
    }
}

/// A package's name as indexes compare it.
pub(super) fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Without the hashes at its end, as a file with pinned versions has them.
fn cut_hashes(text: &str) -> Result<(&str, Vec<String>), BadRequirement> {
    let Some(at) = text.find(" --hash") else { return Ok((text, Vec::new())) };
    let (text, hashes) = text.split_at(at);
    let hashes = hashes.split_ascii_whitespace().map(|option| {
        let hex = option.strip_prefix(HASH).ok_or(BadRequirement::Option)?;
        let is_hex = hex.len() == 64 && hex.chars().all(|char| char.is_ascii_hexdigit());
        if is_hex { Ok(hex.to_ascii_lowercase()) } else { Err(BadRequirement::Option) }
    });
    Ok((text.trim_end(), hashes.collect::<Result<_, _>>()?))
}

/// What pip would take beside requirements, each with its own reason.
fn refuse_others(text: &str) -> Result<(), BadRequirement> {
    let head = text.split(';').next().unwrap_or_default();
    if text.starts_with('-') || text.contains(" -") {
        Err(BadRequirement::Option)
    } else if head.contains('@') || head.contains("://") || head.contains("file:") {
        Err(BadRequirement::Address)
    } else if head.contains(['/', '\\']) || head.starts_with(['.', '~']) || head.ends_with(".whl") {
        Err(BadRequirement::Path)
    } else {
        Ok(())
    }
}

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.')
}

fn is_marker(char: char) -> bool {
    char.is_ascii_alphanumeric()
        || matches!(
            char,
            '_' | '.' | '-' | '+' | '*' | '!' | '=' | '<' | '>' | '~' | '(' | ')' | '\'' | '"' | ' ' | ','
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_versions_and_markers_are_requirements() {
        let hash = "a".repeat(64);
        let rows: &[(&str, Result<&str, BadRequirement>)] = &[
            ("requests", Ok("requests")),
            ("Python_DateUtil", Ok("python-dateutil")),
            ("requests>=2.28.0", Ok("requests>=2.28.0")),
            ("requests >= 2.28, < 3", Ok("requests>=2.28, <3")),
            ("requests (>=2)", Ok("requests>=2")),
            ("requests[socks, security]==2.*", Ok("requests[socks,security]==2.*")),
            ("a==1.0+local.1", Ok("a==1.0+local.1")),
            ("a~=1!2.0", Ok("a~=1!2.0")),
            (
                "tomli; python_version < \"3.11\" and extra == 'x'",
                Ok("tomli ; python_version < \"3.11\" and extra == 'x'"),
            ),
            (&format!("a==1 --hash=sha256:{hash}"), Ok("a==1")),
            ("a==1 --hash=md5:00", Err(BadRequirement::Option)),
            ("-r /etc/passwd", Err(BadRequirement::Option)),
            ("-e .", Err(BadRequirement::Option)),
            ("--index-url https://example.com/simple", Err(BadRequirement::Option)),
            ("a --config-settings=x", Err(BadRequirement::Option)),
            ("a @ https://example.com/a.whl", Err(BadRequirement::Address)),
            ("a @ file:///etc/passwd", Err(BadRequirement::Address)),
            ("a@git+ssh://example.com/a", Err(BadRequirement::Address)),
            ("git+https://example.com/a", Err(BadRequirement::Address)),
            ("file:a.whl", Err(BadRequirement::Address)),
            ("https://example.com/a.whl", Err(BadRequirement::Address)),
            ("./a", Err(BadRequirement::Path)),
            ("/etc/passwd", Err(BadRequirement::Path)),
            ("..", Err(BadRequirement::Path)),
            ("~/a", Err(BadRequirement::Path)),
            ("a.whl", Err(BadRequirement::Path)),
            ("", Err(BadRequirement::Form)),
            ("a b", Err(BadRequirement::Form)),
            ("a>=", Err(BadRequirement::Form)),
            ("a 1.0", Err(BadRequirement::Form)),
            ("a[x", Err(BadRequirement::Form)),
            ("a (>=1", Err(BadRequirement::Form)),
            ("a>=1\nb", Err(BadRequirement::Form)),
            ("a; os_name == `id`", Err(BadRequirement::Form)),
            ("\u{e9}", Err(BadRequirement::Form)),
            (&"a".repeat(1_000), Ok(&"a".repeat(1_000))),
            (&"a".repeat(1_001), Err(BadRequirement::Long)),
        ];
        for (text, expected) in rows {
            let found = Requirement::parse(text).map(|requirement| requirement.to_string());
            assert_eq!(found.as_deref().map_err(|error| *error), *expected, "{text:?}");
        }
    }
}
