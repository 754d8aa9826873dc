"""Figures as people read them, in reports and on terminals."""

from collections.abc import Sequence


def dollars(amount: float) -> str:
    """An amount of money, with more digits below a cent.

    >>> dollars(1234.5), dollars(0.00123)
    ('$1,234.50', '$0.0012')
    """
    return f"${amount:,.4f}" if amount < 0.01 else f"${amount:,.2f}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number of things.

    >>> counted(1, "file"), counted(2, "batch", "batches")
    ('1 file', '2 batches')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def duration(seconds: float) -> str:
    """A length of time in its two largest units: seconds below a minute, then minutes, then hours.

    >>> duration(7.25), duration(65), duration(7260)
    ('7.2 s', '1 min 5 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def printable(text: str) -> str:
    """The text in one line, with escapes for what cannot be printed: names and values of a file may hold anything."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def shortened(value: object, most: int = 100) -> str:
    """The beginning of the text of a value, printable."""
    text = str(value)
    return printable(text[:most]) + ("..." if len(text) > most else "")


def listed(names: Sequence[object], most: int = 20) -> str:
    """The first names of a list, and whether there are others.

    >>> listed(["a", "b", "c"], 2)
    'a, b and others'
    """
    return ", ".join(map(shortened, names[:most])) + (" and others" if len(names) > most else "")


def explained(error: Exception) -> str:
    """The message of a library's error in one line, without the end of a long one."""
    return shortened(" ".join(str(error).split()), 300)


def file_size(n_bytes: int) -> str:
    """Bytes in the largest unit of which there is at least one.

    >>> file_size(1_500_000)
    '1.5 MB'
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes} bytes"
