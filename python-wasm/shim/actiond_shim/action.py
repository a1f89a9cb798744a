"""An action: importing its `main.py`, and calling its `main`."""

import functools
import gc
import importlib.util
import inspect
import json
import logging
import os
import random
import sys
import time
import types
from collections.abc import Awaitable, Callable, Mapping

import _actiond

from . import outcome, output, packages, result

ROOT = "/action"

# What `python main.py` has loaded before it looks for anything; a file of that name is never found there either.
_STARTED_WITH = frozenset(sys.builtin_module_names) | {
    "_collections_abc", "abc", "codecs", "encodings", "genericpath", "importlib", "io", "os", "posixpath", "site", "stat",
    "zipimport", "actiond_shim", "main",
}  # fmt: skip
# The pieces in which free memory is wiped.
_WIPED_BYTES_MAX, _WIPED_BYTES_MIN = 1 << 26, 1 << 10
# The sizes of free pieces that are taken before an image. Few free pieces are larger, and few objects are smaller.
_GAP_BYTES_MAX, _GAP_BYTES_MIN = 4 << 20, 8
# What is logged most.
_LOGGED = (str, int, float, bool, type(None), list, tuple, set, bytes)
_generator = random._inst
# Whose state every run begins anew: what `_actiond.reseed` knows.
generators: tuple[object, ...] = (_generator,)
_scan = json.JSONDecoder().scan_once
_logger = logging.getLogger("action")
_main: Callable[..., object] | None = None
_arguments = 0
# Whether the memory after this run is the next one's, and then what its variables were before: name, value or None.
_stays = False
_before: list[tuple[str, str | None]] = []


class NoMain(Exception):
    """`main.py` defines no function `main`."""

    # Named like a built-in: the script never imported where it is from.
    __module__ = "builtins"


def load() -> bool:
    """Import the action and remember its `main`, or wipe. False when that raised; the host has the exception then."""
    return outcome.guard(_load)


def run() -> bool:
    """Call `main` once and hand back what it returns. False when that raised; the host has the exception then."""
    returned = outcome.guard(_run)
    return outcome.guard(_settle) if returned and _stays else returned


def _load() -> None:
    global _main, _arguments
    wire = json.loads(_actiond.input())
    if wire is None:
        _wipe()
        return
    os.environ.update(wire["env"])
    _set_variables(wire["run"])
    os.chdir(ROOT)
    # As `python main.py` would have it: the action's own modules first, vendored packages where site-packages are.
    sys.path.insert(0, ROOT)
    sys.path.append(f"{ROOT}/dependencies")
    _give_way()
    main = getattr(_import_main(), "main", None)
    if not callable(main):
        raise NoMain("main.py defines no function named main")
    if inspect.iscoroutinefunction(main):
        main = _awaited(main)
    _main, _arguments = main, _count_arguments(main)
    # When a class is registered with one ABC, all ABCs forget what is none of theirs; `logging` asks whether things are mappings.
    for kind in _LOGGED:
        issubclass(kind, Mapping)
    packages.settle()
    freeze()


def _awaited(main: Callable[..., Awaitable[object]]) -> Callable[..., object]:
    """`main` as an ordinary function: it runs an event loop of its own to its end."""
    # Not shared: few actions need it, and it would make all images larger.
    import asyncio

    @functools.wraps(main)
    def run(*arguments: object) -> object:
        return asyncio.run(main(*arguments))

    return run


def _give_way() -> None:
    """Forget the shared modules whose names the action uses for its own: `import queue` finds its queue.py."""
    # A folder of data is no package, whatever its name.
    own = {
        name.removesuffix(".py")
        for name in os.listdir(ROOT)
        if name.endswith(".py") or os.path.exists(f"{ROOT}/{name}/__init__.py")
    }
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top in own and top not in _STARTED_WITH:
            del sys.modules[name]


def _import_main() -> types.ModuleType:
    # By file: a folder named main beside it would win over it by name.
    spec = importlib.util.spec_from_file_location("main", f"{ROOT}/main.py")
    module = sys.modules["main"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SystemExit as ended:
        raise SystemExit(f"main.py ended while it was imported, by sys.exit({ended.code!r:.80})") from None
    return module


def freeze() -> None:
    """Settle what lives now: it lives as long as the image. Runs then neither count its references nor look for its cycles."""
    gc.collect()
    # Young objects only: older images' are frozen already.
    _actiond.keep(gc.get_objects())
    gc.freeze()


def take_gaps() -> list[bytes]:
    """Take the free pieces between what lives. While they are held, what is new lies side by side, not all over the memory.

    So images and runs differ from the base image in fewer pages.
    """
    held = []
    # Nothing that is free is as large, so this lies past all that is.
    end = id(bytes(_GAP_BYTES_MAX))
    size = _GAP_BYTES_MAX
    while size > _GAP_BYTES_MIN:
        while id(piece := bytes(size)) < end:
            held.append(piece)
        size -= max(size // 8, 8)
    return held


def _run() -> None:
    # The image froze the generator; everything else that must differ between runs asks the host.
    _actiond.reseed(generators)
    _generator.gauss_next = None
    logging._startTime = time.time_ns()
    # The first line is empty unless there is something to tell this run.
    line, data = _actiond.payload(json.loads)
    if line:
        _begin(line)
    arguments = (data, _logger)[:_arguments]
    try:
        result.hand_back(_main(*arguments))
    finally:
        output.flush(_stays)


def _wipe() -> None:
    """Fill free memory with zeros: what was let go of is no part of an image. The host grants no more memory meanwhile."""
    held = []
    size = _WIPED_BYTES_MAX
    while size >= _WIPED_BYTES_MIN:
        try:
            held.append(bytes(size))
        except MemoryError:
            size //= 2


def _begin(line: str) -> None:
    """Do what the first line says."""
    global _stays
    wire, _ = _scan(line, 0)
    if wire["stays"]:
        _stays = True
        _set_variables(wire["env"])
    else:
        os.environ.update(wire["env"])


def _set_variables(pairs: list[list[str]]) -> None:
    """Set variables of this run, in a way that can be undone."""
    for name, value in pairs:
        _before.append((name, os.environ.get(name)))
        os.environ[name] = value


def _settle() -> None:
    """Leave in memory what the script holds, and nothing of this run: no variables, no garbage.

    What the script holds is not frozen: it may let go of it in a later run.
    """
    global _stays
    _stays = False
    while _before:
        name, value = _before.pop()
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    packages.settle()
    gc.collect()


def _count_arguments(main: Callable[..., object]) -> int:
    """How many of (data, logger) `main` takes by position."""
    try:
        parameters = inspect.signature(main).parameters.values()
    except (TypeError, ValueError):
        return 2
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return 2
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(2, sum(parameter.kind in by_position for parameter in parameters))
