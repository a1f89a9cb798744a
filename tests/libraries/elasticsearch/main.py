"""Indexes records, one and many, and searches them, also at the same time."""

import asyncio
import os

from elasticsearch import AsyncElasticsearch, ConnectionError, Elasticsearch, NotFoundError, helpers

BASE = f"https://{os.environ['HOST']}:{os.environ['ELASTIC']}"


async def at_the_same_time():
    async with AsyncElasticsearch(BASE, api_key="hidden", ca_certs="/action/ca.pem", request_timeout=10) as client:
        searches = (client.search(index="logs", query={"match": {"n": number}}) for number in range(2))
        return [found["hits"]["total"]["value"] for found in await asyncio.gather(*searches)]


async def main():
    with Elasticsearch(BASE, api_key="hidden", ca_certs="/action/ca.pem", request_timeout=10) as client:
        first = client.index(index="logs", id="1", document={"level": "error", "text": "grüße"})
        records = ({"_index": "logs", "_id": str(number), "n": number} for number in range(2, 102))
        many = helpers.bulk(client, records, chunk_size=50)
        found = client.search(index="logs", query={"match": {"level": "error"}}, size=1)
        try:
            client.get(index="logs", id="missing")
        except NotFoundError as error:
            missing = error.status_code
    try:
        Elasticsearch(BASE, api_key="hidden", max_retries=0).get(index="logs", id="1")
    except ConnectionError as error:
        unknown = type(error).__name__
    return {
        "first": first["result"],
        "many": many,
        "found": [found["hits"]["total"]["value"], found["hits"]["hits"][0]["_source"]],
        "missing": missing,
        "unknown": unknown,
        "gathered": await at_the_same_time(),
    }
