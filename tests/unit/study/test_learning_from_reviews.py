"""Training learns from rejected flags: what reviewers call sound in bad hole scores less in other wells afterwards."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from aemodels.core.types import BoolArray, Channel, Recording
from aemodels.review.curves import with_reviewed_depths
from aemodels.review.document import Decision, Review
from aemodels.review.labels import labels_by_content
from aemodels.signal.runs import runs
from helpers.recordings import CURVES, make_well
from helpers.reviewed_wells import fusion_bundle

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


@pytest.mark.slow
def test_beds_that_reviewers_call_sound_score_less_in_wells_that_nobody_reviewed() -> None:
    wells = [well_with_light_beds(number) for number in range(9)]
    labels = labels_by_content([rejecting(well, beds) for well, beds in wells])
    reviewed = [with_reviewed_depths(well, labels[well.source.sha256]) for well, _ in wells]
    highest = []
    for recordings in ([well for well, _ in wells], reviewed):
        bundle = fusion_bundle(recordings)
        scores = [(bundle.score(well).score, beds) for well, beds in map(well_with_light_beds, range(500, 504))]
        highest.append([float(np.nanmax(one[start:stop])) for one, beds in scores for start, stop in runs(beds)])
    before, after = highest
    assert len(before) == 4 * PLACES
    assert max(after) < 0.7 * min(before), "-log10 p of every bed"
