"""What stands between the host and an action's `main`: the three calls that `entry.c` makes."""

from .action import load, run
from .boot import boot

__all__ = ["boot", "load", "run"]
