"""Imports thirteen modules and does what the documented example does: upper-case the text, return distinct values."""

import base64
import datetime  # noqa: F401
import hashlib  # noqa: F401
import hmac  # noqa: F401
import json
import logging  # noqa: F401
import os
import random  # noqa: F401
import re
import sys  # noqa: F401
import urllib.parse  # noqa: F401
import urllib.request  # noqa: F401
import uuid  # noqa: F401

_USER = re.compile(r"user (\w+) from ([0-9.]+)")


def main(data, logger):
    token = base64.b64decode(os.environ.get("ORIGIN_CLUSTER_TOKEN", "dXNlcjpwYXNz")).decode()
    users, addresses = {}, {}
    for record in data:
        record["log"] = record["log"].upper()
        found = _USER.search(record["log"].lower())
        if found:
            users[found[1]] = addresses[found[2]] = True
    logger.info("%d records", len(data))
    return [{"user": token.split(":", 1)[0], "users": list(users), "addresses": len(addresses), "text": json.dumps(data)}]
