"""Talks to a server through web sockets: at the same time, in the clear and with TLS."""

import asyncio
import json
import os
import ssl

import websockets

HOST, WS, WSS = (os.environ[name] for name in ("HOST", "WS", "WSS"))


async def talk(url, context):
    async with websockets.connect(url, ssl=context, subprotocols=["numbers"], max_size=2_000_000) as connection:
        await connection.send(json.dumps({"sum": list(range(100))}))
        told = [json.loads(await connection.recv())["sum"], connection.subprotocol]
        large = os.urandom(1_000_000)
        await connection.send(large)
        told.append(await connection.recv() == large[::-1])
        await connection.send('{"count": 50}')
        told.append(await connection.recv() == "".join(map(str, range(50))))
        told.append(sum([int(await connection.recv()) for _ in range(50)]))
        told.append(await (await connection.ping()) < 10)
        await connection.send("{}")
        try:
            await connection.recv()
        except websockets.ConnectionClosed as error:
            told.append([error.rcvd.code, error.rcvd.reason])
    return told


async def main():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    plain, secure = f"ws://{HOST}:{WS}", f"wss://{HOST}:{WSS}"
    told = {"both": await asyncio.gather(talk(plain, None), talk(secure, context))}
    try:
        await talk(secure, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        told["authority"] = error.verify_code
    return told
