"""Adds to each record who owns its service, from a table beside the code."""

from owners import OWNERS

NOBODY = {"team": "unknown", "runbook": None}


def main(data, logger):
    services = [str(record.get("service") or "") for record in data]
    unknown = sorted(set(services) - OWNERS.keys() - {""})
    if unknown:
        logger.warning("no owner is known of: %s", ", ".join(unknown))
    return [{**record, **OWNERS.get(service, NOBODY)} for record, service in zip(data, services)]
