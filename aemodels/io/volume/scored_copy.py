"""Scored copy of a volume: the store with denoised samples, and scores, flags and reasons by trace, as a zip file."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import FloatArray, Recording, Scores
from aemodels.io.files.size_limits import DEFAULT_LIMITS
from aemodels.io.volume.library import load_zarr
from aemodels.io.volume.pack import pack_store
from aemodels.io.volume.reader import Volume, decoded
from aemodels.io.volume.slabs import SlabFile, chunk_regions, within
from aemodels.io.volume.store import METADATA, check_zip, consolidate

PREFIX = "sondeflow_"
NOT_A_TRACE = -1


def write_scored_volume(source: Path, target: Path, recording: Recording, scores: Scores, history: str) -> None:
    """Write the scored copy of a volume that was read at once.

    Args:
        source: the store.
        target: zip file to write.
        recording: as read.
        scores: of all its traces.
        history: is added to the group's attribute `sondeflow_history`.
    """
    write_scored_blocks(source, target, [scores], history)


def write_scored_blocks(source: Path, target: Path, blocks: Iterable[Scores], history: str) -> None:
    """Write the scored copy of a volume from the scores of its blocks, in order.

    Memory holds a chunk, a block, and three numbers per trace; disk holds the copy twice until it is packed.

    Args:
        source: the store.
        target: zip file to write.
        blocks: scores of consecutive traces, all of them.
        history: as for `write_scored_volume`.
    """
    zarr = load_zarr()
    with tempfile.TemporaryDirectory(prefix="sondeflow-") as folder, Volume(source) as volume:
        store = Path(folder) / "store"
        _copy_without_samples(source, store, volume.layout.variable)
        group = zarr.open_group(store, mode="r+", use_consolidated=False)
        scored = _Scored(volume, group[volume.layout.variable], Path(folder))
        for scores in blocks:
            scored.add(scores)
        scored.close()
        _add_arrays(group, volume, scored)
        before = group.attrs.get(f"{PREFIX}history")
        group.attrs[f"{PREFIX}history"] = [*(before if isinstance(before, list) else []), history]
        attributes = group[volume.layout.variable].attrs
        if "statsV1" in attributes:  # of the samples before
            del attributes["statsV1"]
        if volume.consolidated:
            consolidate(store, group.metadata.zarr_format)
        pack_store(store, target)


class _Scored:
    """Scores by place on the grid, and denoised samples, which are written slab by slab."""

    def __init__(self, volume: Volume, target: Any, folder: Path) -> None:
        self._volume, self._target, self._folder = volume, target, folder
        self._done = 0
        self._slab: tuple[int, SlabFile] | None = None
        places = int(np.prod(volume.layout.grid))
        self.score = np.full(places, np.nan, dtype=np.float32)
        self.anomaly = np.zeros(places, dtype=np.bool_)
        self.reason = np.full(places, NOT_A_TRACE, dtype=np.int16)
        self.reasons: dict[str, int] = {"none": 0}
        self.threshold = float("nan")

    def add(self, scores: Scores) -> None:
        """Add the next block."""
        self.threshold = scores.threshold
        codes = np.array([self.reasons.setdefault(_word(reason), len(self.reasons)) for reason in scores.reason])
        stop = self._done + len(scores.score)
        for begin, part, where in self._volume.places(self._done, stop):
            everywhere = where + begin * self._volume.per_row
            self.score[everywhere] = scores.score[part]
            self.anomaly[everywhere] = scores.is_anomaly[part]
            self.reason[everywhere] = codes[part]
            self._open(begin).put_traces(where, scores.denoised[part])
        self._done = stop

    def close(self) -> None:
        """Write the last slab; rows without a live trace keep what they held."""
        self._flush()
        if self._done != self._volume.traces:
            raise ValueError(f"{self._done} traces were scored; expected {self._volume.traces}")

    def _open(self, begin: int) -> SlabFile:
        if self._slab is None or self._slab[0] != begin:
            self._flush()
            rows = min(self._volume.slab_rows, self._volume.layout.grid[0] - begin)
            slab = SlabFile(self._folder, rows, self._volume.layout.grid[1:], self._volume.samples)
            self._slab = (begin, slab)
        return self._slab[1]

    def _flush(self) -> None:
        """Write a slab chunk by chunk; padding, and samples without a denoised value, stay as they are."""
        if self._slab is None:
            return
        begin, slab = self._slab
        layout = self._volume.layout
        rows = slice(begin, min(begin + self._volume.slab_rows, layout.grid[0]))
        for region in chunk_regions(rows, layout.array.shape, layout.chunks):
            before = decoded(layout.array, region, layout.variable)
            found = slab.get_chunk(within(region, begin))
            changed = np.isfinite(found)
            if layout.live is not None:
                changed &= layout.live[region[:-1]][..., None]
            self._target[region] = np.where(changed, _as_stored(found, before.dtype), before)
        slab.remove()
        self._slab = None


def _as_stored(values: FloatArray, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return samples in the type of the store, rounded and clipped if it holds whole numbers."""
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(np.nan_to_num(values)), limits.min, limits.max).astype(dtype)


def _add_arrays(group: Any, volume: Volume, scored: _Scored) -> None:
    words = " ".join(scored.reasons)
    third = group.metadata.zarr_format == 3
    about: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
        "score": (
            scored.score,
            {"long_name": "anomaly score, higher is more anomalous", "threshold": scored.threshold},
        ),
        "anomaly": (scored.anomaly, {"long_name": "score above the threshold"}),
        "reason": (
            scored.reason,
            {"flag_values": list(range(len(scored.reasons))), "flag_meanings": words, "padding": NOT_A_TRACE},
        ),
    }
    names = volume.layout.dimensions[:-1]
    # xarray takes the fill value of format 2 for missing data
    fill = {"score": float("nan"), "anomaly": False if third else None, "reason": NOT_A_TRACE}
    for name, (values, attributes) in about.items():
        array = group.create_array(
            PREFIX + name,
            shape=volume.layout.grid,
            dtype=values.dtype,
            chunks=volume.layout.chunks[:-1],
            fill_value=fill[name],
            overwrite=True,
            **({"dimension_names": names} if third and all(names) else {}),
        )
        array[...] = values.reshape(volume.layout.grid)
        array.attrs.update({**attributes, **({} if third else {"_ARRAY_DIMENSIONS": list(names)})})


def _word(reason: str) -> str:
    return reason.replace(" ", "_") or "none"


def _copy_without_samples(source: Path, target: Path, variable: str) -> None:
    """Copy a store without the chunks of its samples."""

    def wanted(name: str) -> bool:
        return not name.startswith(f"{variable}/") or name.rpartition("/")[2] in METADATA

    if source.is_dir():
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if path.is_file() and wanted(name):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / name)
        return
    with zipfile.ZipFile(source) as archive:
        for entry in check_zip(source, DEFAULT_LIMITS):
            if wanted(entry.filename):
                archive.extract(entry, target)
