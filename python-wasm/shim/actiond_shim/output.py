"""Output: `logging` and `warnings` become log records of the host. Streams need nothing, descriptors 1 and 2 do."""

import atexit
import contextlib
import logging
import sys
import warnings

# Bound here: a script may replace what `builtins` holds, and its run must still end well.
from builtins import min, type
from typing import TextIO

import _actiond


class HostHandler(logging.Handler):
    """Gives each record to the host with its level and its logger's name."""

    def handle(self, record: logging.LogRecord) -> bool:
        # Without the lock that the base class takes: there is one thread.
        if self.filters and not self.filter(record):
            return False
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        _emit(self, record)


def _emit(handler: logging.Handler, record: logging.LogRecord) -> None:
    try:
        formatter = handler.formatter
        # The host shows level and name; a format that only repeats them is taken as none.
        unformatted = formatter is None or getattr(formatter, "_fmt", None) == logging.BASIC_FORMAT
        if not unformatted or type(handler).format is not logging.Handler.format:
            message = handler.format(record)
        elif record.exc_info or record.exc_text or record.stack_info:
            message = _plain.format(record)
        else:
            message = record.getMessage()
        _send(min(record.levelno, _LEVEL_MAX), record.name, message)
    except Exception:
        handler.handleError(record)


def _send(level: int, source: str, message: str) -> None:
    _actiond.log(level, source.encode(errors="backslashreplace"), message.encode(errors="backslashreplace"))


def _stream_emit(handler: logging.StreamHandler, record: logging.LogRecord) -> None:
    # `logging.basicConfig` writes to standard error: the record keeps its level instead of becoming a line of it. A stream
    # that the script put in its place is the script's own.
    if handler.stream in (sys.__stderr__, sys.__stdout__):
        _emit(handler, record)
    else:
        _emit_to_stream(handler, record)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    stream = sys.stderr if file is None else file
    if stream not in (None, sys.__stderr__):
        _show_warning_in_stream(message, category, filename, lineno, stream, line)
        return
    place = filename.removeprefix("/action/")
    _send(logging.WARNING, "warnings", f"{place}:{lineno}: {category.__name__}: {message}")


# `logging.lastResort`, the one that `install` makes, and what libraries give their loggers: none holds anything back.
_QUIET_KINDS = (HostHandler, type(logging.lastResort), logging.NullHandler)
_LEVEL_MAX = 1_000
_plain = logging.Formatter()
_emit_to_stream = logging.StreamHandler.emit
_show_warning_in_stream = warnings.showwarning


def flush(stays: bool) -> None:
    """At the end of a run, what an interpreter does at its end: `atexit`, handlers, and streams the script put in place.

    Where the memory stays, handlers stay open.
    """
    if atexit._ncallbacks():
        atexit._run_exitfuncs()
    for reference in logging._handlerList:
        if not _is_quiet(reference()):
            _flush_handlers() if stays else logging.shutdown()
            break
    for stream, ours in ((sys.stdout, sys.__stdout__), (sys.stderr, sys.__stderr__)):
        if stream is not ours and stream is not None:
            stream.flush()


def _is_quiet(handler: logging.Handler | None) -> bool:
    """Whether there is nothing to do for it at the end: all that it got is with the host."""
    kind = type(handler)
    return kind in _QUIET_KINDS or (kind is logging.StreamHandler and handler.stream in (sys.__stderr__, sys.__stdout__))


def _flush_handlers() -> None:
    for reference in reversed(logging._handlerList):
        handler = reference()
        if handler is not None:
            with contextlib.suppress(OSError, ValueError):
                handler.flush()


def install() -> None:
    """Send what is logged or warned to the host, unless the action sends it elsewhere."""
    logging.StreamHandler.emit = _stream_emit
    # Used by loggers that nobody configured. Info is shown: people who log want to see it.
    logging.lastResort.setLevel(logging.NOTSET)
    logging.root.setLevel(logging.INFO)
    action = logging.getLogger("action")
    action.setLevel(logging.DEBUG)
    action.addHandler(HostHandler())
    # It has a handler of its own: one that the action puts on the root logger must not show its records twice.
    action.propagate = False
    warnings.showwarning = _show_warning
    # `flush` does it, and only when there is something to do.
    atexit.unregister(logging.shutdown)
