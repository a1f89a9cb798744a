"""Does the job of `imports.py` with `requests` imported as well."""

import requests  # noqa: F401

from job import main  # noqa: F401
