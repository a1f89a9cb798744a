//! How a failure is told: with the reasons, texts and codes that scripts know from OpenSSL.

use rustls::{
    AlertDescription, CertificateError, Error, InconsistentKeys, InvalidMessage, PeerIncompatible,
    pki_types::ServerName,
};
use serde::Serialize;

use super::verifier::SelfSigned;

/// Why a context cannot be used or a connection is over; handed to the guest as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// The part of OpenSSL that would say so.
    pub(crate) library: &'static str,
    /// OpenSSL's word for it.
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// OpenSSL's number for why a certificate is not trusted.
    pub(crate) verify_code: Option<u16>,
}

impl Failure {
    pub(crate) fn new(library: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { library, reason, message: message.into(), verify_code: None }
    }

    fn ssl(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new("SSL", reason, message)
    }

    fn unverified(code: u16, why: impl Into<String>) -> Self {
        Self { verify_code: Some(code), ..Self::ssl("CERTIFICATE_VERIFY_FAILED", why) }
    }
}

impl From<Error> for Failure {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls adds variants: what is new gets a general word"
    )]
    fn from(error: Error) -> Self {
        match &error {
            Error::InvalidCertificate(why) => certificate(why),
            Error::AlertReceived(alert) => self::alert(*alert),
            // Most often something else than TLS is spoken there.
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::InvalidEmptyPayload,
            ) => Self::ssl("WRONG_VERSION_NUMBER", "wrong version number"),
            Error::InvalidMessage(why) => Self::ssl("BAD_DATA", format!("bad data: {why:?}")),
            Error::PeerIncompatible(
                why @ (PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                | PeerIncompatible::Tls13RequiredForQuic),
            ) => Self::ssl("UNSUPPORTED_PROTOCOL", format!("unsupported protocol: {why:?}")),
            Error::PeerIncompatible(why) => {
                Self::ssl("HANDSHAKE_FAILURE", format!("handshake failure: {why:?}"))
            }
            Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
                Self::ssl("UNEXPECTED_MESSAGE", format!("unexpected message: {error}"))
            }
            Error::PeerMisbehaved(why) => {
                Self::ssl("UNEXPECTED_MESSAGE", format!("unexpected message: {why:?}"))
            }
            Error::DecryptError => {
                Self::ssl("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "decryption failed or bad record mac")
            }
            Error::PeerSentOversizedRecord => Self::ssl("DATA_LENGTH_TOO_LONG", "data length too long"),
            Error::NoApplicationProtocol => {
                Self::ssl("TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "no application protocol in common")
            }
            Error::NoCertificatesPresented => {
                Self::ssl("PEER_DID_NOT_RETURN_A_CERTIFICATE", "peer did not return a certificate")
            }
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch | InconsistentKeys::Unknown) => {
                Self::new("X509", "KEY_VALUES_MISMATCH", "key values mismatch")
            }
            other => Self::ssl("INTERNAL_ERROR", format!("internal error: {other}")),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls adds variants: what is new gets a general word")]
fn certificate(error: &CertificateError) -> Failure {
    let (code, why) = match error {
        CertificateError::UnknownIssuer => (20, "unable to get local issuer certificate"),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (10, "certificate has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (9, "certificate is not yet valid")
        }
        CertificateError::Revoked => (23, "certificate revoked"),
        CertificateError::BadSignature => (7, "certificate signature failure"),
        CertificateError::UnhandledCriticalExtension => (34, "unhandled critical extension"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            (26, "unsuitable certificate purpose")
        }
        CertificateError::NotValidForNameContext { expected, .. } => return name_mismatch(expected),
        CertificateError::NotValidForName => (62, "hostname mismatch"),
        CertificateError::Other(other) => match other.0.downcast_ref::<SelfSigned>() {
            Some(SelfSigned::Own) => (18, "self-signed certificate"),
            Some(SelfSigned::InChain) => (19, "self-signed certificate in certificate chain"),
            None => {
                return Failure::unverified(
                    1,
                    format!("unspecified certificate verification error: {other}"),
                );
            }
        },
        other => {
            return Failure::unverified(1, format!("unspecified certificate verification error: {other}"));
        }
    };
    Failure::unverified(code, why)
}

fn name_mismatch(expected: &ServerName<'_>) -> Failure {
    let name = expected.to_str();
    if let ServerName::IpAddress(_) = expected {
        let why = format!("IP address mismatch, certificate is not valid for '{name}'.");
        return Failure::unverified(64, why);
    }
    Failure::unverified(62, format!("Hostname mismatch, certificate is not valid for '{name}'."))
}

/// What the server says is wrong with us. OpenSSL's words begin with the version that brought the alert.
#[expect(clippy::wildcard_enum_match_arm, reason = "rustls adds variants: what is new gets a general word")]
fn alert(alert: AlertDescription) -> Failure {
    let reason = match alert {
        AlertDescription::UnexpectedMessage => "SSLV3_ALERT_UNEXPECTED_MESSAGE",
        AlertDescription::BadRecordMac => "SSLV3_ALERT_BAD_RECORD_MAC",
        AlertDescription::RecordOverflow => "TLSV1_ALERT_RECORD_OVERFLOW",
        AlertDescription::HandshakeFailure => "SSLV3_ALERT_HANDSHAKE_FAILURE",
        AlertDescription::BadCertificate => "SSLV3_ALERT_BAD_CERTIFICATE",
        AlertDescription::UnsupportedCertificate => "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        AlertDescription::CertificateRevoked => "SSLV3_ALERT_CERTIFICATE_REVOKED",
        AlertDescription::CertificateExpired => "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        AlertDescription::CertificateUnknown => "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        AlertDescription::IllegalParameter => "SSLV3_ALERT_ILLEGAL_PARAMETER",
        AlertDescription::UnknownCA => "TLSV1_ALERT_UNKNOWN_CA",
        AlertDescription::AccessDenied => "TLSV1_ALERT_ACCESS_DENIED",
        AlertDescription::DecodeError => "TLSV1_ALERT_DECODE_ERROR",
        AlertDescription::DecryptError => "TLSV1_ALERT_DECRYPT_ERROR",
        AlertDescription::ProtocolVersion => "TLSV1_ALERT_PROTOCOL_VERSION",
        AlertDescription::InsufficientSecurity => "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        AlertDescription::InternalError => "TLSV1_ALERT_INTERNAL_ERROR",
        AlertDescription::UserCanceled => "TLSV1_ALERT_USER_CANCELLED",
        AlertDescription::NoRenegotiation => "TLSV1_ALERT_NO_RENEGOTIATION",
        AlertDescription::MissingExtension => "TLSV13_ALERT_MISSING_EXTENSION",
        AlertDescription::UnsupportedExtension => "TLSV1_UNSUPPORTED_EXTENSION",
        AlertDescription::UnrecognisedName => "TLSV1_UNRECOGNIZED_NAME",
        AlertDescription::CertificateRequired => "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        AlertDescription::NoApplicationProtocol => "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        other => return Failure::ssl("SSLV3_ALERT_OTHER", format!("alert from the server: {other:?}")),
    };
    Failure::ssl(reason, reason.to_ascii_lowercase().replace('_', " "))
}
