"""Writes manifest.json of a guest: what it is, what it was built from, and the hash of all that it holds.

usage: manifest.py KEPT GUEST KEY WASM_SHA256 LIB_HASH SHIM_HASH DIRECTORY
"""

import json
import platform
import sys
from pathlib import Path

FORMAT = 1


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def source(name: str, version: str, sha256: str, behind: str) -> dict[str, str]:
    entry = {"name": name, "version": version, "sha256": sha256}
    # A newer version was listed by the mirror, but not served.
    return entry | ({"newest_listed": behind} if behind else {})


def size_of(tree: Path) -> int:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())


def main(kept: Path, guest: str, key: str, wasm: str, lib: str, shim: str, directory: Path) -> None:
    manifest = {
        "format": FORMAT,
        "guest": guest,
        "python": platform.python_version(),
        "key": key,
        # The directory beside the guest's that it was made from: CPython's own tests are in there.
        "cpython": kept.name,
        "sources": [source(*row) for row in rows(kept / "sources.tsv")],
        "toolchain": dict(rows(kept / "toolchain.tsv")) | {"profile": (kept / "profile.profdata").exists()},
        "files": {"python.wasm": wasm, "lib": lib, "shim": shim},
        "sizes": {
            "python.wasm": (directory / "python.wasm").stat().st_size,
            "lib": size_of(directory / "lib"),
            "shim": size_of(directory / "shim"),
        },
    }
    text = json.dumps(manifest, indent=2) + "\n"
    (directory / "manifest.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    paths = [Path(sys.argv[1]), *sys.argv[2:7], Path(sys.argv[7])]
    main(*paths)
