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
        text = "".join(_encoder()(_plain(value, "result", set()), 0))
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


def _no_plain_form(value: object) -> object:
    # Ends the fast attempt; `_plain` knows the value's place.
    raise TypeError


def _encoder() -> Callable[[object, int], tuple[str, ...]]:
    """The C encoder that `json.JSONEncoder` builds anew for each call: compact, no NaN, no key sorting or skipping."""
    return c_make_encoder({}, _no_plain_form, encode_basestring, None, ":", ",", False, False, False)


_fast = _encoder()


def _plain(value: object, path: str, around: set[int]) -> object:
    """The value in terms of dict, list, str, int, float, bool and None. `around`: ids of what contains it."""
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, enum.Enum):
        return _plain(value.value, path, around)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if id(value) in around:
        raise TypeError(f"{path}: contains itself")
    inside = around | {id(value)}
    if isinstance(value, dict):
        return {_key(key, path): _plain(item, _member(path, key), inside) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]", inside) for index, item in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return [_plain(item, f"{path}[{index}]", inside) for index, item in enumerate(_in_order(value))]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name), f"{path}.{name}", inside) for name in names}
    text = _text(value)
    if text is None:
        raise TypeError(f"{path}: cannot turn {type(value).__qualname__} into JSON")
    return text


def _text(value: object) -> str | None:
    """The spelling of values that JSON has no type for."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    return None


def _key(key: object, path: str) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return str(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key) if key is None or isinstance(key, bool) else str(key)
    text = _text(key)
    if text is None:
        raise TypeError(f"{path}: cannot turn a key of type {type(key).__qualname__} into JSON")
    return text


def _member(path: str, key: object) -> str:
    return f"{path}.{key}" if isinstance(key, str) and key.isidentifier() else f"{path}[{key!r:.80}]"


def _in_order(values: set[object] | frozenset[object]) -> list[object]:
    """Sets of comparable values come in order: hashing differs from base image to base image."""
    try:
        return sorted(values)
    except TypeError:
        return list(values)
