"""A server with many actions: how soon it is ready, what it takes when idle, and how soon an image is back from disk."""

import statistics

import payload
import server
import timing

_STARTS = 10
_ACTIONS = 1_000
_COLD = 50
# Seconds and bytes as the rows have them.
_GOAL_START_MS = 100
_GOAL_RESTART_MS = 500
_GOAL_IDLE_MIB = 80
_GOAL_COLD_MS = 10


def measure(program: str, quick: bool) -> list[timing.Row]:
    actions, cold = (_ACTIONS // 10, _COLD // 5) if quick else (_ACTIONS, _COLD)
    rows = [_started(program, 2 if quick else _STARTS)]
    with server.Server(program) as served:
        source = payload.action("13 imports")
        paths = [
            # Each a script of its own, so that each has an image of its own.
            served.upload("default", f"action{number}", f"{source}\nNUMBER = {number}\n")
            for number in range(actions)
        ]
        served.stop()
        restarts = []
        for _ in range(3):
            restarts.append(served.start() * 1e3)
            idle = served.resident_mib()
            private = served.private_mib()
            served.stop()
        served.start()
        # The account's password is checked with the first one, as after each start.
        served.invoke(paths[0], payload.RECORDS)
        step = max(1, (actions - 1) // cold)
        took = sorted(served.invoke(path, payload.RECORDS) * 1e3 for path in paths[1::step][:cold])
    many = f"{actions:,} actions"
    rows += [
        _row(f"restart to ready, {many}", statistics.median(restarts), "ms", _GOAL_RESTART_MS, _spread(restarts)),
        _row(f"idle memory after a restart, {many}", idle, "MiB", _GOAL_IDLE_MIB, f"{private:.0f} MiB of it private"),
        _row(f"first run after a restart, {many}, p50", statistics.median(took), "ms", _GOAL_COLD_MS, _spread(took)),
    ]
    return rows


def _started(program: str, count: int) -> timing.Row:
    """A server with an empty store, the engine's cache warm."""
    took = []
    for _ in range(count + 1):
        with server.Server(program) as served:
            served.stop()
            took.append(served.start() * 1e3)
    # The first may have had to fill the cache.
    took = took[1:]
    return _row("server start to ready, nothing stored", statistics.median(took), "ms", _GOAL_START_MS, _spread(took))


def _row(name: str, value: float, unit: str, goal: float, note: str) -> timing.Row:
    return {"row": name, "value": value, "unit": unit, "goal": goal, "note": note}


def _spread(took: list[float]) -> str:
    return f"n {len(took)}, min {min(took):.1f}, max {max(took):.1f}"
