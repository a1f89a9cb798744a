"""Turns all text of log records to upper case and sums up which pods and containers they come from."""

from distinct import distinct

KEYS = ["kubernetes_pod_name", "kubernetes_docker_id", "kubernetes_pod_id"]


def upper(value):
    if isinstance(value, str):
        return value.upper()
    if isinstance(value, list):
        return [upper(item) for item in value]
    if isinstance(value, dict):
        return {key: upper(item) for key, item in value.items()}
    return value


def main(data, logger):
    records = [upper(record) for record in data]
    row = {}
    for key in KEYS:
        values = distinct(records, key)
        row[f"distinct_{key}"] = values
        row[f"distinct_{key}_count"] = len(values)
    logger.info("summed up %d records", len(records))
    return [row]
