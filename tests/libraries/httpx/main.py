"""Puts and gets files, one after another and at the same time, with TLS."""

import asyncio
import os
import ssl

import httpx

HOST, HTTP, HTTPS = (os.environ[name] for name in ("HOST", "HTTP", "HTTPS"))
PLAIN, SECURE = f"http://{HOST}:{HTTP}", f"https://{HOST}:{HTTPS}"
FILE = b"0123456789abcdef" * 20_000


def trusting():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    context.load_cert_chain("/action/client.pem", "/action/client.key")
    return context


def one_after_another():
    told = {}
    with httpx.Client(verify=trusting(), timeout=10, follow_redirects=True) as client:
        for kind, base in (("plain", PLAIN), ("secure", SECURE)):
            put = client.put(f"{base}/files/httpx_{kind}", content=FILE)
            got = client.get(f"{base}/files/httpx_{kind}")
            told[kind] = [put.status_code, got.content == FILE, got.headers["content-encoding"]]
        moved = client.get(f"{PLAIN}/moved")
        told["moved"] = [len(moved.content), [step.status_code for step in moved.history]]
        asked = client.post(f"{SECURE}/asked", files={"file": ("name", b"contents")}).json()
        told["asked"] = [asked["client"], asked["tls"], asked["type"].partition(";")[0]]
        told["secret"] = client.get(f"{PLAIN}/secret/file", auth=("ada", "lovelace")).text
        try:
            client.get(f"{PLAIN}/missing").raise_for_status()
        except httpx.HTTPStatusError as error:
            told["missing"] = error.response.status_code
    try:
        httpx.get(f"{SECURE}/large", timeout=10)
    except httpx.ConnectError as error:
        told["unknown"] = "CERTIFICATE_VERIFY_FAILED" in str(error)
    return told


async def at_the_same_time():
    async with httpx.AsyncClient(verify=trusting(), timeout=20) as client:
        bases = [PLAIN] * 10 + [SECURE] * 10
        urls = [f"{base}/files/httpx_{number}" for number, base in enumerate(bases)]
        puts = await asyncio.gather(*(client.put(url, content=url) for url in urls))
        gets = await asyncio.gather(*(client.get(url) for url in urls))
        async with client.stream("GET", f"{SECURE}/large") as answer:
            streamed = sum([len(chunk) async for chunk in answer.aiter_bytes()])
    return [len(puts), all(got.text == str(got.url) for got in gets), streamed]


async def main():
    return one_after_another() | {"gathered": await at_the_same_time()}
