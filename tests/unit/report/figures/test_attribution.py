"""Attribution figure: residual of every curve, and labels of the intervals with the highest scores."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from aemodels.core.types import Recording, Scores
from aemodels.report.figures.attribution import residual
from aemodels.report.figures.index import attribution_tracks, closer_look
from helpers.recordings import make_well

WELL = make_well("A-1", samples=3000, curves=("GR", "RHOB", "RDEP"))


def scored(recording: Recording, flagged: dict[str, slice]) -> Scores:
    """Return a well whose RHOB is 0.1 g/cm3 below the denoised one if flagged, and whose RDEP is off by a decade."""
    rows = recording.axis.size
    score, reason = np.full(rows, 0.1, np.float32), np.full(rows, "", dtype=object)
    denoised = recording.values * np.array([[1.0], [1.0], [0.1]], np.float32)
    channel = np.full(recording.values.shape, 0.1, np.float32)
    for name, place in flagged.items():
        score[place], reason[place] = 2.0, name
        denoised[1, place] += 0.1
        channel[1, place] = 2.0
    return Scores(
        "logs", score, 1.0, tuple(reason.tolist()), recording.names, recording.values.copy(), denoised, channel
    )


FLAGGED = {"washout": slice(400, 500), "stuck": slice(1500, 1550), "spike": slice(1600, 1603)}
SCORES = scored(WELL, FLAGGED)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def test_the_reasons_of_all_intervals_are_named_once() -> None:
    named = [text for text in texts(attribution_tracks(WELL, SCORES)) if text in FLAGGED]
    assert sorted(named) == ["spike", "stuck", "washout"]


def test_overlapping_labels_are_omitted_in_favour_of_the_higher_score() -> None:
    scores = scored(WELL, {"stuck": slice(1500, 1550), "spike": slice(1560, 1562)})
    scores.score[1560:1562] = 5.0
    assert [text for text in texts(attribution_tracks(WELL, scores)) if text in FLAGGED] == ["spike"]


def test_the_closer_look_covers_most_flagged_intervals() -> None:
    span = closer_look(WELL, SCORES)
    assert span is not None
    assert span[0] < WELL.axis[1500]
    assert span[1] > WELL.axis[1603]
    figure = attribution_tracks(WELL, SCORES, span=span)
    assert figure.axes[0].get_ylim() == (span[1], span[0])
    assert "washout" not in texts(figure)


def test_a_well_without_flags_has_no_closer_look_but_can_be_drawn() -> None:
    scores = scored(WELL, {})
    assert closer_look(WELL, scores) is None
    assert len(attribution_tracks(WELL, scores).axes) == 4


def test_residuals_are_signed_and_those_of_resistivities_in_decades() -> None:
    np.testing.assert_allclose(residual(SCORES, "RHOB")[400:500], -0.1, atol=1e-5)
    np.testing.assert_allclose(residual(SCORES, "RDEP"), 1.0, rtol=1e-4)


@pytest.mark.parametrize("lacking", [0, 2])
def test_a_missing_curve_has_no_track(lacking: int) -> None:
    raw = SCORES.raw.copy()
    raw[lacking] = np.nan
    scores = Scores(
        "logs", SCORES.score, 1.0, SCORES.reason, SCORES.channels, raw, SCORES.denoised, SCORES.channel_score
    )
    assert len(attribution_tracks(WELL, scores).axes) == 3


def test_the_scale_of_a_track_is_set_by_samples_outside_affected_intervals() -> None:
    """RHOB is off by 0.01 g/cm3 everywhere, and by ten times as much on the twentieth part that is flagged."""
    off = SCORES.denoised + np.array([[0.0], [0.01], [0.0]], np.float32)
    scores = Scores("logs", SCORES.score, 1.0, SCORES.reason, SCORES.channels, SCORES.raw, off, SCORES.channel_score)
    assert "RHOB\n±0.02 g/cm3" in texts(attribution_tracks(WELL, scores))
