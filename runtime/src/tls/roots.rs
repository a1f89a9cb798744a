//! Root certificates: a set of them as a guest uploads it, or those of this machine.

use std::{collections::HashSet, sync::Arc};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use sha2::{Digest as _, Sha256};

use super::failure::Failure;

/// How sets are named: by the SHA-256 of their PEM. Whoever knows the name knows what it holds.
pub(crate) type RootsName = [u8; 32];

/// A parsed set.
#[derive(Debug)]
pub(crate) struct Roots {
    store: Arc<RootCertStore>,
    /// SHA-256 of each certificate: one that is presented as a server's own is trusted as it is.
    exact: HashSet<[u8; 32]>,
    bytes: usize,
}

impl Roots {
    /// All certificates in a PEM; other blocks are passed over. Nothing when it holds none. One that cannot be read fails all:
    /// nobody shall believe that it is trusted.
    pub(crate) fn parse(pem: &[u8]) -> Result<Option<Self>, Failure> {
        let certificates = CertificateDer::pem_slice_iter(pem).map(|found| {
            found
                .ok()
                .filter(|certificate| is_sequence(certificate))
                .ok_or_else(|| Failure::new("X509", "PEM_LIB", "PEM lib: a certificate cannot be read"))
        });
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        let roots = Self::new(certificates.into_iter(), pem.len());
        Ok((!roots.exact.is_empty()).then_some(roots))
    }

    /// Those of this machine, where its TLS libraries look for them. Possibly none.
    pub(crate) fn of_machine() -> Self {
        Self::new(rustls_native_certs::load_native_certs().certs.into_iter(), 0)
    }

    /// Nothing is trusted by it.
    pub(crate) fn none() -> Self {
        Self::new(std::iter::empty(), 0)
    }

    /// All of several sets.
    pub(crate) fn join(sets: &[Arc<Self>]) -> Arc<Self> {
        if let [only] = sets {
            return only.clone();
        }
        let mut store = RootCertStore::empty();
        let mut exact = HashSet::new();
        for set in sets {
            store.extend(set.store.roots.iter().cloned());
            exact.extend(&set.exact);
        }
        Arc::new(Self { store: Arc::new(store), exact, bytes: sets.iter().map(|set| set.bytes).sum() })
    }

    fn new(certificates: impl Iterator<Item = CertificateDer<'static>>, bytes: usize) -> Self {
        let mut store = RootCertStore::empty();
        let mut exact = HashSet::new();
        for certificate in certificates {
            let digest = Sha256::digest(&certificate).into();
            // One that cannot be an authority may still be a server's own.
            let _not_an_authority = store.add(certificate);
            exact.insert(digest);
        }
        Self { store: Arc::new(store), exact, bytes }
    }

    pub(crate) fn name(pem: &[u8]) -> RootsName {
        Sha256::digest(pem).into()
    }

    pub(crate) fn authorities(&self) -> &RootCertStore {
        &self.store
    }

    pub(crate) fn holds(&self, certificate: &CertificateDer<'_>) -> bool {
        !self.exact.is_empty() && self.exact.contains::<[u8; 32]>(&Sha256::digest(certificate).into())
    }

    pub(crate) fn len(&self) -> usize {
        self.exact.len()
    }

    /// The size of its PEM.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Whether `der` is one sequence to its end. What lies in it is looked at when it is used.
fn is_sequence(der: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = der else { return false };
    let short = usize::from(length & 0x7f);
    if length & 0x80 == 0 {
        return rest.len() == short;
    }
    let Some((digits, content)) = rest.split_at_checked(short) else { return false };
    digits.len() <= 4 && content.len() == digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit))
}
