"""Text and numbers of files as people read them on a terminal."""


def printable(text: str) -> str:
    """The text with its control characters escaped: names and values of a file may hold any."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def file_size(n_bytes: int) -> str:
    """Bytes in the largest unit of which there is at least one."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes} bytes"
