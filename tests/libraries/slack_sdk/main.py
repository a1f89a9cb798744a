"""Posts to a channel: as a bot, and through a webhook; learns that a channel is unknown, and waits when told to."""

import os
import ssl

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookClient

BASE = f"https://{os.environ['HOST']}:{os.environ['SLACK']}"
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Grüße*"}}]


async def main():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    client = WebClient(token="xoxb-hidden", base_url=f"{BASE}/api/", ssl=context, timeout=10)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    posted = client.chat_postMessage(channel="#alerts", text="42 errors", blocks=BLOCKS)
    try:
        client.chat_postMessage(channel="#nowhere", text="lost")
    except SlackApiError as error:
        unknown = error.response["error"]
    members = [user["name"] for page in client.users_list(limit=1) for user in page["members"]]
    hook = WebhookClient(f"{BASE}/services/T0/B0/hidden", ssl=context, timeout=10)
    told = hook.send(text="42 errors", blocks=BLOCKS)
    later = AsyncWebClient(token="xoxb-hidden", base_url=f"{BASE}/api/", ssl=context, timeout=10)
    awaited = await later.chat_postMessage(channel="#alerts", text="43 errors")
    return {
        "ts": posted["ts"],
        "unknown": unknown,
        "members": members,
        "awaited": awaited["ok"],
        "hook": [told.status_code, told.body],
    }
