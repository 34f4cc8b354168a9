"""Frames of a DLIS file (RP66 version 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from aemodels.io.frames.frame import Column, Frame, unique_curves
from aemodels.io.frames.library import MAX_TEXT
from aemodels.io.las.file_sections import FILE_LIMIT
from aemodels.io.las.header import LasCurve

CHANNELS = "channels of the frame"  # the part of the file that describes its curves
MAX_FRAMES, MAX_CHANNELS = 500, 5000
MAX_ELEMENTS = 10_000_000  # numbers per depth in all channels of a frame
WELL_FIELDS = {"WELL": "well_name", "UWI": "well_id", "FLD": "field_name", "COMP": "company", "SRVC": "producer_name"}
ITEMS = {"STRT": "INDEX-MIN or INDEX-MAX", "STOP": "INDEX-MAX or INDEX-MIN", "STEP": "SPACING"}


def dlis_frames(files: Sequence[Any]) -> list[Frame]:
    """Return the frames of all logical files of an open DLIS file; no samples are read.

    Args:
        files: the logical files as dlisio gives them.
    """
    frames: list[Frame] = []
    for group, file in enumerate(files, start=1):
        well = _well(file)
        for frame in list(file.frames)[:MAX_FRAMES]:
            name = f"logical file {group}, frame {_text(frame.name)}"
            try:
                frames.append(_frame(frame, (len(frames) + 1, name, group), well))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - any field of a damaged file may be of any type
                problem = str(error)[:MAX_TEXT] or type(error).__name__
                frames.append(Frame(len(frames) + 1, name, group, (), list, problem=problem))
    return frames


def _frame(frame: Any, place: tuple[int, str, int], well: Mapping[str, str]) -> Frame:
    """Describe a frame.

    Raises:
        Exception: of any type, if its description is damaged.
    """
    channels = list(frame.channels)
    if frame.encrypted:
        raise ValueError("the frame is encrypted")
    if not channels or len(channels) > MAX_CHANNELS or any(channel is None for channel in channels):
        raise ValueError(f"{len(channels)} channels, {sum(c is None for c in channels)} of them not described")
    sizes = [math.prod(channel.dimension) if channel.dimension else 0 for channel in channels]
    if min(sizes) < 1 or sum(sizes) > MAX_ELEMENTS:
        raise ValueError(f"channels of {min(sizes)} to {max(sizes)} numbers per depth")
    rows = len(frame.logicalfile.fdata_index.get(frame.fingerprint, ()))
    if rows * sum(channel.dtype.itemsize for channel in channels) > FILE_LIMIT:
        raise ValueError(f"{rows} rows of {sum(sizes)} numbers, over 2 GiB")
    kinds = [np.dtype(channel.dtype.base).kind for channel in channels]
    scalar = [n for n, size in enumerate(sizes) if size == 1 and kinds[n] in "fiub"]
    curves = unique_curves([_curve(channels[n]) for n in scalar])
    return Frame(
        *place,
        curves=curves if scalar[:1] == [0] else (),
        columns=partial(_columns, frame, scalar),
        arrays=tuple(_text(c.name) for c, size, kind in zip(channels, sizes, kinds, strict=True) if size > 1),
        texts=tuple(
            _text(c.name)
            for c, size, kind in zip(channels, sizes, kinds, strict=True)
            if size == 1 and kind not in "fiub"
        ),
        rows=rows,
        well=well,
        ends=_ends(frame) if scalar[:1] == [0] else {},
        items=ITEMS,
    )


def _curve(channel: Any) -> LasCurve:
    name = _text(channel.name)
    described = channel.long_name
    return LasCurve(
        name,
        name,
        _text(channel.units),
        _text(described) if isinstance(described, str) else "",
        section=CHANNELS,
        tool=_tool(channel),
    )


def _tool(channel: Any) -> str:
    """Return the trademark name, or else the name, of the tool that is the source of a channel; "" if there is none."""
    try:
        source = channel.source
        if getattr(source, "type", "") != "TOOL":
            return ""
        return _text(source.trademark_name) or _text(source.name)
    except Exception:  # noqa: BLE001 - a damaged reference is not needed
        return ""


def _columns(frame: Any, scalar: Sequence[int]) -> list[Column]:
    """Read the channels of one number per depth."""
    from dlisio.dlis.utils import fdata

    channels = list(frame.channels)
    # its own names: `Frame.curves` fails on colons in those of the channels
    dtype = np.dtype([("FRAMENO", "i4"), *((str(n), channel.dtype) for n, channel in enumerate(channels))])
    table = fdata.curves(frame.logicalfile, frame, dtype, "", frame.fmtstr(), "")
    return [np.ascontiguousarray(table[str(n)]).reshape(len(table)) for n in scalar]


def _ends(frame: Any) -> dict[str, str]:
    """Return STRT, STOP and STEP of a frame, if it states them in the unit of its index."""
    unit = _text(frame.channels[0].units)
    low, high, step = (_stated(frame, name, unit) for name in ("INDEX-MIN", "INDEX-MAX", "SPACING"))
    if low is None or high is None:
        return {}
    upwards = _text(frame.direction).upper() == "DECREASING" or (step is not None and step < 0)
    start, stop = (high, low) if upwards else (low, high)
    ends = {"STRT": repr(start), "STOP": repr(stop)}
    return ends if not step else ends | {"STEP": repr(step)}


def _stated(frame: Any, name: str, unit: str) -> float | None:
    attribute = frame.attic[name] if name in frame.attic.keys() else None  # noqa: SIM118 - not a mapping
    if attribute is None or len(attribute.value) != 1 or _text(attribute.units) not in ("", unit):
        return None
    value = attribute.value[0]
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _well(file: Any) -> dict[str, str]:
    """Return the fields of the well that the first origin of a logical file states."""
    fields: dict[str, str] = {}
    try:
        origin = next(iter(file.origins), None)
        for mnemonic, attribute in WELL_FIELDS.items():
            text = _text(getattr(origin, attribute, None))
            if text:
                fields[mnemonic] = text
    except Exception:  # noqa: BLE001 - a damaged origin is not needed
        return fields
    return fields


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return "" if value is None else " ".join(str(value).split())[:MAX_TEXT]
