"""Layout of a volume: its variable, time axis, live traces and coordinates, whatever the store calls them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.types import AxisArray, BoolArray
from aemodels.io.volume.store import arrays_of, check_array, unreadable

MAX_TRACES = 2**25  # places of traces in a volume; a few numbers of each are in memory
MAX_LENGTH = 2**20  # samples per trace, lines per dimension
MASKS = ("trace_mask", "live_mask", "mask")
SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3}
SECONDS |= {"us": 1e-6, "µs": 1e-6, "microsecond": 1e-6, "microseconds": 1e-6}
# By the field that SEG-Y traces have: names of dimensions or variables in stores.
FIELDS = {
    "inline": ("inline", "iline", "il", "line"),
    "crossline": ("crossline", "xline", "xl", "cdp"),
    "offset": ("offset",),
    "cdp_x": ("cdp_x", "x", "easting"),
    "cdp_y": ("cdp_y", "y", "northing"),
}
WHOLE = ("inline", "crossline", "offset")


@dataclass(frozen=True, eq=False)
class VolumeLayout:
    """Layout of a volume.

    Args:
        variable: name of the array of samples.
        array: the `zarr.Array`, samples along its last dimension.
        dimensions: their names.
        axis: float64[sample] in s.
        live: bool[grid of traces], False for padding; None = all are traces.
        fields: the `zarr.Array` of each field of `FIELDS` that there is, by its name, and the dimensions it runs along.
        findings: what was assumed.
    """

    variable: str
    array: Any
    dimensions: tuple[str, ...]
    axis: AxisArray
    live: BoolArray | None
    fields: dict[str, tuple[Any, tuple[str, ...]]]
    findings: tuple[Finding, ...]

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape of the grid of traces."""
        shape: tuple[int, ...] = tuple(self.array.shape[:-1])
        return shape

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of what is read and written at once: a chunk, or a shard."""
        chunk: tuple[int, ...] = tuple(self.array.shards or self.array.chunks)
        return chunk


def find_layout(group: Any) -> VolumeLayout:
    """Find the layout of a volume, by metadata and coordinates.

    Raises:
        UnreadableFileError: if there is no variable of traces, or its size, chunks or axis are out of bounds.
    """
    arrays = arrays_of(group)
    name = _variable(group, arrays)
    array = arrays[name]
    check_array(array, name)
    dimensions = dimensions_of(array)
    places = math.prod(array.shape[:-1])
    if not 1 <= places <= MAX_TRACES or max(array.shape) > MAX_LENGTH or array.shape[-1] < 2:
        expected = f"1 to {MAX_TRACES} traces of 2 to {MAX_LENGTH} samples"
        raise unreadable("too-large", f"{name} has the shape {array.shape}", expected, "split the volume", name)
    axis, findings = _axis(arrays, dimensions[-1], array.shape[-1])
    live = _live(arrays, dimensions, array.shape[:-1])
    if live is not None and not live.any():
        raise unreadable("no-data", f"{name}: no trace is live", "traces", "export the volume again", name)
    return VolumeLayout(name, array, dimensions, axis, live, _fields(arrays, dimensions, array.shape), findings)


def dimensions_of(array: Any) -> tuple[str, ...]:
    """Return the names of an array's dimensions, "" where it has none."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS") or ()
    given = tuple(str(name or "") for name in names)
    return given if len(given) == array.ndim else ("",) * array.ndim


def _variable(group: Any, arrays: dict[str, Any]) -> str:
    """Return the name of the array of samples: the one that MDIO names, else the only one with the most dimensions."""
    stated = group.attrs.get("attributes")
    named = stated.get("defaultVariableName") if isinstance(stated, dict) else None
    if isinstance(named, str) and named in arrays and arrays[named].ndim >= 2:
        return named
    most = max((array.ndim for array in arrays.values()), default=0)
    found = [name for name, array in arrays.items() if array.ndim == most and array.dtype.kind == "f"]
    if most < 2 or len(found) != 1:
        expected = "one array of samples by trace, or the attribute defaultVariableName of MDIO"
        told = f"arrays {', '.join(sorted(arrays)) or '(none)'}"
        raise unreadable("bad-zarr", told[:300], expected, "write the volume with one variable")
    return found[0]


def _axis(arrays: dict[str, Any], name: str, samples: int) -> tuple[AxisArray, tuple[Finding, ...]]:
    """Return the time axis in s; without a unit, MDIO's milliseconds are assumed."""
    array = arrays.get(name)
    if array is None or array.shape != (samples,):
        found, remedy = f"no array {name!r} of {samples} times", "write the coordinate of the last dimension"
        raise unreadable("bad-zarr", found, "the times of the samples", remedy, name or "last dimension")
    check_array(array, name)
    values = np.asarray(array[:], dtype=np.float64)
    unit = _unit(array)
    if unit and unit not in SECONDS:
        found, expected = f"{name} is in {unit!r}", f"a unit of time: {', '.join(SECONDS)}"
        raise unreadable("bad-zarr", found, expected, "convert the volume to time", name)
    axis = values * SECONDS.get(unit, 1e-3)
    if not np.isfinite(axis).all() or (np.diff(axis) <= 0).any():
        raise unreadable("bad-zarr", f"{name} does not increase", "increasing times", "sort the samples", name)
    if unit:
        return axis, ()
    found = f"{name} has no unit; read as milliseconds, {values[0]:g} to {values[-1]:g}"
    note = Finding("info", "time-unit", name, found, "an attribute `units`", "add it if the times are in another unit")
    return axis, (note,)


def _unit(array: Any) -> str:
    """Return the unit of an array as CF (`units`) or MDIO (`unitsV1`) states it, "" if neither does."""
    stated = array.attrs.get("unitsV1")
    if isinstance(stated, dict):
        return str(next(iter(stated.values()), "")).strip()
    return str(array.attrs.get("units") or "").strip()


def _live(arrays: dict[str, Any], dimensions: tuple[str, ...], grid: tuple[int, ...]) -> BoolArray | None:
    for name in MASKS:
        array = arrays.get(name)
        if array is None or array.shape != grid:
            continue
        check_array(array, name)
        return np.asarray(array[...], dtype=np.bool_)
    return None


def _fields(
    arrays: dict[str, Any], dimensions: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Return the coordinates of traces, along one dimension or more, that fit the volume."""
    length = dict(zip(dimensions[:-1], shape[:-1], strict=True))
    fields: dict[str, tuple[Any, tuple[str, ...]]] = {}
    for field, names in FIELDS.items():
        for name in names:
            array = arrays.get(name)
            along = dimensions_of(array) if array is not None else ()
            if array is not None and along and array.shape == tuple(length.get(each, -1) for each in along):
                check_array(array, name)
                fields[field] = (array, along)
                break
    return fields
