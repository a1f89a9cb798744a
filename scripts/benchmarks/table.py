"""Lays all rows of one run out as a table, and with `--write` keeps it in docs/benchmarks.md, with a plot. With
`--served` it is the server's table.

Owns the table and which part of the document is generated; what was measured comes from the files in `--rows`.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import machine
import plot
from timing import Row

_FILES = ("ours", "native", "pyeryx", "componentize")
_SERVED_FILES = ("http", "server", "fairness", "console")
_HEAD = ("path", "measured", "goal", "beside", "runs and spread")
_BEGIN = "<!-- scripts/bench writes from here -->"
_SERVED_BEGIN = "<!-- scripts/bench http server fairness writes from here -->"
_END = "<!-- to here -->"
# Where more is better; everywhere else a goal is the most it may be.
_RATES = {"runs/s"}


def read(directory: Path, files: tuple[str, ...]) -> list[Row]:
    """All rows of this run, ours first."""
    found: list[Row] = []
    for name in files:
        path = directory / f"{name}.json"
        if path.exists():
            found += json.loads(path.read_text())
    return found


def cells(row: Row, ours: dict[str, float]) -> tuple[str, ...]:
    """One row of the table."""
    if "value" not in row:
        return row["row"], "", "", "", row["note"]
    value, unit = row["value"], row["unit"]
    goal = row.get("goal")
    wanted = ""
    if goal is not None:
        sign, met = ("≥", value >= goal) if unit in _RATES else ("≤", value <= goal)
        wanted = f"{sign} {number(goal)} {unit}{'' if met else ' missed'}"
    beside = row.get("beside", "")
    if row.get("ours") in ours:
        beside = f"{number(value / ours[row['ours']])}\N{MULTIPLICATION SIGN} ours"
    return row["row"], f"{number(value)} {unit}", wanted, beside, row.get("note", "")


def number(value: float) -> str:
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(found: list[Row]) -> str:
    """Markdown that can be read as it is."""
    ours = {row["row"]: row["value"] for row in found if "ours" not in row and "value" in row}
    lines = [_HEAD, *(cells(row, ours) for row in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    # Numbers to the right.
    rights = (1, 2, 3)

    def laid(line: tuple[str, ...]) -> str:
        padded = (
            text.rjust(width) if at in rights else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = ("-" * (width - 1) + ":" if at in rights else "-" * width for at, width in enumerate(widths))
    return "\n".join([laid(lines[0]), f"| {' | '.join(rule)} |", *map(laid, lines[1:])])


def document(text: str, begin: str, generated: str) -> str:
    """The document with the generated part behind `begin` replaced."""
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(_END)
    if not found or not ended:
        raise ValueError(f"docs/benchmarks.md has lost its marks {begin} and {_END}")
    return f"{before}{begin}\n\n{generated}\n\n{_END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--guest", type=Path, required=True)
    parser.add_argument("--load", required=True)
    parser.add_argument("--native", default="")
    parser.add_argument("--served", action="store_true")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    found = read(arguments.rows, _SERVED_FILES if arguments.served else _FILES)
    facts = machine.facts(arguments.guest, arguments.native, arguments.load)
    told = "\n".join(f"- {name}: {value}" for name, value in facts)
    laid = table(found)
    print(f"{told}\n\n{laid}")
    if arguments.write:
        path = arguments.write / "benchmarks.md"
        begin = _SERVED_BEGIN if arguments.served else _BEGIN
        path.write_text(document(path.read_text(), begin, f"{told}\n\n{laid}"))
    if arguments.write and not arguments.served:
        (arguments.write / "benchmarks.svg").write_text(plot.draw(found))


if __name__ == "__main__":
    main()
