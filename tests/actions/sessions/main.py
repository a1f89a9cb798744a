"""Reads access log lines, decodes what they carry, and sums up each client's session."""

import base64
import hashlib
import json
import logging
import re
from datetime import datetime, timezone
from urllib.parse import parse_qs, unquote, urlsplit

LINE = re.compile(
    r'(?P<client>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[\d.]+" '
    r"(?P<status>\d{3}) (?P<bytes>\d+|-)(?: auth=(?P<auth>[A-Za-z0-9+/=]+))?"
)

log = logging.getLogger("sessions")


def parse(record):
    match = LINE.fullmatch(record["message"])
    if match is None:
        log.warning("line %d is no access log line", record["line"])
        return None
    target = urlsplit(match["target"])
    auth = base64.b64decode(match["auth"]).decode() if match["auth"] else ""
    return {
        "client": match["client"],
        "user": auth.partition(":")[0] or match["user"],
        "at": datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z").astimezone(timezone.utc),
        "path": unquote(target.path),
        "query": parse_qs(target.query),
        "ok": int(match["status"]) < 400,
        "bytes": 0 if match["bytes"] == "-" else int(match["bytes"]),
    }


def main(data, logger):
    sessions = {}
    for request in filter(None, map(parse, data)):
        sessions.setdefault((request["client"], request["user"]), []).append(request)
    rows = []
    for (client, user), requests in sorted(sessions.items()):
        first, last = min(r["at"] for r in requests), max(r["at"] for r in requests)
        searched = sorted({term for r in requests for term in r["query"].get("q", [])})
        identity = json.dumps([client, user, first.isoformat()]).encode()
        rows.append(
            {
                "session": hashlib.sha256(identity).hexdigest()[:16],
                "client": client,
                "user": user,
                "first": first,
                "seconds": (last - first).total_seconds(),
                "requests": len(requests),
                "failed": sum(not r["ok"] for r in requests),
                "bytes": sum(r["bytes"] for r in requests),
                "paths": sorted({r["path"] for r in requests}),
                "searched": searched,
            }
        )
    logger.info("%d sessions", len(rows))
    return rows
