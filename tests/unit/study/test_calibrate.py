"""Calibration: the promised rate holds on wells that took no part, and nothing but thresholds changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.errors import DataError
from aemodels.core.types import Recording
from aemodels.evaluate.detection.faulty_copies import clean_rows
from aemodels.io import read
from aemodels.signal.quality_rules import Quality, assess
from aemodels.study.calibrate import calibrate
from helpers.recordings import make_line, make_well

WELLS = 6


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return dataclasses.replace(Bundle.load(shipped_bundle("logs-v1").folder), trained_on=())


@pytest.fixture(scope="module")
def wells() -> list[Recording]:
    return [make_well(f"W-{number}", seed=number, samples=1500) for number in range(WELLS)]


@pytest.fixture(scope="module")
def calibrated(bundle, wells):
    return calibrate(bundle, wells)


def test_the_rate_holds_on_other_wells_of_the_same_field(bundle, wells, calibrated):
    others = [make_well(f"N-{number}", seed=100 + number, samples=1500) for number in range(WELLS)]
    nominal = bundle.spec.anomalies.chosen_threshold.nominal_rate
    shares = [calibrated.bundle.score(well).is_anomaly.mean() for well in others]
    assert np.median(shares) <= 3 * nominal
    assert calibrated.bundle.suspect_threshold <= calibrated.bundle.threshold
    assert len(calibrated.wells) == WELLS


def test_each_well_is_judged_by_a_threshold_that_it_took_no_part_in(bundle, wells):
    loud = wells[0].with_values(wells[0].values * np.float32(1.6))
    with_loud = calibrate(bundle, [loud, *wells[1:]])
    without = calibrate(bundle, wells[1:])
    section = bundle.detector_input(loud, _no_flags())
    flagged = np.any([flag.any(axis=0) for flag in bundle.rule_flags(assess(loud), loud).values()], axis=0)
    counts = clean_rows([section], "logs")[0] & ~flagged
    rows = np.nanmax(without.bundle.detector.score(section), axis=0)[counts]
    assert with_loud.wells[0].after == pytest.approx((rows > without.bundle.threshold).mean(), abs=0.02)


def test_networks_stay_and_the_calibrated_bundle_survives_storage(bundle, calibrated, wells, tmp_path):
    calibrated.bundle.save(tmp_path / "b")
    loaded = Bundle.load(tmp_path / "b")
    assert loaded.threshold == calibrated.bundle.threshold
    assert loaded.trained_on == tuple(sorted(well.source.sha256 for well in wells))
    assert loaded.content_hash != bundle.content_hash
    np.testing.assert_array_equal(loaded.score(wells[0]).denoised, bundle.score(wells[0]).denoised)


def test_wells_like_those_of_the_calibration_are_familiar(bundle, calibrated, wells):
    assert calibrated.bundle.familiarity is not None
    section = bundle.detector_input(wells[0], _no_flags())
    assert calibrated.bundle.familiarity.distance(section) < 0.1 < bundle.familiarity.distance(section)


def test_files_that_cannot_be_used_are_named(bundle, wells):
    seen = dataclasses.replace(bundle, trained_on=(wells[0].source.sha256,))
    found = calibrate(seen, [*wells, make_line()])
    assert [finding.code for finding in found.findings] == ["seen-in-training", "left-out", "few-wells"]
    assert len(found.wells) == WELLS - 1


def test_two_wells_are_too_few(bundle, wells):
    with pytest.raises(DataError, match=r"2 of 3 recordings .* at least 3 wells"):
        calibrate(bundle, [*wells[:2], make_line()])


def test_lines_are_calibrated_trace_by_trace():
    bundle = Bundle.load(shipped_bundle("seismic-v1").folder)
    found = calibrate(bundle, [make_line(f"L-{number}", seed=number) for number in range(3)])
    assert [well.rows for well in found.wells] == [60, 60, 60]
    assert found.false_alarms.iloc[0]["pooled"] <= found.wells[0].before + 0.05


def test_real_wells_of_another_basin_keep_the_rate(bundle, field_data):
    paths = sorted((field_data / "wells" / "brazil_parana").glob("*.las"))
    wells = [read(path) for path in paths]
    found = calibrate(bundle, wells)
    rates = found.false_alarms.iloc[0]
    assert rates["pooled"] <= 2 * rates["nominal"]


def _no_flags():
    return Quality({}, ())
