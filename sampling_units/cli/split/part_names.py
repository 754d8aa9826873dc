"""File names for values of any content, also with slashes or control characters, or empty."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

PART_SUFFIX = ".parquet"
# Bytes of a stem: with a suffix against collisions it stays below the 255 that disks allow.
_LONGEST_STEM = 200
_NULL, _EMPTY = "null", "empty"
# Separators, and other characters that Windows does not allow.
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
# Devices of Windows, whatever follows the first dot.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def part_names(texts: Sequence[str | None]) -> list[str]:
    """A file name for each value, all different, also on disks that do not distinguish upper and lower case.

    Values whose name is taken get ``~2``, ``~3`` and so on; values that can be names as they are keep them.

    >>> part_names(["Abra", "A/B", "A_B", None])
    ['Abra.parquet', 'A_B~2.parquet', 'A_B.parquet', 'null.parquet']
    """
    stems = [_safe_stem(text) for text in texts]
    is_plain = [text == stem for text, stem in zip(texts, stems, strict=True)]
    # Null comes first, so that it gets null.parquet even if some value is the text "null".
    order = sorted(range(len(texts)), key=lambda number: (texts[number] is not None, not is_plain[number]))
    names = [""] * len(texts)
    taken: set[str] = set()
    n_tried: dict[str, int] = {}
    for number in order:
        name = stem = stems[number]
        while _folded(name) in taken:
            n_tried[stem] = n_tried.get(stem, 1) + 1
            name = f"{stem}~{n_tried[stem]}"
        taken.add(_folded(name))
        names[number] = name + PART_SUFFIX
    return names


def renamed(texts: Iterable[str | None], names: Iterable[str]) -> list[tuple[str, str]]:
    """Values that are not the name of their file, with that name; null is not among them unless its name was taken."""
    wanted = ((_NULL if text is None else text, name) for text, name in zip(texts, names, strict=True))
    return [(text, name) for text, name in wanted if text + PART_SUFFIX != name]


def _safe_stem(text: str | None) -> str:
    if text is None:
        return _NULL
    # One form of accented letters, because disks differ in the form that they keep.
    stem = unicodedata.normalize("NFC", text)
    stem = "".join(letter if letter.isprintable() else "_" for letter in _FORBIDDEN.sub("_", stem))
    stem = stem.encode()[:_LONGEST_STEM].decode(errors="ignore").strip()
    if not stem:
        return _EMPTY
    # A leading dot would hide the file.
    if stem[0] == ".":
        stem = "_" + stem[1:]
    return f"_{stem}" if _RESERVED.fullmatch(stem) else stem


def _folded(name: str) -> str:
    """The name as a key: equal for names that some disks do not distinguish."""
    return unicodedata.normalize("NFC", name.casefold())
