//! Whether a request was signed with a hook's secret: over the bytes that came, compared in constant time, and, where the
//! sender says when it signed, not too long ago.

use std::time::Duration;

use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::model::hook::Signature;

/// Signatures that one header may hold: a sender that changes its key signs with the old and the new one.
const SIGNATURES_MAX: usize = 16;
const ID_BYTES_MAX: usize = 256;

/// Why a request is not believed. Says what to look at, and nothing that helps to guess.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadSignature {
    #[error("the header {0} is missing: this hook wants signed requests")]
    Missing(&'static str),
    #[error("the header {0} holds something else than it should")]
    Malformed(&'static str),
    #[error("the signature is not that of this body with this hook's secret")]
    Wrong,
    #[error("it was signed more than {0} s ago or ahead: send it anew, and check both clocks")]
    Time(u64),
}

/// Checks a request. What identifies the message, where the sender says so: a message that comes again is no new one.
pub(super) fn check(
    signature: &Signature,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Option<Vec<u8>>, BadSignature> {
    match signature {
        Signature::None => Ok(None),
        Signature::StandardWebhooks { keys, window } => standard(keys, *window, headers, body, now).map(Some),
        Signature::Grafana { key, window } => grafana(key, *window, headers, body, now),
        Signature::GitHub { key } => github(key, headers, body),
    }
}

/// `webhook-signature: v1,BASE64 …` over `{id}.{timestamp}.{body}`.
fn standard(
    keys: &[Vec<u8>],
    window: Duration,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, BadSignature> {
    const ID: &str = "webhook-id";
    const TIME: &str = "webhook-timestamp";
    const SIGNATURE: &str = "webhook-signature";
    let (id, time) = (header(headers, ID)?, header(headers, TIME)?);
    let signatures = header(headers, SIGNATURE)?;
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Err(BadSignature::Malformed(ID));
    }
    let at = seconds(time).ok_or(BadSignature::Malformed(TIME))?;
    // Versions that are not known here stand beside those that are.
    let given = signatures.split(' ').filter_map(|entry| entry.strip_prefix("v1,"));
    let given: Vec<Vec<u8>> =
        given.take(SIGNATURES_MAX).filter_map(|text| STANDARD.decode(text).ok()).collect();
    if given.is_empty() {
        return Err(BadSignature::Malformed(SIGNATURE));
    }
    let mut right = Choice::from(0);
    for key in keys {
        let tag = tag(key, &[id.as_bytes(), b".", time.as_bytes(), b".", body]);
        for given in &given {
            right |= tag.ct_eq(given);
        }
    }
    believe(right)?;
    in_time(at, window, now)?;
    Ok(id.as_bytes().to_vec())
}

/// `X-Grafana-Alerting-Signature: HEX` over `{timestamp}:{body}`; over the body alone for a sender that sends no time, which
/// the hook says by a window of 0: what came without a time must not pass for a body that begins with one.
fn grafana(
    key: &[u8],
    window: Duration,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Option<Vec<u8>>, BadSignature> {
    const TIME: &str = "x-grafana-alerting-timestamp";
    const SIGNATURE: &str = "x-grafana-alerting-signature";
    let given = hex(header(headers, SIGNATURE)?).ok_or(BadSignature::Malformed(SIGNATURE))?;
    if window.is_zero() {
        believe(tag(key, &[body]).ct_eq(&given))?;
        return Ok(None);
    }
    let time = header(headers, TIME)?;
    let at = seconds(time).ok_or(BadSignature::Malformed(TIME))?;
    believe(tag(key, &[time.as_bytes(), b":", body]).ct_eq(&given))?;
    in_time(at, window, now)?;
    // It names no message: the same body signed in the same second is the same one.
    Ok(Some(given))
}

/// `X-Hub-Signature-256: sha256=HEX` over the body. The delivery's id is not signed: it tells deliveries apart, no more.
fn github(key: &[u8], headers: &HeaderMap, body: &[u8]) -> Result<Option<Vec<u8>>, BadSignature> {
    const SIGNATURE: &str = "x-hub-signature-256";
    const DELIVERY: &str = "x-github-delivery";
    let given = header(headers, SIGNATURE)?.strip_prefix("sha256=").and_then(hex);
    let given = given.ok_or(BadSignature::Malformed(SIGNATURE))?;
    believe(tag(key, &[body]).ct_eq(&given))?;
    match header(headers, DELIVERY) {
        Ok(id) if id.is_empty() || id.len() > ID_BYTES_MAX => Err(BadSignature::Malformed(DELIVERY)),
        Ok(id) => Ok(Some(id.as_bytes().to_vec())),
        Err(BadSignature::Missing(_)) => Ok(None),
        Err(bad) => Err(bad),
    }
}

/// The header's only value.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, BadSignature> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(BadSignature::Missing(name)),
        (Some(value), None) => value.to_str().map_err(|_| BadSignature::Malformed(name)),
        (Some(_), Some(_)) => Err(BadSignature::Malformed(name)),
    }
}

fn tag(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn believe(right: Choice) -> Result<(), BadSignature> {
    if bool::from(right) { Ok(()) } else { Err(BadSignature::Wrong) }
}

fn in_time(at: i64, window: Duration, now: Timestamp) -> Result<(), BadSignature> {
    let away = now.as_second().abs_diff(at);
    if away > window.as_secs() { Err(BadSignature::Time(window.as_secs())) } else { Ok(()) }
}

/// Seconds since 1970, as digits alone: one spelling for each time.
fn seconds(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.bytes().map(|byte| digit(&byte)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests;
