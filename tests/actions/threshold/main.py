"""Reports hosts that were tried from many addresses: those with at least MIN_DISTINCT_THRESHOLD different ones."""

import os
from collections import defaultdict

THRESHOLD = int(os.getenv("MIN_DISTINCT_THRESHOLD", "10"))


def main(data, logger):
    addresses = defaultdict(set)
    for record in data:
        if record.get("outcome") == "failure":
            addresses[record["host"]].add(record["source_ip"])
    found = {host: seen for host, seen in addresses.items() if len(seen) >= THRESHOLD}
    if not found:
        logger.info("no host was tried from %d addresses or more", THRESHOLD)
        return []
    return [{"host": host, "addresses": len(seen), "sample": min(seen)} for host, seen in sorted(found.items())]
