"""TLS over a socket: `SSLSocket`."""

from errno import EAGAIN, EINVAL, ENOTCONN
from socket import SO_TYPE, SOCK_STREAM, SOL_SOCKET, socket
from typing import TYPE_CHECKING, Never

from . import errors
from .engine import Buffer, Engine

if TYPE_CHECKING:
    from .context import SSLContext

_CHUNK = 64 << 10
_RECEIVE = 64 << 10


class SSLSocket(socket):
    """A socket whose bytes are encrypted on the way."""

    _context: "SSLContext"
    _sslobj: Engine | None

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        raise TypeError(
            f"{type(self).__name__} does not have a public constructor. Instances are returned by SSLContext.wrap_socket()."
        )

    @classmethod
    def _create(
        cls,
        sock: socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | None = None,
        context: "SSLContext | None" = None,
        session: object = None,
    ) -> "SSLSocket":
        if sock.getsockopt(SOL_SOCKET, SO_TYPE) != SOCK_STREAM:
            raise NotImplementedError("only stream sockets are supported")
        assert context is not None
        context._check(server_side, server_hostname)
        timeout = sock.gettimeout()
        self = cls.__new__(cls)
        socket.__init__(self, family=sock.family, type=sock.type, proto=sock.proto, fileno=sock.fileno())
        sock.detach()
        self.settimeout(timeout)
        self._context = context
        self._sslobj = None
        self.server_side = False
        self.server_hostname = server_hostname
        self.do_handshake_on_connect = do_handshake_on_connect
        self.suppress_ragged_eofs = suppress_ragged_eofs
        self._connected = False
        # Ciphertext that there was no room for in the engine, and in the socket.
        self._came, self._goes = b"", b""
        # Plaintext that was taken while its ciphertext could not be sent at once: whoever tries again is told then.
        self._taken = 0
        try:
            try:
                self.getpeername()
            except OSError as error:
                if error.errno != ENOTCONN:
                    raise
                self._refuse_early(timeout)
            else:
                self._connected = True
                self._open()
                if do_handshake_on_connect:
                    if timeout == 0.0:
                        raise ValueError("do_handshake_on_connect should not be specified for non-blocking sockets")
                    self.do_handshake()
        except BaseException:
            self.close()
            raise
        return self

    def _refuse_early(self, timeout: float | None) -> None:
        """Raise what became of a socket without a peer: it may have had one, and reading tells how it was lost."""
        self.setblocking(False)
        try:
            early = socket.recv(self, 1)
        except OSError as error:
            if error.errno not in (ENOTCONN, EINVAL, EAGAIN):
                raise
            early = b""
        finally:
            self.settimeout(timeout)
        if early:
            raise errors.SSLError("Closed before TLS handshake with data in recv buffer.")

    def _open(self) -> None:
        self._sslobj = self._context._open(False, self.server_hostname)
        self._sslobj.carried(self.fileno())

    # Carrying ciphertext.

    def _send(self) -> None:
        """Send what is to be sent."""
        engine = self._engine()
        while self._goes or (taken := engine.take(_CHUNK)):
            view = memoryview(self._goes or taken)
            try:
                sent = super().send(view)
            except BlockingIOError:
                sent = 0
            self._goes = view[sent:].tobytes() if sent < len(view) else b""
            if not sent:
                raise errors.want_write()

    def _receive(self) -> None:
        """Feed the engine with more, or raise."""
        engine = self._engine()
        if not self._came:
            try:
                self._came = super().recv(_RECEIVE)
            except BlockingIOError:
                raise errors.want_read() from None
            if not self._came:
                raise errors.cut_off()
        self._feed(engine)

    def _feed(self, engine: Engine) -> None:
        try:
            fed = engine.feed(self._came)
        except errors.SSLError as error:
            self._came = b""
            # The server is told what is wrong, if it still listens.
            try:
                self._send()
            except OSError as unsent:
                error.add_note(f"the server could not be told: {unsent}")
            raise
        self._came = self._came[fed:]

    def _engine(self) -> Engine:
        if self._sslobj is None:
            raise ValueError("No SSL wrapper around " + str(self))
        return self._sslobj

    # TLS.

    def do_handshake(self, block: bool = False) -> None:
        self.getpeername()
        engine = self._engine()
        timeout = self.gettimeout()
        try:
            if timeout == 0.0 and block:
                self.settimeout(None)
            self._send()
            while engine.handshaking:
                self._receive()
                self._send()
        finally:
            self.settimeout(timeout)

    def read(self, len: int = 1024, buffer: bytearray | memoryview | None = None) -> bytes | int:
        engine = self._engine()
        try:
            while True:
                got = engine.read(len) if buffer is None else engine.read_into(buffer, len)
                if got is not None:
                    if self._came:
                        self._feed(engine)
                    return got
                self._send()
                self._receive()
        except errors.SSLEOFError:
            if not self.suppress_ragged_eofs or engine.handshaking:
                raise
            return b"" if buffer is None else 0

    def write(self, data: Buffer) -> int:
        engine = self._engine()
        if self._taken or self._goes:
            self._send()
        written, self._taken = self._taken, 0
        if written:
            return written
        while (accepted := engine.write(data)) is None:
            if engine.handshaking:
                self.do_handshake()
            self._send()
        try:
            self._send()
        except errors.SSLWantWriteError:
            self._taken = accepted
            raise
        return accepted

    def unwrap(self) -> "SSLSocket":
        engine = self._engine()
        engine.notify()
        self._send()
        while not engine.peer_closed:
            while engine.read(_CHUNK):
                pass
            self._receive()
        self._sslobj = None
        engine.close()
        return self

    def pending(self) -> int:
        return 0 if self._sslobj is None else self._sslobj.pending()

    # The socket's own methods.

    def send(self, data: Buffer, flags: int = 0) -> int:
        if self._sslobj is None:
            return super().send(data, flags)
        self._without(flags, "send")
        return self.write(data)

    def sendall(self, data: Buffer, flags: int = 0) -> None:
        if self._sslobj is None:
            return super().sendall(data, flags)
        self._without(flags, "sendall")
        with memoryview(data) as view, view.cast("B") as view:
            sent = 0
            while sent < len(view):
                sent += self.send(view[sent:])
        return None

    def sendfile(self, file: object, offset: int = 0, count: int | None = None) -> int:
        if self._sslobj is None:
            return super().sendfile(file, offset, count)
        return self._sendfile_use_send(file, offset, count)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        if self._sslobj is None:
            return super().recv(buflen, flags)
        self._without(flags, "recv")
        return self.read(buflen)

    def recv_into(self, buffer: bytearray | memoryview, nbytes: int | None = None, flags: int = 0) -> int:
        if self._sslobj is None:
            return super().recv_into(buffer, nbytes or 0, flags)
        self._without(flags, "recv_into")
        with memoryview(buffer) as view:
            return self.read(nbytes or view.nbytes or 1024, buffer)

    def sendto(self, data: Buffer, *rest: object) -> int:
        self._plain_only("sendto")
        return super().sendto(data, *rest)

    def recvfrom(self, buflen: int = 1024, flags: int = 0) -> tuple[bytes, object]:
        self._plain_only("recvfrom")
        return super().recvfrom(buflen, flags)

    def recvfrom_into(self, buffer: bytearray, nbytes: int | None = None, flags: int = 0) -> tuple[int, object]:
        self._plain_only("recvfrom_into")
        return super().recvfrom_into(buffer, nbytes or 0, flags)

    def recvmsg(self, *_args: object, **_kwargs: object) -> Never:
        raise NotImplementedError(f"recvmsg not allowed on instances of {type(self)}")

    def recvmsg_into(self, *_args: object, **_kwargs: object) -> Never:
        raise NotImplementedError(f"recvmsg_into not allowed on instances of {type(self)}")

    def sendmsg(self, *_args: object, **_kwargs: object) -> Never:
        raise NotImplementedError(f"sendmsg not allowed on instances of {type(self)}")

    def dup(self) -> Never:
        raise NotImplementedError(f"Can't dup() {type(self).__name__} instances")

    def accept(self) -> Never:
        raise NotImplementedError("TLS for servers is not offered here")

    def connect(self, addr: object) -> None:
        self._connect(addr)

    def connect_ex(self, addr: object) -> int:
        return self._connect(addr, as_number=True)

    def _connect(self, addr: object, as_number: bool = False) -> int:
        if self._connected or self._sslobj is not None:
            raise ValueError("attempt to connect already-connected SSLSocket!")
        self._open()
        try:
            failed = super().connect_ex(addr) if as_number else super().connect(addr)
            # One that is under way is waited for, and then shaken hands with, by whoever began it.
            if not failed:
                self._connected = True
                if self.do_handshake_on_connect:
                    self.do_handshake()
        except BaseException:
            self._drop()
            self._connected = False
            raise
        return failed or 0

    def shutdown(self, how: int) -> None:
        self._drop()
        super().shutdown(how)

    def detach(self) -> int:
        self._drop()
        return super().detach()

    def _real_close(self) -> None:
        self._drop()
        super()._real_close()

    def _drop(self) -> None:
        engine, self._sslobj = self._sslobj, None
        if engine is not None:
            engine.close()

    def _without(self, flags: int, name: str) -> None:
        if flags != 0:
            raise ValueError(f"non-zero flags not allowed in calls to {name}() on {type(self)}")

    def _plain_only(self, name: str) -> None:
        if self._sslobj is not None:
            raise ValueError(f"{name} not allowed on instances of {type(self)}")

    # What callers may ask.

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
    def session_reused(self) -> bool | None:
        return None if self._sslobj is None else False

    def getpeercert(self, binary_form: bool = False) -> dict[str, object] | bytes | None:
        if not self._connected:
            self.getpeername()
        return self._engine().getpeercert(binary_form)

    def get_verified_chain(self) -> list[bytes]:
        return self._engine().get_verified_chain()

    def get_unverified_chain(self) -> list[bytes]:
        return self._engine().get_unverified_chain()

    def selected_alpn_protocol(self) -> str | None:
        return None if self._sslobj is None else self._sslobj.selected_alpn_protocol()

    def selected_npn_protocol(self) -> None:
        return None

    def cipher(self) -> tuple[str, str, int] | None:
        return None if self._sslobj is None else self._sslobj.cipher()

    def shared_ciphers(self) -> None:
        return None

    def compression(self) -> None:
        return None

    def version(self) -> str | None:
        return None if self._sslobj is None else self._sslobj.version()

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        return self._engine().get_channel_binding(cb_type)

    def verify_client_post_handshake(self) -> None:
        self._engine().verify_client_post_handshake()
