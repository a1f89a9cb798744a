"""Counts the records of a stream by level over the last hour, and logs a report.

It asks the origin of its organisation with the token of its service account. STREAM names the stream. Records that are
given, as a test does, are counted instead.
"""

import collections
import json
import os
import time
import urllib.request

HOUR_US = 3_600_000_000


def main(data, logger):
    stream = os.environ.get("STREAM")
    records = data or (searched(stream) if stream else [])
    counts = collections.Counter(str(record.get("level", "none")) for record in records)
    for level, count in counts.most_common():
        logger.info("%-8s %6d", level, count)
    if not counts:
        logger.warning("nothing to report: give records, or set STREAM and the organisation's origin")
    return {"at": int(time.time()), "records": len(records), "levels": dict(counts)}


def searched(stream):
    now = time.time_ns() // 1_000
    sql = f'SELECT * FROM "{stream}"'
    query = {"query": {"sql": sql, "start_time": now - HOUR_US, "end_time": now, "from": 0, "size": 1_000}}
    headers = {"Content-Type": "application/json", "Authorization": "Basic " + os.environ["ORIGIN_CLUSTER_TOKEN"]}
    url = f"{os.environ['ORIGIN_CLUSTER_URL']}/api/{os.environ.get('ORIGIN_ORG', 'default')}/_search"
    request = urllib.request.Request(url, data=json.dumps(query).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["hits"]
