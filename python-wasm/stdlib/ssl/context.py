"""`SSLContext`: what connections have in common."""

import errno
import json
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import _tls

from . import certificate, constants, errors, roots
from .bio import MemoryBIO, SSLObject
from .constants import Options, Purpose, TLSVersion, VerifyFlags, VerifyMode, _SSLMethod
from .engine import Engine
from .stream import SSLSocket

type Path_ = str | bytes | os.PathLike[str] | os.PathLike[bytes]
type Password = Callable[[], str | bytes | bytearray] | str | bytes | bytearray

_SERVER = "TLS for servers is not offered here: an action connects, it does not listen"
_NO_VERSION = Options.OP_NO_SSLv3 | Options.OP_NO_TLSv1 | Options.OP_NO_TLSv1_1 | Options.OP_NO_TLSv1_2 | Options.OP_NO_TLSv1_3
# How often sets of roots are brought back that the host let go of meanwhile.
_UPLOADS = 3


class SSLContext:
    """Settings of connections; rustls's where it offers no choice."""

    sslsocket_class: type[SSLSocket] = SSLSocket
    sslobject_class: type[SSLObject] = SSLObject

    def __new__(cls, protocol: int | None = None, *_args: object, **_kwargs: object) -> Self:
        if protocol is None:
            warnings.warn("ssl.SSLContext() without protocol argument is deprecated.", DeprecationWarning, stacklevel=2)
            protocol = _SSLMethod.PROTOCOL_TLS
        protocol = _SSLMethod(protocol)
        self = super().__new__(cls)
        if protocol not in (_SSLMethod.PROTOCOL_TLS_CLIENT, _SSLMethod.PROTOCOL_TLS_SERVER):
            _deprecated(f"ssl.{protocol.name} is deprecated")
        client = protocol is _SSLMethod.PROTOCOL_TLS_CLIENT
        self._protocol = protocol
        self._check_hostname = client
        self._verify_mode = VerifyMode.CERT_REQUIRED if client else VerifyMode.CERT_NONE
        # Of the standard library's own modules where nobody gave them a context: they would check nothing.
        self._unless_granted = False
        self._roots: list[roots.RootSet] = []
        self._system = False
        self._alpn: list[str] = []
        self._identity: tuple[str, str | None] | None = None
        self._options = (
            Options.OP_ALL | Options.OP_NO_SSLv3 | Options.OP_NO_COMPRESSION | Options.OP_CIPHER_SERVER_PREFERENCE
            | Options.OP_ENABLE_MIDDLEBOX_COMPAT
        )  # fmt: skip
        self._verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        only = {_SSLMethod.PROTOCOL_TLSv1: TLSVersion.TLSv1, _SSLMethod.PROTOCOL_TLSv1_1: TLSVersion.TLSv1_1,
                _SSLMethod.PROTOCOL_TLSv1_2: TLSVersion.TLSv1_2}.get(protocol)  # fmt: skip
        self._minimum = TLSVersion.TLSv1_2 if only is None else only
        self._maximum = TLSVersion.MAXIMUM_SUPPORTED if only is None else only
        self.post_handshake_auth = False
        self.hostname_checks_common_name = False
        self._num_tickets = 2
        self.security_level = 2
        self.sni_callback: object = None
        return self

    def __init__(self, protocol: int | None = None) -> None:
        pass

    # Settings.

    @property
    def protocol(self) -> _SSLMethod:
        return self._protocol

    @property
    def check_hostname(self) -> bool:
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, check: object) -> None:
        self._check_hostname = bool(check)
        if check and self._verify_mode is VerifyMode.CERT_NONE:
            self._verify_mode = VerifyMode.CERT_REQUIRED

    @property
    def verify_mode(self) -> VerifyMode:
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        try:
            mode = VerifyMode(_number(mode))
        except ValueError:
            raise ValueError("invalid value for verify_mode") from None
        if mode is VerifyMode.CERT_NONE and self._check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = mode
        self._unless_granted = False

    @property
    def options(self) -> Options:
        return self._options

    @options.setter
    def options(self, options: int) -> None:
        options = _number(options)
        if not 0 <= options < 1 << 64:
            raise OverflowError("options are 64 bits")
        if options & ~self._options & _NO_VERSION:
            _deprecated("ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated")
        self._options = Options(options)

    @property
    def verify_flags(self) -> VerifyFlags:
        return self._verify_flags

    @verify_flags.setter
    def verify_flags(self, flags: int) -> None:
        self._verify_flags = VerifyFlags(_number(flags))

    @property
    def minimum_version(self) -> TLSVersion:
        return self._minimum

    @minimum_version.setter
    def minimum_version(self, version: int) -> None:
        self._minimum = _version(version)

    @property
    def maximum_version(self) -> TLSVersion:
        return self._maximum

    @maximum_version.setter
    def maximum_version(self, version: int) -> None:
        self._maximum = _version(version)

    @property
    def num_tickets(self) -> int:
        return self._num_tickets

    @num_tickets.setter
    def num_tickets(self, count: int) -> None:
        if _number(count) < 0:
            raise ValueError("value must be non-negative")
        if self._protocol is not _SSLMethod.PROTOCOL_TLS_SERVER:
            raise ValueError("SSLContext is not a server context.")
        self._num_tickets = count

    @property
    def keylog_filename(self) -> None:
        return None

    @keylog_filename.setter
    def keylog_filename(self, filename: Path_ | None) -> None:
        if filename is not None:
            raise NotImplementedError("the secrets of connections are not written down here")

    def set_ciphers(self, cipherlist: str, /) -> None:
        """Accepted and without effect: every suite there is, is a good one."""
        if not isinstance(cipherlist, str):
            raise TypeError("a list of ciphers is text")
        if not cipherlist or cipherlist.isspace():
            raise errors.SSLError("No cipher can be selected.")

    def get_ciphers(self) -> list[dict[str, object]]:
        return [
            {
                "name": name,
                "protocol": version,
                "strength_bits": bits,
                "alg_bits": bits,
                "aead": True,
                "description": f"{name} {version} Enc=AEAD({bits})",
            }
            for name, version, bits in constants.ciphers()
        ]

    def set_alpn_protocols(self, alpn_protocols: list[str]) -> None:
        for name in alpn_protocols:
            if not 0 < len(bytes(name, "ascii")) < 256:
                raise errors.SSLError("ALPN protocols must be 1 to 255 bytes long")
        self._alpn = list(alpn_protocols)

    def set_npn_protocols(self, npn_protocols: list[str]) -> None:
        raise NotImplementedError("NPN is not offered; use ALPN")

    def set_servername_callback(self, server_name_callback: object) -> None:
        if server_name_callback is not None and not callable(server_name_callback):
            raise TypeError("not a callable object")
        self.sni_callback = server_name_callback

    def set_ecdh_curve(self, name: str | bytes, /) -> None:
        """Accepted and without effect: which curve, servers and rustls agree on."""
        if os.fsdecode(name) not in constants.CURVES:
            raise ValueError(f"unknown elliptic curve name {name!r}")

    def load_dh_params(self, path: Path_, /) -> None:
        raise NotImplementedError(_SERVER)

    def session_stats(self) -> dict[str, int]:
        names = "number connect connect_good connect_renegotiate accept accept_good accept_renegotiate hits misses timeouts"
        return dict.fromkeys([*names.split(), "cache_full"], 0)

    # Whom to trust, and who we are.

    def load_verify_locations(
        self, cafile: Path_ | None = None, capath: Path_ | None = None, cadata: str | bytes | None = None
    ) -> None:
        if cafile is None and capath is None and not cadata:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        if cafile is not None:
            self._trust(roots.of_pem(_read(cafile)))
        if cadata:
            self._trust(roots.of_data(cadata))
        if capath is not None and Path(os.fsdecode(capath)).is_dir():
            found = roots.of_directory(os.fsdecode(capath))
            if found is not None:
                self._trust(found)

    def load_default_certs(self, purpose: Purpose = Purpose.SERVER_AUTH) -> None:
        if not isinstance(purpose, constants._ASN1Object):
            raise TypeError(purpose)
        self.set_default_verify_paths()

    def set_default_verify_paths(self) -> None:
        own = roots.of_environment()
        if own is None:
            self._system = True
        for root_set in own or ():
            self._trust(root_set)

    def _trust(self, root_set: roots.RootSet) -> None:
        if root_set not in self._roots:
            self._roots.append(root_set)

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        ders = [der for der in self._trusted() if certificate.is_authority(der)]
        return ders if binary_form else [certificate.decode(der) for der in ders]

    def cert_store_stats(self) -> dict[str, int]:
        return {"x509": len(self._trusted()), "crl": 0, "x509_ca": len(self.get_ca_certs(binary_form=True))}

    def _trusted(self) -> list[bytes]:
        return list(dict.fromkeys(der for root_set in self._roots for der in certificate.split_pem(root_set.pem)))

    def load_cert_chain(self, certfile: Path_, keyfile: Path_ | None = None, password: Password | None = None) -> None:
        cert = _read(certfile).decode("utf-8", "replace")
        key = None if keyfile is None else _read(keyfile).decode("utf-8", "replace")
        if "ENCRYPTED" in (key or cert):
            raise errors.failure("SSL", "ENCRYPTED_KEY", "encrypted keys cannot be read here: decrypt it before you bundle it")
        asked = self._request(None) | {"cert": cert, "key": key, "roots": [], "system": False}
        answer = _tls.check(json.dumps(asked).encode())
        if answer < 0:
            raise errors.of_number(answer)
        self._identity = cert, key

    # Connections.

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: object = None,
    ) -> SSLSocket:
        return self.sslsocket_class._create(
            sock=sock,
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            suppress_ragged_eofs=suppress_ragged_eofs,
            server_hostname=self._encode_hostname(server_hostname),
            context=self,
            session=session,
        )

    def wrap_bio(
        self,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: object = None,
    ) -> SSLObject:
        return self.sslobject_class._create(
            incoming,
            outgoing,
            server_side=server_side,
            server_hostname=self._encode_hostname(server_hostname),
            session=session,
            context=self,
        )

    def _encode_hostname(self, hostname: str | bytes | None) -> str | None:
        if hostname is None:
            return None
        if not isinstance(hostname, str):
            return hostname.decode("ascii")
        # The codec is seldom needed and slow to come.
        return hostname if hostname.isascii() else hostname.encode("idna").decode("ascii")

    def _check(self, server_side: bool, server_hostname: str | None) -> None:
        """Refuse what cannot be, before anything is opened."""
        if server_side:
            if server_hostname:
                raise ValueError("server_hostname can only be specified in client mode")
            raise NotImplementedError(_SERVER)
        if self._protocol is _SSLMethod.PROTOCOL_TLS_SERVER:
            raise errors.failure("SSL", "CALLED_A_FUNCTION_YOU_SHOULD_NOT_CALL", _SERVER)
        if self._check_hostname and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")
        if server_hostname is not None and (not server_hostname or server_hostname.startswith(".")):
            raise ValueError("server_hostname cannot be an empty string or start with a leading dot.")
        if server_hostname is not None and "\0" in server_hostname:
            raise TypeError("server_hostname must be without null characters")

    def _open(self, server_side: bool, server_hostname: str | None) -> Engine:
        self._check(server_side, server_hostname)
        request = json.dumps(self._request(server_hostname)).encode()
        number = _tls.open(request)
        for _again in range(_UPLOADS):
            if number != -errno.ENOENT:
                break
            for root_set in self._roots:
                root_set.upload()
            number = _tls.open(request)
        if number < 0:
            raise errors.of_number(number)
        return Engine(number, server_hostname, self._verify_mode is not VerifyMode.CERT_NONE)

    def _request(self, server_hostname: str | None) -> dict[str, object]:
        verify = "required"
        if self._verify_mode is VerifyMode.CERT_NONE:
            verify = "if_must" if self._unless_granted and server_hostname else "none"
        oldest, newest = self._versions()
        cert, key = self._identity or (None, None)
        return {
            "name": server_hostname,
            "roots": [root_set.name for root_set in self._roots],
            "system": self._system,
            "verify": verify,
            "check_name": self._check_hostname,
            "alpn": self._alpn,
            "min": oldest,
            "max": newest,
            "cert": cert,
            "key": key,
        }

    def _versions(self) -> tuple[int, int]:
        """The oldest and the newest, as 12 or 13; 11 and 14 stand for what there is not."""
        oldest = 13 if self._minimum is TLSVersion.TLSv1_3 else 12
        newest = {TLSVersion.MAXIMUM_SUPPORTED: 13, TLSVersion.TLSv1_3: 13, TLSVersion.TLSv1_2: 12}.get(self._maximum, 11)
        if self._minimum is TLSVersion.MAXIMUM_SUPPORTED:
            oldest = 13
        if Options.OP_NO_TLSv1_3 in self._options:
            newest = min(newest, 12)
        if Options.OP_NO_TLSv1_2 in self._options:
            oldest = 13
        return oldest, newest


def _number(value: int) -> int:
    if not isinstance(value, int):
        raise TypeError(f"an integer is required, not {type(value).__name__}")
    return value


def _version(version: int) -> TLSVersion:
    version = TLSVersion(version)
    if version in (TLSVersion.SSLv3, TLSVersion.TLSv1, TLSVersion.TLSv1_1):
        _deprecated(f"ssl.TLSVersion.{version.name} is deprecated", 4)
    return version


def _deprecated(message: str, stacklevel: int = 3) -> None:
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel)


def _read(path: Path_) -> bytes:
    return Path(os.fsdecode(path)).read_bytes()
