"""Adds to each record who owns its service, from a table beside the code."""

from owners import OWNERS

NOBODY = {"team": "unknown", "runbook": None}


def main(data, logger):
    unknown = sorted({record.get("service") for record in data if record.get("service") not in OWNERS} - {None})
    if unknown:
        logger.warning("no owner is known of: %s", ", ".join(unknown))
    return [{**record, **OWNERS.get(record.get("service"), NOBODY)} for record in data]
