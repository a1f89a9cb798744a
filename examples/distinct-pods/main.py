"""Counts, for each namespace, how many different pods logged an error, and names them."""

import os

from distinct import distinct


def main(data, logger):
    level = os.environ.get("LEVEL", "error")
    matching = [record for record in data if record.get("level") == level]
    logger.info("%d of %d records have level %s", len(matching), len(data), level)
    rows = []
    for namespace in distinct(matching, "namespace"):
        pods = distinct((record for record in matching if record["namespace"] == namespace), "pod")
        rows.append({"namespace": namespace, "pods": len(pods), "names": pods})
    return rows
