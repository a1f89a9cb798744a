"""The part of it that pip asks while it downloads."""

from mesonpy import prepare_metadata_for_build_wheel

__all__ = ["prepare_metadata_for_build_wheel"]
