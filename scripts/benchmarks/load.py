"""Fresh runs over HTTP: wrk on loopback against a server on the same cores, with one client and with 64."""

import json
import subprocess
import tempfile
from pathlib import Path

import payload
import server
import timing

_JOB = "13 imports"
_CLIENTS = (1, 64)
_SECONDS = 10
_WARM_UP_SECONDS = 3
# Of runs over HTTP: milliseconds with one client, runs per second with many.
_GOAL_MEDIAN_MS = 0.5
_GOAL_RATE = 4_000

_SCRIPT = """\
wrk.method = "POST"
wrk.body = {body}
wrk.headers["Authorization"] = "{account}"
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.stderr:write(string.format(
    '{{"p50": %.0f, "p99": %.0f, "max": %.0f, "requests": %d, "failed": %d, "microseconds": %d}}',
    latency:percentile(50), latency:percentile(99), latency.max, summary.requests, failed, summary.duration))
end
"""


def wrk(asked: server.Server, path: str, clients: int, seconds: int) -> dict[str, float]:
    """What wrk measured, in microseconds; an answer that is no success fails all of it."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "invoke.lua"
        script.write_text(_SCRIPT.format(body=json.dumps(payload.RECORDS), account=server.account()))
        host, port = asked.address
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", str(script), f"http://{host}:{port}{path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = json.loads(said)
    if found["failed"] or not found["requests"]:
        raise server.Refused(f"wrk saw failures: {said}")
    return found


def measure(program: str, quick: bool) -> list[timing.Row]:
    seconds = 2 if quick else _SECONDS
    rows: list[timing.Row] = []
    with server.Server(program) as served:
        path = served.upload("default", "imports", payload.action(_JOB))
        wrk(served, path, 1, _WARM_UP_SECONDS)
        for clients in _CLIENTS:
            found = wrk(served, path, clients, seconds)
            rate = found["requests"] / (found["microseconds"] / 1e6)
            name = f"HTTP invoke, {_JOB}, clients: {clients}"
            spread = f"n {found['requests']}, max {found['max'] / 1e3:.3f} ms"
            median: timing.Row = {"row": f"{name}, p50", "value": found["p50"] / 1e3, "unit": "ms", "note": spread}
            each: timing.Row = {"row": f"{name}, runs per second", "value": rate, "unit": "runs/s"}
            if clients == 1:
                median["goal"] = _GOAL_MEDIAN_MS
            else:
                each["goal"] = _GOAL_RATE
            slow: timing.Row = {"row": f"{name}, p99", "value": found["p99"] / 1e3, "unit": "ms"}
            resident: timing.Row = {
                "row": f"{name}, resident memory at most",
                "value": served.resident_mib(peak=True),
                "unit": "MiB",
                "note": f"{served.private_mib():.0f} MiB private at the end",
            }
            rows += [median, slow, each, resident]
    return rows
