"""Fetches parts of a file at the same time, through streams in the clear and with TLS."""

import asyncio
import os
import ssl

HOST, HTTP, HTTPS = os.environ["HOST"], int(os.environ["HTTP"]), int(os.environ["HTTPS"])


async def part(port, start, context=None):
    name = "service.test" if context else None
    reader, writer = await asyncio.open_connection(HOST, port, ssl=context, server_hostname=name)
    head = f"GET /large HTTP/1.1\r\nHost: files\r\nRange: bytes={start}-{start + 9_999}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    status = (await reader.readline()).split()[1]
    await reader.readuntil(b"\r\n\r\n")
    body = await reader.read()
    secure = writer.get_extra_info("ssl_object")
    writer.close()
    await writer.wait_closed()
    return status, body, secure and secure.version()


async def main():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    told = {}
    for kind, port, secure in (("plain", HTTP, None), ("secure", HTTPS, context)):
        async with asyncio.timeout(20):
            parts = await asyncio.gather(*(part(port, start, secure) for start in range(0, 320_000, 10_000)))
        whole = b"".join(body for _, body, _ in parts)
        told[kind] = [sorted({status.decode() for status, _, _ in parts}), len(parts), parts[0][2]]
        told[kind].append(whole == b"0123456789abcdef" * 20_000)
    try:
        await part(HTTPS, 0, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        told["unknown"] = error.verify_code
    return told
