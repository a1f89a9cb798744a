//! Deciding: whether rules allow an address, a name or a place to listen at. It is asked with the very address that is then
//! handed to the kernel, and with the names under which this run looked that address up.

use std::net::{IpAddr, SocketAddr};

use super::{
    grants::{Grants, Rule, Target},
    ranges::{Kind, Prefix, special},
};

const LOCALHOST: &str = "localhost";
/// Ends of names that are nobody's on the internet (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const INNER: &[&str] = &[".internal", ".local", ".localhost", ".home.arpa"];

/// Why something may not be reached, with the rule to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

/// Whether `address` may be reached. `names`: those that this run looked up and found it under. The name by which it was
/// allowed, or by which it was probably meant.
pub(super) fn reach<'a>(
    grants: &Grants,
    address: SocketAddr,
    names: &'a [String],
) -> Result<Option<&'a str>, Refusal> {
    let special = special(address.ip());
    let allowed =
        |names: &[String]| grants.all(|rules| rules.iter().any(|rule| allows(rule, address, special, names)));
    let last = names.last().map(String::as_str);
    if !allowed(names) {
        return Err(refuse(address, special.map(|(_, kind)| kind), last));
    }
    let by_name = names.iter().rev().find(|name| allowed(std::slice::from_ref(name)));
    Ok(by_name.map(String::as_str).or(last))
}

/// Whether one rule allows `address`, which is special in that way or not, and was found under `names`.
fn allows(rule: &Rule, address: SocketAddr, special: Option<(Prefix, Kind)>, names: &[String]) -> bool {
    let by_name = || names.iter().any(|name| rule.allows_name(name));
    rule.has_port(address.port())
        && match (&rule.target, special) {
            (Target::Addresses(prefix), None) => prefix.contains(address.ip()),
            (Target::Addresses(prefix), Some((range, _))) => {
                prefix.contains(address.ip()) && prefix.lies_in(range)
            }
            (Target::Host(_) | Target::Below(_) | Target::AnyName, None)
            | (Target::Host(_), Some((_, Kind::Private))) => by_name(),
            (Target::Host(host), Some((_, Kind::Loopback))) => host == LOCALHOST && by_name(),
            (Target::Host(_) | Target::Below(_) | Target::AnyName, Some(_)) => false,
        }
}

fn refuse(address: SocketAddr, kind: Option<Kind>, name: Option<&str>) -> Refusal {
    let port = address.port();
    let numbers = match address.ip() {
        IpAddr::V4(four) => format!("{four}:{port}"),
        IpAddr::V6(six) => format!("[{six}]:{port}"),
    };
    // A name alone would not do for most special addresses.
    let by_name = name.filter(|name| match kind {
        None | Some(Kind::Private) => true,
        Some(Kind::Loopback) => *name == LOCALHOST,
        Some(
            Kind::LinkLocal
            | Kind::Metadata
            | Kind::Multicast
            | Kind::Unspecified
            | Kind::Broadcast
            | Kind::Reserved
            | Kind::Embedded,
        ) => false,
    });
    let rule = by_name.map_or_else(|| numbers.clone(), |name| format!("{name}:{port}"));
    let place = name.map_or_else(|| numbers.clone(), |name| format!("{name}:{port} at {}", address.ip()));
    let kind = kind.map_or_else(String::new, |kind| format!(" ({})", kind.as_str()));
    Refusal(format!("not allowed to reach {place}{kind}: ask for the rule \"{rule}\""))
}

/// Whether `name` may be looked up: a look-up tells others what is asked. What is always this machine is told without asking.
pub(super) fn look_up(grants: &Grants, name: &str) -> Result<(), Refusal> {
    if is_localhost(name) || grants.all(|rules| rules.iter().any(|rule| rule.allows_name(name))) {
        return Ok(());
    }
    Err(Refusal(format!("not allowed to look up {name}: ask for the rule \"{name}\"")))
}

/// Whether what `name` stands for elsewhere may be reached, for nobody here knows its address. Names that are of use only
/// within somebody's own network need a rule of their own.
pub(super) fn by_name(grants: &Grants, name: &str, port: u16) -> Result<(), Refusal> {
    let is_inner = !name.contains('.') || INNER.iter().any(|suffix| name.ends_with(suffix));
    let allows = |rule: &Rule| {
        let is_own = matches!(rule.target, Target::Host(_));
        rule.has_port(port) && rule.allows_name(name) && (is_own || !is_inner)
    };
    if grants.all(|rules| rules.iter().any(allows)) {
        return Ok(());
    }
    Err(Refusal(format!(
        "not allowed to reach {name}:{port} by the proxy: ask for the rule \"{name}:{port}\""
    )))
}

/// Names that never leave the machine (RFC 6761).
pub(super) fn is_localhost(name: &str) -> bool {
    name == LOCALHOST || name.ends_with(".localhost")
}

/// Whether a socket may be bound to `address`. Any port of any address is what a socket has that is not bound: others are
/// bound only to loopback addresses that a rule has.
pub(super) fn bind(grants: &Grants, address: SocketAddr) -> Result<(), Refusal> {
    if address.ip().is_unspecified() && address.port() == 0 {
        return Ok(());
    }
    listen(grants, address)
}

/// Whether a socket at `address` may wait for others. A port of 0 is one that the kernel chooses.
pub(super) fn listen(grants: &Grants, address: SocketAddr) -> Result<(), Refusal> {
    let port = address.port();
    let granted = |rule: &Rule| {
        let has_port = port == 0 || rule.has_port(port);
        has_port
            && matches!(&rule.target, Target::Addresses(prefix)
            if prefix.contains(address.ip()) && special(address.ip()).is_some_and(|(range, kind)| {
                kind == Kind::Loopback && prefix.lies_in(range)
            }))
    };
    if grants.all(|rules| rules.iter().any(granted)) {
        return Ok(());
    }
    Err(Refusal(format!(
        "not allowed to listen at {address}: only loopback addresses that a rule has, such as \"127.0.0.1\""
    )))
}

#[cfg(test)]
mod tests;
