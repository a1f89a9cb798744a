//! Whether a server is who it should be. Owns the rules; what a failure is called is in `failure.rs`.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{
    certificate::{Certificate, Validity},
    roots::Roots,
};

/// What is asked of a server's certificate. That the server holds its key is asked always.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// Anyone is trusted.
    Anyone,
    /// Whoever these vouch for.
    Roots(Arc<Roots>, Names),
}

/// Whether the certificate must be for the name that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Checked,
    Forgiven,
}

/// A certificate that vouches for itself and that nobody else vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelfSigned {
    #[error("self-signed certificate")]
    Own,
    #[error("self-signed certificate in certificate chain")]
    InChain,
}

#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) trust: Trust,
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trust::Roots(roots, names) = &self.trust else { return Ok(ServerCertVerified::assertion()) };
        if roots.holds(own) {
            check_time(own, now)?;
        } else {
            self.check_chain(roots, own, chain, now)?;
        }
        match names {
            Names::Checked => verify_server_name(&ParsedCertificate::try_from(own)?, name)?,
            Names::Forgiven => {}
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    fn check_chain(
        &self,
        roots: &Roots,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(own)?;
        let (authorities, algorithms) = (roots.authorities(), self.algorithms.all);
        let checked = verify_server_cert_signed_by_trust_anchor(&parsed, authorities, chain, now, algorithms);
        let unknown = matches!(
            checked,
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)))
        );
        match self_signed(own, chain) {
            Some(signed) if unknown => {
                Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(signed)))))
            }
            Some(_) | None => checked,
        }
    }
}

fn check_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    match Certificate::parse(certificate).map(|certificate| certificate.validity(now)) {
        Some(Validity::Now) => Ok(()),
        Some(Validity::Later) => Err(CertificateError::NotValidYet.into()),
        Some(Validity::Over) => Err(CertificateError::Expired.into()),
        None => Err(CertificateError::BadEncoding.into()),
    }
}

fn self_signed(own: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> Option<SelfSigned> {
    let vouches_for_itself =
        |der| Certificate::parse(der).is_some_and(|certificate| certificate.self_issued());
    if vouches_for_itself(own) {
        Some(SelfSigned::Own)
    } else if chain.iter().any(|certificate| vouches_for_itself(certificate)) {
        Some(SelfSigned::InChain)
    } else {
        None
    }
}
