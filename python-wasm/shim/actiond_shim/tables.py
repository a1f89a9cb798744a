"""Tables: what NumPy's and pandas's values are in a result. Only for the guest that has both."""

import functools
from collections.abc import Iterable

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from pandas.arrays import (
    DatetimeArray,
    IntervalArray,
    NumpyExtensionArray,
    PeriodArray,
    TimedeltaArray,
)

from .result import Path, key_text, place

# Units of time, and how many of them a second has.
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DURATIONS = frozenset({"W", "D", "h", "m"} | set(_PER_SECOND))
_OURS = (np.ndarray, np.generic, pd.DataFrame, pd.Series, pd.Index, ExtensionArray)
_SPELLED = (pd.Timestamp, pd.Timedelta)


def unpack(value: object, path: Path) -> object:
    """The value in plainer terms; itself if it is none of theirs."""
    if isinstance(value, _SPELLED):
        return value.isoformat()
    if isinstance(value, (pd.Period, pd.Interval)):
        return str(value)
    if value is pd.NaT or value is pd.NA:
        return None
    return _unpack_many(value, path) if isinstance(value, _OURS) else value


def _unpack_many(value: object, path: Path) -> object:
    if isinstance(value, (np.integer, np.bool_)) and not isinstance(value, np.timedelta64):
        return value.item()
    if isinstance(value, pd.DataFrame):
        return _records(value, path)
    if isinstance(value, pd.MultiIndex):
        return value.tolist()
    if isinstance(value, (pd.Series, pd.Index)):
        return _column(value.array, path)
    if isinstance(value, ExtensionArray):
        return _column(value, path)
    return _plain(np.asanyarray(value), path).tolist()


