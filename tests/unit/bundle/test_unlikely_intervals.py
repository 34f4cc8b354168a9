"""Thin beds that are called spikes, and depth shifts that are too short for one."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.bundle.unlikely_intervals import MAX_SPIKE_SAMPLES, MIN_SHIFT_SAMPLES, lower_unlikely_intervals
from aemodels.core.types import Section
from aemodels.detect.base import FaultScores

DEPTHS, PEAK, THRESHOLD = 120, 60, 1.5
CURVES = ("GR", "RDEP")
KINDS = ("spike", "washout", "depth_shift")
BED = (0.1, 0.35, 0.6, 0.35, 0.1)  # a thin bed seen by a tool that averages over half a metre
SPIKE = (0.0, 0.0, 0.6, 0.0, 0.0)


def lowered(
    shape: tuple[float, ...],
    *,
    row: int = 0,
    kind: str = "spike",
    samples: int = 3,
    missing: bool = False,
    alone: bool = False,
) -> np.ndarray:
    """Return the scores of a peak of this shape after the change; it was flagged over some samples around its top."""
    values = np.full((2, DEPTHS), 0.3, dtype=np.float32)
    values[row, PEAK - 2 : PEAK + 3] += np.float32(shape)
    mask = np.ones(values.shape, dtype=bool)
    mask[1 - row] = not alone
    section = Section("well", values, mask, np.ones(2, dtype=np.float32))
    scores = np.full((2, DEPTHS), 0.2, dtype=np.float32)
    scores[row, PEAK - samples // 2 : PEAK - samples // 2 + samples] = 3.0
    if missing:
        scores[1 - row] = np.nan
    kinds = FaultScores(KINDS, np.zeros((3, DEPTHS), dtype=np.float32))
    kinds.score[KINDS.index(kind)] = 5.0
    return lower_unlikely_intervals(scores, THRESHOLD, kinds, section, CURVES)


def test_a_peak_with_flanks_is_a_hint() -> None:
    found = lowered(BED)
    assert found.max() == np.float32(THRESHOLD)
    np.testing.assert_array_equal(found[1], np.float32(0.2))


@pytest.mark.parametrize(
    "kept",
    [
        {"shape": SPIKE},
        {"shape": BED, "kind": "washout"},
        {"shape": BED, "samples": MAX_SPIKE_SAMPLES + 1},
        {"shape": BED, "row": CURVES.index("RDEP")},
    ],
    ids=["sharp", "another kind", "long", "resistivity"],
)
def test_what_may_be_a_fault_stays_flagged(kept: dict) -> None:
    assert lowered(**kept).max() == 3.0


@pytest.mark.parametrize(("samples", "flagged"), [(MIN_SHIFT_SAMPLES - 1, False), (MIN_SHIFT_SAMPLES, True)])
def test_a_depth_shift_of_a_metre_is_a_hint(samples: int, flagged: bool) -> None:
    assert (lowered(SPIKE, kind="depth_shift", samples=samples).max() > THRESHOLD) == flagged


@pytest.mark.parametrize(("kind", "flagged"), [("washout", False), ("depth_shift", False), ("spike", True)])
def test_what_takes_two_curves_to_see_is_a_hint_where_one_was_observed(kind: str, flagged: bool) -> None:
    assert lowered(SPIKE, kind=kind, samples=MIN_SHIFT_SAMPLES).max() == 3.0
    assert (lowered(SPIKE, kind=kind, samples=MIN_SHIFT_SAMPLES, alone=True).max() == 3.0) == flagged


def test_depths_that_are_not_judged_stay_so() -> None:
    found = lowered(BED, missing=True)
    assert np.isnan(found[1]).all()
    assert np.nanmax(found) == np.float32(THRESHOLD)
