"""Native processes: a new interpreter for each run, with no sandbox at all."""

import os
import sys

import payload
import timing


def run(source: str) -> None:
    """One process from start to end, its output thrown away."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    child = os.posix_spawn(sys.executable, [sys.executable, "-I", "-c", source], os.environ, file_actions=actions)
    _, status = os.waitpid(child, 0)
    os.close(null)
    if status != 0:
        raise ChildProcessError(f"the native interpreter ended with status {status}")


def measure(count: int) -> list[timing.Row]:
    version = ".".join(map(str, sys.version_info[:3]))
    found = []
    for job in payload.JOBS:
        source = payload.action(job) + payload.script(job)
        found += timing.rows(f"native process (CPython {version})", job, lambda source=source: run(source), count)
    return found
