//! An authority that only one test knows, and what it vouches for.

use std::{net::Ipv4Addr, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;

/// `ca.pem`; `server.pem` and `server.key` for an address and the name `service.test`; `client.pem` and `client.key` for a
/// client named `action`.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn new(address: Ipv4Addr) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut params = CertificateParams::new([]).expect("it has no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let ca = CertifiedIssuer::self_signed(params, key()).expect("it can be signed");
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).expect("a file can be written");
        };
        write("ca.pem", ca.pem());
        let server = [address.to_string(), "service.test".to_owned()];
        for (name, names, purpose) in [
            ("server", server.as_slice(), ExtendedKeyUsagePurpose::ServerAuth),
            ("client", &[], ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            let mut params = CertificateParams::new(names).expect("they are names");
            params.extended_key_usages.push(purpose);
            let common = if name == "client" { "action" } else { name };
            params.distinguished_name.push(DnType::CommonName, common);
            let key = key();
            let certificate = params.signed_by(&key, &ca).expect("it can be signed");
            write(&format!("{name}.pem"), certificate.pem());
            write(&format!("{name}.key"), key.serialize_pem());
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}
