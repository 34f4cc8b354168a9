"""Bad hole: depths at which pad and mandrel tools are unreliable."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from aemodels.core.types import BoolArray, FloatArray, Recording, Section
from aemodels.review.curves import REVIEWED

# Working limits of log quality control: pad and mandrel tools lose contact a few inches from the wall, and a density
# with a larger correction is unreliable (M. Rider & M. Kennedy, The Geological Interpretation of Well Logs, 2011).
ENLARGED_IN = 2.0
CORRECTED_G_CM3 = 0.15
BIT_WINDOW, LOWER_DECILE = 301, 0.1
MAX_MEDIAN_CORRECTION = 0.1  # g/cm3: a correction that is larger everywhere has a wrong zero
MARGIN_SAMPLES = 4  # resolution of the density tool at half-foot sampling


def bad_hole(recording: Recording) -> BoolArray | None:
    """Return the depths of bad hole from caliper, bit size and density correction.

    Args:
        recording: a well; CALI and BS in in, DRHO in g/cm3.

    Returns:
        bool[sample]: CALI more than 2 in over BS, or |DRHO| above 0.15 g/cm3; None if the curves
        for both are missing.
    """
    rules = []
    if {"CALI", "BS"} <= set(recording.names):
        rules.append(_above(recording.channel("CALI") - recording.channel("BS"), ENLARGED_IN))
    if "DRHO" in recording.names:
        rules.append(_above(np.abs(recording.channel("DRHO")), CORRECTED_G_CM3))
    return np.logical_or.reduce(rules) if rules else None


def unreliable_depths(recording: Recording) -> BoolArray | None:
    """Return the depths whose readings are no examples of clean ones, because caliper or correction show bad hole.

    It marks more than `bad_hole`: without a bit size, the caliper is compared with its own lower deciles over about
    45 m above and below, and the margins of each interval are included. A density correction with a
    wrong zero is not used.

    Args:
        recording: a well; CALI and BS in in, DRHO in g/cm3.

    Returns:
        bool[sample]; None if the recording has neither a caliper nor a density correction.
    """
    rules = []
    if "CALI" in recording.names and np.isfinite(caliper := recording.channel("CALI")).any():
        size = np.fmax(_lower_decile(caliper), _lower_decile(caliper[::-1])[::-1])
        if "BS" in recording.names:
            size = np.fmin(size, recording.channel("BS"))
        rules.append(_above(caliper - size, ENLARGED_IN))
    correction = np.abs(recording.channel("DRHO")) if "DRHO" in recording.names else np.array([np.nan])
    if np.isfinite(correction).any() and float(np.nanmedian(correction)) < MAX_MEDIAN_CORRECTION:
        rules.append(_above(correction, CORRECTED_G_CM3))
    if not rules:
        return None
    return np.asarray(binary_dilation(np.logical_or.reduce(rules), iterations=MARGIN_SAMPLES), dtype=np.bool_)


def with_bad_hole(section: Section, recording: Recording) -> Section:
    """Return a copy of a well's section that carries its bad hole, for examples of clean readings to be taken from.

    It also carries what reviewers said of its depths, if the recording has that as a channel.

    Args:
        section: normalised.
        recording: that it was made of.
    """
    reviewed = recording.channel(REVIEWED) if REVIEWED in recording.names else None
    return dataclasses.replace(section, bad_hole=unreliable_depths(recording), reviewed=reviewed)


def enlarged(recording: Recording) -> tuple[BoolArray, BoolArray] | None:
    """Return the depths at which the caliper shows bad hole, and those at which it is observed.

    The density correction is not used, since its zero is wrong in many wells.

    Args:
        recording: a well; CALI and BS in in.

    Returns:
        bool[sample] CALI more than 2 in over BS, bool[sample] both observed; None if no depth has both.
    """
    if not {"CALI", "BS"} <= set(recording.names):
        return None
    over = recording.channel("CALI") - recording.channel("BS")
    known = np.isfinite(over)
    return (_above(over, ENLARGED_IN), np.asarray(known)) if known.any() else None


def _above(values: FloatArray, limit: float) -> BoolArray:
    return np.asarray(np.nan_to_num(values, nan=-np.inf) > limit, dtype=np.bool_)


def _lower_decile(caliper: FloatArray) -> NDArray[np.float64]:
    """Return the lower decile of each reading and those before it, float64[sample]."""
    before = pd.Series(caliper.astype(np.float64)).rolling(BIT_WINDOW, min_periods=1)
    return np.asarray(before.quantile(LOWER_DECILE), dtype=np.float64)
