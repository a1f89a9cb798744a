"""componentize-py and wasmtime: an action compiled into a component, a fresh instance for each run."""

import importlib.metadata
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

import payload
import timing
import wasmtime
from wasmtime import component

_WIT = "package example:action;\nworld action { export run: func(data: string) -> string; }\n"

_APP = """\
import wit_world
from job import main
{imports}

class WitWorld(wit_world.WitWorld):
    def run(self, payload: str) -> str:
        return {call}
"""


def build(job: str, directory: Path) -> Path:
    """A component that does the job, compiled by componentize-py."""
    (directory / "wit").mkdir()
    (directory / "wit" / "action.wit").write_text(_WIT)
    (directory / "job.py").write_text(payload.action(job))
    (directory / "app.py").write_text(_APP.format(imports=payload.IMPORTS, call=payload.call(job)))
    tool = Path(sysconfig.get_path("scripts")) / "componentize-py"
    built = directory / "app.wasm"
    command = [tool, "-d", directory / "wit", "-w", "action", "componentize", "app", "-o", built]
    subprocess.run(command, check=True, cwd=directory, stdout=subprocess.DEVNULL)
    return built


class Host:
    """An engine with one component in it."""

    def __init__(self, built: Path) -> None:
        self.engine = wasmtime.Engine()
        self.linker = component.Linker(self.engine)
        self.linker.add_wasip2()
        self.component = component.Component.from_file(self.engine, str(built))
        self.export = self.component.get_export_index("run")

    def run(self) -> None:
        """One instance, one call."""
        store = wasmtime.Store(self.engine)
        store.set_wasi(wasmtime.WasiConfig())
        instance = self.linker.instantiate(store, self.component)
        function = instance.get_func(store, self.export)
        if not function(store, payload.RECORDS):
            raise RuntimeError("the component returned nothing")


def measure(count: int) -> list[timing.Row]:
    versions = f"{importlib.metadata.version('componentize-py')}, wasmtime {importlib.metadata.version('wasmtime')}"
    name = f"componentize-py {versions}"
    found = []
    for job in payload.JOBS:
        with tempfile.TemporaryDirectory() as directory:
            began = time.perf_counter()
            built = build(job, Path(directory))
            host = Host(built)
            took = time.perf_counter() - began
            found += timing.rows(name, job, host.run, count)
            mebibytes = built.stat().st_size / (1 << 20)
    found.append(
        {
            "row": f"{name}, deploy",
            "value": took * 1e3,
            "unit": "ms",
            "note": f"n 1, {mebibytes:.0f} MiB",
            "ours": "deploy: files to prepared, 13 imports, p50",
        }
    )
    return found
