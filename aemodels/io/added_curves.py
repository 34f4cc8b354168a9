"""Curves that a scored copy of a well holds beside the file's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import FloatArray, Scores
from aemodels.curves.canonical import CANONICAL


@dataclass(frozen=True, eq=False)
class AddedCurve:
    """A curve to add to a file.

    Args:
        name: mnemonic, without blanks, points, colons, "~" and "#".
        unit: unit, "" for none.
        description: description of one line.
        values: float32[sample], NaN = missing.

    Raises:
        DataError: if the name is not a valid mnemonic or the values are not float32[sample].
    """

    name: str
    unit: str
    description: str
    values: FloatArray

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\s.:~#]+", self.name):
            raise DataError(f"curve name is {self.name!r}; expected no blank, point, colon, '~' or '#'")
        if self.values.dtype != np.float32 or self.values.ndim != 1:
            raise DataError(f"{self.name}: values are {self.values.dtype}{self.values.shape}; expected float32[sample]")


def flag_curves(scores: Scores) -> list[AddedCurve]:
    """Return the curves that scoring adds to a well: <C>_DN, ANOM_<C>, BADLOG_<C>; none for a curve the well lacks."""
    added = []
    for row, curve in enumerate(scores.channels):
        missing = np.isnan(scores.channel_score[row])
        if missing.all():
            continue  # a curve that the bundle knows and this well lacks
        flag = np.where(missing, np.nan, scores.channel_flag[row]).astype(np.float32)
        unit = CANONICAL[curve].unit if curve in CANONICAL else ""
        added += [
            AddedCurve(f"{curve}_DN", unit, f"{curve} denoised", scores.denoised[row]),
            AddedCurve(f"ANOM_{curve}", "", f"anomaly score of {curve}, higher = worse", scores.channel_score[row]),
            AddedCurve(f"BADLOG_{curve}", "", f"1 = {curve} is anomalous", flag),
        ]
    return added


def copy_differs(where: str, found: str) -> UnreadableFileError:
    """Return the error about a scored copy that does not read back as it was written."""
    expected, remedy = "a copy that reads back as it was written", "no copy is published; report the file to us"
    return UnreadableFileError((Finding("error", "copy-differs", where, found, expected, remedy),))
