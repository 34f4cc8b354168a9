"""Bad hole: depths at which pad and mandrel tools are unreliable."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, Recording

# Working limits of log quality control: pad and mandrel tools lose contact a few inches from the wall, and a density
# with a larger correction is unreliable (M. Rider & M. Kennedy, The Geological Interpretation of Well Logs, 2011).
ENLARGED_IN = 2.0
CORRECTED_G_CM3 = 0.15


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
