"""Conversion of SEG-Y files to volumes and back, in constant memory; disk holds the samples once more meanwhile."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import Recording
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.io.segy.reader import read_segy_blocks
from aemodels.io.segy.writer import write_segy
from aemodels.io.volume.layout import MAX_TRACES
from aemodels.io.volume.library import load_zarr
from aemodels.io.volume.pack import pack_store
from aemodels.io.volume.reader import Volume
from aemodels.io.volume.slabs import SlabFile, chunk_regions
from aemodels.io.volume.store import consolidate

BLOCK = 2_000_000  # samples read at once
CHUNK = 128  # per dimension, as MDIO does
HEADERS, TRACE_HEADER = 3600, 240  # bytes of a SEG-Y file before its traces, and before the samples of each


def volume_to_segy(path: Path, target: Path, limits: SizeLimits = DEFAULT_LIMITS) -> int:
    """Write the live traces of a volume, in the order of its grid, as a SEG-Y file (revision 1, IEEE floats).

    Args:
        path: the volume.
        target: file to write, atomically.
        limits: as for `Volume`.

    Returns:
        The number of traces.

    Raises:
        DataError: if samples or interval do not fit the headers of SEG-Y.
        UnreadableFileError: as `Volume`.
    """
    with (
        Volume(path, limits) as volume,
        tempfile.TemporaryDirectory(prefix="sondeflow-") as folder,
        atomic_path(target) as temporary,
        temporary.open("wb") as file,
    ):
        piece, size = Path(folder) / "piece.sgy", max(1, BLOCK // volume.samples)
        for first in range(0, volume.traces, size):
            write_segy(volume.read(first, min(first + size, volume.traces)), piece)
            content = piece.read_bytes()
            if first == 0:
                file.write(content[:HEADERS])
            file.write(_numbered(content[HEADERS:], first, volume.samples))
        return volume.traces


def segy_to_volume(path: Path, target: Path, positions: HeaderPositions | None = None) -> tuple[int, ...]:
    """Write a SEG-Y file as a volume on the grid of its line numbers, with the names that MDIO 1 uses.

    Args:
        path: a plain SEG-Y file; the order of its traces does not matter.
        target: zip file to write, atomically.
        positions: as for `read_segy`.

    Returns:
        The shape: inlines, crosslines, samples.

    Raises:
        DataError: if several traces share a place, or line numbers are missing.
        UnreadableFileError: as `read_segy`.
    """
    zarr = load_zarr()
    places = _Grid(path, positions)
    with tempfile.TemporaryDirectory(prefix="sondeflow-") as folder:
        slab = SlabFile(Path(folder), len(places.inlines), (len(places.crosslines),), places.samples)
        for block in read_segy_blocks(path, traces=max(1, BLOCK // places.samples), positions=positions):
            slab.put_traces(places.of(block), block.values)
        group = zarr.open_group(str(Path(folder) / "store"), mode="w", zarr_format=3)
        about = {"surveyType": "3D", "gatherType": "stacked", "defaultVariableName": "amplitude"}
        group.attrs.update({"apiVersion": "1.0.0", "name": path.stem, "attributes": about})
        _write_samples(group, slab, places)
        _write_coordinates(group, places)
        consolidate(Path(folder) / "store", 3)
        with atomic_path(target) as temporary:
            pack_store(Path(folder) / "store", temporary)
    return (*places.shape, places.samples)


class _Grid:
    """Grid of a SEG-Y file by its line numbers, and where each trace lies on it."""

    def __init__(self, path: Path, positions: HeaderPositions | None) -> None:
        headers: list[tuple[int, int, float, float]] = []
        self.samples = 0
        for block in read_segy_blocks(path, traces=1000, positions=positions):
            headers += [_place(channel.headers, path) for channel in block.channels]
            self.samples, self.axis = block.axis.size, block.axis
        numbers = np.array([row[:2] for row in headers], dtype=np.int64)
        self.inlines, self.crosslines = np.unique(numbers[:, 0]), np.unique(numbers[:, 1])
        self.shape = (self.inlines.size, self.crosslines.size)
        if math.prod(self.shape) > MAX_TRACES:
            raise DataError(
                f"{path}: a grid of {self.shape} lines; expected at most {MAX_TRACES} places; split the file"
            )
        where = self._index(numbers[:, 0], numbers[:, 1])
        places, counts = np.unique(where, return_counts=True)
        if (counts > 1).any():
            inline, crossline = np.unravel_index(places[counts > 1][0], self.shape)
            raise DataError(
                f"{path}: {counts.max()} traces at inline {self.inlines[inline]}, crossline "
                f"{self.crosslines[crossline]}; expected one (a stacked 3-D survey); check the header "
                "positions, or convert it with multidimio"
            )
        self.live = np.zeros(self.shape, dtype=np.bool_)
        self.live.reshape(-1)[where] = True
        self.coordinates = np.full((2, *self.shape), np.nan)
        self.coordinates.reshape(2, -1)[:, where] = np.array([row[2:] for row in headers]).T

    def of(self, block: Recording) -> NDArray[np.int64]:
        """Return the places of the traces of a block."""
        inlines = np.array([channel.headers["inline"] for channel in block.channels])
        crosslines = np.array([channel.headers["crossline"] for channel in block.channels])
        return self._index(inlines, crosslines)

    def _index(self, inlines: NDArray[np.int64], crosslines: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = np.searchsorted(self.inlines, inlines)
        return rows * self.crosslines.size + np.searchsorted(self.crosslines, crosslines)


def _place(headers: Any, path: Path) -> tuple[int, int, float, float]:
    try:
        inline, crossline = int(headers["inline"]), int(headers["crossline"])
    except (KeyError, TypeError, ValueError) as error:
        found = f"{path}: trace {headers.get('trace')} has no line numbers"
        raise DataError(f"{found}; expected inline and crossline; name them by --header-positions") from error
    return inline, crossline, float(headers.get("cdp_x") or 0.0), float(headers.get("cdp_y") or 0.0)


def _write_samples(group: Any, slab: SlabFile, grid: _Grid) -> None:
    shape = (*grid.shape, grid.samples)
    chunks = tuple(min(CHUNK, size) for size in shape)
    array = group.create_array(
        "amplitude",
        shape=shape,
        chunks=chunks,
        dtype="float32",
        fill_value=float("nan"),
        dimension_names=("inline", "crossline", "time"),
    )
    array.attrs["coordinates"] = "cdp_x cdp_y"
    for start in range(0, shape[0], chunks[0]):
        for region in chunk_regions(slice(start, min(start + chunks[0], shape[0])), shape, chunks):
            live = grid.live[region[:2]][..., None]
            array[region] = np.where(live, slab.get_chunk(region), np.float32("nan"))


def _write_coordinates(group: Any, grid: _Grid) -> None:
    lines = ("inline", "crossline")
    along: dict[str, tuple[NDArray[Any], tuple[str, ...]]] = {
        "inline": (grid.inlines.astype(np.int32), ("inline",)),
        "crossline": (grid.crosslines.astype(np.int32), ("crossline",)),
        "time": (grid.axis * 1e3, ("time",)),
        "trace_mask": (grid.live, lines),
        "cdp_x": (grid.coordinates[0], lines),
        "cdp_y": (grid.coordinates[1], lines),
    }
    for name, (values, dimensions) in along.items():
        array = group.create_array(
            name, shape=values.shape, chunks=values.shape, dtype=values.dtype, dimension_names=dimensions
        )
        array[...] = values
        if name == "time":
            array.attrs.update({"units": "ms", "unitsV1": {"time": "ms"}})


def _numbered(traces: bytes, first: int, samples: int) -> bytes:
    """Return the bytes of traces with their numbers in the file (bytes 1-4 and 5-8 of their headers)."""
    rows = np.frombuffer(traces, dtype=np.uint8).reshape(-1, TRACE_HEADER + 4 * samples).copy()
    numbers = np.arange(first + 1, first + 1 + len(rows), dtype=">i4").view(np.uint8).reshape(-1, 4)
    rows[:, 0:4] = rows[:, 4:8] = numbers
    return rows.tobytes()
