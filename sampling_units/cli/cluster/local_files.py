"""The files of a local run: which ones to cluster, where their outputs go, and which cannot be read."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sampling_units import file_names
from sampling_units.cli.command_errors import NO_TEXT, is_text
from sampling_units.errors import FileMissing, InvalidInput, InvalidParameters
from sampling_units.formats import SUFFIXES_IN_WORDS
from sampling_units.io.atomic import AtomicFiles
from sampling_units.io.digest import content_digest


@dataclass(frozen=True)
class LocalFile:
    """One file to cluster.

    Attributes:
        source: where it is, as the user wrote it.
        filename: its path relative to the given folder; outputs have this path below the output folder.
        target: where its clustered file belongs.
        frame: where its sampling frame belongs.
        process_id: of the process that runs the command.
    """

    source: Path
    filename: str
    target: Path
    frame: Path
    process_id: int

    @property
    def outputs(self) -> AtomicFiles:
        """The frame and the clustered file; the clustered file appears last, as the sign that the work is done."""
        return AtomicFiles((self.frame, self.target), self.process_id)

    @property
    def has_outputs(self) -> bool:
        """Whether there is an output of this file, from whatever run."""
        from sampling_units.io.provenance import read_provenance

        return any(read_provenance(str(path)) is not None for path in self.outputs.targets)


@dataclass(frozen=True)
class Work:
    """What a run has to do.

    Attributes:
        files: the files to cluster.
        n_outputs_ignored: outputs of earlier runs into other folders, which were found in the given folders.
    """

    files: list[LocalFile]
    n_outputs_ignored: int


def find_work(paths: Sequence[Path], out: Path) -> Work:
    """The files to cluster, in the order given, and sorted by path within a folder.

    Outputs of earlier runs in a given folder are ignored, unless they are named themselves. A missing file is no error
    here: it becomes a failure of its own, as in ``identify``.

    Raises:
        InvalidParameters: two inputs would have the same output, or there is no input at all.
    """
    by_target: dict[Path, LocalFile] = {}
    known_paths: set[Path] = set()
    resolved = cache(Path.resolve)
    n_outputs_ignored = 0
    for path in paths:
        if path.is_dir():
            inside = _inside(path)
            outputs = {found for found in inside if found.is_file() and _is_output(found, path)}
            n_outputs_ignored += sum(out.resolve() not in found.resolve().parents for found in outputs)
            files = [(found, found.relative_to(path).as_posix()) for found in inside if found not in outputs]
        else:
            files = [(path, path.name)]
        for source, filename in files:
            # A symbolic link counts as another file; the same path written in another way does not.
            full_path = resolved(source.parent) / source.name
            if full_path in known_paths:
                continue
            target = out / file_names.output_key(filename)
            if target in by_target:
                earlier = by_target[target].source
                if earlier.resolve() == source.resolve():
                    continue
                raise InvalidParameters(f"{earlier} and {source} would both be written to {target}")
            known_paths.add(full_path)
            by_target[target] = LocalFile(source, filename, target, out / file_names.frame_key(filename), os.getpid())
    if not by_target:
        besides = f" (outputs of earlier runs, left out: {n_outputs_ignored:,})" if n_outputs_ignored else ""
        raise InvalidParameters(f"there is no {SUFFIXES_IN_WORDS} file in {', '.join(map(str, paths))}{besides}")
    return Work(list(by_target.values()), n_outputs_ignored)


def _inside(folder: Path) -> list[Path]:
    """Files with the suffix of an input, and folders that are links or cannot be read: `identify` refuses these."""
    found: list[Path] = []

    def note_unreadable(error: OSError) -> None:
        found.append(Path(error.filename))

    for root, folders, names in os.walk(folder, onerror=note_unreadable):
        found += [Path(root, name) for name in names if file_names.is_input(name)]
        found += [Path(root, name) for name in folders if Path(root, name).is_symlink()]
    return sorted(found)


def _is_output(path: Path, folder: Path) -> bool:
    """Whether a file in a given folder is an output of an earlier run."""
    # The given folder and those below it; how the folders above it are named does not matter.
    folders = (folder.resolve().name, *path.relative_to(folder).parent.parts)
    if not path.name.startswith(file_names.OUTPUT_PREFIX) and file_names.FRAME_PREFIX.rstrip("/") not in folders:
        return False
    # Slow to import, and seldom needed.
    from sampling_units.io.provenance import read_provenance

    return read_provenance(str(path)) is not None


def identify(file: LocalFile) -> str:
    """Digest of the content of a file to cluster; it takes the place of an ETag on S3.

    Raises:
        FileMissing: there is no file or folder of that name.
        InvalidInput: the name is not allowed, or the file cannot be read.
    """
    try:
        is_file = file.source.is_file()
        if not is_file:
            if not file.source.exists():
                raise FileMissing("there is no such file or folder")
            if file.source.is_dir():
                if file.source.is_symlink():
                    raise InvalidInput("is a link to a folder, which is not followed; name the folder itself")
                os.listdir(file.source)
        file_names.check_filename(file.filename)
        if not is_file:
            raise InvalidInput("is not a regular file")
        if not is_text(file.source):
            raise InvalidInput(NO_TEXT)
        return content_digest(file.source)
    except OSError as error:
        raise InvalidInput(f"cannot be read ({error.strerror})") from error
