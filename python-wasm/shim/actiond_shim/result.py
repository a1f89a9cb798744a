"""The result: turns what `main` returned into JSON for the host."""

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import math
import uuid
from collections.abc import Callable
from json.encoder import c_make_encoder, encode_basestring

import _actiond


class ResultTooLarge(ValueError):
    """The result has more bytes of JSON than the limit allows."""

    # Named like a built-in: the script never imported where it is from.
    __module__ = "builtins"


# Where a value is: None for the result itself, else where it is in, and its index or key there.
type Path = tuple[Path, object] | None
# Makes a value of a library's plainer; returns what it does not know.
type Unpack = Callable[[object, Path], object]

# For the libraries that this guest has: `use`.
_unpack: Unpack | None = None


def hand_back(value: object) -> None:
    """Give the value to the host as compact JSON."""
    encoded = encode(value)
    limit_bytes = _actiond.result(encoded)
    if limit_bytes:
        raise ResultTooLarge(f"the result has {len(encoded)} bytes of JSON, the limit is {limit_bytes}")


def encode(value: object) -> bytes:
    """Encode compactly, as UTF-8. Raises TypeError naming the place of what has no JSON form."""
    text = _encode_plain(value)
    if text is None:
        # Something the encoder does not know, a number JSON has no word for, or a circle: look at every value.
        text = "".join(_encoder(_no_plain_form)(_plain(value, None, set()), 0))
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Halves of a pair are joined; a lone surrogate becomes U+FFFD.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _encode_plain(value: object) -> str | None:
    try:
        return "".join(_fast(value, 0))
    except (TypeError, ValueError):
        return None


def use(unpack: Unpack) -> None:
    """Have values of a library made plainer from now on."""
    global _unpack, _fast
    _unpack = unpack
    _fast = _encoder(_unpacked)


def _unpacked(value: object) -> object:
    plain = _unpack(value, None)
    if plain is not value:
        return plain
    text = _text(value)
    return _no_plain_form(value) if text is None else text


def _no_plain_form(value: object) -> object:
    # Ends the fast attempt; `_plain` knows the value's place.
    raise TypeError


def _encoder(default: Callable[[object], object]) -> Callable[[object, int], tuple[str, ...]]:
    """The C encoder that `json.JSONEncoder` builds anew for each call: compact, no NaN, no key sorting or skipping."""
    return c_make_encoder({}, default, encode_basestring, None, ":", ",", False, False, False)


_fast = _encoder(_no_plain_form)


def _plain(value: object, path: Path, around: set[int]) -> object:
    """The value in terms of dict, list, str, int, float, bool and None. `around`: ids of what contains it."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, enum.Enum):
        return _plain(value.value, path, around)
    if isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else int(value)
    if id(value) in around:
        raise TypeError(f"{place(path)}: contains itself")
    around.add(id(value))
    plain = _plain_inside(value, path, around)
    around.discard(id(value))
    return plain


def _plain_inside(value: object, path: Path, around: set[int]) -> object:
    if isinstance(value, dict):
        return {key_text(key, path): _plain(item, (path, key), around) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, (path, index), around) for index, item in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return [_plain(item, (path, index), around) for index, item in enumerate(_in_order(value))]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name), (path, name), around) for name in names}
    if _unpack is not None:
        unpacked = _unpack(value, path)
        if unpacked is not value:
            return _plain(unpacked, path, around)
    text = _text(value)
    if text is None:
        raise TypeError(f"{place(path)}: cannot turn {type(value).__qualname__} into JSON")
    return text


def place(path: Path) -> str:
    """How messages spell it."""
    steps = []
    while path is not None:
        path, step = path
        steps.append(f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{step!r:.80}]")
    return "".join(("result", *reversed(steps)))


def _text(value: object) -> str | None:
    """The spelling of values that JSON has no type for."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    return None


def key_text(key: object, path: Path) -> str:
    """What it is as the name of a member."""
    if type(key) is str:
        return key
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return str(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key) if key is None or isinstance(key, bool) else str(key)
    if _unpack is not None:
        unpacked = _unpack(key, path)
        if unpacked is not key:
            return key_text(unpacked, path)
    text = _text(key)
    if text is None:
        raise TypeError(f"{place(path)}: cannot turn a key of type {type(key).__qualname__} into JSON")
    return text


def _in_order(values: set[object] | frozenset[object]) -> list[object]:
    """Sets of comparable values come in order: hashing differs from base image to base image."""
    try:
        return sorted(values)
    except TypeError:
        return list(values)
