"""One connection of the host's TLS engine, and what it tells about itself. It moves no bytes by itself: `stream.py` does for
sockets, `bio.py` for memory."""

import errno
from typing import Literal, overload

import _tls

from . import certificate, constants, errors

_HANDSHAKING, _WANTS_WRITE, _PEER_CLOSED = 1, 2, 8
_PLAINTEXT_BIT = 8
_ALPN, _VERSION, _CIPHER, _CERTIFICATE = 1, 2, 3, 4
_AGAIN = -errno.EAGAIN
_PROTOCOL = -errno.EPROTO

type Buffer = bytes | bytearray | memoryview


class Engine:
    """Named `_sslobj` where callers see it: some ask it instead of its socket."""

    __slots__ = ("_number", "_verified", "server_hostname", "session", "session_reused")

    def __init__(self, number: int, server_hostname: str | None, verified: bool) -> None:
        self._number = number
        self._verified = verified
        self.server_hostname = server_hostname
        self.session = None
        self.session_reused = False

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        number, self._number = self._number, 0
        if number:
            _tls.close(number)

    # Bytes. What has to wait for other bytes first is None.

    def feed(self, ciphertext: Buffer) -> int:
        """Take what came from the server; how much, less than all only while there is plaintext to read."""
        return self._number_of(_tls.feed(self._number, ciphertext)) or 0

    def take(self, most: int) -> bytes:
        """Ciphertext to be sent."""
        taken = _tls.take(self._number, most)
        return b"" if isinstance(taken, int) else taken

    def read(self, most: int) -> bytes | None:
        got = _tls.read(self._number, most)
        return self._number_of(got) if isinstance(got, int) else got

    def read_into(self, buffer: bytearray | memoryview, most: int) -> int | None:
        return self._number_of(_tls.read_into(self._number, buffer, most))

    def write(self, plaintext: Buffer) -> int | None:
        return self._number_of(_tls.write(self._number, plaintext))

    def carried(self, fd: int) -> None:
        """Note, for the run's record, which socket the ciphertext goes through."""
        _tls.carried(self._number, fd)

    def notify(self) -> None:
        """Say that nothing more will be written."""
        _tls.notify(self._number)

    def _number_of(self, answer: int) -> int | None:
        if answer >= 0:
            return answer
        if answer == _AGAIN:
            return None
        if answer == _PROTOCOL:
            raise errors.of_connection(self._number)
        raise errors.of_number(answer)

    # State.

    def _state(self) -> int:
        return max(_tls.state(self._number), 0)

    @property
    def handshaking(self) -> bool:
        return bool(self._state() & _HANDSHAKING)

    @property
    def peer_closed(self) -> bool:
        return bool(self._state() & _PEER_CLOSED)

    def pending(self) -> int:
        return self._state() >> _PLAINTEXT_BIT

    def _fact(self, what: int) -> bytes | None:
        fact = _tls.fact(self._number, what)
        return None if isinstance(fact, int) else fact

    def _text(self, what: int) -> str | None:
        fact = self._fact(what)
        return None if fact is None else fact.decode("utf-8", "replace")

    # What callers may ask.

    @overload
    def getpeercert(self, binary_form: Literal[True]) -> bytes | None: ...
    @overload
    def getpeercert(self, binary_form: bool = False) -> dict[str, object] | bytes | None: ...
    def getpeercert(self, binary_form: bool = False) -> dict[str, object] | bytes | None:
        if self.handshaking:
            raise ValueError("handshake not done yet")
        der = self._fact(_CERTIFICATE)
        if der is None or binary_form:
            return der
        return certificate.decode(der) if self._verified else {}

    def get_unverified_chain(self) -> list[bytes]:
        chain: list[bytes] = []
        while (der := self._fact(_CERTIFICATE + len(chain))) is not None:
            chain.append(der)
        return chain

    def get_verified_chain(self) -> list[bytes]:
        return self.get_unverified_chain() if self._verified else []

    def selected_alpn_protocol(self) -> str | None:
        return self._text(_ALPN)

    def selected_npn_protocol(self) -> None:
        return None

    def version(self) -> str | None:
        return None if self.handshaking else self._text(_VERSION)

    def cipher(self) -> tuple[str, str, int] | None:
        name = self._text(_CIPHER)
        return None if name is None else constants.cipher(name)

    def shared_ciphers(self) -> None:
        return None

    def compression(self) -> None:
        return None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        raise ValueError(f"{cb_type} channel binding type not implemented")

    def verify_client_post_handshake(self) -> None:
        raise errors.failure("SSL", "INVALID_STATE", "only servers ask for certificates")
