"""Stands in for NumPy, which pandas's build asks where the headers are: they are of the NumPy that was just built."""

import os


def get_include() -> str:
    """Return the folder of the headers."""
    return os.environ["ACTIOND_NUMPY_INCLUDE"]
