"""The cores that this process may use."""

import math
import os
from pathlib import Path

LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Of the container, by cgroup v2: microseconds of a period, or `max`, and the period."""


def available() -> int:
    """At least one; a container may be allowed less than its machine has."""
    allowed = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    return max(1, min(allowed, _limit() or allowed))


def _limit() -> int | None:
    try:
        quota, period = LIMIT.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no cgroup v2, or no limit
        return None
