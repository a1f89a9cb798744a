"""Puts and gets files at the same time, in the clear and with TLS."""

import asyncio
import os
import ssl

import aiohttp

HOST, HTTP, HTTPS = (os.environ[name] for name in ("HOST", "HTTP", "HTTPS"))
PLAIN, SECURE = f"http://{HOST}:{HTTP}", f"https://{HOST}:{HTTPS}"


async def put_and_get(session, url):
    async with session.put(url, data=url * 1000) as answer:
        status = answer.status
    async with session.get(url) as answer:
        return [status, await answer.text() == url * 1000]


async def main():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    context.load_cert_chain("/action/client.pem", "/action/client.key")
    limit = aiohttp.ClientTimeout(total=20)
    told = {}
    connector = aiohttp.TCPConnector(ssl=context, limit=5)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
        for kind, base in (("plain", PLAIN), ("secure", SECURE)):
            urls = [f"{base}/files/aiohttp_{kind}_{number}" for number in range(10)]
            rows = await asyncio.gather(*(put_and_get(session, url) for url in urls))
            told[kind] = [len(rows), [list(row) for row in {tuple(row) for row in rows}]]
        async with session.post(f"{SECURE}/asked", json={"k": 1}, params={"a": "b"}) as answer:
            asked = await answer.json()
            told["asked"] = [asked["client"], asked["tls"], asked["type"], asked["query"]]
        async with session.get(f"{PLAIN}/moved") as answer:
            told["moved"] = [len(await answer.read()), len(answer.history)]
        async with session.get(f"{PLAIN}/secret/file", auth=aiohttp.BasicAuth("ada", "lovelace")) as answer:
            told["secret"] = await answer.text()
        async with session.get(f"{SECURE}/large") as answer:
            told["streamed"] = sum([len(chunk) async for chunk in answer.content.iter_chunked(4096)])
    async with aiohttp.ClientSession(timeout=limit) as session:
        try:
            await session.get(f"{SECURE}/large")
        except aiohttp.ClientConnectorCertificateError as error:
            told["unknown"] = error.certificate_error.verify_code
    return told
