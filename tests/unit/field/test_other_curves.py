"""Curves that are not scored: what the metadata of a score file tells of them, in a field of known wells."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.field.scorecard import make_scorecard
from aemodels.field.summary import FileSummary
from aemodels.field.tables import curve_rows
from helpers.scored_field import publish, well
from tasks.field.score_files import list_score_files, summarise_score_file

STEP = 0.1524


@pytest.fixture
def summary(tmp_path) -> FileSummary:
    """A well with a photoelectric factor that is stuck and has a gap, a code that never changes, and an empty curve."""
    one = well(1)
    rng = np.random.default_rng(0)
    factor = (3 + rng.uniform(-1, 1, size=1200)).astype(np.float32)
    factor[100:120] = 2.5
    factor[300:350] = np.nan
    factor[500] = 99.0
    codes = np.full(1200, 7, np.float32)
    codes[:100] = np.nan
    publish(tmp_path, one, others={"PEF": factor, "LITH": codes, "EMPTY": np.full(1200, np.nan, np.float32)})
    (file,) = list_score_files(tmp_path)
    return summarise_score_file(tmp_path, file)


def test_gaps_are_known_of_all_and_stuck_readings_of_known_curves(summary) -> None:
    factor, codes, empty = summary.others
    assert (factor.name, codes.name, empty.name) == ("PEF", "LITH", "EMPTY")
    assert [factor.stuck, factor.gap, factor.outside] == pytest.approx([20 * STEP, 50 * STEP, STEP], abs=1e-2)
    assert factor.quality == pytest.approx(1 - 71 / 1200, abs=1e-3)
    assert (codes.stuck, codes.gaps, codes.quality) == (0.0, 0, 1.0), "a code may stay the same"
    assert codes.observed == pytest.approx(1100 * STEP, abs=1e-2)
    assert (empty.observed, empty.quality) == (0.0, None)


def test_the_summary_is_kept_whole(summary) -> None:
    assert FileSummary.from_json(summary.to_json()) == summary


def test_tables_coverage_and_order_hold_them_and_the_ranking_does_not(summary) -> None:
    card = make_scorecard([summary])
    assert card.other_curves == ("PEF", "LITH")
    assert "PEF" in card.coverage and "LITH" not in card.coverage
    rows = {row["curve"]: row for row in curve_rows(card)}
    assert (rows["GR"]["scored"], rows["PEF"]["scored"]) == (True, False)
    assert (rows["PEF"]["flagged"], rows["PEF"]["noise"], rows["PEF"]["drift"]) == (None, None, None)
    assert rows["PEF"]["stuck"] == pytest.approx(20 * STEP, abs=1e-2)
    assert "doubtful" not in card.attention[0], "attention is about what is scored"
