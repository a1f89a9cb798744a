"""Returns a frame of a thousand rows and ten columns, which becomes records."""

import numpy as np
import pandas as pd

COUNT = np.arange(1_000)
FRAME = pd.DataFrame(
    {
        "at": pd.date_range("2026-01-01", periods=1_000, freq="s"),
        "pod": [f"pod-{number}" for number in COUNT % 12],
        "level": pd.Categorical(np.where(COUNT % 7 == 0, "error", "info")),
        "log": [f"GET /items/{number} took {number % 91} ms" for number in COUNT],
        "count": COUNT,
        "code": 200 + COUNT % 5,
        "took": COUNT % 91 + 0.5,
        "mean": np.where(COUNT % 10 == 0, np.nan, COUNT / 7),
        "share": COUNT / 1_000,
        "slow": COUNT % 3 == 0,
    }
)


def main():
    return FRAME
