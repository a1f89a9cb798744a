"""An action: importing its `main.py`, and calling its `main`."""

import gc
import importlib
import inspect
import json
import logging
import os
import random
import sys
from collections.abc import Callable

import _actiond

from . import outcome, result

ROOT = "/action"

_generator = random._inst
_scan = json.JSONDecoder().scan_once
_logger = logging.getLogger("action")
_main: Callable[..., object] | None = None
_arguments = 0


class NoMain(Exception):
    """`main.py` defines no function `main`."""

    # Named like a built-in: the script never imported where it is from.
    __module__ = "builtins"


def load() -> bool:
    """Import the action and remember its `main`. False when that raised; the host has the exception then."""
    return outcome.guard(_load)


def run() -> bool:
    """Call `main` once and hand back what it returns. False when that raised; the host has the exception then."""
    return outcome.guard(_run)


def _load() -> None:
    global _main, _arguments
    wire = json.loads(_actiond.input())
    os.environ.update(wire["env"])
    os.chdir(ROOT)
    # As `python main.py` would have it, with vendored packages behind the action's own modules.
    sys.path[:0] = [ROOT, f"{ROOT}/dependencies"]
    main = getattr(importlib.import_module("main"), "main", None)
    if not callable(main):
        raise NoMain("main.py defines no function named main")
    _main, _arguments = main, _count_arguments(main)
    freeze()


def freeze() -> None:
    """Settle what lives now: it lives as long as the image. Runs then neither count its references nor look for its cycles."""
    gc.collect()
    # Young objects only: older images' are frozen already.
    _actiond.keep(gc.get_objects())
    gc.freeze()


def _run() -> None:
    # The image froze the generator; everything else that must differ between runs asks the host.
    _actiond.reseed(_generator)
    _generator.gauss_next = None
    data = _decode(_actiond.input())
    arguments = (data, _logger)[:_arguments]
    result.hand_back(_main(*arguments))


def _decode(text: str) -> object:
    """Like `json.loads`, without what it does around the scanner: half of a small run's instructions."""
    try:
        data, end = _scan(text, 0)
    except StopIteration:
        return json.loads(text)
    return data if end == len(text) else json.loads(text)


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
