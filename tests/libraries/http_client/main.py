"""Sends a file in chunks and gets it back over the same connection."""

import http.client
import json
import os
import ssl

HOST, HTTP, HTTPS = os.environ["HOST"], int(os.environ["HTTP"]), int(os.environ["HTTPS"])
CHUNKS = [bytes([number]) * 1000 for number in range(256)]


def send_and_get(connection):
    connection.request("PUT", "/files/http_client", body=iter(CHUNKS), encode_chunked=True)
    put = connection.getresponse()
    put.read()
    local = connection.sock.getsockname()
    connection.request("GET", "/files/http_client")
    got = connection.getresponse()
    body = got.read()
    again = connection.sock.getsockname() == local
    connection.request("POST", "/asked", body="k=1", headers={"Content-Type": "text/plain"})
    asked = json.load(connection.getresponse())
    connection.close()
    return [put.status, got.status, body == b"".join(CHUNKS), again, asked["tls"], asked["bytes"]]


def main():
    context = ssl.create_default_context(cafile="ca.pem")
    return {
        "plain": send_and_get(http.client.HTTPConnection(HOST, HTTP, timeout=10)),
        "secure": send_and_get(http.client.HTTPSConnection(HOST, HTTPS, timeout=10, context=context)),
    }
