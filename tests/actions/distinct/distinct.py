"""The different values of a key over many records."""


def distinct(records, key):
    """Each value of `key` once, in the order of first appearance; records without the key count for nothing."""
    return list(dict.fromkeys(record[key] for record in records if record.get(key) is not None))
