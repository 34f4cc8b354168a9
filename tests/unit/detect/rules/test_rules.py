"""Rules as a detector: each injected fault violates its own rule, on its own curve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.special import erf

from aemodels.detect import Rules
from aemodels.detect.base import DetectContext
from aemodels.detect.rules.rules import RULES, edge_shares
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n) for n in range(4)]
NORMALISER = CurvePercentiles().fit(WELLS[:3], CURVES)
DETECTOR = Rules().fit(
    [NORMALISER.apply(well) for well in WELLS[:3]], DetectContext("logs", 0, {}, normaliser=NORMALISER)
)
INSIDE = slice(600, 660)


def _altered(curve: str, change) -> tuple[np.ndarray, np.ndarray, int]:
    values = WELLS[3].values.copy()
    row = CURVES.index(curve)
    values[row, INSIDE] = change(values[row, INSIDE])
    section = NORMALISER.apply(WELLS[3].with_values(values))
    components = DETECTOR.component_scores(section)
    return DETECTOR.score(section), np.stack([components[rule] for rule in RULES]), row


@pytest.mark.parametrize(
    ("rule", "curve", "change"),
    [
        ("stuck", "GR", lambda x: np.full_like(x, x[0])),
        ("range", "RHOB", lambda x: x + 5),
        ("unit", "NPHI", lambda x: x * 100),
        ("unit", "DTC", lambda x: x / 0.3048),
        ("unit", "RHOB", lambda x: x * 1000),
        ("unit", "RDEP", lambda x: x * 0.3048),
    ],
)
def test_an_injected_fault_violates_its_rule(rule: str, curve: str, change):
    score, broken, row = _altered(curve, change)
    inside = broken[RULES.index(rule), row, 605:655]
    assert inside.min() >= 1.0
    assert (score[row, 605:655] >= inside).all()
    others = np.delete(np.arange(len(CURVES)), row)
    assert np.median(broken[RULES.index(rule)][others, 605:655]) < 1.0


def test_a_spike_has_the_highest_score():
    values = WELLS[3].values.copy()
    values[0, 300] += 80
    components = DETECTOR.component_scores(NORMALISER.apply(WELLS[3].with_values(values)))
    assert components["spike"][0].argmax() == 300
    assert components["spike"][0, 300] > 1.0


def test_a_spike_however_high_scores_no_more_than_ten():
    section = NORMALISER.apply(WELLS[3])
    calm = np.full_like(section.values, 0.4)
    calm[0, 300], calm[1, 300] = 1.0, 1e6
    component = DETECTOR.component_scores(section.with_values(calm))["spike"]
    assert 1.0 < component[0, 300] < 10.0  # the limit touches what is far out alone
    assert component[1, 300] == 10.0


@pytest.mark.parametrize(("height", "broken"), [(0.1, False), (0.2, True)])
def test_a_thin_bed_in_a_smooth_log_is_not_a_spike(height: float, broken: bool):
    section = NORMALISER.apply(WELLS[3])
    calm = np.full_like(section.values, 0.4)
    calm[0, 300] += height
    component = DETECTOR.component_scores(section.with_values(calm))["spike"][0]
    assert (component[300] > 1.0) == broken  # of no deviation at all, either is any number of them


@pytest.mark.parametrize(("step", "thickness"), [(0.1524, 0.2), (0.1524, 0.6), (0.2, 0.2), (0.2, 0.5)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_thin_bed_seen_by_a_tool_of_half_a_metre_is_no_spike_however_strong(step, thickness, sign):
    section = NORMALISER.apply(WELLS[3])
    depth = np.arange(section.values.shape[1]) * step
    sigma = 0.6 / 2.355  # vertical resolution of a gamma ray: 0.6 m at half height
    for offset in np.linspace(0.0, step, 5):
        edges = (depth - depth[300] - offset)[None, :] + thickness * np.array([[0.5], [-0.5]])
        bed = 1.5 * np.subtract(*erf(edges / sigma / np.sqrt(2)))
        values = np.full_like(section.values, 0.4)
        values[0] += sign * bed.astype(np.float32)
        seen = section.with_values(values)
        assert DETECTOR.component_scores(seen)["spike"][0, 290:311].max() < 1.0
        values = values.copy()
        values[0, 303] += 2.0  # a spike on its flank
        assert DETECTOR.component_scores(seen.with_values(values))["spike"][0, 303] > 1.0


def test_an_edge_share_is_the_smaller_jump_by_the_height_above_the_higher_side():
    values = np.array([[0, 0, 0, 0, 4, 4, 1, 1, 1, 1, 1]], dtype=np.float32)
    found = edge_shares(values, np.ones_like(values), reach=4)
    np.testing.assert_allclose(found[0, 4:6], 1.0)  # a jump of 3 back to 1, of 4 up from 0, clipped
    ramp = np.array([[0, 1, 2, 3, 4, 3, 2, 1, 0]], dtype=np.float32)
    assert edge_shares(ramp, np.ones_like(ramp), reach=4)[0, 4] == pytest.approx(0.25)
    assert edge_shares(-ramp, -np.ones_like(ramp), reach=4)[0, 4] == pytest.approx(0.25)
    assert (edge_shares(np.zeros((1, 3), dtype=np.float32), np.zeros((1, 3), dtype=np.float32), reach=4) == 0).all()


@pytest.mark.parametrize("length", [1, 5, 16])
@pytest.mark.parametrize("cycle", [20.0, -20.0])
def test_a_cycle_skip_extends_from_jump_to_jump(length: int, cycle: float):
    values = uniform_filter1d(WELLS[3].values, 4, axis=1)
    row = CURVES.index("DTC")
    values[row, 380:480] = 90.0
    values[row, 420 : 420 + length] += cycle
    skips = DETECTOR.component_scores(NORMALISER.apply(WELLS[3].with_values(values)))["cycle_skip"]
    np.testing.assert_allclose(skips[row, 420 : 420 + length], 20.0 / 15.0, rtol=1e-3)
    assert not skips[row, 401:420].any()
    assert not skips[row, 420 + length : 449].any()
    assert not np.delete(skips, row, axis=0).any()


def test_a_bed_boundary_is_not_a_cycle_skip():
    values = uniform_filter1d(WELLS[3].values, 4, axis=1)
    row = CURVES.index("DTC")
    values[row, 400:425], values[row, 425:450] = 70.0, 110.0
    skips = DETECTOR.component_scores(NORMALISER.apply(WELLS[3].with_values(values)))["cycle_skip"]
    assert not skips[row, 401:449].any()


def test_fault_scores_have_fault_kinds_only():
    values = WELLS[3].values.copy()
    values[0, INSIDE] = values[0, 600]
    fault_scores = DETECTOR.fault_scores(NORMALISER.apply(WELLS[3].with_values(values)))
    assert fault_scores.kinds == ("stuck", "spike", "unit", "cycle_skip")
    assert (fault_scores.score[:, 610:650].argmax(axis=0) == 0).all()


def test_a_clean_well_violates_hardly_any_rule():
    # a sonic averages over 2 ft, where the beds of these wells begin from one sample to the next
    averaged = uniform_filter1d(WELLS[3].values, 4, axis=1)
    score = DETECTOR.score(NORMALISER.apply(WELLS[3].with_values(averaged)))
    assert (score > 1.0).mean() < 0.02


def test_a_bundle_from_before_the_rule_on_skipped_cycles_is_still_scored():
    arrays = DETECTOR.arrays()
    before = Rules().restore(arrays | {"limits": arrays["limits"][:, :4]}, DetectContext("logs", 0, {}))
    section = NORMALISER.apply(WELLS[3])
    components, now = before.component_scores(section), DETECTOR.component_scores(section)
    assert not np.nan_to_num(components.pop("cycle_skip")).any()
    for rule, scores in components.items():
        np.testing.assert_array_equal(scores, now[rule])


def _skips(values: np.ndarray) -> np.ndarray:
    return DETECTOR.component_scores(NORMALISER.apply(WELLS[3].with_values(values.astype(np.float32))))["cycle_skip"]


def test_noise_is_no_cycle_skip():
    row, rng = CURVES.index("DTC"), np.random.default_rng(4)
    values = uniform_filter1d(WELLS[3].values, 4, axis=1)
    values[row] = 90.0 + rng.normal(0, 10.0, values.shape[1])
    assert (_skips(values)[row] > 1.0).mean() < 0.005


def test_a_thin_bed_that_another_curve_sees_too_is_no_cycle_skip():
    row, other = CURVES.index("DTC"), CURVES.index("GR")
    values = uniform_filter1d(WELLS[3].values, 4, axis=1)
    values[[row, other], 380:480] = 90.0
    values[row, 420:425] += 25.0
    assert _skips(values)[row, 420:425].min() > 1.0
    values[other, 420:425] -= 40.0
    assert not _skips(values)[row, 420:425].any()
