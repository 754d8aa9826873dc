"""The clusters of a run, some 50 bytes each, gathered file by file.

Texts and polygons are bigger: those of all clusters are held only as long as there are few, afterwards only the ids of
exceptions.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kmeans.arrays import BoolArray
from sampling_units.frame.reading import Frame
from sampling_units.report.statuses import status_styles, unknown_style

_RECORD = np.dtype(
    [
        ("longitude", "f8"),
        ("latitude", "f8"),
        ("weight", "f8"),
        ("radius", "f4"),
        ("ground", "f4"),
        ("n_points", "i4"),
        ("pieces", "i4"),
        ("area", "i4"),
        ("status", "u1"),
    ]
)


class ClusterRecords:
    """All clusters so far.

    Attributes:
        styles: of the statuses; a record's status counts in this list.
        files: names of the files, areas: of each area the number of its file and its own name, "" if it is the file.
            A record's area counts in this list.
        ids: of all clusters, polygons: theirs, one array for each file; both None once there are too many.
        exception_ids: of the clusters whose status is not ``ok``.
    """

    def __init__(self, most_detailed: int) -> None:
        """``most_detailed`` is the number of clusters up to which ids and polygons are kept."""
        self.styles = status_styles()
        self.files: list[str] = []
        self.areas: list[tuple[int, str]] = []
        self.ids: list[str] | None = []
        self.polygons: list[npt.NDArray[np.object_]] | None = []
        self.exception_ids: list[str] = []
        self._most_detailed = most_detailed
        self._status_numbers = {style.code: number for number, style in enumerate(self.styles)}
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes) // _RECORD.itemsize

    def add(self, filename: str, frame: Frame) -> None:
        """Take in the clusters of a file."""
        records = np.zeros(len(frame.ids), dtype=_RECORD)
        records["longitude"], records["latitude"] = frame.centroids.T
        records["weight"] = frame.weights
        records["radius"] = frame.radii
        records["ground"] = frame.areas
        records["n_points"] = frame.n_points
        records["pieces"] = frame.pieces
        records["status"] = statuses = [self._status_number(code) for code in frame.statuses]
        records["area"] = self._area_numbers(len(self.files), frame)
        self.files.append(filename)
        self._bytes += records.tobytes()
        self.exception_ids += [name for name, status in zip(frame.ids, statuses, strict=True) if status]
        if self.ids is not None and self.polygons is not None:
            self.ids += frame.ids
            self.polygons.append(frame.polygons)
            if len(self.ids) > self._most_detailed:
                self.ids = self.polygons = None

    def array(self) -> npt.NDArray[Any]:
        """All records, in the order they came, with the fields of ``_RECORD``."""
        return np.frombuffer(bytes(self._bytes), dtype=_RECORD)

    def _status_number(self, code: str) -> int:
        number = self._status_numbers.get(code)
        if number is None:
            number = self._status_numbers[code] = len(self.styles)
            self.styles.append(unknown_style(code))
        return number

    def _area_numbers(self, file: int, frame: Frame) -> int | npt.NDArray[np.int64]:
        """The area of each cluster: the file, or within it the values of the columns that it was grouped by."""
        if not frame.group or not frame.ids:
            self.areas.append((file, ""))
            return len(self.areas) - 1
        values = [_texts(name, column) for name, column in frame.group.items()]
        names = values[0] if len(values) == 1 else pc.binary_join_element_wise(*values, " / ")
        encoded = names.dictionary_encode()
        first = len(self.areas)
        self.areas += [(file, name) for name in encoded.dictionary.to_pylist()]
        numbers: npt.NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64) + first
        return numbers


def in_range(records: npt.NDArray[Any], clusters: ClusterRecords, ranges: list[tuple[float, float]]) -> BoolArray:
    """(k,) whether each cluster is inside its weight range, as its status says or else its weight."""
    known = np.array([bool(style.in_range) for style in clusters.styles])
    open_question = np.array([style.in_range is None for style in clusters.styles])
    weight = records["weight"]
    by_weight = np.zeros(len(records), dtype=bool)
    for low, high in ranges:
        by_weight |= (weight >= low) & (weight <= high)
    status = records["status"]
    result: BoolArray = np.where(open_question[status], by_weight, known[status])
    return result


def _texts(name: str, column: pa.Array) -> pa.Array:
    """Values as texts, "(none)" for a missing one; whatever Arrow cannot write itself is written by Python.

    Truth values and numbers say nothing alone: the column's name is before them.
    """
    try:
        texts = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    texts = texts.fill_null("(none)")
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        texts = pc.binary_join_element_wise(f"{name}: ", texts, "")
    return texts
