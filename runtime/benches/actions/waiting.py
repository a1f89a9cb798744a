"""Does the small job of `imports.py`, then waits in the middle of its run, so that it can be looked at."""

import time

from job import main as job


def main(data, logger):
    rows = job(data, logger)
    time.sleep(3_600)
    return rows
