"""Training learns from rejected flags: what reviewers call sound is flagged no more in other wells afterwards."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import BoolArray, Channel, Recording
from aemodels.faults import CycleSkip, LogSpike, NoiseBurst, inject
from aemodels.review.curves import with_reviewed_depths
from aemodels.review.document import Decision, Review
from aemodels.review.labels import labels_by_content
from aemodels.signal.runs import runs
from helpers.recordings import CURVES, make_well
from helpers.reviewed_wells import fusion_bundle

FAULTS = (LogSpike(height=(0.5, 1.5)), CycleSkip(), NoiseBurst())
PLACES, LENGTH = 6, 6  # light, slow beds of a well, and their samples


def well_with_light_beds(number: int) -> tuple[Recording, BoolArray]:
    """A well in which light and slow beds are washed out: the caliper shows bad hole, but they are rock."""
    well = make_well(f"W-{number}", samples=1200, seed=number)
    rng = np.random.default_rng(number)
    beds = np.zeros(1200, dtype=np.bool_)
    for place in rng.choice(np.arange(2, 58), PLACES, replace=False) * 20:
        beds[place : place + LENGTH] = True
    values = well.values.copy()
    values[list(CURVES).index("RHOB"), beds] -= 0.7
    values[list(CURVES).index("DTC"), beds] += 60
    hole = np.stack([np.where(beds, 13.0, 8.6), np.full(1200, 8.5)]).astype(np.float32)
    channels = (*well.channels, Channel("CALI", "in"), Channel("BS", "in"))
    return dataclasses.replace(well, values=np.concatenate([values, hole]), channels=channels), beds


def rejecting(well: Recording, beds: BoolArray) -> Review:
    """The review of somebody who rejects the flags on all light beds."""
    decisions = []
    for start, stop in runs(beds):
        top, base = float(well.axis[start]) - 0.07, float(well.axis[stop - 1]) + 0.07
        decisions.append(
            Decision(action="reject", top_m=top, base_m=base, flagged_top_m=top, flagged_base_m=base, curves=("RHOB",))
        )
    return Review(
        sondeflow_review=1,
        sha256=well.source.sha256,
        author="A",
        made_at=datetime(2026, 1, 31, tzinfo=UTC),
        decisions=tuple(decisions),
    )


def flagged_at_equal_alarms(bundle: Bundle) -> tuple[float, float]:
    """Share of light beds, and of planted faults, above the level that 1 % of the other readings of new wells reach."""
    beds, faults, others = [], [], []
    for number in range(500, 508):
        well, light = well_with_light_beds(number)
        injection = inject(well, FAULTS, fraction=0.06, rng=np.random.default_rng(number))
        score = np.nan_to_num(bundle.score(injection.recording).score)
        faulty = injection.label.any(axis=0)
        others.append(score[~faulty & ~light])
        faults += [score[event.start : event.stop].max() for event in injection.events]
        beds += [score[start:stop].max() for start, stop in runs(light & ~faulty)]
    level = np.quantile(np.concatenate(others), 0.99)
    return float(np.mean(np.array(beds) > level)), float(np.mean(np.array(faults) > level))


@pytest.mark.slow
@pytest.mark.parametrize("reviewed", [4, 9])
def test_beds_that_reviewers_call_sound_are_flagged_no_more_in_wells_that_nobody_reviewed(reviewed) -> None:
    wells = [well_with_light_beds(number) for number in range(9)]
    labels = labels_by_content([rejecting(well, beds) for well, beds in wells[:reviewed]])
    labelled = [
        with_reviewed_depths(well, labels[well.source.sha256]) if well.source.sha256 in labels else well
        for well, _ in wells
    ]
    beds_before, faults_before = flagged_at_equal_alarms(fusion_bundle([well for well, _ in wells]))
    beds_after, faults_after = flagged_at_equal_alarms(fusion_bundle(labelled))
    assert beds_before > 0.9
    assert beds_after < 0.15
    assert faults_after >= faults_before - 0.03 > 0.85
