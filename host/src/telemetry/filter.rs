//! What is logged, and in which form: the settings of the log, parsed.

use tracing_subscriber::filter::{LevelFilter, Targets};

/// Which lines are logged: a level for all, and levels for modules.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter(Targets);

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// A line for people.
    Text,
    /// A JSON object on a line.
    Json,
}

/// The filter says something that it cannot.
#[derive(Debug, thiserror::Error)]
#[error(
    "{part:?} is neither off, error, warn, info, debug or trace, nor a module and one of these, as actiond=debug"
)]
pub(crate) struct BadFilter {
    part: String,
}

impl Filter {
    /// Levels and `module=level`, with commas between. The last level without a module is that of all other modules.
    pub(crate) fn parse(text: &str) -> Result<Self, BadFilter> {
        let mut targets = Targets::new();
        for part in text.split(',').map(str::trim) {
            let bad = || BadFilter { part: part.to_owned() };
            let (module, level) = match part.split_once('=') {
                Some((module, level)) => (Some(module), level),
                None => (None, part),
            };
            // LevelFilter also takes digits and the empty text.
            let is_word = level.starts_with(|first: char| first.is_ascii_alphabetic());
            let level: LevelFilter = level.parse().map_err(|_| bad())?;
            targets = match module {
                _ if !is_word => return Err(bad()),
                Some("") => return Err(bad()),
                Some(module) => targets.with_target(module, level),
                None => targets.with_default(level),
            };
        }
        Ok(Self(targets))
    }

    pub(super) fn targets(&self) -> Targets {
        self.0.clone()
    }
}

impl Format {
    /// `None` for an unknown word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_levels_of_all_and_of_modules() {
        let rows: &[(&str, Option<[bool; 2]>)] = &[
            ("info", Some([true, false])),
            ("DEBUG", Some([true, true])),
            ("off", Some([false, false])),
            ("warn,actiond=debug", Some([true, true])),
            ("info, actiond::store=trace", Some([true, false])),
            ("actiond=info", Some([true, false])),
            ("infoo", None),
            ("", None),
            ("info,", None),
            ("3", None),
            ("=info", None),
            ("actiond=", None),
            ("actiond=loud", None),
            ("actiond=2", None),
        ];
        for (text, expected) in rows {
            let filter = Filter::parse(text).ok().map(|filter| filter.targets());
            let enabled = filter.map(|targets| {
                [Level::INFO, Level::DEBUG].map(|level| targets.would_enable("actiond::api", &level))
            });
            assert_eq!(enabled, *expected, "{text:?}");
        }
    }
}
