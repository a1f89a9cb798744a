"""Upper-cases the text of each record and adds a row of distinct values, as the documented example does."""

KEYS = ("kubernetes_pod_name", "kubernetes_docker_id", "kubernetes_pod_id")


def main(data, logger):
    distinct = {key: {} for key in KEYS}
    for record in data:
        record["log"] = record["log"].upper()
        for key in KEYS:
            distinct[key].setdefault(record[key])
    row = {}
    for key, values in distinct.items():
        row[f"distinct_{key}"] = list(values)
        row[f"distinct_{key}_count"] = len(values)
    logger.info("%d records", len(data))
    return [row]
