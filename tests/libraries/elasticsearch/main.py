"""Indexes records, one and many, and searches them."""

import os

from elasticsearch import Elasticsearch, NotFoundError, helpers

BASE = f"http://{os.environ['HOST']}:{os.environ['ELASTIC']}"


def main():
    with Elasticsearch(BASE, api_key="hidden", request_timeout=10) as client:
        first = client.index(index="logs", id="1", document={"level": "error", "text": "grüße"})
        records = ({"_index": "logs", "_id": str(number), "n": number} for number in range(2, 102))
        many = helpers.bulk(client, records, chunk_size=50)
        found = client.search(index="logs", query={"match": {"level": "error"}}, size=1)
        try:
            client.get(index="logs", id="missing")
        except NotFoundError as error:
            missing = error.status_code
    return {
        "first": first["result"],
        "many": many,
        "found": [found["hits"]["total"]["value"], found["hits"]["hits"][0]["_source"]],
        "missing": missing,
    }
