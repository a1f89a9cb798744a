"""Sets of root certificates that a context trusts. The host knows a set by its hash for as long as it has room; the PEM stays
here, for sets outlive the host's memory of them: in images, and in the memory of stateful actions."""

import os
import weakref
from pathlib import Path

import _tls

from . import certificate, errors

_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_known: "weakref.WeakValueDictionary[str, RootSet]" = weakref.WeakValueDictionary()


class RootSet:
    """One PEM."""

    __slots__ = ("__weakref__", "name", "pem")

    def __init__(self, pem: bytes, name: str) -> None:
        self.pem = pem
        self.name = name

    def upload(self) -> None:
        _upload(self.pem)


def _upload(pem: bytes) -> str:
    name = _tls.roots(pem)
    if name == 0:
        raise errors.failure("X509", "NO_CERTIFICATE_OR_CRL_FOUND", "no certificate or crl found")
    if isinstance(name, int):
        raise errors.of_number(name)
    return name.hex()


def of_pem(pem: bytes) -> RootSet:
    name = _upload(pem)
    known = _known.get(name)
    if known is None:
        known = _known[name] = RootSet(pem, name)
    return known


def of_data(data: str | bytes) -> RootSet:
    """PEM as text, or DER of one certificate after another."""
    if isinstance(data, str):
        try:
            pem = data.encode("ascii")
        except UnicodeEncodeError:
            raise ValueError("cadata should be an ASCII string or a bytes-like object") from None
        if certificate.PEM_HEADER.encode() not in pem:
            raise errors.failure("PEM", "NO_START_LINE", "no start line: cadata does not contain a certificate")
        return of_pem(pem)
    try:
        ders = certificate.split_der(bytes(data))
    except IndexError:
        ders = []
    if not ders:
        raise errors.failure("ASN1", "NOT_ENOUGH_DATA", "not enough data: cadata does not contain a certificate")
    return of_pem("".join(map(certificate.DER_cert_to_PEM_cert, ders)).encode("ascii"))


def of_directory(path: str) -> RootSet | None:
    """All certificates in a directory's files."""
    pems = [file.read_bytes() for file in sorted(Path(path).iterdir()) if file.is_file()]
    pems = [pem for pem in pems if certificate.PEM_HEADER.encode() in pem]
    return of_pem(b"\n".join(pems)) if pems else None


def of_environment() -> list[RootSet] | None:
    """Those that the action's own variables name in place of the machine's."""
    file, directory = (os.environ.get(name) for name in _FILES)
    if file and Path(file).is_file():
        return [of_pem(Path(file).read_bytes())]
    if directory and Path(directory).is_dir():
        found = of_directory(directory)
        return [] if found is None else [found]
    return None
