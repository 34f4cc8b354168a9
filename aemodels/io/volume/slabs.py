"""Slabs of a volume: all traces of one row of chunks, kept on disk, so that each chunk is decoded once.

Scoring takes traces in order, and chunks hold pieces of many traces. A slab turns one into the other; memory holds a
chunk and the traces that are asked for.
"""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import FloatArray


class SlabFile:
    """Float32 samples of a slab in a temporary file, by place of the trace; nothing stays mapped between calls."""

    def __init__(self, folder: Path, rows: int, grid: tuple[int, ...], samples: int) -> None:
        self._shape = (rows, *grid, samples)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="slab-", delete=False) as file:
            self._path = Path(file.name)
            file.truncate(4 * math.prod(self._shape))

    def put_chunk(self, region: tuple[slice, ...], values: NDArray[Any]) -> None:
        """Store a chunk at its region within the slab."""
        mapped = np.memmap(self._path, np.float32, "r+", shape=self._shape)
        mapped[region] = values
        del mapped

    def get_chunk(self, region: tuple[slice, ...]) -> FloatArray:
        """Return the samples of a region."""
        mapped = np.memmap(self._path, np.float32, "r", shape=self._shape)
        return np.array(mapped[region])

    def get_traces(self, places: NDArray[np.int64]) -> FloatArray:
        """Return the traces at increasing places: float32[trace, sample]."""
        mapped = np.memmap(self._path, np.float32, "r", shape=(math.prod(self._shape[:-1]), self._shape[-1]))
        return np.array(mapped[places])

    def put_traces(self, places: NDArray[np.int64], values: FloatArray) -> None:
        """Store traces at their places."""
        mapped = np.memmap(self._path, np.float32, "r+", shape=(math.prod(self._shape[:-1]), self._shape[-1]))
        mapped[places] = values
        del mapped

    def remove(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)


def chunk_regions(rows: slice, shape: tuple[int, ...], chunks: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Yield the regions of the chunks of a row of chunks; the first dimension is `rows`."""
    others = [
        [slice(start, min(start + step, size)) for start in range(0, size, step)]
        for size, step in zip(shape[1:], chunks[1:], strict=True)
    ]
    for region in itertools.product(*others):
        yield (rows, *region)


def within(region: tuple[slice, ...], first: int) -> tuple[slice, ...]:
    """Return a region of a volume as one of the slab that begins at row `first`."""
    return (slice(region[0].start - first, region[0].stop - first), *region[1:])
