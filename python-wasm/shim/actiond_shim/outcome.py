"""How a call ended: turns exceptions into what the host records."""

import collections
import json
import re
import traceback
import types

# Bound here: a script may replace what `builtins` holds, and its exceptions must still be told.
from builtins import id, isinstance, len, reversed, set, str, type
from collections.abc import Callable

import _actiond

_NOT_THE_SCRIPTS = ("/lib/", "/shim/", "<frozen ")
_ACTION = re.compile(r'^( *(?:\| )*)File "/action/', re.MULTILINE)
_EXCEPTIONS_MAX = 100
_FRAMES_MAX = 200
_NAME_CHARS_MAX = 200
_MESSAGE_CHARS_MAX = 4_000
_TRACEBACK_CHARS_MAX = 30_000

# Bound here: a script may replace what modules hold.
_encode = json.JSONEncoder(ensure_ascii=False).encode
_format = traceback.format_exception


def guard(call: Callable[[], None]) -> bool:
    """Make a call; whether it returned. An exception that leaves it goes to the host."""
    try:
        call()
    except SystemExit as ended:
        return _exited(ended)
    except BaseException as error:
        _hand_back(error, _message(error))
        return False
    return True


def _exited(ended: SystemExit) -> bool:
    """Like the interpreter: no code and 0 are success, a text is a failure's message."""
    code = _attempt(lambda: ended.code, 1)
    if code is None or (isinstance(code, int) and code == 0):
        _actiond.result(b"null")
        return True
    message = _attempt(lambda: f"exit code {code:d}" if isinstance(code, int) else f"exit code 1: {code}", "exit code 1")
    _hand_back(ended, message)
    return False


def _hand_back(error: BaseException, message: str) -> None:
    """Give the host an exception. Whatever of it the script made unreadable is left out; that it happened is told."""
    name = _attempt(lambda: _name(type(error)), "Exception")
    wire = {
        "type": _cut(name, _NAME_CHARS_MAX),
        "message": _cut(message, _MESSAGE_CHARS_MAX),
        "traceback": _cut(_attempt(lambda: _traceback(error), f"{name}: {message}\n"), _TRACEBACK_CHARS_MAX),
    }
    _actiond.raised(_without_lone_surrogates(_encode(wire)))


def _attempt[T](make: Callable[[], T], otherwise: T) -> T:
    """Call code that a script may have tampered with."""
    try:
        return make()
    except BaseException:
        return otherwise


def _message(error: BaseException) -> str:
    return _attempt(lambda: _exact(str(error)), "<its __str__ raised>")


def _name(cls: type) -> str:
    """The class as tracebacks name it, read past what the script may have put in the way."""
    module, name = (type.__dict__[key].__get__(cls) for key in ("__module__", "__qualname__"))
    told = isinstance(module, str) and _exact(module) not in ("builtins", "main")
    return f"{_exact(module)}.{name}" if told else name


def _exact(text: str) -> str:
    """The text itself, without what a subclass makes of it."""
    return str.__str__(text)


def _without_lone_surrogates(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _traceback(error: BaseException) -> str:
    left_out = _keep_own_frames(error)
    text = "".join(_format(error))
    # File names as they are in the zip.
    text = _ACTION.sub(r'\1File "', text)
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
