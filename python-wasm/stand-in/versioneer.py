"""Stands in for versioneer, which pandas imports and, in a source archive, does not call."""
