"""Puts and gets files through a pool of connections, with TLS, and tries again what failed."""

import os

import urllib3

HOST, HTTP, HTTPS = (os.environ[name] for name in ("HOST", "HTTP", "HTTPS"))
FILE = b"0123456789abcdef" * 20_000


def main():
    plain, secure = f"http://{HOST}:{HTTP}", f"https://{HOST}:{HTTPS}"
    told = {}
    with urllib3.PoolManager(
        ca_certs="/action/ca.pem", cert_file="/action/client.pem", key_file="/action/client.key", timeout=10
    ) as pool:
        for kind, base in (("plain", plain), ("secure", secure)):
            url = f"{base}/files/urllib3_{kind}"
            put = pool.request("PUT", url, body=FILE)
            got = pool.request("GET", url, headers={"Accept-Encoding": "gzip"})
            told[kind] = [put.status, got.data == FILE, got.headers["Content-Encoding"]]
        streamed = pool.request("GET", f"{secure}/large", preload_content=False)
        told["streamed"] = sum(len(chunk) for chunk in streamed.stream(4096))
        streamed.release_conn()
        told["connections"] = pool.connection_from_url(secure).num_connections
        fields = {"name": "value", "file": ("file.txt", "contents")}
        asked = pool.request("POST", f"{secure}/asked", fields=fields).json()
        told["asked"] = [asked["client"], asked["type"].partition(";")[0], asked["tls"]]
        headers = urllib3.make_headers(basic_auth="ada:lovelace")
        told["secret"] = pool.request("GET", f"{plain}/secret/file", headers=headers).data.decode()
        told["moved"] = len(pool.request("GET", f"{plain}/moved").data)
    again = urllib3.Retry(2, status_forcelist=[404], backoff_factor=0)
    for name, fetch in (
        ("again", lambda: urllib3.PoolManager().request("GET", f"{plain}/missing", retries=again, timeout=10)),
        ("unknown", lambda: urllib3.PoolManager().request("GET", f"{secure}/large", retries=False, timeout=10)),
    ):
        try:
            fetch()
        except urllib3.exceptions.HTTPError as error:
            told[name] = type(error).__name__
    return told
