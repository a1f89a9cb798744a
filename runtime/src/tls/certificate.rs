//! What the verifier reads from a certificate beyond what rustls tells: who issued it, and when it is valid.

use rustls::pki_types::UnixTime;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The optional version at the beginning of a certificate: context tag 0.
const VERSION: u8 = 0xa0;

/// Fields of a certificate; borrowed from its DER.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    not_before: i64,
    not_after: i64,
}

/// Where a time lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    Now,
    Later,
    Over,
}

impl<'a> Certificate<'a> {
    /// Nothing when it is not a certificate.
    pub(crate) fn parse(der: &'a [u8]) -> Option<Self> {
        let (outer, _) = expect(SEQUENCE, der)?;
        let (signed, _) = expect(SEQUENCE, outer)?;
        let after_version = match element(signed)? {
            (VERSION, _, rest) => rest,
            _ => signed,
        };
        let (_, _, rest) = element(after_version)?;
        let (_, rest) = expect(SEQUENCE, rest)?;
        let (issuer, rest) = expect(SEQUENCE, rest)?;
        let (validity, rest) = expect(SEQUENCE, rest)?;
        let (subject, _) = expect(SEQUENCE, rest)?;
        let (tag, from, rest) = element(validity)?;
        let not_before = seconds(tag, from)?;
        let (tag, to, _) = element(rest)?;
        Some(Self { issuer, subject, not_before, not_after: seconds(tag, to)? })
    }

    pub(crate) fn self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    pub(crate) fn validity(&self, now: UnixTime) -> Validity {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < self.not_before {
            Validity::Later
        } else if now > self.not_after {
            Validity::Over
        } else {
            Validity::Now
        }
    }
}

/// The first element: its tag, its content, and what comes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

fn expect(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(der)?;
    (found == tag).then_some((content, rest))
}

/// Seconds since 1970 of a certificate's time, which is in UTC.
fn seconds(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, rest) = match tag {
        UTC_TIME if digits.len() == 12 => {
            let year: i64 = digits[..2].parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &digits[2..])
        }
        GENERALIZED_TIME if digits.len() == 14 => (digits[..4].parse().ok()?, &digits[4..]),
        _ => return None,
    };
    let two = |at: usize| rest[at..at + 2].parse::<i64>().ok();
    let (month, day) = (two(0)?, two(2)?);
    // Counted from March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
        - 719_469;
    Some(((days * 24 + two(4)?) * 60 + two(6)?) * 60 + two(8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (tag, text, expected) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "000229235959Z", Some(951_868_799)),
            (UTC_TIME, "491231000000Z", Some(2_524_521_600)),
            (GENERALIZED_TIME, "20500301000001Z", Some(2_529_705_601)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "70010100000+Z", None),
            (GENERALIZED_TIME, "700101000000Z", None),
            (SEQUENCE, "700101000000Z", None),
            (UTC_TIME, "", None),
        ] {
            assert_eq!(seconds(tag, text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate() {
        let rows: [&[u8]; 7] = [
            b"",
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 2, 0x30, 0],
            &[0x30, 4, 0x30, 2, 2, 9],
        ];
        for der in rows {
            assert!(Certificate::parse(der).is_none(), "{der:?}");
        }
    }
}
