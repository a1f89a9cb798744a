"""Stands in for setuptools, the build backend of some source archives."""
