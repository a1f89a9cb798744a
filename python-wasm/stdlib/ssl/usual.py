"""The usual ways to make an `SSLContext`: by what callers of Python's own `ssl` are used to."""

from typing import Any

from . import constants
from .constants import Purpose, VerifyFlags, VerifyMode, _SSLMethod
from .context import Path_, SSLContext


def create_default_context(
    purpose: Purpose = Purpose.SERVER_AUTH,
    *,
    cafile: Path_ | None = None,
    capath: Path_ | None = None,
    cadata: str | bytes | None = None,
) -> SSLContext:
    """A context that checks names and certificates, by these roots or the machine's."""
    if not isinstance(purpose, constants._ASN1Object):
        raise TypeError(purpose)
    server = purpose == Purpose.CLIENT_AUTH
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_SERVER if server else _SSLMethod.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | VerifyFlags.VERIFY_X509_STRICT
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    elif context.verify_mode is not VerifyMode.CERT_NONE:
        context.load_default_certs(purpose)
    return context


def _create_unverified_context(
    protocol: int | None = None,
    *,
    cert_reqs: int = VerifyMode.CERT_NONE,
    check_hostname: bool = False,
    purpose: Purpose = Purpose.SERVER_AUTH,
    certfile: Path_ | None = None,
    keyfile: Path_ | None = None,
    cafile: Path_ | None = None,
    capath: Path_ | None = None,
    cadata: str | bytes | None = None,
) -> SSLContext:
    """A context that checks nothing, where that is granted."""
    if not isinstance(purpose, constants._ASN1Object):
        raise TypeError(purpose)
    if protocol is None:
        client = purpose == Purpose.SERVER_AUTH
        protocol = _SSLMethod.PROTOCOL_TLS_CLIENT if client else _SSLMethod.PROTOCOL_TLS_SERVER
    context = SSLContext(protocol)
    context.check_hostname = check_hostname
    if cert_reqs is not None:
        context.verify_mode = cert_reqs
    if check_hostname:
        context.check_hostname = True
    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    if certfile or keyfile:
        context.load_cert_chain(certfile, keyfile)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    elif context.verify_mode is not VerifyMode.CERT_NONE:
        context.load_default_certs(purpose)
    return context


def _create_stdlib_context(protocol: int | None = None, **settings: Any) -> SSLContext:
    """What smtplib and its like use when they are given no context. By Python's rule it checks nothing; here it checks unless the
    contrary is granted."""
    context = _create_unverified_context(protocol, **settings)
    if context.verify_mode is VerifyMode.CERT_NONE and context.protocol is not _SSLMethod.PROTOCOL_TLS_SERVER:
        context._unless_granted = True
        if not context._roots:
            context.load_default_certs()
    return context
