"""Imports thirteen modules and uses each of them on each record."""

import base64
import datetime
import hashlib
import hmac
import json
import logging
import os
import random
import re
import sys
import urllib.parse
import urllib.request
import uuid

_USER = re.compile(r"user (\w+) from ([0-9.]+)")


def main(data, logger):
    rows = []
    for record in data:
        found = _USER.search(record["log"])
        query = urllib.parse.urlencode({"user": found[1], "address": found[2]})
        body = json.dumps(record, sort_keys=True).encode()
        rows.append(
            {
                "at": datetime.datetime.fromtimestamp(record["time"], datetime.UTC),
                "request": urllib.request.Request(f"https://example.org/?{query}").host,
                "digest": hashlib.sha256(body).hexdigest(),
                "signature": base64.b64encode(hmac.digest(b"key", body, "sha256")),
                "id": uuid.UUID(int=random.getrandbits(128)),
                "python": sys.version_info[:2],
                "home": os.environ.get("HOME", ""),
            }
        )
    logger.log(logging.INFO, "%d records", len(rows))
    return rows
