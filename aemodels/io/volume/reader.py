"""Reader of volumes: live traces in the order of the grid become channels, as those of a sorted SEG-Y file do."""

from __future__ import annotations

import math
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError, LargeFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Source
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.volume.layout import WHOLE, VolumeLayout, find_layout
from aemodels.io.volume.slabs import SlabFile, chunk_regions, within
from aemodels.io.volume.store import hash_store, open_store, unreadable

KEPT_SLABS = 2  # a block needs traces of its slab and, at an edge, of one beside it


class Volume:
    """An open volume: a line of its live traces, inline after inline. Use it as a context: slabs are temporary files.

    Args:
        path: folder or zip file of the store.
        limits: sizes above which it is refused.
        source: of its recordings, if it is known; else the store is hashed when the first one is read.

    Raises:
        UnreadableFileError: as `find_layout` and `open_store`.
    """

    def __init__(self, path: Path, limits: SizeLimits = DEFAULT_LIMITS, source: Source | None = None) -> None:
        self.path, self._source = path, source
        group = open_store(path, limits)
        self.layout: VolumeLayout = find_layout(group)
        self.consolidated = group.metadata.consolidated_metadata is not None
        rows, live = self.layout.grid[0], self.layout.live
        self.per_row = math.prod(self.layout.grid[1:])
        counts = np.full(rows, self.per_row) if live is None else live.reshape(rows, -1).sum(axis=1)
        self._before = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])  # live traces before each row
        self._slabs: OrderedDict[int, SlabFile] = OrderedDict()
        self._parts: dict[str, tuple[tuple[slice, ...], NDArray[Any]]] = {}  # decoded fields of a slab
        self._folder = tempfile.TemporaryDirectory(prefix="sondeflow-")

    def __enter__(self) -> Volume:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @property
    def source(self) -> Source:
        """Path, and hash of the store."""
        self._source = self._source or Source(str(self.path), hash_store(self.path))
        return self._source

    @property
    def traces(self) -> int:
        """Number of live traces."""
        return int(self._before[-1])

    @property
    def samples(self) -> int:
        """Samples per trace."""
        return int(self.layout.axis.size)

    @property
    def slab_rows(self) -> int:
        """Rows of the first dimension in a slab."""
        return self.layout.chunks[0]

    def blocks(self, traces: int) -> Iterator[Recording]:
        """Yield recordings of so many consecutive traces; the first has the findings about the volume."""
        if traces < 1:
            raise DataError(f"traces is {traces}; expected at least 1 trace per block")
        for first in range(0, self.traces, traces):
            yield self.read(first, min(first + traces, self.traces), self.layout.findings if first == 0 else ())

    def read(self, first: int, stop: int, findings: tuple[Finding, ...] = ()) -> Recording:
        """Read consecutive live traces, numbered in the order of the grid."""
        values = np.empty((stop - first, self.samples), dtype=np.float32)
        places = np.empty(stop - first, dtype=np.int64)
        for begin, target, where in self.places(first, stop):
            values[target] = self._slab(begin).get_traces(where)
            places[target] = where + begin * self.per_row
        values[~np.isfinite(values)] = np.nan
        return Recording(
            values=values,
            axis=self.layout.axis.copy(),
            channels=self._channels(places, first),
            kind="seismic",
            source=self.source,
            name=self.path.name.split(".")[0],
            headers={"variable": self.layout.variable, "dimensions": self.layout.dimensions},
            findings=findings,
        )

    def places(self, first: int, stop: int) -> Iterator[tuple[int, slice, NDArray[np.int64]]]:
        """Yield, slab by slab: its first row, the part of the traces that lies in it, and their places in it."""
        begin = (int(np.searchsorted(self._before, first, "right")) - 1) // self.slab_rows * self.slab_rows
        while begin < self.layout.grid[0] and self._before[begin] < stop:
            end = min(begin + self.slab_rows, self.layout.grid[0])
            start, last = max(first, int(self._before[begin])), min(stop, int(self._before[end]))
            if start < last:
                live = self._live(begin, end)[start - self._before[begin] : last - self._before[begin]]
                yield begin, slice(start - first, last - first), live
            begin = end

    def _live(self, begin: int, end: int) -> NDArray[np.int64]:
        live = self.layout.live
        if live is None:
            return np.arange((end - begin) * self.per_row)
        return np.flatnonzero(live[begin:end].reshape(-1))

    def _slab(self, begin: int) -> SlabFile:
        """Return the slab that begins at a row, decoded once while it is in use."""
        if begin in self._slabs:
            self._slabs.move_to_end(begin)
            return self._slabs[begin]
        while len(self._slabs) >= KEPT_SLABS:
            self._slabs.popitem(last=False)[1].remove()
        array, grid = self.layout.array, self.layout.grid
        rows = slice(begin, min(begin + self.slab_rows, grid[0]))
        slab = SlabFile(Path(self._folder.name), rows.stop - rows.start, grid[1:], self.samples)
        for region in chunk_regions(rows, array.shape, self.layout.chunks):
            slab.put_chunk(within(region, begin), decoded(array, region, self.layout.variable))
        self._slabs[begin] = slab
        return slab

    def _channels(self, places: NDArray[np.int64], first: int) -> tuple[Channel, ...]:
        index = np.unravel_index(places, self.layout.grid)
        fields = {name: self._field(name, index) for name in self.layout.fields}
        return tuple(
            Channel(
                f"trace {first + row}",
                "amplitude",
                {"trace": first + row, **{name: values[row] for name, values in fields.items()}},
            )
            for row in range(places.size)
        )

    def _field(self, name: str, index: tuple[NDArray[np.intp], ...]) -> list[int] | list[float]:
        """Return a field of traces by their indices on the grid."""
        array, along = self.layout.fields[name]
        axes = [index[self.layout.dimensions.index(dimension)] for dimension in along]
        box = tuple(
            self._whole_slabs(axis) if dimension == self.layout.dimensions[0] else slice(0, size)
            for dimension, axis, size in zip(along, axes, array.shape, strict=True)
        )
        if name not in self._parts or self._parts[name][0] != box:  # its chunks may be much larger than a block
            self._parts[name] = (box, decoded(array, box, name))
        part = self._parts[name][1]
        values = part[tuple(axis - side.start for side, axis in zip(box, axes, strict=True))]
        if name in WHOLE and np.isfinite(values.astype(np.float64)).all():
            return [int(value) for value in values]
        return [float(value) for value in values]

    def _whole_slabs(self, rows: NDArray[np.intp]) -> slice:
        """Return the rows of all slabs that some rows lie in."""
        first, last = int(rows.min()) // self.slab_rows, int(rows.max()) // self.slab_rows + 1
        return slice(first * self.slab_rows, min(last * self.slab_rows, self.layout.grid[0]))


