"""Measures one part of the server: `served.py NAME PROGRAM [--quick]`, where NAME is a section of scripts/bench."""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import timing

# Sections, and the module beside this file behind each.
_MODULES = {"http": "load", "server": "stored", "fairness": "fairness", "console": "pages"}


def main() -> None:
    name, program, *quick = sys.argv[1:]
    timing.hand_over(importlib.import_module(_MODULES[name]).measure(program, bool(quick)))


if __name__ == "__main__":
    main()
