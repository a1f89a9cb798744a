//! What all connections of an engine share: parsed sets of roots and the configurations made of them. Bounded, those unused
//! for longest go first; whoever needs one that is gone brings it again. No private key is ever in it.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use lru::LruCache;
use rustls::ClientConfig;

use super::{
    failure::Failure,
    request::{Plan, Refusal},
    roots::{Roots, RootsName},
};

const SETS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");
/// Of all sets together, counted as PEM.
const SETS_BYTES_MAX: usize = 32 << 20;
const CONFIGS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");
/// A configuration with larger sets of roots is made anew each time.
const CONFIG_BYTES_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Cache {
    sets: Mutex<Sets>,
    configs: Mutex<LruCache<[u8; 32], Arc<ClientConfig>>>,
    /// Those of this machine's files, read at first use.
    pub(super) machine: OnceLock<Arc<Roots>>,
}

/// What became of a set that was uploaded.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) name: RootsName,
    /// Certificates in it.
    pub(crate) count: usize,
    /// Whether it was not known before.
    pub(crate) new: bool,
}

#[derive(Debug)]
struct Sets {
    known: LruCache<RootsName, Arc<Roots>>,
    bytes: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            sets: Mutex::new(Sets { known: LruCache::new(SETS_MAX), bytes: 0 }),
            configs: Mutex::new(LruCache::new(CONFIGS_MAX)),
            machine: OnceLock::new(),
        }
    }
}

impl Cache {
    /// Parses a set and keeps it. Nothing when it holds no certificate.
    pub(crate) fn keep(&self, pem: &[u8]) -> Result<Option<Kept>, Failure> {
        let name = Roots::name(pem);
        if let Some(known) = self.find(&name) {
            return Ok(Some(Kept { name, count: known.len(), new: false }));
        }
        let Some(roots) = Roots::parse(pem)? else { return Ok(None) };
        let count = roots.len();
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.bytes += roots.bytes();
        let bytes_of = |out: &Arc<Roots>| out.bytes();
        let out = sets.known.push(name, Arc::new(roots));
        sets.bytes -= out.as_ref().map_or(0, |(_, out)| bytes_of(out));
        while sets.bytes > SETS_BYTES_MAX {
            let Some((_, out)) = sets.known.pop_lru() else { break };
            sets.bytes -= bytes_of(&out);
        }
        Ok(Some(Kept { name, count, new: true }))
    }

    fn find(&self, name: &RootsName) -> Option<Arc<Roots>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner).known.get(name).cloned()
    }

    fn machine(&self) -> Arc<Roots> {
        self.machine.get_or_init(|| Arc::new(Roots::of_machine())).clone()
    }

    /// The configuration that `plan` means.
    pub(crate) fn config(&self, plan: &Plan) -> Result<Arc<ClientConfig>, Refusal> {
        let key = plan.key();
        if let Some(key) = &key {
            let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(config) = configs.get(key) {
                return Ok(config.clone());
            }
        }
        let mut roots = Vec::with_capacity(plan.roots.len() + 1);
        for name in &plan.roots {
            roots.push(self.find(name).ok_or(Refusal::UnknownRoots)?);
        }
        if plan.system {
            let machine = self.machine();
            if machine.len() == 0 && roots.is_empty() {
                return Err(no_roots().into());
            }
            roots.push(machine);
        }
        if roots.is_empty() {
            roots.push(Arc::new(Roots::none()));
        }
        let config = Arc::new(plan.config(&roots)?);
        let bytes: usize = roots.iter().map(|set| set.bytes()).sum();
        if let Some(key) = key.filter(|_| bytes <= CONFIG_BYTES_MAX) {
            let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
            configs.push(key, config.clone());
        }
        Ok(config)
    }
}

fn no_roots() -> Failure {
    Failure::new(
        "SSL",
        "NO_DEFAULT_ROOTS",
        "the machine that runs this action has no root certificates: install ca-certificates there, or load some here",
    )
}
