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

use super::{
    address,
    grants::{is_host, normal},
    policy::is_localhost,
};

/// As the guest's `netdb.h` has them.
const EAI_NONAME: i32 = -2;
const EAI_AGAIN: i32 = -3;
/// Addresses of one name that are told; the guest has room for as many.
const ADDRESSES_MAX: usize = 64;
/// Addresses that are remembered for one run, and names for each.
const REMEMBERED_MAX: usize = 4_096;
const NAMES_MAX: usize = 8;
/// How long this machine may take where a proxy knows names too.
const BESIDE_PROXY_WAIT: Duration = Duration::from_secs(2);
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

    /// IPv4 first: not every machine reaches the other, and scripts try in this order.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, i32> {
        if is_localhost(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let made = self.made.get_or_init(|| make(&self.servers));
        let resolver = made.as_ref().ok_or(EAI_AGAIN)?;
        match resolver.lookup_ip(name).await {
            Ok(found) => {
                let mut found: Vec<_> = found.iter().take(ADDRESSES_MAX).collect();
                found.sort_by_key(IpAddr::is_ipv6);
                Ok(found)
            }
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

/// What one run looked up: the names of each address.
#[derive(Debug, Default)]
pub(super) struct Found {
    known: Mutex<HashMap<IpAddr, Vec<String>>>,
    /// Names that only the proxy knows. The guest is told addresses that lead nowhere in their place.
    stand_ins: Mutex<Vec<String>>,
}

impl Found {
    /// The names that led to `address`, the latest at the end.
    pub(super) fn names(&self, address: IpAddr) -> Vec<String> {
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(&address).cloned().unwrap_or_default()
    }

    /// Whether `name` led anywhere.
    fn has(&self, name: &str) -> bool {
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        found.values().flatten().any(|known| known == name)
    }

    fn remember(&self, name: &str, addresses: &[IpAddr]) {
        let mut found = self.known.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Reserved, and routed nowhere (RFC 1112).
const STAND_INS: Ipv4Addr = Ipv4Addr::new(240, 0, 0, 1);

impl Found {
    /// The address that stands for a name of which it was found before that only the proxy knows it.
    fn stand_in(&self, name: &str) -> Option<IpAddr> {
        let names = self.stand_ins.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().position(|known| known == name).and_then(stand_in)
    }

    /// Notes that only the proxy knows a name; the address that stands for it from now on.
    fn add_stand_in(&self, name: &str) -> Option<IpAddr> {
        self.stand_in(name).or_else(|| {
            let mut names = self.stand_ins.lock().unwrap_or_else(PoisonError::into_inner);
            if names.len() >= REMEMBERED_MAX {
                return None;
            }
            names.push(name.to_owned());
            stand_in(names.len() - 1)
        })
    }

    /// The name that an address stands for.
    pub(super) fn stood_in_for(&self, address: IpAddr) -> Option<String> {
        let IpAddr::V4(four) = address else { return None };
        let at = usize::try_from(four.to_bits().checked_sub(STAND_INS.to_bits())?).ok()?;
        self.stand_ins.lock().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }
}

fn stand_in(at: usize) -> Option<IpAddr> {
    Some(Ipv4Addr::from_bits(STAND_INS.to_bits() + u32::try_from(at).ok()?).into())
}

/// What is looked up, and for whom.
pub(super) struct Asks {
    pub(super) resolver: Arc<Resolver>,
    pub(super) found: Arc<Found>,
    pub(super) name: String,
    pub(super) family: Option<Family>,
    /// Whether the proxy may know what this machine does not.
    pub(super) by_proxy: bool,
}

impl Asks {
    /// What is told: of all that was found the kind that was asked for.
    async fn answer(&self) -> Result<Vec<IpAddr>, i32> {
        let mut found = self.found_addresses().await?;
        let wanted = |family: Family, address: &IpAddr| address.is_ipv4() == (family == Family::V4);
        found.retain(|address| self.family.is_none_or(|family| wanted(family, address)));
        Ok(found)
    }

    async fn found_addresses(&self) -> Result<Vec<IpAddr>, i32> {
        let plain = normal(&self.name).unwrap_or_else(|| self.name.clone());
        if let Some(address) = self.found.stand_in(&plain) {
            return Ok(vec![address]);
        }
        let here = self.resolver.addresses(&self.name);
        let answer = if self.by_proxy {
            tokio::time::timeout(BESIDE_PROXY_WAIT, here).await.unwrap_or(Err(EAI_AGAIN))
        } else {
            here.await
        };
        let addresses = answer.as_deref().unwrap_or_default();
        // A name that led somewhere keeps being checked by its address, whatever becomes of it.
        if addresses.is_empty() && self.by_proxy && is_host(&plain) && !self.found.has(&plain) {
            return self.found.add_stand_in(&plain).map(|address| vec![address]).ok_or(EAI_AGAIN);
        }
        self.found.remember(&plain, addresses);
        answer
    }
}

/// Looks a name up and writes what comes of it to `to`: an i32, 0 or an `EAI_` code, then 20 bytes for each address.
pub(super) async fn look_up(asks: Asks, to: OwnedFd) {
    let mut wire = Vec::new();
    match asks.answer().await {
        Ok(addresses) if !addresses.is_empty() => {
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
