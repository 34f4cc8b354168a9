from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.signal.normalise import CurveBounds, CurvePercentiles, RecordingRms, restore_normaliser
from helpers.recordings import make_line, make_well

CURVES = ("GR", "RHOB", "RDEP")


def test_percentiles_map_to_zero_and_one(wells):
    normaliser = CurvePercentiles(low=0.5, high=99.5).fit(wells, CURVES)
    pooled = np.concatenate([normaliser.apply(well).values for well in wells], axis=1)
    np.testing.assert_allclose(np.percentile(pooled, [0.5, 99.5], axis=1), [[0, 0, 0], [1, 1, 1]], atol=1e-4)


def test_invert_returns_the_physical_values(wells):
    normaliser = CurvePercentiles().fit(wells, CURVES)
    section = normaliser.apply(wells[0])
    physical = normaliser.invert(section.values, section)
    np.testing.assert_allclose(physical, np.stack([wells[0].channel(c) for c in CURVES]), rtol=1e-4)


def test_resistivity_is_taken_to_log10(wells):
    normaliser = CurvePercentiles().fit(wells, ("RDEP",))
    log = np.log10(wells[0].channel("RDEP"))
    low, high = normaliser.bounds[0]
    np.testing.assert_allclose(normaliser.apply(wells[0]).values[0], (log - low) / (high - low), atol=1e-4)


def test_outliers_hardly_move_the_scale(wells):
    clean = CurvePercentiles().fit(wells, ("GR",)).bounds
    spiky = []
    for well in wells:
        values = well.values.copy()
        values[0, ::400] = 1e6
        spiky.append(well.with_values(values))
    assert np.ptp(CurvePercentiles().fit(spiky, ("GR",)).bounds) < 1.1 * np.ptp(clean)


def test_missing_curve_becomes_an_unobserved_channel(wells):
    normaliser = CurvePercentiles().fit(wells, CURVES)
    section = normaliser.apply(make_well(curves=("GR", "RDEP")))
    assert section.mask.any(axis=1).tolist() == [True, False, True]
    assert np.isfinite(section.values).all()


def test_non_positive_resistivity_and_hidden_samples_are_missing(wells):
    normaliser = CurvePercentiles().fit(wells, ("GR", "RDEP"))
    values = wells[0].values.copy()
    values[4, 10] = -5.0
    hide = np.zeros(values.shape, dtype=bool)
    hide[0, 20] = True
    section = normaliser.apply(wells[0].with_values(values), hide=hide)
    assert np.argwhere(~section.mask).tolist() == [[0, 20], [1, 10]]


def test_a_constant_curve_cannot_be_fitted(wells):
    values = wells[0].values.copy()
    values[0] = 55.0
    with pytest.raises(SpecError, match=r"GR.*varies"):
        CurvePercentiles().fit([wells[0].with_values(values)], ("GR",))


def test_relative_amplitudes_of_traces_are_kept_and_recovered():
    line = make_line(traces=8)
    loud = line.with_values(line.values * np.arange(1, 9, dtype=np.float32)[:, None])
    normaliser = RecordingRms().fit([], ())
    section = normaliser.apply(loud)
    ratio = section.values[7].std() / section.values[0].std()
    assert ratio == pytest.approx(loud.values[7].std() / loud.values[0].std(), rel=1e-4)
    np.testing.assert_allclose(normaliser.invert(section.values, section), loud.values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("amplitude", [0.0, 1e-20, 1e30])
def test_dead_and_extreme_amplitudes_stay_finite(amplitude):
    line = make_line(traces=4)
    section = RecordingRms().fit([], ()).apply(line.with_values(line.values * np.float32(amplitude)))
    assert np.isfinite(section.values).all()


def test_state_restores_both_kinds(wells):
    for normaliser in (CurvePercentiles().fit(wells, CURVES), RecordingRms().fit([], ())):
        assert restore_normaliser(normaliser.state()).state() == normaliser.state()


def test_given_bounds_are_used_whatever_the_wells():
    spec = CurveBounds(bounds={"RHOB": (2.0, 3.0), "GR": (0.0, 200.0)})
    normaliser = spec.fit([], ("GR", "RHOB"))
    np.testing.assert_array_equal(normaliser.bounds, [[0.0, 200.0], [2.0, 3.0]])
    again = CurveBounds.model_validate_json(spec.model_dump_json())
    np.testing.assert_array_equal(again.fit([], ("GR", "RHOB")).bounds, normaliser.bounds)
    with pytest.raises(SpecError, match="no bounds for NPHI; normalise has those of RHOB, GR"):
        spec.fit([], ("GR", "NPHI"))
