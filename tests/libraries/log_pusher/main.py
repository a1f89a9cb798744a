"""Pushes log records into a stream of the cluster that the action belongs to: at first one, then several at once."""

import base64
import logging
import os

import requests

logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
log = logging.getLogger(__name__)

RECORDS = [
    {"level": "info", "job": "pusher", "log": "started"},
    {"level": "error", "job": "pusher", "log": "über 42 errors"},
]


def push(body):
    base = os.environ["ORIGIN_CLUSTER_URL"].rstrip("/")
    organisation, stream = os.environ["OPENOBSERVE_ORG"], os.environ["OPENOBSERVE_STREAM"]
    account = base64.b64decode(os.environ["ORIGIN_CLUSTER_TOKEN"]).decode()
    user, password = account.split(":", 1)
    answer = requests.post(
        f"{base}/api/{organisation}/{stream}/_json",
        json=body,
        auth=(user, password),
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    if answer.status_code not in (200, 201, 204):
        raise RuntimeError(f"not taken: {answer.status_code} {answer.text}")
    log.info("pushed: %s", answer.status_code)


def main():
    push(RECORDS[0])
    push(RECORDS)


if __name__ == "__main__":
    main()
