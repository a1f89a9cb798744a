"""Puts a file and gets it back, in the clear and with TLS; authenticates, follows a redirect, shows a certificate."""

import os

import requests

HOST, HTTP, HTTPS = (os.environ[name] for name in ("HOST", "HTTP", "HTTPS"))
FILE = "0123456789abcdef" * 20_000


def put_and_get(session, base):
    url = f"{base}/files/requests"
    put = session.put(url, data=FILE, timeout=10)
    got = session.get(url, timeout=10)
    deleted = session.delete(url, timeout=10)
    return [put.status_code, got.text == FILE, got.headers["Content-Encoding"], deleted.status_code]


def failure(call):
    try:
        call()
    except requests.RequestException as error:
        return type(error).__name__
    return None


def main():
    plain, secure = f"http://{HOST}:{HTTP}", f"https://{HOST}:{HTTPS}"
    with requests.Session() as session:
        session.verify = "/action/ca.pem"
        both = [put_and_get(session, base) for base in (plain, secure)]
        moved = session.get(f"{plain}/moved", timeout=10)
        session.cert = ("/action/client.pem", "/action/client.key")
        asked = session.post(f"{secure}/asked", params={"a": "b c"}, json={"k": 1}, timeout=10).json()
    return {
        "files": both,
        "moved": [moved.text == FILE, [step.status_code for step in moved.history]],
        "asked": asked,
        "secret": [
            requests.get(f"{plain}/secret/file", auth=auth, timeout=10).status_code
            for auth in (None, ("ada", "wrong"), ("ada", "lovelace"))
        ],
        "missing": failure(lambda: requests.get(f"{plain}/missing", timeout=10).raise_for_status()),
        "unknown": failure(lambda: requests.get(f"{secure}/large", timeout=10)),
    }
