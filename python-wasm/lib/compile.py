"""Compiles a tree of .py files into a tree of sourceless .pyc files that name the paths they will have in the guest.

usage: compile.py SOURCE TARGET PREFIX      x/y.py in SOURCE becomes x/y.pyc in TARGET, its code's file PREFIX/x/y.py

The .pyc hold no timestamps and are never checked against a source, so the same input gives the same bytes.
"""

import py_compile
import sys
from pathlib import Path


def main(source: Path, target: Path, prefix: str) -> None:
    for path in sorted(source.rglob("*.py")):
        relative = path.relative_to(source)
        compiled = (target / relative).with_suffix(".pyc")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        py_compile.compile(
            str(path),
            cfile=str(compiled),
            dfile=f"{prefix}/{relative.as_posix()}",
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
