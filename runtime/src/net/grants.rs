//! What a run may reach: rules, and how they are written.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    ops::RangeInclusive,
    str::FromStr,
    sync::Arc,
};

use super::ranges::Prefix;
use crate::tls::Unverified;

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// Ranges of ports in one rule.
const PORTS_MAX: usize = 32;

/// What a run may reach on the network; at first nothing. Several may have a say in it, and each of them has to allow it.
/// Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    layers: Arc<[Box<[Rule]>]>,
    unverified_tls: Unverified,
}

impl Grants {
    /// Whatever one of `rules` allows.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { layers: [rules.into_iter().collect()].into(), unverified_tls: Unverified::Refused }
    }

    /// Of that only what one of `rules` allows too.
    #[must_use]
    pub fn within(self, rules: impl IntoIterator<Item = Rule>) -> Self {
        let layers = self.layers.iter().cloned().chain([rules.into_iter().collect()]);
        Self { layers: layers.collect(), ..self }
    }

    /// With this rule for servers whose certificate nobody checks.
    #[must_use]
    pub fn with_unverified_tls(self, unverified_tls: Unverified) -> Self {
        Self { unverified_tls, ..self }
    }

    /// Whether scripts may turn off that certificates are checked.
    #[must_use]
    pub fn unverified_tls(&self) -> Unverified {
        self.unverified_tls
    }

    /// Whether each that has a say has a rule that `allows`.
    pub(super) fn all(&self, allows: impl Fn(&[Rule]) -> bool) -> bool {
        !self.layers.is_empty() && self.layers.iter().all(|rules| allows(rules))
    }
}

/// One thing that may be reached: `host`, `*.domain`, `*`, an address or `address/prefix`, each with ports behind a colon
/// (`api.example.org:443`, `10.0.0.0/8:80,8000-8100`, `[fd00::]/8:5432`) or without, for all ports.
///
/// - A name allows the public addresses that the run itself looked up under it. The name of one host allows private ones too
///   (RFC 1918, RFC 6598, unique local); `localhost` allows the loopback addresses.
/// - `*.domain` is every name below the domain, not the domain; `*` is every name.
/// - Addresses allow what lies in them. Loopback, private, link-local, metadata, multicast and other special addresses are
///   only allowed by a rule that lies wholly within their range: `0.0.0.0/0` is every public address of IPv4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) target: Target,
    /// None: all.
    ports: Vec<RangeInclusive<u16>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Host(String),
    /// What follows the `*`, with its dot.
    Below(String),
    AnyName,
    Addresses(Prefix),
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Neither a name nor an address.
    #[error(
        "`{0}` is neither a host, *.domain, address nor address/prefix: write for example api.example.org:443"
    )]
    Target(String),
    /// Of the kind that some programs take for an address and others for a name.
    #[error("`{0}` is no address in its usual form: write four numbers from 0 to 255 with dots between")]
    OddAddress(String),
    /// What follows the slash.
    #[error("`{0}` is no prefix length: write 0 to 32, for IPv6 0 to 128")]
    Prefix(String),
    /// The address has bits behind its prefix.
    #[error("`{0}` names one address, not the network: write {1}")]
    HostBits(String, String),
    /// What follows the colon.
    #[error("`{0}` are no ports: write 443, 80,443 or 8000-8100")]
    Ports(String),
}

impl Rule {
    pub(super) fn has_port(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|range| range.contains(&port))
    }

    pub(super) fn has_address(&self, address: IpAddr) -> bool {
        matches!(&self.target, Target::Addresses(prefix) if prefix.contains(address))
    }

    pub(super) fn allows_name(&self, name: &str) -> bool {
        match &self.target {
            Target::Host(host) => host == name,
            Target::Below(suffix) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
            Target::AnyName => true,
            Target::Addresses(_) => false,
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        // An IPv6 address without brackets has no port.
        if text.bytes().filter(|&byte| byte == b':').count() > 1 && !text.starts_with('[') {
            return Ok(Self { target: addresses(text)?, ports: Vec::new() });
        }
        if text.starts_with('[') && !text.contains(']') {
            return Err(RuleError::Target(text.to_owned()));
        }
        let colon = text.find(']').map_or(0, |bracket| bracket + 1);
        let (target, ports) = match text[colon..].find(':') {
            Some(at) => (&text[..colon + at], ports(&text[colon + at + 1..])?),
            None => (text, Vec::new()),
        };
        let is_address = target.starts_with('[') || target.contains('/') || target.parse::<IpAddr>().is_ok();
        let target = if is_address { addresses(&target.replace(['[', ']'], ""))? } else { name(target)? };
        Ok(Self { target, ports })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Host(name) => formatter.write_str(name)?,
            Target::Below(suffix) => write!(formatter, "*{suffix}")?,
            Target::AnyName => formatter.write_str("*")?,
            Target::Addresses(Prefix { address, bits }) => {
                match address {
                    IpAddr::V4(four) => write!(formatter, "{four}")?,
                    IpAddr::V6(six) => write!(formatter, "[{six}]")?,
                }
                if *bits != bits_of(*address) {
                    write!(formatter, "/{bits}")?;
                }
            }
        }
        for (number, ports) in self.ports.iter().enumerate() {
            write!(formatter, "{}{}", if number == 0 { ':' } else { ',' }, ports.start())?;
            if ports.start() != ports.end() {
                write!(formatter, "-{}", ports.end())?;
            }
        }
        Ok(())
    }
}

fn bits_of(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn addresses(text: &str) -> Result<Target, RuleError> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| RuleError::Target(text.to_owned()))?;
    let bits = match bits {
        None => bits_of(address),
        Some(written) => {
            let bits = written.parse().ok().filter(|&bits: &u8| bits <= bits_of(address));
            bits.ok_or_else(|| RuleError::Prefix(written.to_owned()))?
        }
    };
    let network = match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((four.to_bits() & mask).into())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & mask))
        }
    };
    if network != address {
        return Err(RuleError::HostBits(text.to_owned(), format!("{network}/{bits}")));
    }
    Ok(Target::Addresses(Prefix { address, bits }))
}

fn name(text: &str) -> Result<Target, RuleError> {
    let wrong = || RuleError::Target(text.to_owned());
    if text == "*" {
        return Ok(Target::AnyName);
    }
    let (below, host) = text.strip_prefix("*.").map_or((false, text), |domain| (true, domain));
    let host = normal(host).filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if !host.split('.').all(label) {
        return Err(wrong());
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return Err(RuleError::OddAddress(text.to_owned()));
    }
    Ok(if below { Target::Below(format!(".{host}")) } else { Target::Host(host) })
}

/// Whether `text` is the name of a host, and nothing that some take for an address.
pub(super) fn is_host(text: &str) -> bool {
    matches!(name(text), Ok(Target::Host(_)))
}

/// A name as rules and look-ups compare it: small letters, no dot at its end. None for what is none.
pub(super) fn normal(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    (name.len() <= NAME_BYTES_MAX && name.is_ascii()).then(|| name.to_ascii_lowercase())
}

fn ports(text: &str) -> Result<Vec<RangeInclusive<u16>>, RuleError> {
    let wrong = || RuleError::Ports(text.to_owned());
    let port = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0).ok_or_else(wrong);
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (port(first)?, port(last)?);
        if first > last || ranges.len() >= PORTS_MAX {
            return Err(wrong());
        }
        ranges.push(first..=last);
    }
    Ok(ranges)
}
