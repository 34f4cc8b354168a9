"""Lithology codes: the curve that holds them and their names."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import IntArray, Recording

FORCE_CURVE = "FORCE_2020_LITHOFACIES_LITHOLOGY"
# The classes of the FORCE 2020 machine-learning competition on well logs (Bormann et al. 2020, Zenodo 4351156).
FORCE_NAMES = {
    30000: "sandstone",
    65030: "sandstone/shale",
    65000: "shale",
    80000: "marl",
    74000: "dolomite",
    70000: "limestone",
    70032: "chalk",
    88000: "halite",
    86000: "anhydrite",
    99000: "tuff",
    90000: "coal",
    93000: "basement",
}
CURVES = (FORCE_CURVE, "LITHOLOGY", "LITHOFACIES", "LITHO", "LITH", "FACIES")
UNKNOWN = -1
MAX_CLASSES = 40


def lithology(recording: Recording) -> IntArray | None:
    """Return the lithology code at each sample, int64[sample], -1 = unknown; None if no curve holds any.

    A curve with one of the usual names counts if its values are non-negative integers, at most 40 different ones.
    """
    named = {channel.name.upper(): channel.name for channel in recording.channels}
    for curve in CURVES:
        if curve not in named:
            continue
        values = recording.channel(named[curve]).astype(np.float64)
        known = np.isfinite(values)
        kinds = np.unique(values[known])
        if kinds.size and kinds.size <= MAX_CLASSES and (kinds >= 0).all() and (kinds == kinds.round()).all():
            return np.where(known, values, UNKNOWN).astype(np.int64)
    return None


def lithology_name(number: int) -> str:
    """Return the name of a lithology code for figures and tables.

    >>> lithology_name(65000), lithology_name(7), lithology_name(-1)
    ('shale', '7', 'unknown')
    """
    return "unknown" if number == UNKNOWN else FORCE_NAMES.get(number, str(number))
