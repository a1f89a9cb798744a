"""One `actiond serve` on loopback with a data folder of its own: started, filled over HTTP, asked, started again, ended."""

import base64
import http.client
import io
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import uuid
import zipfile
from pathlib import Path
from typing import Self

EMAIL = "root@example.com"
_PASSWORD = uuid.uuid4().hex
_AUTHORIZATION = "Basic " + base64.b64encode(f"{EMAIL}:{_PASSWORD}".encode()).decode()
_START_WAIT_S = 120
_END_WAIT_S = 30
_LISTENING = re.compile(r"listening on http://([0-9.]+):(\d+)")


class Refused(Exception):
    """An answer that was not asked for."""


class Server:
    """A context: the process and its folder are gone at its end."""

    def __init__(self, program: str, settings: dict[str, str] | None = None) -> None:
        self._program = program
        self._folder = tempfile.TemporaryDirectory(prefix="actiond-benchmark-")
        self._settings = settings or {}
        self._local = threading.local()
        self._process: subprocess.Popen[str] | None = None
        self.address = ("", 0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> float:
        """Seconds from starting the process until it says that it is ready and `/readyz` agrees."""
        account = {"ACTIOND_ROOT_EMAIL": EMAIL, "ACTIOND_ROOT_PASSWORD": _PASSWORD}
        command = [self._program, "serve", "--listen", "127.0.0.1:0", "--data-dir", f"{self._folder.name}/data"]
        began = time.perf_counter()
        self._process = subprocess.Popen(command, env=os.environ | account | self._settings, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr
        told = []
        for line in self._process.stderr:
            told.append(line)
            if found := _LISTENING.search(line):
                self.address = (found[1], int(found[2]))
                break
        else:
            raise Refused(f"the server did not start: {''.join(told)}")
        # Its log must not fill the pipe.
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        status, _ = self.ask("GET", "/readyz")
        took = time.perf_counter() - began
        if status != 200:
            raise Refused(f"/readyz answered {status}")
        return took

    def stop(self) -> None:
        """Ends it as an operator does."""
        self._local = threading.local()
        if self._process:
            self._process.terminate()
            self._process.wait(_END_WAIT_S)
            self._process = None

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of an answer; each thread has a connection that stays."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(*self.address, timeout=_START_WAIT_S)
            self._local.connection = connection
        given = {"Authorization": _AUTHORIZATION, "Content-Type": "application/json"} | (headers or {})
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def post_form(self, path: str, form: bytes) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer to a form; the names of headers are in lower case."""
        connection = http.client.HTTPConnection(*self.address, timeout=_START_WAIT_S)
        connection.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, headers

    def data(self) -> Path:
        """The folder of all that it stores."""
        return Path(self._folder.name) / "data"

    def organisation(self, name: str) -> None:
        status, said = self.ask("POST", "/api/organizations", json.dumps({"name": name}).encode())
        if status != 200:
            raise Refused(f"an organisation: {status} {said!r}")

    def upload(self, org: str, name: str, source: str, policy: dict[str, object] | None = None) -> str:
        """The path at which the new action is invoked."""
        fields = {
            "name": name,
            "owner": "benchmark",
            "execution_details": "service",
            "service_account": EMAIL,
            "policy": json.dumps(policy or {}),
        }
        body, kind = _form(fields, _zipped(source))
        status, said = self.ask("POST", f"/api/{org}/actions/upload", body, {"Content-Type": kind})
        if status != 200:
            raise Refused(f"an upload: {status} {said!r}")
        return f"/api/{org}/actions/{json.loads(said)['uuid']}/invoke"

    def invoke(self, path: str, records: str) -> float:
        """Seconds until a fresh run has answered."""
        began = time.perf_counter()
        status, said = self.ask("POST", path, records.encode())
        took = time.perf_counter() - began
        if status != 200:
            raise Refused(f"a run: {status} {said!r}")
        return took

    def resident_mib(self, peak: bool = False) -> float:
        """Resident memory of the process, or the most that it was."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s*(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def private_mib(self) -> float:
        """What of it is of no file."""
        assert self._process
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        return sum(int(kibibytes) for kibibytes in re.findall(r"Private_(?:Clean|Dirty):\s*(\d+) kB", rollup)) / 1024


def login() -> tuple[str, str]:
    """The root account's address and password."""
    return EMAIL, _PASSWORD


def account() -> str:
    """The header by which the root account is known."""
    return _AUTHORIZATION


def _zipped(source: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.py", source)
    return packed.getvalue()


def _form(fields: dict[str, str], packed: bytes) -> tuple[bytes, str]:
    """A multipart body and its type."""
    mark = uuid.uuid4().hex
    head = "Content-Disposition: form-data; name="
    parts = [f'--{mark}\r\n{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    parts.append(f'--{mark}\r\n{head}"file"; filename="a.zip"\r\n\r\n'.encode() + packed + b"\r\n")
    parts.append(f'--{mark}\r\n{head}"filename"\r\n\r\na.zip\r\n--{mark}--\r\n'.encode())
    return b"".join(parts), f"multipart/form-data; boundary={mark}"
