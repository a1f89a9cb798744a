"""Warming: walks the ways that runs take before the base image is saved.

The interpreter specializes code while it runs, modules fill caches at first use, and both write to memory: done here, it
is done for every run of every action.
"""

import base64
import collections
import contextlib
import csv
import datetime
import hashlib
import hmac
import http.client
import io
import json
import logging
import re
import socket
import statistics
import time
import urllib.parse
import urllib.request
import uuid

from . import action, outcome, result

_ROUNDS = 12
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: a\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: 2\r\nSet-Cookie: a=b; Path=/\r\nConnection: close\r\n\r\n{}"
)
_RECORDS = [{"time": 1_700_000_000.5, "log": "Accepted user amy from 10.0.0.1 port 22", "pod": "a-1", "ok": True, "none": None}]


def walk() -> None:
    """Do a little of what actions do, often enough for the interpreter to settle."""
    for _ in range(_ROUNDS):
        outcome.guard(_work)
        outcome.guard(_fetch)
        outcome.guard(_fail)
        action._main, action._arguments = _example, 2
        outcome.guard(action._run)
    action._main, action._arguments = None, 0
    # What the rounds handed to the door goes with boot; a script that looks finds the modules as if just imported.
    re.purge()


def _example(data: object, logger: logging.Logger) -> object:
    logger.info("%d records", len(_RECORDS))
    logging.getLogger("example").warning("warm")
    print("warm", 1)
    return _RECORDS


def _fail() -> None:
    try:
        json.loads("{")
    except ValueError as error:
        raise RuntimeError("warm") from error


def _work() -> None:
    for record in _RECORDS:
        text = json.dumps(record, sort_keys=True)
        json.loads(text)
        json.dumps(record, indent=2, default=str)
        found = re.search(r"user (\w+) from ([\d.]+)", record["log"])
        re.sub(r"\d+", "#", record["log"])
        at = datetime.datetime.fromtimestamp(record["time"], datetime.UTC)
        datetime.datetime.fromisoformat(at.isoformat())
        datetime.datetime.strptime(at.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S")
        at - datetime.timedelta(minutes=5)
        time.strftime("%Y", time.gmtime(0))
        query = urllib.parse.urlencode({"user": found[1], "q": "a b/ü"})
        parsed = urllib.parse.urlsplit(f"https://user:pass@example.org:8080/x?{query}#y")
        urllib.parse.parse_qs(parsed.query)
        urllib.parse.unquote(urllib.parse.quote("a b/ü"))
        urllib.request.Request(parsed.geturl(), data=b"{}", headers={"A": "b"}, method="POST").get_header("A")
        digest = hashlib.sha256(text.encode()).hexdigest()
        hmac.new(b"key", digest.encode(), "sha256").hexdigest()
        hmac.digest(b"key", digest.encode(), "sha256")
        base64.b64decode(base64.b64encode(text.encode())).decode()
        str(uuid.uuid4())
        collections.Counter(record["log"].split()).most_common(2)
        statistics.mean([1, 2.5])
        csv.writer(io.StringIO()).writerow([1, "a"])
        "{:>8.2f} {}".format(1.5, f"{record['pod']!r:<10}")
        sorted(_RECORDS, key=lambda row: row["time"])
        result.encode({"at": at, "set": {"a"}, "nan": float("nan")})


class _Peer:
    """A socket whose other side always answers the same: there is no network before a run."""

    makefile, _decref_socketios, close = socket.socket.makefile, socket.socket._decref_socketios, socket.socket.close

    def __init__(self) -> None:
        self._io_refs, self._closed, self._answer = 0, False, io.BytesIO(_ANSWER)

    def sendall(self, data: bytes) -> None:
        """Let it go."""

    def recv_into(self, buffer: memoryview) -> int:
        return self._answer.readinto(buffer)

    def _real_close(self) -> None:
        self._answer.close()


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = _Peer()


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)


def _fetch() -> None:
    opener = urllib.request.build_opener(_Handler, urllib.request.HTTPCookieProcessor())
    for body in (None, b"{}"):
        request = urllib.request.Request("http://example.org/x", body, {"Content-Type": "application/json"})
        with opener.open(request, timeout=5) as answer:
            json.loads(answer.read())
    socket.getaddrinfo("127.0.0.1", 80, 0, socket.SOCK_STREAM)
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 80), 5)
