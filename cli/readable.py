"""Text and numbers of files as people read them on a terminal."""


def file_size(n_bytes: int) -> str:
    """Bytes in the largest unit of which there is at least one."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes} bytes"
