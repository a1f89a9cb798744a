"""How a call ended: turns exceptions into what the host records."""

import json
import traceback
from collections.abc import Callable

import _actiond

_SHIM = "/shim/"
_ACTION = 'File "/action/'
_MESSAGE_CHARS_MAX = 4_000
_TRACEBACK_CHARS_MAX = 30_000


def guard(call: Callable[[], None]) -> bool:
    """Make a call; whether it returned. An exception that leaves it goes to the host."""
    try:
        call()
    except SystemExit as exit:
        return _exited(exit)
    except BaseException as error:
        _hand_back(error)
        return False
    return True


def _exited(exit: SystemExit) -> bool:
    """Like the interpreter: no code and 0 are success, a text is a failure's message."""
    if exit.code is None or (isinstance(exit.code, int) and exit.code == 0):
        _actiond.result(b"null")
        return True
    code = exit.code if isinstance(exit.code, int) else 1
    message = f"exit code {code}" if isinstance(exit.code, int) else f"exit code 1: {exit.code}"
    _hand_back(exit, message)
    return False


def _hand_back(error: BaseException, message: str | None = None) -> None:
    if message is None:
        try:
            message = str(error)
        except Exception:
            message = "<its __str__ raised>"
    cls = type(error)
    plain = cls.__module__ in {"builtins", "main", "actiond_shim.action", "actiond_shim.result"}
    wire = {
        "type": cls.__qualname__ if plain else f"{cls.__module__}.{cls.__qualname__}",
        "message": _cut(message, _MESSAGE_CHARS_MAX),
        "traceback": _cut(_traceback(error), _TRACEBACK_CHARS_MAX),
    }
    # ASCII: whatever the message holds, lone surrogates too, has a spelling.
    _actiond.raised(_without_lone_surrogates(json.dumps(wire, ensure_ascii=False)))


def _without_lone_surrogates(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _traceback(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error, capture_locals=False)
    _forget_our_frames(told)
    # File names as they are in the zip.
    return "".join(told.format()).replace(_ACTION, 'File "')


def _forget_our_frames(told: traceback.TracebackException) -> None:
    """Drop the shim's own frames, in chained and grouped exceptions too."""
    waiting = [told]
    while waiting:
        one = waiting.pop()
        one.stack[:] = [frame for frame in one.stack if not _is_ours(frame.filename)]
        waiting.extend(other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_SHIM, "<frozen importlib")) or filename.endswith("/importlib/__init__.py")


def _cut(text: str, chars_max: int) -> str:
    """The text, or its beginning and end with a remark between."""
    if len(text) <= chars_max:
        return text
    half = chars_max // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
