"""Recalibration from reviews of lines: the threshold moves, and is judged on lines that nobody reviewed."""

from __future__ import annotations

import pytest

from aemodels.core.errors import DataError
from aemodels.review.labels import labels_by_content
from aemodels.study.recalibrate import TRACES, recalibrate
from helpers.recordings import make_line
from helpers.reviewed_lines import biased_line_bundle, faulty_lines, line_outcome, true_line_review


@pytest.fixture(scope="module")
def bundle():
    return biased_line_bundle(1.05)


@pytest.fixture(scope="module")
def reviewed():
    return faulty_lines(10, seed=100)


@pytest.fixture(scope="module")
def labels(bundle, reviewed):
    return labels_by_content([true_line_review(line, bundle.score(line.recording)) for line in reviewed], "seismic")


def unreviewed(count: int):
    return [make_line(f"N-{number}", seed=number, traces=120) for number in range(300, 300 + count)]


def test_ten_reviewed_lines_halve_the_false_alarms_on_other_lines_at_equal_recall(bundle, reviewed, labels):
    found = recalibrate(bundle, [*(line.recording for line in reviewed), *unreviewed(4)], labels)
    ((level, factor),) = found.change.divisors
    assert level == TRACES
    assert found.bundle.threshold == pytest.approx(bundle.threshold * factor)
    assert found.bundle.detector is bundle.detector
    (wrong_before, recall_before), (wrong_after, recall_after) = (
        line_outcome(one, faulty_lines(8, seed=200)) for one in (bundle, found.bundle)
    )
    assert wrong_before > 100
    assert wrong_after <= wrong_before / 2
    assert recall_after >= recall_before - 0.01
    assert sum(line.wrong_after for line in found.reviewed) < sum(line.wrong_before for line in found.reviewed) / 2
    assert all(line.alarms_after <= line.alarms_before for line in found.judgement.wells)


def test_a_reviewed_range_holds_exactly_its_traces(bundle, reviewed, labels):
    from aemodels.study.reviewed_wells import evaluate_well

    line = reviewed[0].recording
    evaluated, flags = evaluate_well(bundle, line), bundle.score(line).is_anomaly
    covered = sum(evaluated.inside(label) for label in labels[line.source.sha256].labels)
    assert (covered == flags).all(), "every flag was reviewed, and nothing beside"


def test_too_few_lines_are_refused_with_what_is_needed(bundle, reviewed, labels):
    with pytest.raises(DataError, match=r"2 other lines among 12 files .* at least 3"):
        recalibrate(bundle, [*(line.recording for line in reviewed), *unreviewed(2)], labels)
