//! What a guest asks of a connection, as JSON, and the rustls configuration that it means.

use std::sync::Arc;

use rustls::{
    ClientConfig, SupportedProtocolVersion,
    client::Resumption,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    failure::Failure,
    roots::{Roots, RootsName},
    verifier::{Names, Trust, Verifier},
};

/// Sets of roots in one context.
const SETS_MAX: usize = 16;
/// Protocols to choose from, and the length of the name of each in TLS.
const ALPN_MAX: usize = 32;
const ALPN_BYTES_MAX: usize = 255;
/// No longer host name exists.
const NAME_BYTES_MAX: usize = 253;
/// Stands for the name when none is known; it is neither sent nor compared.
const NO_NAME: &str = "name.invalid";

/// A connection as the guest's `ssl` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Who is to be reached: a host name or an address.
    name: Option<String>,
    /// Names of sets that were uploaded, in hexadecimal.
    roots: Vec<String>,
    /// Whether the machine's own roots are trusted too.
    system: bool,
    verify: Verify,
    check_name: bool,
    alpn: Vec<String>,
    /// The oldest and the newest version: 12 or 13.
    min: u8,
    max: u8,
    /// Our own certificate with its chain, and its key, both PEM.
    cert: Option<String>,
    key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verify {
    Required,
    /// Anyone is trusted; only where that is granted.
    None,
    /// As `None` where that is granted, else as `Required`, names checked.
    IfMust,
}

/// Whether a run may talk to servers whose certificate nobody checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unverified {
    /// Certificates are checked, whatever the script says.
    #[default]
    Refused,
    /// Scripts may turn the check off.
    Granted,
}

/// Why a request cannot be met.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It asks for what is not granted.
    NotGranted,
    /// A set of roots is not known (any more).
    UnknownRoots,
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A request that passed all checks on its form.
#[derive(Debug)]
pub(crate) struct Plan {
    request: Request,
    pub(crate) roots: Vec<RootsName>,
    pub(crate) system: bool,
    trust: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Anyone,
    Roots(Names),
}

impl Request {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(json).map_err(|error| invalid(format!("a request that is none: {error}")))
    }

    /// What to do for it.
    pub(crate) fn plan(self, unverified: Unverified) -> Result<Plan, Refusal> {
        let roots: Option<Vec<_>> = self.roots.iter().map(|name| parse_name(name)).collect();
        let roots = roots.filter(|names| names.len() <= SETS_MAX);
        let roots =
            roots.ok_or_else(|| invalid(format!("at most {SETS_MAX} sets of roots, by their hash")))?;
        if self.alpn.len() > ALPN_MAX
            || self.alpn.iter().any(|name| name.is_empty() || name.len() > ALPN_BYTES_MAX)
        {
            return Err(
                invalid(format!("at most {ALPN_MAX} protocols of 1 to {ALPN_BYTES_MAX} bytes")).into()
            );
        }
        let names = if self.check_name { Names::Checked } else { Names::Forgiven };
        let (trust, system) = match (self.verify, unverified) {
            (Verify::Required, _) => (Asked::Roots(names), self.system),
            (Verify::None | Verify::IfMust, Unverified::Granted) => (Asked::Anyone, false),
            (Verify::None, Unverified::Refused) => return Err(Refusal::NotGranted),
            (Verify::IfMust, Unverified::Refused) => (Asked::Roots(Names::Checked), self.system),
        };
        Ok(Plan { roots, system, trust, request: self })
    }
}

impl Plan {
    /// Under which this configuration is kept for others that ask for the same; nothing when it holds a key.
    pub(crate) fn key(&self) -> Option<[u8; 32]> {
        if self.request.cert.is_some() || self.request.key.is_some() {
            return None;
        }
        let anonymous = Request { name: None, ..self.request.clone() };
        let text = serde_json::to_vec(&(anonymous, format!("{:?}", self.trust), self.request.name.is_some()));
        text.ok().map(|text| Sha256::digest(text).into())
    }

    /// `roots`: the sets of `self.roots`, and the machine's if `self.system`.
    pub(crate) fn config(&self, roots: &[Arc<Roots>]) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(ring::default_provider());
        let trust = match self.trust {
            Asked::Anyone => Trust::Anyone,
            Asked::Roots(names) => Trust::Roots(Roots::join(roots), names),
        };
        let algorithms = provider.signature_verification_algorithms;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions()?)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { trust, algorithms }));
        let mut config = match (&self.request.cert, &self.request.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), key) => {
                let (chain, key) = identity(&provider, cert, key.as_ref().unwrap_or(cert))?;
                builder.with_client_auth_cert(chain, key)?
            }
            (None, Some(_)) => return Err(invalid("a key without a certificate")),
        };
        config.alpn_protocols = self.request.alpn.iter().map(|name| name.clone().into_bytes()).collect();
        config.enable_sni = self.request.name.is_some();
        // Tickets would be shared by all who share the configuration.
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    pub(crate) fn name(&self) -> Result<ServerName<'static>, Failure> {
        match &self.request.name {
            None if self.trust == Asked::Roots(Names::Checked) => {
                Err(invalid("check_hostname requires server_hostname"))
            }
            None => ServerName::try_from(NO_NAME).map_err(|_| invalid("no name")),
            Some(name) if name.len() > NAME_BYTES_MAX => Err(invalid("the host name is too long")),
            Some(name) => ServerName::try_from(name.clone())
                .map_err(|_| invalid(format!("{name:?} is neither a host name nor an address"))),
        }
    }

    fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Failure> {
        let within = |version: u8| self.request.min <= version && version <= self.request.max;
        let known = [(12, &TLS12), (13, &TLS13)];
        let versions: Vec<_> =
            known.into_iter().filter_map(|(number, version)| within(number).then_some(version)).collect();
        if versions.is_empty() {
            return Err(Failure::new(
                "SSL",
                "NO_PROTOCOLS_AVAILABLE",
                "no protocols available: TLS 1.2 and 1.3 are spoken here, and both are excluded",
            ));
        }
        Ok(versions)
    }
}

fn identity(
    provider: &CryptoProvider,
    cert: &str,
    key: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
    let chain = CertificateDer::pem_slice_iter(cert.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|_| Failure::new("SSL", "PEM_LIB", "PEM lib: a certificate cannot be read"))?;
    if chain.is_empty() {
        return Err(Failure::new("PEM", "NO_START_LINE", "no start line: the PEM holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| {
        Failure::new(
            "PEM",
            "NO_START_LINE",
            "no start line: the PEM holds no private key that is not encrypted",
        )
    })?;
    provider.key_provider.load_private_key(key.clone_key()).map_err(|error| {
        Failure::new("SSL", "PEM_LIB", format!("the private key cannot be used: {error}"))
    })?;
    Ok((chain, key))
}

fn parse_name(hex: &str) -> Option<RootsName> {
    let mut name = RootsName::default();
    if hex.len() != 2 * name.len() || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in name.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(name)
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new("SSL", "INVALID_REQUEST", message)
}
