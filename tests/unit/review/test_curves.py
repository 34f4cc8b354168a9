"""Reviewed depths as columns have the values of the decisions."""

from __future__ import annotations

import numpy as np

from aemodels.review.curves import REVIEWED, review_curves, with_reviewed_depths
from aemodels.review.document import Decision
from aemodels.review.labels import Label, WellLabels
from aemodels.signal.resample import resample
from helpers.recordings import make_well

AXIS = 100.0 + 0.5 * np.arange(40)


def decision(
    action: str, top: float, base: float, *curves: str, flagged: tuple[float, float] | None = None
) -> Decision:
    low, high = flagged or (None, None)
    return Decision(action=action, top_m=top, base_m=base, flagged_top_m=low, flagged_base_m=high, curves=curves)


def depths(values: np.ndarray, value: float) -> list[float]:
    return AXIS[values == value].tolist()


def test_accepted_is_one_rejected_is_zero_and_the_rest_missing() -> None:
    accept = decision("accept", 101.75, 103.25, "GR", flagged=(101.75, 103.25))
    reject = decision("reject", 109.75, 110.25, "GR", flagged=(109.75, 110.25))
    found = review_curves(AXIS, [accept, reject], ["GR", "RHOB"])
    assert set(found) == {"GR"}
    assert depths(found["GR"], 1.0) == [102.0, 102.5, 103.0]
    assert depths(found["GR"], 0.0) == [110.0]
    assert np.isnan(found["GR"]).sum() == 36
    assert found["GR"].dtype == np.float32


def test_what_a_redrawn_flag_leaves_is_sound() -> None:
    redraw = decision("redraw", 102.4, 104.1, "GR", flagged=(100.75, 103.25))
    found = review_curves(AXIS, [redraw], ["GR"])["GR"]
    assert depths(found, 0.0) == [101.0, 101.5, 102.0]
    assert depths(found, 1.0) == [102.5, 103.0, 103.5, 104.0]


def test_without_curves_a_decision_concerns_all_and_unknown_ones_none() -> None:
    found = review_curves(AXIS, [decision("add", 105, 106), decision("add", 108, 109, "XX")], ["GR", "RHOB"])
    assert set(found) == {"GR", "RHOB"}


def test_the_last_decision_on_a_depth_counts() -> None:
    add = decision("add", 101.0, 103.0, "GR")
    reject = decision("reject", 102.0, 104.0, "GR", flagged=(102.0, 104.0))
    assert depths(review_curves(AXIS, [add, reject], ["GR"])["GR"], 1.0) == [101.0, 101.5]
    assert depths(review_curves(AXIS, [reject, add], ["GR"])["GR"], 1.0) == [101.0, 101.5, 102.0, 102.5, 103.0]


def test_reviewed_depths_are_a_channel_and_follow_the_well_to_another_step():
    well = make_well(samples=200)
    top, base = float(well.axis[50]), float(well.axis[59])
    sound = Label(top - 3, base, ("GR",), fault=False)
    labelled = with_reviewed_depths(well, WellLabels((Label(top, base, (), fault=True), sound)))
    channel = labelled.channel(REVIEWED)
    assert (channel[50:60] == 1).all()
    assert (channel[31:50] == 0).all()
    assert np.isnan(channel[60:]).all()
    coarse = resample(labelled, 0.3048)
    inside = (coarse.axis > top) & (coarse.axis < base)
    assert (coarse.channel(REVIEWED)[inside] == 1).all()
