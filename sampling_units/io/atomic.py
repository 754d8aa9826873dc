"""Output files that appear whole or not at all: written under another name in the same folder, and moved at the end.

``AtomicFiles`` are the outputs of one job; another process can derive their temporary names and clean up. A
``staging_folder`` is for any number of files, of which ``replace_all`` moves all or none; ``staged_file`` is for one.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sampling_units.errors import OutputNotWritable


def check_writable(folder: Path) -> float:
    """Make ``folder`` if it is missing and write a test file to it, so that a run fails before any work is done.

    Returns:
        The time there, in seconds since 1970: another file system may have a clock of its own.

    Raises:
        OutputNotWritable: naming the folder and the reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError as error:
        raise OutputNotWritable(f"cannot write to the folder {folder}: {error.strerror}") from error


@dataclass(frozen=True)
class AtomicFiles:
    """The output files of one job.

    Attributes:
        targets: where they belong, in the order in which they appear; the last one says that the job is done.
        writer: id of the process that runs the command, so that two runs do not write the same partial files.

    >>> AtomicFiles((Path("frame/a.parquet"), Path("clustered_a.parquet")), writer=7).partials[1].name
    '.clustered_a.parquet.7.part'
    """

    targets: tuple[Path, ...]
    writer: int

    @property
    def partials(self) -> tuple[Path, ...]:
        """Where the files are while they are being written."""
        return tuple(path.with_name(f".{path.name}.{self.writer}.part") for path in self.targets)

    @contextmanager
    def written(self) -> Iterator[tuple[Path, ...]]:
        """Yields where to write the files; at the end of the block each replaces an older output.

        Raises:
            OutputNotWritable: the disk is full, or a folder cannot be written.
        """
        partials = self.partials
        try:
            try:
                for path in partials:
                    if not path.parent.is_dir():
                        path.parent.mkdir(parents=True, exist_ok=True)
                yield partials
                for partial, target in zip(partials, self.targets, strict=True):
                    os.replace(partial, target)
            except BaseException:
                self.remove_partials()
                raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputNotWritable(f"the output {self.targets[-1]} cannot be written ({reason})") from error

    def remove_partials(self) -> None:
        """Remove what an unfinished or killed process has left, as far as the disk allows.

        Errors are ignored: the user should see the error that came first.
        """
        with suppress(OSError):
            for path in self.partials:
                path.unlink(missing_ok=True)


@contextmanager
def staging_folder(parent: Path) -> Iterator[Path]:
    """Yields an empty folder inside ``parent``, which is made if it is missing.

    Afterwards the folder is removed, and ``parent`` too if it was made here and is still empty.

    Raises:
        OutputNotWritable: ``parent`` cannot be made or written.
    """
    is_new = not parent.exists()
    try:
        check_writable(parent)
        # The name is known before the folder is there, so that a stop signal in between leaves nothing behind.
        folder = parent / f".kmeans-{secrets.token_hex(8)}.part"
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        if is_new:
            # This fails for a folder that is not empty.
            with suppress(OSError):
                parent.rmdir()


def replace_all(moves: Sequence[tuple[Path, Path]], staging: Path) -> None:
    """Move all files or none: after an error or a stop signal the older files are back.

    Args:
        moves: where a finished file is, and where it belongs.
        staging: the folder of ``staging_folder``; replaced files wait there.

    Raises:
        OutputNotWritable: a file cannot be moved.
    """
    older = staging / "older"
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


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """Yields where to write a file, in a folder of its own; at the end of the block it is moved to ``target``.

    Raises:
        OutputNotWritable: the folder cannot be made or written, or the disk is full.
    """
    with staging_folder(target.parent) as staging:
        made = staging / target.name
        try:
            yield made
        except OSError as error:
            raise OutputNotWritable(f"cannot write {target}: {error.strerror or error}") from error
        replace_all([(made, target)], staging)
