"""TLS over memory: `MemoryBIO` and `SSLObject`, on which event loops build."""

from typing import TYPE_CHECKING

from . import errors
from .engine import Buffer, Engine

if TYPE_CHECKING:
    from .context import SSLContext

_CHUNK = 64 << 10


class MemoryBIO:
    """A pipe of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ended = False

    @property
    def pending(self) -> int:
        return len(self._bytes)

    @property
    def eof(self) -> bool:
        return self._ended and not self._bytes

    def read(self, size: int = -1, /) -> bytes:
        if size < 0 or size > len(self._bytes):
            size = len(self._bytes)
        with memoryview(self._bytes) as view:
            read = bytes(view[:size])
        del self._bytes[:size]
        return read

    def write(self, b: Buffer, /) -> int:
        if self._ended:
            raise errors.SSLError("cannot write() after write_eof()")
        with memoryview(b) as view:
            if not view.c_contiguous:
                raise BufferError("underlying buffer is not C-contiguous")
            self._bytes += view.cast("B")
            return view.nbytes

    def write_eof(self) -> None:
        self._ended = True

    def pour_into(self, engine: Engine) -> bool:
        """Feed what there is; whether anything moved."""
        fed = engine.feed(self._bytes) if self._bytes else 0
        del self._bytes[:fed]
        return fed > 0


class SSLObject:
    """TLS whose ciphertext goes through two `MemoryBIO`."""

    _sslobj: Engine
    _context: "SSLContext"
    _incoming: MemoryBIO
    _outgoing: MemoryBIO

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        raise TypeError(
            f"{type(self).__name__} does not have a public constructor. Instances are returned by SSLContext.wrap_bio()."
        )

    @classmethod
    def _create(
        cls,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool = False,
        server_hostname: str | None = None,
        session: object = None,
        context: "SSLContext | None" = None,
    ) -> "SSLObject":
        assert context is not None
        self = cls.__new__(cls)
        self._context = context
        self._incoming, self._outgoing = incoming, outgoing
        self._sslobj = context._open(server_side, server_hostname)
        return self

    @property
    def context(self) -> "SSLContext":
        return self._context

    @context.setter
    def context(self, context: "SSLContext") -> None:
        self._context = context

    @property
    def session(self) -> None:
        return None

    @property
    def session_reused(self) -> bool:
        return False

    @property
    def server_side(self) -> bool:
        return False

    @property
    def server_hostname(self) -> str | None:
        return self._sslobj.server_hostname

    def _send(self) -> None:
        while ciphertext := self._sslobj.take(_CHUNK):
            self._outgoing.write(ciphertext)

    def _receive(self) -> None:
        """Take in what came; raise when nothing did."""
        if not self._incoming.pending:
            if self._incoming.eof and not self._sslobj.peer_closed:
                raise errors.cut_off()
            raise errors.want_read()
        try:
            self._incoming.pour_into(self._sslobj)
        finally:
            # After a failure too: the server is told.
            self._send()

    def do_handshake(self) -> None:
        self._send()
        while self._sslobj.handshaking:
            self._receive()

    def read(self, len: int = 1024, buffer: bytearray | memoryview | None = None) -> bytes | int:
        while True:
            got = self._sslobj.read(len) if buffer is None else self._sslobj.read_into(buffer, len)
            if got is not None:
                return got
            self._send()
            self._receive()

    def write(self, data: Buffer) -> int:
        while (written := self._sslobj.write(data)) is None:
            self._send()
            if self._sslobj.handshaking:
                self._receive()
        self._send()
        return written

    def unwrap(self) -> None:
        self._sslobj.notify()
        self._send()
        while not self._sslobj.peer_closed:
            # What still comes is nobody's.
            while self._sslobj.read(_CHUNK):
                pass
            self._receive()

    def pending(self) -> int:
        return self._sslobj.pending()

    def getpeercert(self, binary_form: bool = False) -> dict[str, object] | bytes | None:
        return self._sslobj.getpeercert(binary_form)

    def get_verified_chain(self) -> list[bytes]:
        return self._sslobj.get_verified_chain()

    def get_unverified_chain(self) -> list[bytes]:
        return self._sslobj.get_unverified_chain()

    def selected_alpn_protocol(self) -> str | None:
        return self._sslobj.selected_alpn_protocol()

    def selected_npn_protocol(self) -> None:
        return None

    def cipher(self) -> tuple[str, str, int] | None:
        return self._sslobj.cipher()

    def shared_ciphers(self) -> None:
        return None

    def compression(self) -> None:
        return None

    def version(self) -> str | None:
        return self._sslobj.version()

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        return self._sslobj.get_channel_binding(cb_type)

    def verify_client_post_handshake(self) -> None:
        self._sslobj.verify_client_post_handshake()
