"""How soon the console's pages are there when the store holds 1,000 actions and 100,000 runs."""

import os
import re
import shutil
import statistics
import subprocess
import time
import urllib.parse
from pathlib import Path

import payload
import server
import timing

_ACTIONS = 1_000
_RUNS = 100_000
_EACH = 50
_GOAL_MS = 50
# For all kept runs to be counted after a start.
_COUNT_WAIT_S = 120
_RUN = re.compile(r"/console/default/runs/([0-9a-f-]{36})")
_ACTION = re.compile(r"/console/default/actions/([0-9A-Za-z]{27})")


def measure(program: str, quick: bool) -> list[timing.Row]:
    actions, runs = (_ACTIONS // 10, _RUNS // 10) if quick else (_ACTIONS, _RUNS)
    with server.Server(program) as served:
        path = served.upload("default", "template", payload.action("13 imports"))
        for _ in range(10):
            served.invoke(path, payload.RECORDS)
        served.stop()
        _multiply(program, served.data(), actions, runs)
        served.start()
        cookie = _log_in(served)
        counted = _counted(served, cookie)
        many = f"{actions:,} actions, {runs:,} runs"
        rows: list[timing.Row] = [
            {"row": f"runs counted after a start, {many}", "value": counted, "unit": "s", "note": "in the background"}
        ]
        for name, page in _pages(served, cookie):
            took = sorted(_page(served, cookie, page)[0] * 1e3 for _ in range(_EACH))
            note = f"n {_EACH}, min {took[0]:.1f}, max {took[-1]:.1f}"
            row = f"page {name}, {many}, p50"
            rows.append({"row": row, "value": statistics.median(took), "unit": "ms", "goal": _GOAL_MS, "note": note})
    return rows


def _multiply(program: str, data: Path, actions: int, runs: int) -> None:
    """The store anew, with copies of what it has: benches/fill.rs writes the backup that is restored."""
    small, large, filled = data.parent / "small", data.parent / "large", data.parent / "filled"
    large.mkdir()
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([program, "backup", small, "--data-dir", data], **quiet)
    now = time.time_ns() // 1_000_000
    fill = [os.environ["BENCH_FILL"], small / "actiond.backup", large / "actiond.backup", str(actions), str(runs), str(now)]
    subprocess.run(fill, **quiet)
    subprocess.run([program, "restore", large, "--data-dir", filled], **quiet)
    shutil.copy(data / "secret.key", filled / "secret.key")
    shutil.rmtree(data)
    filled.rename(data)


def _log_in(served: server.Server) -> str:
    email, password = server.login()
    form = urllib.parse.urlencode({"email": email, "password": password}).encode()
    status, headers = served.post_form("/login", form)
    if status != 303:
        raise server.Refused(f"logging in: {status}")
    return headers["set-cookie"].split(";")[0]


def _page(served: server.Server, cookie: str, path: str) -> tuple[float, str]:
    """Seconds until a page is there, and the page."""
    began = time.perf_counter()
    status, body = served.ask("GET", path, None, {"Cookie": cookie, "Authorization": ""})
    took = time.perf_counter() - began
    if status != 200:
        raise server.Refused(f"{path}: {status}")
    return took, body.decode()


def _counted(served: server.Server, cookie: str) -> float:
    """Seconds until the overview shows all runs."""
    began = time.perf_counter()
    while "still being counted" in _page(served, cookie, "/console/default/overview")[1]:
        if time.perf_counter() - began > _COUNT_WAIT_S:
            raise server.Refused("the kept runs are not counted")
        time.sleep(0.1)
    return time.perf_counter() - began


def _pages(served: server.Server, cookie: str) -> list[tuple[str, str]]:
    """Names and paths: lists, and one of each thing that they lead to."""
    runs = _page(served, cookie, "/console/default/runs")[1]
    run, action = _RUN.findall(runs), _ACTION.findall(runs)
    console = "/console/default"
    return [
        ("Overview", f"{console}/overview"),
        ("Overview of 7 days", f"{console}/overview?range=week"),
        ("Actions", f"{console}/actions"),
        ("an action", f"{console}/actions/{action[0]}"),
        ("Runs", f"{console}/runs"),
        ("Runs of an action", f"{console}/runs?action={action[0]}"),
        ("Runs by an action's name", f"{console}/runs?action=copy-7"),
        ("Runs with a status that none has", f"{console}/runs?status=interrupted"),
        ("a run", f"{console}/runs/{run[0]}"),
        ("two runs compared", f"{console}/runs/{run[0]}/compare?with={run[-1]}"),
        ("Dead letters", f"{console}/runs/dead"),
        ("Explore", f"{console}/explore"),
        ("Members", f"{console}/administration"),
        ("Audit log", f"{console}/administration/audit"),
    ]
