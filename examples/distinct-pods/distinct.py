"""The values that a field has in some records."""


def distinct(records, field):
    """Return each value of the field once, in order."""
    return sorted({record[field] for record in records if field in record})
