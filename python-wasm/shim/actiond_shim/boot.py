"""Booting: what every action shares. Whatever is imported and warmed here costs no run anything."""

import gc
import importlib
import sys

from . import absent, action, output, packages, warm

# What actions import most, and what those import. Each is loaded once per machine and shared by all actions.
_SHARED_MODULES = """
    abc argparse base64 binascii bisect calendar codecs collections contextlib copy csv dataclasses datetime decimal
    difflib email.message email.mime.multipart email.mime.text enum fnmatch fractions functools glob gzip hashlib heapq
    hmac html http.client http.cookiejar importlib inspect io ipaddress itertools json logging logging.handlers math netrc
    operator os pathlib pickle pprint queue random re secrets shlex shutil socket statistics string struct subprocess sys tempfile
    textwrap threading time traceback types typing unicodedata urllib.error urllib.parse urllib.request uuid warnings
    zlib zoneinfo
""".split()

# Memory that nobody is to have.
_held: list[list[bytes]] = []


def boot() -> None:
    """Set the interpreter up for actions; the memory after this call is the base image."""
    output.install()
    absent.install()
    for name in _SHARED_MODULES:
        importlib.import_module(name)
    if packages.are_here():
        action.generators += (packages.boot(),)
    warm.walk()
    sys.path.remove("/shim")
    gc.collect()
    _held.append(action.take_gaps())
    action.freeze()
