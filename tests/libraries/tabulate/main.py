"""Shows records as tables."""

from tabulate import tabulate

RECORDS = [{"level": "error", "count": 12, "ratio": 0.5}, {"level": "grüße", "count": 3, "ratio": 12.25}]


def main():
    return {
        kind: tabulate(RECORDS, headers="keys", tablefmt=kind, floatfmt=".2f").splitlines()
        for kind in ("plain", "github", "html")
    }
