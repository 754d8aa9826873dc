"""Makes the report page of a folder of results, or of a run on this machine that has just ended."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from sampling_units import file_names
from sampling_units.cli.progress_bar import one_by_one
from sampling_units.errors import FileMissing, InvalidInput
from sampling_units.frame.reading import FrameOrigin, read_frame
from sampling_units.io.atomic import staged_file
from sampling_units.parameters import parse_parameters
from sampling_units.report import ReportBuilder, header_of_local_run, header_of_results
from sampling_units.runs.summary import LocalSummary
from sampling_units.sampling.sample_files import is_sample


@dataclass(frozen=True)
class LocalReport:
    """A finished page, its main figures by name, and the samples beside the frames, which it leaves out."""

    page: bytes
    figures: dict[str, int]
    samples: list[Path]


def make_report(results: Path) -> LocalReport:
    """The page of the frames in ``results``, by the names of their files; samples drawn from frames are left out.

    Raises:
        FileMissing: there are no frames.
        InvalidInput: a file is no frame, or was made with other parameters than the first one.
        VendorMissing: the libraries that go into the page are not there.
    """
    folder = results / file_names.FRAME_PREFIX
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if _is_frame(path, folder)}
    samples = [paths.pop(filename) for filename in sorted(paths) if is_sample(paths[filename])]
    if not paths:
        but_samples = f", but samples: {', '.join(map(str, samples))}" if samples else ""
        raise FileMissing(f"there are no sampling frames in {folder}{but_samples}", filename=str(results))
    first_path = paths[min(paths)]
    first = read_frame(first_path, str(first_path)).origin
    params = parse_parameters(msgspec.json.decode(first.parameters))
    builder = ReportBuilder(params)
    n_clusters = n_in_range = 0
    with one_by_one("reading frames", len(paths)) as advance:
        for filename, path in sorted(paths.items()):
            frame = read_frame(path, str(path))
            _check_same(frame.origin, path, first, first_path)
            builder.add_frame(filename, frame)
            n_clusters += frame.origin.report.n_clusters
            n_in_range += frame.origin.report.n_in_range
            advance()
    figures = {"n_files": len(paths), "n_clusters": n_clusters, "n_in_range": n_in_range}
    return LocalReport(builder.finish(header_of_results(results, params, first.version)), figures, samples)


def report_of_run(run: LocalSummary) -> bytes:
    """The page of a run that has just ended: of its files only, with those that failed.

    Raises:
        InvalidInput: a frame was changed meanwhile.
        VendorMissing: the libraries that go into the page are not there.
    """
    builder = ReportBuilder(run.params)
    for result in run.files:
        if result.frame is None:
            builder.add_failure(result)
        else:
            builder.add_frame(result.filename, read_frame(result.frame, result.frame))
    return builder.finish(header_of_local_run(run))


def write_page(page: bytes, target: Path) -> None:
    """Write a page to ``target``; it appears whole or not at all.

    Raises:
        OutputNotWritable: it cannot be written.
    """
    with staged_file(target) as path:
        path.write_bytes(page)


def _is_frame(path: Path, folder: Path) -> bool:
    # Names that begin with a dot are those of files and folders that a running command has not finished.
    is_unfinished = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return file_names.is_input(path.name) and not is_unfinished and path.is_file()


def _check_same(origin: FrameOrigin, path: Path, first: FrameOrigin, first_path: Path) -> None:
    if origin.parameters_fingerprint != first.parameters_fingerprint:
        raise InvalidInput(
            f"was made with other parameters, or another version, than {first_path}. Cluster again, or move one of "
            "them to a folder of its own",
            filename=str(path),
        )
