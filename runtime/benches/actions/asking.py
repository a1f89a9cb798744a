"""Asks an HTTP server, which takes its time."""

import urllib.request


def main(data):
    with urllib.request.urlopen(data[0]["url"], timeout=60) as answer:
        return answer.read().decode()
