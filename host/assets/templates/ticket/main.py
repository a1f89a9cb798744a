"""Opens one ticket for each alert, by a tracker's HTTP API.

Set TICKET_URL to where tickets are posted, and keep its token as the secret TICKET_TOKEN. Without them, the tickets are
only shown. Each carries a key made of the alert's name and service: a tracker that knows it opens no second one.
"""

import hashlib
import json
import os
import urllib.request


def main(data, logger):
    tickets = [ticket(alert) for alert in data]
    url, token = os.environ.get("TICKET_URL"), os.environ.get("TICKET_TOKEN", "")
    if not url:
        logger.warning("TICKET_URL is not set, so no ticket is opened")
        return tickets
    for one in tickets:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": one["key"]}
        request = urllib.request.Request(url, data=json.dumps(one).encode(), headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            logger.info("%s: the tracker answered %d", one["title"], answer.status)
    return tickets


def ticket(alert):
    name, service = alert.get("alert_name", "alert"), alert.get("service", "unknown")
    return {
        "key": hashlib.sha256(f"{name}/{service}".encode()).hexdigest()[:16],
        "title": f"{name} on {service}",
        "body": json.dumps(alert, indent=2, ensure_ascii=False),
    }
