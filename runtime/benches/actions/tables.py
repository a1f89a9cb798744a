"""Reports how many lines of a log there are by pod and over time, with pandas."""

import pandas as pd


def main(data, logger):
    frame = pd.DataFrame(data)
    frame.index = pd.to_datetime(frame["_timestamp"], unit="us")
    pods = frame.groupby("kubernetes_pod_name").size().to_dict()
    rate = frame.resample("100ms").size().to_dict()
    logger.info("%d records of %d pods", len(frame), len(pods))
    return {"pods": pods, "rate": rate}
