"""How many processes can compute at the same time on this machine."""

import os


def available_cores() -> int:
    """Cores that this process may use; all cores where the system does not say (macOS)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
