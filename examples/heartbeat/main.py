"""Runs by time: says when it ran."""

import datetime


def main(data, logger):
    now = datetime.datetime.now(datetime.UTC)
    logger.info("still there")
    return {"at": now}
