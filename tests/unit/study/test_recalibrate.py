"""Recalibration from reviews: a biased detector is corrected, and judged on wells that nobody reviewed."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.files import read_manifest
from aemodels.core.errors import DataError
from aemodels.review.labels import labels_by_content
from aemodels.review.levels import Events
from aemodels.study.calibrate import calibrate
from aemodels.study.recalibrate import AS_IT_IS, Change, _choose, recalibrate
from helpers.recordings import make_line, make_well
from helpers.reviewed_wells import biased_bundle, faulty_wells, outcome, true_review

BIASED, FACTOR = "DTC", 3.0
REVIEWED = 10


@pytest.fixture(scope="module")
def bundle():
    return biased_bundle(BIASED, FACTOR)


@pytest.fixture(scope="module")
def reviewed():
    return faulty_wells(REVIEWED, seed=100)


@pytest.fixture(scope="module")
def unlabelled():
    return [make_well(f"N-{number}", seed=number, samples=1200) for number in range(300, 304)]


@pytest.fixture(scope="module")
def labels(bundle, reviewed):
    return labels_by_content([true_review(well, bundle.score(well.recording)) for well in reviewed])


@pytest.fixture(scope="module")
def found(bundle, reviewed, unlabelled, labels):
    return recalibrate(bundle, [*(well.recording for well in reviewed), *unlabelled], labels)


def test_ten_reviewed_wells_halve_the_false_alarms_on_other_wells_at_equal_recall(bundle, found):
    others = faulty_wells(20, seed=200)
    wrong_before, recall_before = outcome(bundle, others)
    wrong_after, recall_after = outcome(found.bundle, others)
    assert wrong_before > 100
    assert wrong_after <= wrong_before / 2
    assert recall_after >= recall_before - 0.01


def test_the_biased_curve_is_divided_most_and_the_networks_stay(bundle, found):
    divisors = dict(found.change.divisors)
    assert max(divisors, key=divisors.__getitem__) == BIASED
    assert divisors[BIASED] > FACTOR
    assert found.bundle.threshold == bundle.threshold
    assert found.bundle.denoiser is bundle.denoiser
    assert found.bundle.detector is bundle.detector


def test_each_reviewed_well_is_counted_by_a_change_that_was_fitted_without_it(bundle, found, reviewed, labels):
    assert sum(well.wrong_after for well in found.reviewed) < sum(well.wrong_before for well in found.reviewed) / 2
    last = found.reviewed[-1]
    others = [well.recording for well in (*reviewed[:-1], *faulty_wells(3, seed=700))]
    without = recalibrate(bundle, others, labels).bundle
    own = recalibrate(
        without,
        [reviewed[-1].recording, *(well.recording for well in faulty_wells(6, seed=800))],
        {
            **{sha256: own for sha256, own in labels.items() if sha256 == last.sha256},
            **labels_by_content(
                [true_review(well, without.score(well.recording)) for well in faulty_wells(3, seed=800)]
            ),
        },
    )
    assert own.reviewed[0].wrong_before == last.wrong_after


def test_the_judgement_is_by_wells_that_nobody_reviewed(found, unlabelled):
    assert {well.sha256 for well in found.judgement.wells} == {well.source.sha256 for well in unlabelled}
    assert found.judgement.recall_after > found.judgement.recall_before + 0.2
    assert all(well.alarms_after < well.alarms_before for well in found.judgement.wells)


def test_a_recalibrated_bundle_survives_storage_and_is_calibrated_on_its_own_scale(found, unlabelled, tmp_path):
    found.bundle.save(tmp_path / "b")
    loaded = Bundle.load(tmp_path / "b")
    assert loaded.curve_divisors == dict(found.change.divisors)
    np.testing.assert_array_equal(loaded.score(unlabelled[0]).score, found.bundle.score(unlabelled[0]).score)
    plain = dataclasses.replace(found.bundle, curve_divisors={})
    plain.save(tmp_path / "plain")
    versions = [read_manifest(tmp_path / name).content["schema_version"] for name in ("b", "plain")]
    assert versions == [3, 2], "a reader that knows no divisors must refuse the bundle"
    assert calibrate(loaded, unlabelled).bundle.threshold < calibrate(plain, unlabelled).bundle.threshold / 2


def test_an_unbiased_review_changes_nothing(bundle, reviewed, unlabelled, labels):
    agreeing = {
        sha256: dataclasses.replace(own, labels=tuple(label for label in own.labels if label.fault))
        for sha256, own in labels.items()
    }
    found = recalibrate(bundle, [*(well.recording for well in reviewed), *unlabelled], agreeing)
    assert found.change.is_empty
    assert found.bundle is bundle
    assert found.findings == ()
    few = [well.recording for well in (*reviewed[:3], *faulty_wells(3, seed=500))]
    assert [finding.code for finding in recalibrate(bundle, few, agreeing).findings] == ["few-faults"]


def test_too_few_wells_are_refused_with_what_is_needed(bundle, reviewed, unlabelled, labels):
    recordings = [well.recording for well in reviewed]
    with pytest.raises(DataError, match=r"2 other wells among 12 files .* at least 3"):
        recalibrate(bundle, [*recordings, *unlabelled[:2]], labels)
    with pytest.raises(DataError, match="2 reviewed wells among 7 files"):
        recalibrate(bundle, [*recordings[:2], *unlabelled, make_line()], labels)


def test_a_member_is_weakened_only_if_that_beats_moving_the_levels_of_curves():
    def events(wrong_peak: float) -> list[Events]:
        """Ten wells with three faults and two wrong flags each, all on one curve."""
        peaks = np.array([[3.0]] * 3 + [[wrong_peak]] * 2, dtype=np.float32)
        return [Events(peaks, np.array([True] * 3 + [False] * 2), np.full(5, number)) for number in range(10)]

    spoilt = events(5.0)  # above the faults: no level tells them apart
    two = SimpleNamespace(curves=("GR",))
    weaker = Change((), "rules", 3.0)
    assert _choose(two, {AS_IT_IS: spoilt, weaker: events(0.4)}) == weaker
    assert _choose(two, {AS_IT_IS: events(2.0), weaker: events(0.4)}).member == ""
    assert _choose(two, {AS_IT_IS: spoilt, weaker: spoilt}).is_empty
