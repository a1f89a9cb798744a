//! A time zone by its name. Which rules it has is the machine's to know, and the program's where the machine knows none.

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use super::Error;

const NAME_BYTES_MAX: usize = 64;

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    pub(crate) const UTC: Self = Self(TimeZone::UTC);

    /// Finds a zone by its name, such as `Europe/Berlin`.
    pub(crate) fn parse(name: &str) -> Result<Self, Error> {
        let unknown = || Error::Zone { name: name.chars().take(NAME_BYTES_MAX).collect() };
        if name.len() > NAME_BYTES_MAX {
            return Err(unknown());
        }
        let found = TimeZone::get(name).map_err(|_| unknown())?;
        // A zone without a name could not be stored.
        if found.iana_name().is_some() { Ok(Self(found)) } else { Err(unknown()) }
    }

    pub(crate) fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What clocks of this zone are ahead of UTC by.
    pub(crate) fn offset(&self, at: Timestamp) -> Offset {
        self.0.to_offset(at)
    }

    /// RFC 3339, as clocks of this zone show it.
    pub(crate) fn shown(&self, at: Timestamp) -> String {
        if *self == Self::UTC { at.to_string() } else { at.display_with_offset(self.offset(at)).to_string() }
    }

    pub(super) fn rules(&self) -> &TimeZone {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}
