"""Reads sampling frames, draws a sample, and writes it with its probabilities; all columns and metadata stay."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kmeans.arrays import FloatArray, IntArray
from sampling_units.crs.systems import Crs
from sampling_units.errors import InvalidInput, InvalidParameters
from sampling_units.io import columns
from sampling_units.io.geo_file import GeoFile
from sampling_units.io.geo_metadata import GEO_METADATA
from sampling_units.io.provenance import decode_provenance
from sampling_units.sampling.pps import Selection, select

PROBABILITY, WEIGHT, CERTAINTY = "selection_probability", "base_weight", "is_certainty_unit"
# Key of the file metadata that say how the sample was drawn.
SAMPLE_METADATA = b"kmeans_sample"


class SampleDesign(msgspec.Struct, frozen=True):
    """How a sample is drawn.

    Attributes:
        n: units to select, in all strata together.
        size: column with the measures of size.
        stratify: columns whose values are strata; each stratum is sampled by itself.
        seed: of the random starts.
    """

    n: int
    size: str = "cluster_weight"
    stratify: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class StratumSample:
    """What was selected in a stratum.

    Attributes:
        name: its values, as text.
        n_units, total_size: in the frame.
        n_selected, n_certain: of these.
        smallest_weight, largest_weight: base weights of the selected units.
    """

    name: str
    n_units: int
    total_size: float
    n_selected: int
    n_certain: int
    smallest_weight: float
    largest_weight: float


@dataclass(frozen=True)
class SamplingFrame:
    """One or several files of clusters, joined in the order given.

    Attributes:
        table: all columns.
        sizes: float64 (n,), measure of size.
        strata: int64 (n,).
        names: texts, one for each stratum.
        differing_file: a file that was made with other parameters, or another version, than the first, or does not say
            how it was made; None if all are alike.
    """

    table: pa.Table
    sizes: FloatArray
    strata: IntArray
    names: list[str]
    differing_file: Path | None


def read_frames(files: Sequence[Path], design: SampleDesign) -> SamplingFrame:
    """Read frames of the same columns, with the sizes and strata of a design.

    Raises:
        InvalidInput: a column is missing or differs between the files, or a size is missing or negative.
    """
    tables: list[pa.Table] = []
    all_sizes: list[FloatArray] = []
    systems: list[Crs | None] = []
    origins: list[Any] = []
    for file in files:
        frame = GeoFile(str(file), str(file))
        for name in (design.size, *design.stratify):
            frame.require_column(name)
        for name in (PROBABILITY, WEIGHT, CERTAINTY):
            if name in frame.schema.names:
                raise InvalidInput("has this column already: it is a sample", filename=str(file), column=name)
        chunks = list(frame.tables())
        table = pa.concat_tables(chunks) if chunks else frame.schema.empty_table()
        sizes, is_null = columns.numbers(table[design.size], design.size, str(file))
        wrong = is_null | ~np.isfinite(sizes) | (sizes < 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InvalidInput(
                f"the size is {'missing' if is_null[row] else sizes[row]}, but has to be a number of at least 0",
                filename=str(file),
                column=design.size,
                row=row,
            )
        tables.append(table)
        all_sizes.append(sizes)
        origins.append(_parameters_of(frame))
        systems.append(None if frame.geometry is None else frame.geometry.crs)
        if not table.schema.equals(tables[0].schema):
            raise InvalidInput(f"has other columns than {files[0]}", filename=str(file))
        if not _are_alike(systems[-1], systems[0]):
            here, there = ("unknown" if system is None else system.name for system in (systems[-1], systems[0]))
            raise InvalidInput(f"the coordinate system is {here}, and {there} in {files[0]}", filename=str(file))
    table = pa.concat_tables(tables)
    grouping = columns.group(
        {name: [columns.encoded(table[name], name, str(files[0]))] for name in design.stratify}, table.num_rows
    )
    values = [columns.texts(array) for array in grouping.values.values()]
    names = [", ".join("(none)" if text is None else text for text in row) for row in zip(*values, strict=True)]
    differing_file = next((file for file, origin in zip(files, origins, strict=True) if origin != origins[0]), None)
    return SamplingFrame(table, np.concatenate(all_sizes), grouping.number, names or ["all"], differing_file)


def is_sample(path: Path) -> bool:
    """Whether a file is a sample that ``write_sample`` has written; False for a file that is not Parquet."""
    try:
        return SAMPLE_METADATA in (pq.read_metadata(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def _are_alike(system: Crs | None, other: Crs | None) -> bool:
    """Whether coordinates mean the same in both systems; unknown ones (None) are alike."""
    if system is None or other is None:
        return system is other
    return system.is_same_as(other)


def _parameters_of(frame: GeoFile) -> Any:
    """Fingerprint of the parameters that a frame was made with; None if it does not say."""
    return (decode_provenance(frame.schema.metadata) or {}).get("parameters_fingerprint")


def draw(frame: SamplingFrame, design: SampleDesign) -> tuple[Selection, list[StratumSample]]:
    """Select units of a frame, and say what that means for each stratum.

    Raises:
        InvalidParameters: so many cannot be selected.
    """
    try:
        found = select(frame.sizes, frame.strata, design.n, design.seed)
    except ValueError as error:
        raise InvalidParameters(f"--n {design.n}: {error}") from error
    strata = []
    for number, name in enumerate(frame.names):
        inside = frame.strata == number
        chosen = inside & found.is_selected
        weights = 1 / found.probability[chosen]
        strata.append(
            StratumSample(
                name,
                int(inside.sum()),
                float(frame.sizes[inside].sum()),
                int(chosen.sum()),
                int((found.is_certain & inside).sum()),
                float(weights.min(initial=np.inf)),
                float(weights.max(initial=0.0)),
            )
        )
    return found, strata


def write_sample(frame: SamplingFrame, selection: Selection, path: Path, drawn: dict[str, Any]) -> None:
    """Write the selected units with their probabilities and base weights, in the order of the frame.

    ``drawn`` says how, for the metadata.
    """
    probability = selection.probability[selection.is_selected]
    table = frame.table.filter(pa.array(selection.is_selected))
    for name, values in (
        (PROBABILITY, probability),
        (WEIGHT, 1 / probability),
        (CERTAINTY, selection.is_certain[selection.is_selected]),
    ):
        table = table.append_column(name, pa.array(values))
    metadata = dict(table.schema.metadata or {}) | {SAMPLE_METADATA: msgspec.json.encode(drawn)}
    if GEO_METADATA in metadata:
        geo = json.loads(metadata[GEO_METADATA])
        for column in geo["columns"].values():
            # That of the whole frame; it may be left out.
            column.pop("bbox", None)
        metadata[GEO_METADATA] = msgspec.json.encode(geo)
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")
