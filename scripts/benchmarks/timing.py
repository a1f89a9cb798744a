"""Timing one call many times, and the rows that come of it. Shared by the scripts that measure others."""

import json
import sys
import time
from collections.abc import Callable
from typing import TypedDict


class Row(TypedDict, total=False):
    """One number; `ours` names the row of ours that does the same job, `goal` what it ought to be."""

    section: str
    row: str
    value: float
    unit: str
    note: str
    ours: str
    goal: float
    beside: str


def percentiles(call: Callable[[], object], count: int, warm_up: int) -> tuple[float, float, str]:
    """Median and 99th percentile in milliseconds, and the count and spread behind them."""
    for _ in range(warm_up):
        call()
    took = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1e3)
    took.sort()
    spread = f"n {count}, min {took[0]:.3f}, max {took[-1]:.3f}"
    return took[count // 2], took[min(count - 1, count * 99 // 100)], spread


def rows(name: str, job: str, call: Callable[[], object], count: int) -> list[Row]:
    """A peer's median and 99th percentile for a job that has a row of ours."""
    median, slow, spread = percentiles(call, count, max(2, count // 20))
    path = f"{name}, {job}"
    return [
        {"row": f"{path}, p50", "value": median, "unit": "ms", "note": spread, "ours": f"fresh run, {job}, p50"},
        {"row": f"{path}, p99", "value": slow, "unit": "ms", "ours": f"fresh run, {job}, p99"},
    ]


def hand_over(found: list[Row]) -> None:
    """Write rows as JSON, for whoever started this script."""
    json.dump(found, sys.stdout, indent=1)
