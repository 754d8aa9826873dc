"""Formats of input files: one entry for each, by which files are recognised and opened.

Nothing else knows a suffix. A reader is named by where it is, and imported when its first file is opened: it brings
libraries that others do without.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sampling_units.io.geo_file import GeoFile


@dataclass(frozen=True)
class InputFormat:
    """A format of input files.

    Attributes:
        name: what people call it.
        suffixes: of its files, in lower case.
        reader: ``module:class`` of the reader, a ``GeoFile`` that takes a source (a path or a file object of pyarrow)
            and the name of the file for messages.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str

    def open(self, source: Any, filename: str) -> "GeoFile":
        """A reader of ``source``.

        Raises:
            InvalidInput: it is not of this format.
        """
        module, _, name = self.reader.partition(":")
        opened: GeoFile = getattr(import_module(module), name)(source, filename)
        return opened


FORMATS = (InputFormat("Parquet", (".parquet", ".geoparquet"), "sampling_units.io.geo_file:GeoFile"),)
# Of all outputs, and of files whose name tells no format.
PARQUET = FORMATS[0]
# As messages list them.
SUFFIXES_IN_WORDS = " or ".join(suffix for known in FORMATS for suffix in known.suffixes)


def format_of(filename: str) -> InputFormat | None:
    """The format of a file by its name, None if there is none.

    >>> format_of("cells.PARQUET").name
    'Parquet'
    >>> format_of("cells.txt") is None
    True
    """
    return next((known for known in FORMATS if filename.lower().endswith(known.suffixes)), None)


def open_input(source: Any, filename: str) -> "GeoFile":
    """A reader of an input file; one whose name tells no format is taken for Parquet.

    Raises:
        InvalidInput: the file is not of its format.
    """
    return (format_of(filename) or PARQUET).open(source, filename)


def named_as_parquet(filename: str) -> str:
    """What an output is called whose input is called ``filename``: other formats get the suffix of Parquet besides.

    >>> named_as_parquet("cells.geoparquet"), named_as_parquet("cel")
    ('cells.geoparquet', 'cel')
    """
    return filename if format_of(filename) in (None, PARQUET) else filename + PARQUET.suffixes[0]
