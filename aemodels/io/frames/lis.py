"""Frames of a LIS 79 file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from aemodels.io.frames.frame import Column, Frame, unique_curves
from aemodels.io.frames.library import MAX_TEXT
from aemodels.io.las.header import LasCurve

CHANNELS = "data format specification"
MAX_FRAMES = 500
DEFAULT_NULL = -999.25
SIZES = {49: 2, 50: 4, 56: 1, 66: 1, 68: 4, 70: 4, 73: 4, 79: 2}  # bytes of a number by its representation code
BYTE = 66  # representation code of a byte
WELL_FIELDS = {"WN": "WELL", "UWI": "UWI", "APIN": "API", "FN": "FLD", "CN": "COMP"}


def lis_frames(files: Sequence[Any]) -> list[Frame]:
    """Return the frames (data format specifications) of all logical files of an open LIS file; no samples are read.

    Args:
        files: the logical files as dlisio gives them.
    """
    frames: list[Frame] = []
    for group, file in enumerate(files, start=1):
        well = _well(file)
        for number, form in enumerate(_guarded(file.data_format_specs)[:MAX_FRAMES], start=1):
            name = f"logical file {group}, data format {number}"
            try:
                frames.append(_frame(file, form, (len(frames) + 1, name, group), well))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - any field of a damaged file may be of any type
                problem = str(error)[:MAX_TEXT] or type(error).__name__
                frames.append(Frame(len(frames) + 1, name, group, (), list, problem=problem))
    return frames


def _guarded(call: Any) -> list[Any]:
    try:
        return list(call())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - records of a damaged file
        return []


def _is_scalar(spec: Any) -> bool:
    """Return True for a channel of one number per sample, in a representation code that can be decoded."""
    rate, kind = int(spec.samples), int(spec.reprc)
    return kind in SIZES and rate > 0 and int(spec.reserved_size) == rate * SIZES[kind]


@dataclass(frozen=True)
class _Skipped:
    """Stand-in for a channel whose bytes are to be skipped, which the library marks by a negative size."""

    mnemonic: str
    reserved_size: int
    reprc: int = BYTE
    samples: int = 1


class _OnlyScalars:
    """A data format specification whose channels that are left out are skipped, whatever their representation code.

    The library refuses a frame with one channel that it cannot decode, such as a dipmeter's of code 130 or 234.
    """

    def __init__(self, form: Any) -> None:
        index = 1 if form.depth_mode == 0 else 0
        self._form = form
        self.specs = [
            spec if place < index or _is_scalar(spec) else _Skipped(spec.mnemonic, -abs(int(spec.reserved_size)))
            for place, spec in enumerate(form.specs)
            if place < index or int(spec.reserved_size)
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._form, name)


def _frame(file: Any, form: Any, place: tuple[int, str, int], well: Mapping[str, str]) -> Frame:
    """Describe a frame.

    Raises:
        Exception: of any type, if its description is damaged.
    """
    index = LasCurve("", _text(form.index_mnem), _text(form.index_units), "", section=CHANNELS)
    curves, scalar, arrays, texts = [index], [], [], []
    places: Counter[int] = Counter()
    for spec in form.specs[1 if form.depth_mode == 0 else 0 :]:
        rate, size = int(spec.samples), int(spec.reserved_size)
        if size < 0:
            continue  # suppressed in the file
        name, kind = _text(spec.mnemonic), int(spec.reprc)
        if kind not in SIZES:
            texts.append(name)
        elif _is_scalar(spec):
            places[rate] += 1
            tool = _text(getattr(spec, "service_id", ""))
            curves.append(LasCurve(name, name, _text(spec.units), "", section=CHANNELS, tool=tool))
            scalar.append((rate, places[rate]))
        else:
            arrays.append(name)
    absent = form.absent_value
    return Frame(
        *place,
        curves=unique_curves(curves),
        columns=partial(_columns, file, form, tuple(scalar)),
        arrays=tuple(arrays),
        texts=tuple(texts),
        well=well,
        null=float(absent) if isinstance(absent, int | float) else DEFAULT_NULL,
    )


def _columns(file: Any, form: Any, scalar: Sequence[tuple[int, int]]) -> list[Column]:
    """Read index and channels; of one with several samples per index value the sample at that value, which is the last.

    Args:
        file: the logical file.
        form: its data format specification.
        scalar: (samples per index value, place among the scalar channels of this rate, from 1) of each channel.
    """
    from dlisio import lis

    read = _OnlyScalars(form)
    tables = {
        rate: lis.curves(file, read, sample_rate=rate, strict=False) for rate in {1, *(rate for rate, _ in scalar)}
    }
    columns = [tables[1][tables[1].dtype.names[0]]]
    columns += [tables[rate][tables[rate].dtype.names[number]][rate - 1 :: rate] for rate, number in scalar]
    rows = min(len(column) for column in columns)
    return [np.ascontiguousarray(column[:rows]) for column in columns]


def _well(file: Any) -> dict[str, str]:
    """Return the fields of the well that the well site data of a logical file state."""
    fields: dict[str, str] = {}
    for record in _guarded(file.wellsite_data):
        for row in _guarded(lambda record=record: record.table(simple=True)):
            names = row.dtype.names or ()
            if "MNEM" in names and "VALU" in names:
                mnemonic = WELL_FIELDS.get(_text(row["MNEM"]).upper())
                value = _text(row["VALU"])
                if mnemonic and value:
                    fields.setdefault(mnemonic, value)
    return fields


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return "" if value is None else " ".join(str(value).replace("\0", " ").split())[:MAX_TEXT]
