"""How a call ended: turns exceptions into what the host records."""

import collections
import json
import traceback
import types
from collections.abc import Callable

import _actiond

_NOT_THE_SCRIPTS = ("/lib/", "/shim/", "<frozen ")
_ACTION = 'File "/action/'
_EXCEPTIONS_MAX = 100
_FRAMES_MAX = 200
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
    plain = cls.__module__ in {"builtins", "main"}
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
    left_out = _keep_own_frames(error)
    text = "".join(traceback.format_exception(error))
    # File names as they are in the zip.
    text = text.replace(_ACTION, 'File "')
    return text if left_out == 0 else f"({left_out} frames in the middle are left out)\n{text}"


def _keep_own_frames(error: BaseException) -> int:
    """Cut tracebacks down to the script's own frames, in chained and grouped exceptions too; how many more were left out.

    Bounded whatever the script made: a million frames, or a chain of exceptions as long.
    """
    waiting, seen, left_out = [error], set(), 0
    while waiting:
        one = waiting.pop()
        seen.add(id(one))
        if len(seen) >= _EXCEPTIONS_MAX:
            one.__cause__ = one.__context__ = None
        one.__traceback__, more = _own_frames(one.__traceback__)
        left_out += more
        grouped = one.exceptions if isinstance(one, BaseExceptionGroup) and len(seen) < _EXCEPTIONS_MAX else ()
        others = (one.__cause__, one.__context__, *grouped)
        waiting.extend(other for other in others if other is not None and id(other) not in seen)
    return left_out


def _own_frames(link: types.TracebackType | None) -> tuple[types.TracebackType | None, int]:
    first: list[types.TracebackType] = []
    last: collections.deque[types.TracebackType] = collections.deque(maxlen=_FRAMES_MAX // 2)
    count = 0
    while link is not None:
        if not link.tb_frame.f_code.co_filename.startswith(_NOT_THE_SCRIPTS):
            count += 1
            (first if len(first) < _FRAMES_MAX // 2 else last).append(link)
        link = link.tb_next
    kept = None
    for link in reversed([*first, *last]):
        kept = types.TracebackType(kept, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return kept, count - len(first) - len(last)


def _cut(text: str, chars_max: int) -> str:
    """The text, or its beginning and end with a remark between."""
    if len(text) <= chars_max:
        return text
    half = chars_max // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
