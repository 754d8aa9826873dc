"""Outputs that appear whole or not at all: they are made in a hidden folder beside their place and moved at the end."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sampling_units.cli.cluster.local_files import check_writable
from sampling_units.errors import OutputNotWritable


@contextmanager
def hidden_folder(parent: Path) -> Iterator[Path]:
    """An empty folder inside ``parent``, which is made if need be; afterwards neither is left unless it is of use.

    Raises:
        OutputNotWritable: ``parent`` cannot be made or written.
    """
    is_new = not parent.exists()
    try:
        check_writable(parent)
        # The name is known before the folder is there: no signal comes in between.
        folder = parent / f".kmeans-{secrets.token_hex(8)}.part"
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        if is_new:
            # Only an empty folder can be removed so.
            with suppress(OSError):
                parent.rmdir()


def publish(moves: Sequence[tuple[Path, Path]], hidden: Path) -> None:
    """Move each file to its place, all of them or none: after an error or a stop signal the older files are back.

    Args:
        moves: where a finished file is, and where it belongs.
        hidden: the folder of ``hidden_folder``; replaced files wait there.

    Raises:
        OutputNotWritable: a file cannot be moved.
    """
    older = hidden / "older"
    older.mkdir()
    begun: list[tuple[Path, Path]] = []
    try:
        for made, target in moves:
            begun.append((made, target))
            if os.path.lexists(target):
                os.replace(target, older / target.name)
            os.replace(made, target)
    except BaseException as error:
        for made, target in reversed(begun):
            if not made.exists():
                os.replace(target, made)
            if os.path.lexists(older / target.name):
                os.replace(older / target.name, target)
        if isinstance(error, OSError):
            raise OutputNotWritable(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from error
        raise
