"""The gate's arithmetic: ahead of every baseline, at most a tie behind the champion."""

from __future__ import annotations

import pandas as pd
import pytest

from tasks.promote import TOLERANCE_DB, baseline_rows, champion_rows


def _summary(**gains: tuple[float, float]) -> pd.DataFrame:
    rows = [
        {"contender": name, "condition": condition, "median_db": gain}
        for name, pair in gains.items()
        for condition, gain in zip(("quiet", "loud"), pair, strict=True)
    ]
    return pd.DataFrame(rows)


def test_ahead_everywhere_passes():
    rows = baseline_rows(_summary(unet=(9.0, 14.0), pca=(8.0, 13.0), median=(6.0, 10.0)), "unet")
    assert len(rows) == 4
    assert all(row["passed"] for row in rows)
    assert {row["margin_db"] for row in rows} == {1.0, 3.0, 4.0}


def test_behind_one_baseline_at_one_condition_is_refused():
    rows = baseline_rows(_summary(unet=(9.0, 12.9), pca=(8.0, 13.0)), "unet")
    assert [(row["condition"], row["passed"]) for row in rows] == [("quiet", True), ("loud", False)]


def test_a_tie_does_not_beat_a_baseline():
    assert not baseline_rows(_summary(unet=(9.0, 9.0), pca=(9.0, 1.0)), "unet")[0]["passed"]


@pytest.mark.parametrize(("behind", "passed"), [(0.5 * TOLERANCE_DB, True), (2 * TOLERANCE_DB, False), (-3.0, True)])
def test_the_champion_may_be_ahead_by_a_tie_only(behind, passed):
    champion = _summary(champion=(9.0 + behind, 14.0))
    rows = champion_rows(_summary(unet=(9.0, 14.0), pca=(1.0, 1.0)), "unet", champion)
    assert [row["passed"] for row in rows] == [passed, True]
