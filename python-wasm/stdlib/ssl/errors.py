"""What `ssl` raises, and how the host's answers become it."""

import errno
import json
import os

import _tls

from .constants import SSLErrorNumber

_FAILURE = 0
_NO_CONNECTION = 0


class SSLError(OSError):
    """TLS failed. `library` and `reason` are OpenSSL's words."""

    library: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return self.strerror if isinstance(self.strerror, str) else str(self.args[0] if len(self.args) == 1 else self.args)


class SSLZeroReturnError(SSLError):
    """The connection was closed properly."""


class SSLWantReadError(SSLError):
    """More has to be received first."""


class SSLWantWriteError(SSLError):
    """More has to be sent first."""


class SSLSyscallError(SSLError):
    """A system call failed."""


class SSLEOFError(SSLError):
    """The connection was cut off."""


class SSLCertVerificationError(SSLError, ValueError):
    """The server is not trusted. `verify_code` and `verify_message` say why, as OpenSSL would."""

    verify_code: int = 0
    verify_message: str = ""


class SSLPermissionError(SSLError, PermissionError):
    """Refused, because nobody granted it."""


CertificateError = SSLCertVerificationError


def want_read() -> SSLWantReadError:
    return SSLWantReadError(int(SSLErrorNumber.SSL_ERROR_WANT_READ), "The operation did not complete (read)")


def want_write() -> SSLWantWriteError:
    return SSLWantWriteError(int(SSLErrorNumber.SSL_ERROR_WANT_WRITE), "The operation did not complete (write)")


def cut_off() -> SSLEOFError:
    error = SSLEOFError(
        int(SSLErrorNumber.SSL_ERROR_EOF), "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol"
    )
    error.library, error.reason = "SSL", "UNEXPECTED_EOF_WHILE_READING"
    return error


def failure(library: str, reason: str, message: str) -> SSLError:
    """An error in OpenSSL's form."""
    error = SSLError(int(SSLErrorNumber.SSL_ERROR_SSL), f"[{library}: {reason}] {message}")
    error.library, error.reason = library, reason
    return error


def of_connection(number: int) -> SSLError:
    """Why a connection is over, or with no number why none came up."""
    told = _tls.fact(number, _FAILURE)
    if isinstance(told, int):
        return failure("SSL", "INTERNAL_ERROR", "internal error")
    told = json.loads(told)
    code, message = told["verify_code"], told["message"]
    if code is None:
        return failure(told["library"], told["reason"], message)
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message}"
    error = SSLCertVerificationError(int(SSLErrorNumber.SSL_ERROR_SSL), text)
    error.library, error.reason = "SSL", "CERTIFICATE_VERIFY_FAILED"
    error.verify_code, error.verify_message = code, message
    return error


def of_number(number: int) -> OSError:
    """What an error number of `_tls` means where no connection came up."""
    code = -number
    if code == errno.EINVAL:
        return of_connection(_NO_CONNECTION)
    if code == errno.EACCES:
        return SSLPermissionError(
            errno.EACCES,
            "a server's certificate must be checked: verify_mode = CERT_NONE (verify=False) needs the grant `unverified_tls` "
            "(actiond run --allow-unverified-tls); to trust a certificate of your own, load it with load_verify_locations() "
            "(verify=FILE)",
        )
    if code == errno.ENETDOWN:
        return OSError(errno.ENETDOWN, "no connection while the action is imported: connect in main()")
    if code == errno.EMSGSIZE:
        return failure("SSL", "DATA_LENGTH_TOO_LONG", "at most 4 MiB of root certificates in a set, 1 MiB of all else")
    if code == errno.ENOSPC:
        return failure("SSL", "DATA_LENGTH_TOO_LONG", "at most 16 MiB of root certificates in a run")
    if code == errno.EMFILE:
        return OSError(errno.EMFILE, "too many TLS connections at one time")
    return OSError(code, os.strerror(code))
