"""Writes manifest.json of a guest: what it is, what it was built from, and the hash of all that it holds.

usage: manifest.py KEPT LIBRARIES GUEST KEY WASM_SHA256 LIB_HASH SHIM_HASH DIRECTORY      LIBRARIES may be empty: there are none
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


def main(kept: Path, libraries: Path | None, guest: str, key: str, wasm: str, lib: str, shim: str, directory: Path) -> None:
    folders = [kept] if libraries is None else [kept, libraries]
    packages = [] if libraries is None else rows(libraries / "packages.tsv")
    manifest = {
        "format": FORMAT,
        "guest": guest,
        "python": platform.python_version(),
        "key": key,
        # The directory beside the guest's that it was made from: CPython's own tests are in there.
        "cpython": kept.name,
        "sources": [source(*row) for folder in folders for row in rows(folder / "sources.tsv")],
        # The same for what was linked in beyond CPython, whose tests are there too; and which packages those are.
        "libraries": libraries and libraries.name,
        "packages": [{"name": name, "version": version} for name, version in packages],
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
    kept, libraries, *words, directory = sys.argv[1:]
    main(Path(kept), Path(libraries) if libraries else None, *words, Path(directory))
