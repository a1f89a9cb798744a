//! Root certificates: a set of them as a guest uploads it, or those of this machine.

use std::{collections::HashSet, sync::Arc};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use sha2::{Digest as _, Sha256};

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
    /// All certificates in a PEM; other blocks are passed over. Nothing when it holds none.
    pub(crate) fn parse(pem: &[u8]) -> Option<Self> {
        let certificates = CertificateDer::pem_slice_iter(pem).map_while(Result::ok);
        let roots = Self::new(certificates, pem.len());
        (!roots.exact.is_empty()).then_some(roots)
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
