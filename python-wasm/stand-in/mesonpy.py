"""Stands in for the build backend while pip downloads a source archive: pip asks for metadata, which the archive has in PKG-INFO.

The real one would configure the whole package first.
"""

import pathlib
import re

_WHEEL = "Wheel-Version: 1.0\nGenerator: actiond\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def prepare_metadata_for_build_wheel(directory: str, config_settings: object = None) -> str:
    """Write NAME-VERSION.dist-info for the archive in the working directory, and return its name."""
    about = pathlib.Path("PKG-INFO").read_text(encoding="utf-8")
    name, version = (re.search(rf"^{field}: (.+)$", about, re.MULTILINE)[1] for field in ("Name", "Version"))
    info = pathlib.Path(directory, f"{name}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text(about, encoding="utf-8")
    (info / "WHEEL").write_text(_WHEEL, encoding="utf-8")
    return info.name
