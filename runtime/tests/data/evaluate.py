"""Evaluates expressions, and says of each what came of it, exactly: an action in the sandbox, a program elsewhere.

It is given the text of a table: what is executed first, a line `# ---`, then one expression a line. Each line begins
with names of its own. A tuple is evaluated item by item, so that one that raises hides none of the others.
"""

import ast
import collections.abc
import json
import shutil
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

_MARK = "\n# ---\n"


def main(table: str) -> list:
    """Return [expression, what came of it] for each expression of the table."""
    head, _, lines = table.partition(_MARK)
    if not lines:
        raise ValueError(f"no line {_MARK.strip()!r}")
    # Elsewhere it would depend on the terminal.
    pd.set_option("display.width", 80)
    prelude = compile(head, "prelude", "exec")
    outcomes = []
    for line in lines.splitlines():
        if line and not line.startswith("#"):
            outcomes += _evaluate(prelude, line)
    return outcomes


def _evaluate(prelude, line: str) -> list:
    names = {"tmp": tempfile.mkdtemp()}
    try:
        exec(prelude, names)
        body = ast.parse(line, mode="eval").body
        parts = body.elts if isinstance(body, ast.Tuple) else [body]
        return [[source := ast.get_source_segment(line, part), _outcome(source, names)] for part in parts]
    finally:
        shutil.rmtree(names["tmp"])


def _outcome(source: str, names: dict) -> str:
    with warnings.catch_warnings(record=True) as caught, np.errstate(), np.printoptions():
        warnings.simplefilter("always")
        try:
            # What is named in passing needs them.
            value = eval(f"({source})", names)
        except Exception as error:
            told = f"raised {type(error).__qualname__}: {error}"
        else:
            told = _tell(value)
    warned = "".join(f"warned {each.category.__qualname__}: {each.message}\n" for each in caught)
    return (warned + told).replace(names["tmp"], "TMP")


def _tell(value: object) -> str:
    """Everything that can be told apart is told apart: types, shapes, signs of zeros, last digits."""
    for kinds, tell in _TELLERS:
        if isinstance(value, kinds):
            return tell(value)
    return f"{type(value).__qualname__} {value!r}"


def _tell_float(value: float) -> str:
    # The sign of what is no number means nothing.
    return "nan" if value != value else float(value).hex()


def _tell_complex(value: complex) -> str:
    return f"({_tell_float(value.real)} {_tell_float(value.imag)})"


def _tell_scalar(value: np.generic) -> str:
    # Not by the name of its class: of two integers of one size, the compiler decides which is the usual one.
    items = np.asarray(value)
    return _tell_array(items) if items.dtype.names else f"{value.dtype.name} {_tell_items(items)[0]}"


def _tell_array(value: np.ndarray) -> str:
    kind = "" if type(value) is np.ndarray else f"{type(value).__qualname__} "
    return f"{kind}array {value.dtype!r} {value.shape} [{' '.join(_tell_items(value))}]"


def _tell_items(value: np.ndarray) -> list:
    flat, kind = value.ravel(), value.dtype.kind
    if value.dtype.names:
        return [f"{name}=[{' '.join(_tell_items(flat[name]))}]" for name in value.dtype.names]
    if kind == "f":
        return [_tell_float(float(item)) for item in flat]
    if kind == "c":
        return [_tell_complex(complex(item)) for item in flat]
    if kind in "mM":
        return [f"{item} {number}" for item, number in zip(flat.astype(str), flat.view("i8"))]
    if kind == "O":
        return [_tell(item) for item in flat]
    return [repr(item) for item in flat.tolist()]


def _tell_masked(value: np.ma.MaskedArray) -> str:
    held = value.filled()
    return f"masked {_tell(np.asarray(held))} mask {_tell(np.ma.getmaskarray(value))} fill {_tell(value.fill_value)}"


def _tell_series(value: pd.Series) -> str:
    return f"Series {_tell(value.name)} {_tell_values(value.array)} at {_tell(value.index)}"


def _tell_frame(value: pd.DataFrame) -> str:
    columns = ", ".join(_tell_values(value.iloc[:, place].array) for place in range(value.shape[1]))
    return f"DataFrame {value.shape} {_tell(value.columns)} [{columns}] at {_tell(value.index)}"


def _tell_index(value: pd.Index) -> str:
    names, kind = list(value.names), type(value).__name__
    if isinstance(value, pd.RangeIndex):
        return f"{kind} {value!r} {names!r}"
    if isinstance(value, pd.MultiIndex):
        levels = [_tell(value.get_level_values(place)) for place in range(value.nlevels)]
        return f"{kind} {names!r} [{', '.join(levels)}]"
    frequency = f" {value.freq!r}" if hasattr(value, "freq") else ""
    return f"{kind} {names!r}{frequency} {_tell_values(value.array)}"


def _tell_values(value: pd.api.extensions.ExtensionArray) -> str:
    if isinstance(value, pd.Categorical):
        return f"{_tell(value.dtype)} codes {value.codes.tolist()!r}"
    if isinstance(value.dtype, np.dtype):
        return _tell_array(value.to_numpy())
    return f"{value.dtype!r} [{' '.join(_tell(item) for item in value)}]"


def _tell_categories(value: pd.CategoricalDtype) -> str:
    return f"category ordered={value.ordered} {_tell(value.categories)}"


def _tell_time(value: object) -> str:
    unit = f" {value.unit}" if hasattr(value, "unit") else ""
    return f"{type(value).__name__} {value!r} {getattr(value, '_value', value)}{unit}"


def _tell_mapping(value: collections.abc.Mapping) -> str:
    return f"{type(value).__name__} {{{', '.join(f'{_tell(key)}: {_tell(item)}' for key, item in value.items())}}}"


def _tell_sequence(value: collections.abc.Iterable) -> str:
    return f"{type(value).__name__} [{', '.join(map(_tell, value))}]"


# The first that fits: subclasses come before their bases.
_TELLERS = [
    (type(pd.NaT), repr),
    ((pd.Timestamp, pd.Timedelta), _tell_time),
    (pd.Series, _tell_series),
    (pd.DataFrame, _tell_frame),
    (pd.Index, _tell_index),
    (pd.api.extensions.ExtensionArray, _tell_values),
    (pd.CategoricalDtype, _tell_categories),
    (type(np.ma.masked), repr),
    (np.ma.MaskedArray, _tell_masked),
    (np.ndarray, _tell_array),
    (np.generic, _tell_scalar),
    (np.dtype, repr),
    (float, _tell_float),
    (complex, _tell_complex),
    (dict, _tell_mapping),
    ((list, tuple), _tell_sequence),
]

if __name__ == "__main__":
    # One process evaluates all tables: most of its time is the import of pandas.
    json.dump([main(table) for table in json.load(sys.stdin)], sys.stdout)
