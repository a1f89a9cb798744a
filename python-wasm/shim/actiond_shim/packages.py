"""Packages that come with a guest: NumPy and pandas, and what they need.

They are part of the base image. What their values are in a result is in `tables.py`, what is warmed in `warm_tables.py`.
"""

import importlib
import os
import sys

from . import result

_PLACE = "/lib/python3.13/site-packages"

# What NumPy and pandas import at first use.
_SHARED_MODULES = """
    numpy numpy.fft numpy.lib.format numpy.linalg numpy.ma numpy.polynomial numpy.random
    pandas pandas.io.json pandas.io.parsers pandas.io.formats.format
    dateutil.parser dateutil.tz pytz
""".split()

# The global generator behind `numpy.random.rand` and the like.
_legacy = None


def are_here() -> bool:
    """Whether this guest has them."""
    return os.path.exists(f"{_PLACE}/numpy")


def boot() -> object:
    """Import what data actions share. Returns the capsule of NumPy's global generator, for `_actiond.reseed`."""
    global _legacy
    sys.path.append(_PLACE)
    for name in _SHARED_MODULES:
        importlib.import_module(name)
    # They import NumPy and pandas themselves.
    from . import tables, warm_tables

    result.use(tables.unpack)
    warm_tables.walk()
    _legacy = sys.modules["numpy.random.mtrand"]._rand
    return _legacy._bit_generator.capsule


def settle() -> None:
    """Before memory is kept for other runs: drop the number that the global generator has drawn in advance."""
    if _legacy is None:
        return
    state = _legacy.get_state(legacy=False)
    # A script may have put a generator of its own in its place, which is the script's to seed.
    if state["has_gauss"] and state["bit_generator"] == "MT19937":
        _legacy.set_state(state | {"has_gauss": 0, "gauss": 0.0})