def decoded(array: Any, region: tuple[slice, ...], name: str) -> NDArray[Any]:
    """Return the numbers of a region.

    Raises:
        UnreadableFileError: if a chunk is damaged.
    """
    try:
        return np.asarray(array[region])
    except (OSError, MemoryError):
        raise
    except Exception as error:  # each codec raises its own
        found = f"{name}: {type(error).__name__}: {error}"[:300]
        where = f"{name}{[part.start for part in region]}"
        raise unreadable("bad-zarr", found, "chunks that can be decoded", "get the store again", where) from error


def read_volume(path: Path, limits: SizeLimits = DEFAULT_LIMITS) -> Recording:
    """Read a volume at once: each live trace becomes a channel.

    Raises:
        LargeFileError: if its samples exceed `limits.whole` bytes.
        UnreadableFileError: as `Volume`.
    """
    with Volume(path, limits) as volume:
        size = 4 * volume.traces * volume.samples
        if size > limits.whole:
            found, expected = f"{path} holds {size} bytes of traces", f"at most {limits.whole} to be read at once"
            remedy = "read it block by block, or raise SONDEFLOW_MAX_WHOLE_BYTES"
            raise LargeFileError((Finding("error", "too-large", "file", found, expected, remedy),))
        return volume.read(0, volume.traces, volume.layout.findings)


def read_volume_blocks(path: Path, traces: int, limits: SizeLimits = DEFAULT_LIMITS) -> Iterator[Recording]:
    """Read a volume block by block, in constant memory."""
    with Volume(path, limits) as volume:
        yield from volume.blocks(traces)
