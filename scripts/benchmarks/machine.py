"""What was measured on: the machine, the versions, the native interpreter and how it was built."""

import datetime
import json
import os
import platform
import re
import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

_BUILD = """\
import platform, re, sysconfig
flags = sysconfig.get_config_var("PY_CFLAGS") or ""
arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
told = [platform.python_compiler(), *sorted(set(re.findall(r"-O[0-9s]", flags)))]
told.append("profile-guided" if "--enable-optimizations" in arguments else "not profile-guided")
told.append("LTO" if "--with-lto" in arguments or "-flto" in flags else "no LTO")
told.append("shared library" if sysconfig.get_config_var("Py_ENABLE_SHARED") else "static")
print(f"CPython {platform.python_version()} ({', '.join(told)})")
"""


def facts(guest: Path, native: str, load: str) -> list[tuple[str, str]]:
    """Name and value, in the order in which they are shown."""
    now = datetime.datetime.now(datetime.UTC)
    processor = _first(Path("/proc/cpuinfo"), r"model name\s*: (.*)")
    return [
        ("date", now.date().isoformat()),
        ("source", _said("git", "-C", str(_ROOT), "describe", "--always", "--dirty")),
        ("processor", f"{processor}, {os.cpu_count()} cores"),
        ("memory", _memory()),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("load before (1 minute)", load),
        ("guest", f"CPython {json.loads((guest / 'manifest.json').read_text())['python']}"),
        ("wasmtime", _first(_ROOT / "Cargo.lock", r'name = "wasmtime"\nversion = "(.*)"')),
        ("compiler", _said("rustc", "--version")),
        ("native", _said(native, "-I", "-c", _BUILD) if native else "none found"),
    ]


def _memory() -> str:
    kibibytes = int(_first(Path("/proc/meminfo"), r"MemTotal:\s*(\d+)"))
    return f"{kibibytes / (1 << 20):.0f} GiB"


def _first(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text())
    return found[1] if found else "unknown"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT).stdout.strip()
