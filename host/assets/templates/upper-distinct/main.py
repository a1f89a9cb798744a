"""Writes one field of each record in capitals, and keeps the first record of each value."""

import os

FIELD = os.environ.get("FIELD", "city")


def main(data, logger):
    seen = {}
    for record in data:
        value = str(record.get(FIELD, "")).upper()
        seen.setdefault(value, {**record, FIELD: value})
    logger.info("%d records, %d different values of %s", len(data), len(seen), FIELD)
    return list(seen.values())
