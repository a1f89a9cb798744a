//! Names of things: each a type of its own, checked once when it is made.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use svix_ksuid::{Ksuid, KsuidLike as _};
use uuid::Uuid;

/// Longest name of an organisation, in bytes.
const ORG_BYTES_MAX: usize = 64;
/// KSUIDs count seconds from here (2014-05-13), so that 32 bits last until 2150.
const KSUID_EPOCH_S: i64 = 1_400_000_000;

/// The text is not such a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}")]
pub(crate) struct BadId {
    text: String,
    what: &'static str,
}

/// An organisation's name: letters, digits, `_` and `-`; part of every path below `/api/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OrgId(String);

impl OrgId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrgId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let sound = !text.is_empty() && text.len() <= ORG_BYTES_MAX && text.bytes().all(plain);
        if sound { Ok(Self(text.to_owned())) } else { Err(bad(text, "organisation's name")) }
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An action's or a hook's id: a KSUID, 27 characters of base 62, rising with the second it was made in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ActionId([u8; 20]);

impl ActionId {
    /// A new id, made at `now` from 16 random bytes.
    pub(crate) fn new(now: Timestamp, random: [u8; 16]) -> Self {
        let seconds = u32::try_from(now.as_second() - KSUID_EPOCH_S).unwrap_or(0);
        Self(*Ksuid::new_raw(seconds, Some(&random)).bytes())
    }

    pub(crate) fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl FromStr for ActionId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let id = Ksuid::from_base62(text).map_err(|_| bad(text, "KSUID"))?;
        // One spelling for each id: shorter or longer texts decode too.
        if id.to_base62() == text { Ok(Self(*id.bytes())) } else { Err(bad(text, "KSUID")) }
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Ksuid::from_bytes(self.0).to_base62())
    }
}

impl fmt::Debug for ActionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ActionId({self})")
    }
}

/// A run's id: a UUID of version 7, so that ids rise with the time at which runs were asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId(Uuid);

impl RunId {
    /// A new id, made at `now`. Ids of one millisecond are in the order of `count`, modulo 4,096.
    pub(crate) fn new(now: Timestamp, count: u16, random: [u8; 8]) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&count.to_be_bytes());
        bytes[2..].copy_from_slice(&random);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The smallest id that a run asked for at `time` or later can have.
    pub(crate) fn first_at(time: Timestamp) -> Self {
        let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
        Self::from_bytes((u128::from(millis) << 80).to_be_bytes())
    }
}

impl FromStr for RunId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let id = Uuid::try_parse(text).map_err(|_| bad(text, "run id"))?;
        if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(bad(text, "run id")) }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), formatter)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RunId({self})")
    }
}

fn bad(text: &str, what: &'static str) -> BadId {
    // A text of any length becomes part of an answer.
    BadId { text: text.chars().take(64).collect(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        let sample = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";
        assert_eq!(sample.parse::<ActionId>().unwrap().to_string(), sample);
        for text in [
            "",
            "0ujtsYcgvSTl8PAuAdqWYSMnLO",
            "00ujtsYcgvSTl8PAuAdqWYSMnLOv",
            "bulk",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(text.parse::<ActionId>().is_err(), "{text}");
        }
        let now: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let id = RunId::new(now, 7, [9; 8]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<RunId>().is_err());
    }

    #[test]
    fn run_ids_rise() {
        let now: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let later: Timestamp = "2026-01-02T03:04:05.679Z".parse().unwrap();
        assert!(RunId::new(now, 1, [255; 8]) < RunId::new(now, 2, [0; 8]));
        assert!(RunId::new(now, 4095, [255; 8]) < RunId::new(later, 0, [0; 8]));
        assert!(RunId::first_at(later) <= RunId::new(later, 0, [0; 8]));
        assert!(RunId::first_at(later) > RunId::new(now, 4095, [255; 8]));
    }

    #[test]
    fn organisations_have_plain_names() {
        for (text, sound) in [
            ("default", true),
            ("A_b-9", true),
            ("", false),
            ("a b", false),
            ("a/b", false),
            (&*"x".repeat(65), false),
        ] {
            assert_eq!(text.parse::<OrgId>().is_ok(), sound, "{text}");
        }
    }
}
