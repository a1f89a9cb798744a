"""What a sandbox cannot have: modules and calls whose absence is explained where it is met."""

import _thread
import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

_PROCESSES = "a sandbox is one interpreter and cannot start processes"
_THREADS = "a sandbox runs one thread; call the function directly"
_NATIVE = "a sandbox runs WebAssembly and cannot load native code"
_DEVICES = "a sandbox has no terminal, no users and no devices"

_REASONS = {
    "_ctypes": _NATIVE,
    "_curses": _DEVICES,
    "_multiprocessing": _PROCESSES,
    "_posixshmem": _PROCESSES,
    "_posixsubprocess": _PROCESSES,
    "_ssl": "TLS is done by the host; use ssl",
    "_tkinter": _DEVICES,
    "curses": _DEVICES,
    "ensurepip": "packages go into the action's zip, below dependencies/",
    "fcntl": _DEVICES,
    "grp": _DEVICES,
    "idlelib": _DEVICES,
    "mmap": "a sandbox has no memory-mapped files",
    "pip": "packages go into the action's zip, below dependencies/",
    "pwd": _DEVICES,
    "readline": _DEVICES,
    "resource": "limits are set from outside of the sandbox",
    "syslog": "use logging; its records become the run's log",
    "termios": _DEVICES,
    "tkinter": _DEVICES,
    "turtle": _DEVICES,
}


class _Absent:
    """The last finder: reached only by modules that nothing provides."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        reason = _REASONS.get(name)
        if reason is not None:
            raise ModuleNotFoundError(f"No module named {name!r}: {reason}", name=name)
        return None


def _no_process(*_args: object, **_kwargs: object) -> None:
    raise OSError(errno.ENOTSUP, _PROCESSES)


def _no_thread(*_args: object, **_kwargs: object) -> None:
    raise RuntimeError(f"can't start new thread: {_THREADS}")


def _wait(condition: threading.Condition, timeout: float | None = None) -> bool:
    """Wait on a condition that no other thread can ever notify: `Event.wait`, `Queue.get` and the like end here."""
    if not condition._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    if timeout is None:
        raise RuntimeError(f"this would wait for ever: {_THREADS}")
    time.sleep(max(timeout, 0))
    return False


def install() -> None:
    """Explain absences from now on."""
    sys.meta_path.append(_Absent)
    subprocess.Popen.__init__ = _no_process
    os.system = _no_process
    _thread.start_new_thread = _thread.start_new = _thread.start_joinable_thread = _no_thread
    threading._start_joinable_thread = _no_thread
    threading.Condition.wait = _wait
