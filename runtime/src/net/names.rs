//! Looking names up: on the host, without a thread that waits, and each answer remembered for the run that asked.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};
use rustix::net::SendFlags;

use super::{address, grants::normal, policy::is_localhost};

/// As the guest's `netdb.h` has them.
const EAI_NONAME: i32 = -2;
const EAI_AGAIN: i32 = -3;
/// Addresses of one name that are told; the guest has room for as many.
const ADDRESSES_MAX: usize = 64;
/// Addresses that are remembered for one run, and names for each.
const REMEMBERED_MAX: usize = 4_096;
const NAMES_MAX: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPTS: usize = 2;

/// Who is asked. One for all runs; nothing is remembered from one to another.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    /// None: those of the machine's configuration.
    servers: Vec<SocketAddr>,
    made: OnceLock<Option<TokioResolver>>,
}

impl Resolver {
    pub(crate) fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers, made: OnceLock::new() }
    }

    async fn addresses(&self, name: &str, family: Option<Family>) -> Result<Vec<IpAddr>, i32> {
        if is_localhost(name) {
            return Ok(of_family(family, [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]));
        }
        let made = self.made.get_or_init(|| make(&self.servers));
        let resolver = made.as_ref().ok_or(EAI_AGAIN)?;
        match resolver.lookup_ip(name).await {
            Ok(found) => Ok(of_family(family, found.iter())),
            Err(error) if error.is_no_records_found() => Err(EAI_NONAME),
            Err(_) => Err(EAI_AGAIN),
        }
    }
}

fn make(servers: &[SocketAddr]) -> Option<TokioResolver> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = if servers.is_empty() {
        TokioResolver::builder(provider).ok()?
    } else {
        let servers = servers.iter().map(|server| {
            let mut config = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut config.connections {
                connection.port = server.port();
            }
            config
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        TokioResolver::builder_with_config(config, provider)
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = TIMEOUT;
    options.attempts = ATTEMPTS;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build().ok()
}

/// The kind of addresses that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// IPv4 first: not every machine reaches the other, and scripts try in this order.
fn of_family(family: Option<Family>, found: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let wanted = |address: &IpAddr| family.is_none_or(|family| address.is_ipv4() == (family == Family::V4));
    let mut found: Vec<_> = found.into_iter().filter(wanted).take(ADDRESSES_MAX).collect();
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

/// What one run looked up: the names of each address.
#[derive(Debug, Default)]
pub(super) struct Found(Mutex<HashMap<IpAddr, Vec<String>>>);

impl Found {
    /// The names that led to `address`, the latest at the end.
    pub(super) fn names(&self, address: IpAddr) -> Vec<String> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(&address).cloned().unwrap_or_default()
    }

    fn remember(&self, name: &str, addresses: &[IpAddr]) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for address in addresses {
            if found.len() >= REMEMBERED_MAX && !found.contains_key(address) {
                return;
            }
            let names = found.entry(*address).or_default();
            names.retain(|known| known != name);
            if names.len() >= NAMES_MAX {
                names.remove(0);
            }
            names.push(name.to_owned());
        }
    }
}

/// Looks `name` up and writes what comes of it to `to`: an i32, 0 or an `EAI_` code, then 20 bytes for each address.
pub(super) async fn look_up(
    resolver: Arc<Resolver>,
    found: Arc<Found>,
    name: String,
    family: Option<Family>,
    to: OwnedFd,
) {
    let answer = resolver.addresses(&name, family).await;
    let mut wire = Vec::new();
    match answer {
        Ok(addresses) if !addresses.is_empty() => {
            found.remember(&normal(&name).unwrap_or(name), &addresses);
            wire.extend_from_slice(&0_i32.to_le_bytes());
            for address in addresses {
                let mut bytes = [0; 16];
                let family = match address {
                    IpAddr::V4(four) => {
                        bytes[..4].copy_from_slice(&four.octets());
                        address::INET
                    }
                    IpAddr::V6(six) => {
                        bytes = six.octets();
                        address::INET6
                    }
                };
                wire.extend_from_slice(&family.to_le_bytes());
                wire.extend_from_slice(&[0, 0]);
                wire.extend_from_slice(&bytes);
            }
        }
        Ok(_) => wire.extend_from_slice(&EAI_NONAME.to_le_bytes()),
        Err(code) => wire.extend_from_slice(&code.to_le_bytes()),
    }
    // It fits into an empty socket. A guest that closed its end does not care.
    let _ = rustix::net::send(&to, &wire, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
}
