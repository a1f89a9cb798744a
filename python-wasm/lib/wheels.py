"""Writes what says that NumPy, pandas and their needs are installed: packages.tsv, and wheels that hold a description alone.

usage: wheels.py DATA TO      reads archives/ and wheels/ in DATA; writes packages.tsv, sources.tsv (more lines) and wheels/ in TO

Whoever finds packages for an action takes such a wheel for a package that the guest has.
"""

import base64
import hashlib
import re
import sys
import tarfile
import zipfile
from pathlib import Path

_ABOUT = "Wheel-Version: 1.0\nGenerator: actiond\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def metadata(archive: Path) -> bytes:
    """Return the description in a source archive or a wheel."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")))
    with tarfile.open(archive) as source:
        member = source.extractfile(archive.name.removesuffix(".tar.gz") + "/PKG-INFO")
        assert member is not None
        return member.read()


def field(about: bytes, name: str) -> str:
    return re.search(rf"^{name}: (\S+)\r?$", about.decode(), re.MULTILINE)[1]


def write_wheel(to: Path, name: str, version: str, about: bytes) -> None:
    label = f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}"
    files = {f"{label}.dist-info/METADATA": about, f"{label}.dist-info/WHEEL": _ABOUT.encode()}
    record = f"{label}.dist-info/RECORD"
    lines = [f"{path},sha256={_hash(content)},{len(content)}" for path, content in files.items()]
    files[record] = "\n".join([*lines, f"{record},,"]).encode() + b"\n"
    with zipfile.ZipFile(to / f"{label}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path), content)


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def main(data: Path, to: Path) -> None:
    (to / "wheels").mkdir()
    packages, sources = [], []
    for archive in sorted([*(data / "archives").iterdir(), *(data / "wheels").iterdir()]):
        about = metadata(archive)
        name, version = field(about, "Name"), field(about, "Version")
        write_wheel(to / "wheels", name, version, about)
        packages.append(f"{name}\t{version}\n")
        sources.append(f"{name}\t{version}\t{hashlib.sha256(archive.read_bytes()).hexdigest()}\t\n")
    (to / "packages.tsv").write_text("".join(packages), encoding="utf-8")
    with (to / "sources.tsv").open("a", encoding="utf-8") as file:
        file.writelines(sources)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
