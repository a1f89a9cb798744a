"""Posts what an alert sends to a Slack channel, by an incoming webhook.

Keep the webhook's address as the secret SLACK_WEBHOOK_URL; without it, what would be posted is only logged.
"""

import json
import os
import urllib.request

LINES_MAX = 10


def main(data, logger):
    text = message(data)
    url = os.environ.get("SLACK_WEBHOOK_URL")
    if not url:
        logger.warning("SLACK_WEBHOOK_URL is not set, so nothing is posted:\n%s", text)
        return {"posted": False, "text": text}
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        logger.info("posted %d records, Slack answered %d", len(data), answer.status)
    return {"posted": True, "text": text}


def message(data):
    lines = [f"*{len(data)} records*"]
    for record in data[:LINES_MAX]:
        lines.append("• " + ", ".join(f"{name}: {value}" for name, value in record.items()))
    if len(data) > LINES_MAX:
        lines.append(f"and {len(data) - LINES_MAX} more")
    return "\n".join(lines)
