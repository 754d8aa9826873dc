"""Names of objects that are none, or that would get out of the folders of the outputs."""

import unicodedata
from collections.abc import Iterator

from tests.hostile.cases import Case
from tests.hostile.good_files import cells_file


def cases() -> Iterator[Case]:
    for name, key in {
        "up a folder": "../a.parquet",
        "up a folder in the middle": "a/../b.parquet",
        "up many folders": "../" * 100 + "etc/passwd.parquet",
        "the same folder": "./a.parquet",
        "the same folder in the middle": "a/./b.parquet",
        "leading slash": "/a.parquet",
        "two slashes": "a//b.parquet",
        "slashes only": "///.parquet",
        "slash at the end": "a.parquet/",
        "no suffix": "a",
        "no name": ".",
        "nothing but dots": "...",
        "another suffix": "a.csv",
        "suffix in the middle": "a.parquet.gz",
        "suffix and a space": "a.parquet ",
        "empty": "",
        "a space": " ",
        "newline": "a\nb.parquet",
        "carriage return": "a\rb.parquet",
        "tab": "a\tb.parquet",
        "NUL": "a\0b.parquet",
        "escape sequence": "\x1b[31ma.parquet",
        "delete": "a\x7f.parquet",
        "control character of 8 bits": "a\x85b.parquet",
        "right-to-left override": "a\u202etxt.parquet",
        "zero-width space": "a\u200bb.parquet",
        "line separator": "a\u2028b.parquet",
        "byte order mark": "\ufeffa.parquet",
        "half a character": "a\ud800.parquet",
        "private character": "a\ue000.parquet",
        "no character": "a\uffff.parquet",
        "frame/": "frame/a.parquet",
        "runs/": "runs/a.parquet",
        "runs/ of a run": "runs/hostile/results/x/000000.parquet",
    }.items():
        yield Case(name, None, key=key)
    missing = "\u00e9.parquet"
    yield Case("no such object", None, key="gone.parquet")
    yield Case("composed letter where it is not there", None, key=unicodedata.normalize("NFC", missing))
    yield Case("decomposed letter where it is not there", None, key=unicodedata.normalize("NFD", missing))
    yield Case("percent signs that would be a slash", None, key="a%2Fb.parquet")
    yield Case("percent signs that would go up", None, key="%2e%2e%2fa.parquet")
    yield Case("backslashes that would go up", None, key="..\\..\\a.parquet")
    yield Case("question mark", None, key="a?versionId=1.parquet")
    yield Case("URL", None, key="s3:/other-bucket/a.parquet")


def odd() -> Iterator[Case]:
    for name, key in {
        "composed letter": "\u00e9.parquet",
        "decomposed letter": "e\u0301.parquet",
        "backslash": "a\\b.parquet",
        "quotes": "\"'`.parquet",
        "three dots": "....parquet",
        "tilde": "~.parquet",
        "shell": "$(reboot);&|.parquet",
        "HTML": "<script>alert(1)<.parquet",
        "suffix in capitals": "a.PARQUET",
        "emoji": "\U0001f4a3.parquet",
        "star": "*.parquet",
        "space at both ends": " a .parquet",
        "our own prefix": "clustered_a.parquet",
        "percent sign": "100%.parquet",
        "1,006 bytes": "d" * 998 + ".parquet",
    }.items():
        yield Case(name, cells_file(), key=key)
