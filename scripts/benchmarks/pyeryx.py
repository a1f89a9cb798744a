"""pyeryx: CPython on wasmtime, a fresh sandbox for each run.

Twice for the job with imports: as it comes, and with one factory for the action, which keeps what was imported.
"""

import importlib.metadata
import time

import eryx
import payload
import timing


def run(sandbox: eryx.Sandbox, source: str) -> None:
    """One execution; an error in the script raises."""
    if not sandbox.execute(source).stdout:
        raise RuntimeError("the script printed nothing")


def measure(count: int) -> list[timing.Row]:
    name = f"pyeryx {importlib.metadata.version('pyeryx')}"
    found = []
    for job in payload.JOBS:
        source = payload.action(job) + payload.script(job)
        # A run with imports takes a quarter of a second.
        runs = count if job == "no imports" else max(5, count // 20)
        found += timing.rows(name, job, lambda source=source: run(eryx.Sandbox(), source), runs)
    # A factory is much faster from its own cache; the remark makes this one new.
    action = f"{payload.action(job)}\n# {time.time_ns()}\n"
    began = time.perf_counter()
    factory = eryx.SandboxFactory(imports=payload.MODULES, setup_code=action, cache=True)
    took = time.perf_counter() - began
    source = payload.script(job)
    found += timing.rows(f"{name}, factory per action", job, lambda: run(factory.create_sandbox(), source), count)
    found.append(
        {
            "row": f"{name}, factory per action, deploy",
            "value": took * 1e3,
            "unit": "ms",
            "note": f"n 1, {factory.size_bytes / (1 << 20):.0f} MiB",
            "ours": "deploy: files to prepared, 13 imports, p50",
        }
    )
    return found
