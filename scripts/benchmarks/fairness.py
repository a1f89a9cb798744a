"""One organisation floods the server with endless loops; another's calls, before and meanwhile."""

import json
import threading

import load
import payload
import server
import timing

_ORG = "flood"
_LOOP = "def main(data, logger):\n    while True:\n        pass\n"
# Of the flood: clients that wait for their runs, and runs that wait or run without a client.
_SYNC = 32
_ASYNC = 32
_SECONDS = 10
_GOAL_TIMES = 3.0
_RUNS_WAIT_S = 30
_TOP_UP_S = 0.5


class _Flood:
    """A context: 64 endless loops run or wait as long as it lasts."""

    def __init__(self, served: server.Server, path: str) -> None:
        self._served, self._path = served, path
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(_SYNC)]
        self._threads.append(threading.Thread(target=self._top_up, daemon=True))

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()
        for _ in range(int(_RUNS_WAIT_S / _TOP_UP_S)):
            if self._live() >= _ASYNC:
                return
            self._over.wait(_TOP_UP_S)
        raise server.Refused("the flood did not rise")

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _call(self) -> None:
        while not self._over.is_set():
            try:
                self._served.ask("POST", self._path, payload.RECORDS.encode())
            except OSError:
                return

    def _top_up(self) -> None:
        try:
            while not self._over.is_set():
                for _ in range(max(0, _ASYNC - self._live())):
                    self._served.ask("POST", self._path, payload.RECORDS.encode(), {"Prefer": "respond-async"})
                self._over.wait(_TOP_UP_S)
        except OSError:
            return

    def _live(self) -> int:
        """Accepted runs that run or wait."""
        count = 0
        for status in ("running", "queued"):
            _, said = self._served.ask("GET", f"/api/{_ORG}/runs?status={status}&limit=100")
            count += sum(run["trigger"] == "invoke" for run in json.loads(said)["runs"])
        return count


def measure(program: str, quick: bool) -> list[timing.Row]:
    seconds = 3 if quick else _SECONDS
    with server.Server(program) as served:
        served.organisation(_ORG)
        flood = served.upload(_ORG, "loop", _LOOP)
        path = served.upload("default", "imports", payload.action("13 imports"))
        load.wrk(served, path, 1, 2)
        quiet = load.wrk(served, path, 1, seconds)
        with _Flood(served, flood):
            meanwhile = load.wrk(served, path, 1, seconds)
    rows: list[timing.Row] = []
    for name in ("p50", "p99"):
        before, after = quiet[name] / 1e3, meanwhile[name] / 1e3
        rows.append(
            {"row": f"another organisation quiet, {name}", "value": before, "unit": "ms", "note": f"n {quiet['requests']}"}
        )
        rows.append(
            {
                "row": f"another organisation floods, {name}",
                "value": after,
                "unit": "ms",
                "beside": f"{after / before:.2f}\N{MULTIPLICATION SIGN} quiet",
                "note": f"n {meanwhile['requests']}, {_SYNC + _ASYNC} endless loops",
            }
        )
    times = meanwhile["p99"] / quiet["p99"]
    rows.append({"row": "flooded p99 against quiet p99", "value": times, "unit": "\N{MULTIPLICATION SIGN}", "goal": _GOAL_TIMES})
    return rows
