"""Puts a file with TLS, authenticates, follows a redirect, and asks through the usual handlers."""

import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request

HOST, HTTP, HTTPS = (os.environ[name] for name in ("HOST", "HTTP", "HTTPS"))
PLAIN, SECURE = f"http://{HOST}:{HTTP}", f"https://{HOST}:{HTTPS}"


def main():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    url = f"{SECURE}/files/urllib_request"
    put = urllib.request.Request(url, data=b"x" * 100_000, method="PUT")
    with urllib.request.urlopen(put, timeout=10, context=context) as answer:
        status = answer.status
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:
        got = len(answer.read())
    form = urllib.parse.urlencode({"a": "b c"}).encode()
    with urllib.request.urlopen(f"{SECURE}/asked?q=1", data=form, timeout=10, context=context) as answer:
        asked = json.load(answer)
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, PLAIN, "ada", "lovelace")
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    secret = opener.open(f"{PLAIN}/secret/file", timeout=10).read().decode()
    moved = urllib.request.urlopen(f"{PLAIN}/moved", timeout=10)
    try:
        urllib.request.urlopen(f"{PLAIN}/missing", timeout=10)
    except urllib.error.HTTPError as error:
        missing = error.code
    try:
        urllib.request.urlopen(f"{SECURE}/large", timeout=10)
    except urllib.error.URLError as error:
        unknown = type(error.reason).__name__
    return {
        "put": status,
        "got": got,
        "asked": [asked["method"], asked["type"], asked["query"], asked["tls"]],
        "secret": secret,
        "moved": [moved.url == f"{PLAIN}/large", len(moved.read())],
        "missing": missing,
        "unknown": unknown,
    }
