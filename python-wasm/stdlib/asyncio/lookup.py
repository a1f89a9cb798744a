"""Looking names up without stopping the loop: the host answers on a descriptor, which is waited for like a socket."""

import os
import socket
import struct
from collections.abc import Callable

import _actiond

from . import events

# An i32, 0 or the code of a gaierror, and 20 bytes for each address: at most 64 of them.
_ANSWER_BYTES_MAX = 4 + 64 * 20
_ERRORS = {
    socket.EAI_NONAME: "Name or service not known",
    socket.EAI_AGAIN: "Temporary failure in name resolution",
    socket.EAI_FAIL: "Non-recoverable failure in name resolution",
    socket.EAI_NODATA: "No address associated with hostname",
}


async def getaddrinfo(
    loop: events.AbstractEventLoop,
    look_up: Callable[..., list[tuple]],
    host: bytes | str | None,
    port: bytes | str | int | None,
    family: int,
    kind: int,
    protocol: int,
    flags: int,
) -> list[tuple]:
    """As `look_up`, which is `socket.getaddrinfo`. What is no name, it answers itself."""
    try:
        return look_up(host, port, family, kind, protocol, flags | socket.AI_NUMERICHOST)
    except socket.gaierror as error:
        if error.errno != socket.EAI_NONAME or flags & socket.AI_NUMERICHOST or not host:
            raise
    name = host.encode("idna") if isinstance(host, str) else bytes(host)
    found = []
    for address in await _addresses(loop, name, family):
        found += look_up(address, port, 0, kind, protocol, flags | socket.AI_NUMERICHOST)
    return found


async def _addresses(loop: events.AbstractEventLoop, name: bytes, family: int) -> list[str]:
    descriptor = _actiond.resolve(name, family)
    try:
        answered = loop.create_future()
        loop.add_reader(descriptor, _answer, answered)
        try:
            await answered
        finally:
            loop.remove_reader(descriptor)
        answer = os.read(descriptor, _ANSWER_BYTES_MAX)
    finally:
        os.close(descriptor)
    code = struct.unpack_from("<i", answer)[0] if len(answer) >= 4 else socket.EAI_AGAIN
    if code != 0:
        raise socket.gaierror(code, _ERRORS.get(code, "Name resolution failed"))
    return [
        socket.inet_ntop(version, address[: 4 if version == socket.AF_INET else 16])
        for version, address in struct.iter_unpack("<Hxx16s", answer[4:])
    ]


def _answer(answered: object) -> None:
    if not answered.done():
        answered.set_result(None)
