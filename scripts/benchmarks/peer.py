"""Measures one peer: `peer.py NAME RUNS`, where NAME is a module beside this file that has `measure(runs)`."""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import timing


def main() -> None:
    name, runs = sys.argv[1], int(sys.argv[2])
    timing.hand_over(importlib.import_module(name).measure(runs))


if __name__ == "__main__":
    main()