def _records(frame: pd.DataFrame, path: Path) -> list[dict[str, object]]:
    """One object for each row, without the index."""
    names = _names(frame.columns, path)
    if not names:
        return [{} for _ in range(len(frame))]
    columns = [
        _plain(column, at).tolist() if isinstance(column, np.ndarray) else _column(column, at)
        for column, at in zip(frame._iter_column_arrays(), (((path, 0), name) for name in names), strict=True)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _names(columns: pd.Index, path: Path) -> list[str]:
    names = [_name(label, path) for label in columns]
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise TypeError(f"{place(path)}: the frame has more than one column {twice!r:.80}: give each a name of its own")
    return names


def _name(label: object, path: Path) -> str:
    """A column's name. Levels are joined; those that are empty, as `reset_index` leaves them, are left out."""
    if isinstance(label, tuple):
        return "_".join(part for part in (_name(part, path) for part in label) if part)
    return key_text(label, path)


def _column(array: ExtensionArray, path: Path) -> list[object]:
    if isinstance(array, NumpyExtensionArray):
        return _plain(np.asarray(array), path).tolist()
    if isinstance(array, DatetimeArray):
        return (_stamps(np.asarray(array)) if array.tz is None else _zoned(array)).tolist()
    if isinstance(array, TimedeltaArray):
        return _durations(np.asarray(array), path).tolist()
    if isinstance(array, pd.Categorical):
        kinds = [*_column(array.categories.array, path), None]
        return [kinds[code] for code in array.codes.tolist()]
    if isinstance(array, (PeriodArray, IntervalArray)):
        return [None if missing else str(item) for item, missing in zip(array, array.isna().tolist(), strict=True)]
    return _objects(array.to_numpy(dtype=object)).tolist()


def _plain(values: np.ndarray, path: Path) -> np.ndarray:
    """An array of the same shape whose `tolist` has numbers and texts, and None where there is none."""
    if values.dtype.names:
        return _structs(values, path)
    if isinstance(values, np.ma.MaskedArray):
        plain = _plain(values.data, path).astype(object)
        plain[np.ma.getmaskarray(values)] = None
        return plain
    match values.dtype.kind:
        case "f":
            return _floats(values)
        case "M":
            return _stamps(values)
        case "m":
            return _durations(values, path)
        case "O":
            return _objects(values)
        case "c":
            raise TypeError(f"{place(path)}: cannot turn {values.dtype} into JSON")
    return np.asarray(values)


def _floats(values: np.ndarray) -> np.ndarray:
    if values.dtype.itemsize > 8:
        # What is beyond a double becomes infinite, which is None.
        with np.errstate(over="ignore"):
            values = values.astype(float)
    values = np.asarray(values)
    finite = np.isfinite(values)
    if finite.all():
        return values
    return _with_none(values, ~finite)


def _objects(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    missing = pd.isna(values)
    return _with_none(values, missing) if missing.any() else values


def _with_none(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    objects = values.astype(object)
    objects[missing] = None
    return objects


def _structs(values: np.ndarray, path: Path) -> np.ndarray:
    """Structured arrays are records."""
    columns = []
    for name in values.dtype.names:
        field = values[name]
        inner = field.shape[values.ndim :]
        columns.append(_plain(field.reshape(values.size, *inner), (path, name)).tolist())
    records = np.empty(values.size, dtype=object)
    for at, row in enumerate(zip(*columns, strict=True)):
        records[at] = dict(zip(values.dtype.names, row, strict=True))
    return records.reshape(values.shape)


def _stamps(values: np.ndarray) -> np.ndarray:
    """ISO 8601, as `Timestamp.isoformat` has it: no fraction where there is none. Dates stay dates."""
    values = np.asarray(values)
    unit, count = np.datetime_data(values.dtype)
    missing = np.isnat(values)
    if unit in ("h", "m"):
        texts = _spell(values, "s")
    elif unit in _PER_SECOND:
        values = values if count == 1 else values.astype(f"M8[{unit}]")
        texts = _to_the_second_or_finer(values, missing, _PER_SECOND[unit])
    else:
        texts = _spell(values, None)
    return _with_none(texts, missing) if missing.any() else texts


def _to_the_second_or_finer(values: np.ndarray, missing: np.ndarray, per_second: int) -> np.ndarray:
    texts = _spell(values, "s")
    if per_second == 1:
        return texts
    fractions = np.where(missing, 0, values.view("i8") % per_second)
    if not fractions.any():
        return texts
    texts = texts.astype(object)
    finer = fractions % max(per_second // 10**6, 1) != 0
    for unit, where in (("us", (fractions != 0) & ~finer), ("ns", finer)):
        texts[where] = _spell(values[where], unit)
    return texts


def _spell(values: np.ndarray, unit: str | None) -> np.ndarray:
    # Without dimensions it returns a text.
    return np.asarray(np.datetime_as_string(values, unit=unit))


def _zoned(array: DatetimeArray) -> np.ndarray:
    """Local times with their distance from UTC."""
    wall = array.tz_localize(None)
    away = np.asarray(wall - array.tz_convert(None)).astype("m8[s]").view("i8")
    missing = array.isna()
    texts = _stamps(np.asarray(wall)).astype(object)
    for seconds in np.unique(away[~missing]).tolist():
        texts[(away == seconds) & ~missing] += _offset(seconds)
    return texts


@functools.cache
def _offset(seconds: int) -> str:
    minutes, rest = divmod(abs(seconds), 60)
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" + (f":{rest:02}" if rest else "")


def _durations(values: np.ndarray, path: Path) -> np.ndarray:
    """ISO 8601, as `Timedelta.isoformat` has it."""
    values = np.asarray(values)
    unit, count = np.datetime_data(values.dtype)
    flat, missing = values.reshape(-1), np.isnat(values).reshape(-1)
    texts: Iterable[str]
    if unit in ("Y", "M"):
        texts = [f"P{number}{unit}" for number in (flat.view("i8") * count).tolist()]
    elif unit in _DURATIONS:
        texts = [span.isoformat() for span in pd.to_timedelta(flat)]
    elif missing.all():
        texts = [""] * flat.size
    else:
        raise TypeError(f"{place(path)}: cannot turn {values.dtype} into JSON")
    objects = np.empty(flat.size, dtype=object)
    objects[:] = texts
    objects[missing] = None
    return objects.reshape(values.shape)
