"""As `asking.py`, by `requests`."""

import requests


def main(data):
    return requests.get(data[0]["url"], timeout=60).text
