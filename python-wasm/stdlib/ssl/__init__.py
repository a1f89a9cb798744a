"""TLS for scripts, in the form of Python's own `ssl`, on the host's TLS engine. Clients only.

`constants.py`, `errors.py` and `certificate.py` own names, exceptions and the reading of certificates; `roots.py` and
`context.py` what connections have in common, `usual.py` the usual ways to make that; `engine.py` one connection of the host's,
`stream.py` and `bio.py` what carries its bytes.
"""

import os
import sys
from collections import namedtuple
from socket import SO_TYPE, SOCK_STREAM, SOL_SOCKET, create_connection, socket

from .bio import MemoryBIO, SSLObject
from .certificate import (
    PEM_FOOTER,
    PEM_HEADER,
    DER_cert_to_PEM_cert,
    PEM_cert_to_DER_cert,
    cert_time_to_seconds,
)
from .constants import (
    _OPENSSL_API_VERSION,
    CHANNEL_BINDING_TYPES,
    HAS_ALPN,
    HAS_ECDH,
    HAS_NEVER_CHECK_COMMON_NAME,
    HAS_NPN,
    HAS_PSK,
    HAS_SNI,
    MEMBERS,
    OPENSSL_VERSION,
    OPENSSL_VERSION_INFO,
    OPENSSL_VERSION_NUMBER,
    AlertDescription,
    HAS_SSLv2,
    HAS_SSLv3,
    HAS_TLSv1,
    HAS_TLSv1_1,
    HAS_TLSv1_2,
    HAS_TLSv1_3,
    Options,
    Purpose,
    SSLErrorNumber,
    TLSVersion,
    VerifyFlags,
    VerifyMode,
    _ASN1Object,
    _SSLMethod,
)
from .context import SSLContext
from .errors import (
    CertificateError,
    SSLCertVerificationError,
    SSLEOFError,
    SSLError,
    SSLPermissionError,
    SSLSyscallError,
    SSLWantReadError,
    SSLWantWriteError,
    SSLZeroReturnError,
)
from .stream import SSLSocket
from .usual import _create_stdlib_context, _create_unverified_context, create_default_context

socket_error = OSError
_create_default_https_context = create_default_context
# CERT_NONE, OP_NO_TLSv1_3 and all the others.
globals().update(MEMBERS)

DefaultVerifyPaths = namedtuple(
    "DefaultVerifyPaths", "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath"
)


class SSLSession:
    """No sessions are resumed."""


def get_default_verify_paths() -> DefaultVerifyPaths:
    """Only what the action's own variables say: the roots of the machine are not among the guest's files."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    cafile = file if file and os.path.isfile(file) else None  # noqa: PTH113
    capath = directory if directory and os.path.isdir(directory) else None  # noqa: PTH112
    return DefaultVerifyPaths(cafile, capath, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")


def get_protocol_name(protocol_code: int) -> str:
    try:
        return _SSLMethod(protocol_code).name
    except ValueError:
        return "<unknown>"


def get_server_certificate(
    addr: tuple[str, int],
    ssl_version: int = _SSLMethod.PROTOCOL_TLS_CLIENT,
    ca_certs: str | None = None,
    timeout: float | None = None,
) -> str:
    """A server's certificate as PEM; without roots to check it by, only where that is granted."""
    reqs = VerifyMode.CERT_NONE if ca_certs is None else VerifyMode.CERT_REQUIRED
    context = _create_unverified_context(ssl_version, cert_reqs=reqs, cafile=ca_certs)
    with create_connection(addr, timeout) as plain, context.wrap_socket(plain, server_hostname=addr[0]) as secured:
        return DER_cert_to_PEM_cert(secured.getpeercert(True))


def RAND_bytes(n: int, /) -> bytes:
    return os.urandom(n)


def RAND_status() -> bool:
    return True


def RAND_add(_string: str | bytes, _entropy: float, /) -> None:
    """Accepted and without effect."""


# Tracebacks and `repr` name these as scripts do.
for _name, _value in list(vars(sys.modules[__name__]).items()):
    if isinstance(_value, type) and _value.__module__.startswith("ssl."):
        _value.__module__ = "ssl"
del _name, _value

__all__ = [
    "CHANNEL_BINDING_TYPES", "HAS_ALPN", "HAS_ECDH", "HAS_NEVER_CHECK_COMMON_NAME", "HAS_NPN", "HAS_PSK", "HAS_SNI",
    "OPENSSL_VERSION", "OPENSSL_VERSION_INFO", "OPENSSL_VERSION_NUMBER", "PEM_FOOTER", "PEM_HEADER", "SOCK_STREAM", "SOL_SOCKET",
    "SO_TYPE", "AlertDescription", "CertificateError", "DER_cert_to_PEM_cert", "DefaultVerifyPaths", "HAS_SSLv2", "HAS_SSLv3",
    "HAS_TLSv1", "HAS_TLSv1_1", "HAS_TLSv1_2", "HAS_TLSv1_3", "MemoryBIO", "Options", "PEM_cert_to_DER_cert", "Purpose",
    "RAND_add", "RAND_bytes", "RAND_status", "SSLCertVerificationError", "SSLContext", "SSLEOFError", "SSLError",
    "SSLErrorNumber", "SSLObject", "SSLPermissionError",
    "SSLSession", "SSLSocket", "SSLSyscallError", "SSLWantReadError", "SSLWantWriteError",
    "SSLZeroReturnError", "TLSVersion", "VerifyFlags", "VerifyMode", "_ASN1Object", "_OPENSSL_API_VERSION", "_SSLMethod",
    "_create_default_https_context", "_create_stdlib_context", "_create_unverified_context", "cert_time_to_seconds",
    "create_connection", "create_default_context", "get_default_verify_paths", "get_protocol_name", "get_server_certificate",
    "socket", "socket_error", *MEMBERS,
]  # fmt: skip
