"""An action: runs files of NumPy's or pandas's own tests with pytest, and returns what became of each test.

It is given [files, ids of tests to leave out]. The files are below suites/, where the tests of each package lie as they do
in the package itself. Before each test its id is printed, so that the log of a run that does not return ends with what it
was doing.
"""

import importlib
import os
import sys
import types
from pathlib import Path

# Before pytest looks below suites/, where there are packages of these names, and before ctypes seems to be there.
import numpy.ctypeslib
import numpy.ma.mrecords  # one test takes for granted that another has imported it
import numpy.testing
import pandas  # noqa: F401

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
# What is left of a sandbox's memory is nowhere to be read; tests that ask want gigabytes.
os.environ["NPY_AVAILABLE_MEM"] = "256MB"
# As pandas's own runs have it: new warnings are errors.
os.environ["PANDAS_CI"] = "1"

_SUITES = Path(__file__).resolve().parent / "suites"
_MESSAGE_CHARS_MAX = 300
# Marks of tests that are left out everywhere but where a package's authors have time and servers for them.
_UNMARKED = "not slow and not network and not db and not clipboard"
_OPTIONS = [
    "--import-mode=prepend", "--assert=plain", "--capture=no", "--strict-markers", "--basetemp=/tmp/pytest",
    *("-p no:" + name for name in ["cacheprovider", "faulthandler", "junitxml", "logging", "pastebin", "stepwise", "terminal"]),
]  # fmt: skip
# What is not in the guest, though test modules import it and few of their tests use it: those fail, the others run.
_ABSENT = ["_ctypes", "ctypes", "mmap", "numpy.f2py", "resource"]
# What of them makes types of types.
_MAKERS = {"ctypes.CFUNCTYPE", "ctypes.POINTER"}
# Numbers of an action's user, who is nobody in particular.
_USER = 0


class _Absent(types.ModuleType):
    """A module that can be imported, and has nothing."""

    def __getattr__(self, name: str) -> object:
        # Tests of it are skipped where it is missing.
        if name.startswith("__") or name == "pythonapi":
            raise AttributeError(name)
        return _Nothing(f"{self.__name__}.{name}")


class _Nothing:
    """Something of a module that is not there: types of it can be named, and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: object, **options: object) -> object:
        if self._name in _MAKERS:
            return self
        raise NotImplementedError(f"a sandbox has no {self._name}")

    def __mul__(self, length: int) -> object:
        return self

    __rmul__ = __rmod__ = __call__

    def __mro_entries__(self, bases: tuple) -> tuple:
        return ()


def _stand_in() -> None:
    for name in _ABSENT:
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = _Absent(name)
            package, _, last = name.rpartition(".")
            if package:
                setattr(sys.modules[package], last, sys.modules[name])
    for name in ["getuid", "geteuid"]:
        if not hasattr(os, name):
            setattr(os, name, lambda: _USER)


def _claim_status() -> None:
    """Have NumPy's tests run that take errors of floating point, threads and deep stacks for missing in every WebAssembly."""
    # What tests import is a copy of the other.
    numpy.testing.IS_WASM = numpy.testing._private.utils.IS_WASM = False


def _spread() -> None:
    """Let the packages find their tests below suites/."""
    folders = {}
    for folder, below, _ in os.walk(_SUITES):
        if "tests" in below:
            below.remove("tests")
        if name := ".".join(Path(folder).relative_to(_SUITES).parts):
            folders[name] = folder
    # All before any is spread: what lies below suites/ is no package by itself.
    packages = {name: importlib.import_module(name) for name in folders}
    for name, package in packages.items():
        # First, because a package that was installed elsewhere may have tests of its own.
        package.__path__.insert(0, folders[name])


_stand_in()
_claim_status()

import pytest  # noqa: E402

_spread()


class Tally:
    """What became of each test, by its id."""

    def __init__(self, left_out: list[str]) -> None:
        self.left_out = set(left_out)
        self.passed, self.xfailed = 0, 0
        self.failed: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        unknown = self.left_out - {item.nodeid for item in items}
        if unknown:
            raise ValueError(f"there are no {sorted(unknown)}")
        items[:] = [item for item in items if item.nodeid not in self.left_out]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        os.write(1, f"{nodeid}\n".encode())

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.passed and report.when == "call":
            self.passed += 1

    def _note(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed:
            # The first is the cause; what follows, while the test is cleaned up, is not.
            self.failed.setdefault(report.nodeid, _crash(report.longrepr))
        elif report.skipped and hasattr(report, "wasxfail"):
            self.xfailed += 1
        elif report.skipped:
            _, _, said = report.longrepr
            self.skipped[report.nodeid] = _one_line(said.removeprefix("Skipped: ")) or "(without a word)"


def _crash(longrepr: object) -> str:
    crash = getattr(longrepr, "reprcrash", None)
    return f"{_one_line(crash.message)} ({Path(crash.path).name}:{crash.lineno})" if crash else _one_line(str(longrepr))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MESSAGE_CHARS_MAX]


def main(data: list) -> dict:
    """Run the tests of the files."""
    files, left_out = data
    tally = Tally(left_out)
    _run(files, tally)
    seconds = sorted(tally.seconds.items(), key=lambda item: -item[1])
    return {
        "passed": tally.passed, "xfailed": tally.xfailed, "failed": tally.failed, "skipped": tally.skipped,
        "slowest": [[test, round(took, 2)] for test, took in seconds[:5]],
    }  # fmt: skip


def _run(files: list[str], tally: Tally, *options: str) -> None:
    package = files[0].partition("/")[0]
    where = ["--rootdir", str(_SUITES), "-c", str(_SUITES / f"{package}.ini"), "-m", _UNMARKED]
    if package == "pandas":
        where.append("--no-strict-data-files")
    ended = pytest.main([*_OPTIONS, *where, *options, *(str(_SUITES / file) for file in files)], [tally])
    if ended in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED) and not tally.failed:
        raise RuntimeError(f"pytest ended with {ended!r}")


def _warm() -> None:
    """Collect a little, so that pytest, hypothesis and the fixtures are in the image."""
    for file in ["numpy/polynomial/tests/test_printing.py", "pandas/tests/tslibs/test_api.py"]:
        if (_SUITES / file).exists():
            _run([file], Tally([]), "--collect-only")


_warm()

if __name__ == "__main__":
    import json

    json.dump(main([sys.argv[1:], []]), sys.stdout, indent=1)
