"""Checks of the promotion gate: gains by well, curves, false alarms."""

from __future__ import annotations

import pandas as pd
import pytest

from aemodels.core.errors import SpecError
from aemodels.evaluate.detection.generalisation import COMBINATION_TOLERANCE
from aemodels.evaluate.promotion_gate import (
    CHAMPION,
    CURVE_TOLERANCE_DB,
    UNTREATED,
    combination_rows,
    curve_rows,
    false_alarm_rows,
    gain_rows,
    not_worse,
    reasons,
    review_rows,
)


def _table(channel: str = "all", **gains: tuple[float, ...]) -> pd.DataFrame:
    """Gains of three wells under one condition."""
    rows = [
        {"contender": name, "condition": "loud", "section": f"W-{n}", "channel": channel, "gain_db": gain}
        for name, values in gains.items()
        for n, gain in enumerate(values)
    ]
    return pd.DataFrame(rows)


def _rates(pooled: float, worst: float, rows: int = 100_000) -> pd.DataFrame:
    row = {"detector": "d", "threshold_kind": "conformal", "value": 1.0, "nominal": 0.01}
    counted = {"pooled_rows": rows, "worst_rows": rows // 3}
    return pd.DataFrame([row | counted | {"pooled": pooled, "worst": worst}])


def test_ahead_in_every_well_of_every_opponent_passes():
    rows = gain_rows(_table(unet=(9, 7, 11), pca=(8, 6, 10), median=(1, 2, 3)), "unet")
    assert {row["opponent"]: row["passed"] for row in rows} == {"pca": True, "median": True}
    assert rows[0]["challenger_db"] == 9.0
    assert (rows[0]["margin_db"], rows[0]["low_db"], rows[0]["wells_ahead"]) == (1.0, 1.0, "3 of 3")


def test_a_better_mean_that_one_well_contradicts_is_noise():
    row = gain_rows(_table(unet=(15, 12, 7.9), pca=(8, 8, 8)), "unet")[0]
    assert row["margin_db"] > 3
    assert not row["passed"]
    assert "ahead in 2 of 3" in reasons([row], [])[0]


def test_a_linear_method_is_treated_like_any_other():
    assert all(row["passed"] for row in gain_rows(_table(unet=(9, 9, 9), pca=(9.2, 9.3, 9.4)), "pca"))


def test_a_tie_does_not_pass():
    assert not gain_rows(_table(unet=(9, 9, 9), pca=(9, 9, 9)), "unet")[0]["passed"]


def test_the_champion_is_an_opponent_like_the_others():
    rows = gain_rows(_table(unet=(9, 9, 9), champion=(9.5, 9.5, 9.5)), "unet")
    assert [(row["opponent"], row["passed"]) for row in rows] == [(CHAMPION, False)]


def test_an_opponent_that_lacks_a_well_cannot_be_paired():
    with pytest.raises(SpecError, match="pca not measured in every well"):
        gain_rows(_table(unet=(9, 9, 9), pca=(8, 8)), "unet")


def test_an_unknown_challenger_is_named():
    with pytest.raises(SpecError, match="expected the challenger resnet"):
        gain_rows(_table(unet=(9, 9, 9)), "resnet")


@pytest.mark.parametrize(("behind", "passed"), [(0.5 * CURVE_TOLERANCE_DB, True), (2 * CURVE_TOLERANCE_DB, False)])
def test_a_curve_may_be_a_little_behind_the_champion(behind, passed):
    row = curve_rows(_table("GR", unet=(9, 9, 9), champion=(9 + behind,) * 3), "unet")[0]
    assert (row["check"], row["opponent"], row["passed"]) == ("curve GR", CHAMPION, passed)


@pytest.mark.parametrize(("gain", "passed"), [(0.1, True), (-1.0, False)])
def test_without_a_champion_no_curve_may_be_made_worse(gain, passed):
    row = curve_rows(_table("GR", unet=(gain,) * 3, pca=(5, 5, 5)), "unet")[0]
    assert (row["opponent"], row["opponent_db"], row["passed"]) == (UNTREATED, 0.0, passed)


def test_traces_have_no_curves():
    assert curve_rows(_table(unet=(9, 9, 9)), "unet") == []


@pytest.mark.parametrize(
    ("pooled", "worst", "passed"),
    [(0.012, 0.03, [True, True]), (0.0, 0.0, [True, True]), (0.03, 0.04, [False, True]), (0.01, 0.2, [True, False])],
)
def test_false_alarms_have_a_band(pooled, worst, passed):
    rows = false_alarm_rows(_rates(pooled, worst), "d", "conformal")
    assert [row["passed"] for row in rows] == passed
    assert len(reasons([], rows)) == 2 - sum(passed)


@pytest.mark.parametrize(("flagged", "passed"), [(3, True), (4, False)])
def test_the_limit_is_raised_for_few_traces(flagged, passed):
    """Of sixty traces at a rate of 2 %, more than three are flagged one time in thirty."""
    pooled, worst = false_alarm_rows(_rates(flagged / 60, 0.0, rows=60), "d", "conformal")
    assert (pooled["passed"], worst["passed"]) == (passed, True)
    assert pooled["at_most"] == 0.05
    assert {type(value) for row in (pooled, worst) for value in row.values()} == {str, float, bool}, "JSON knows these"


def test_a_threshold_that_was_not_measured_is_named():
    with pytest.raises(SpecError, match="quantile"):
        false_alarm_rows(_rates(0.01, 0.01), "d", "quantile")


def _generalisation(**by_detector: tuple[float, float]) -> pd.DataFrame:
    """PR-AUC of detectors on their own faults and in another basin, for reporting; for choosing all are perfect."""
    rows = [
        {"detector": name, "purpose": purpose, "column": column, "pr_auc": value if purpose == "reporting" else 1.0}
        for name, values in by_detector.items()
        for column, value in zip(("own injector", "other basin"), values, strict=True)
        for purpose in ("choosing", "reporting")
    ]
    return pd.DataFrame(rows)


def test_a_combination_must_not_be_worse_than_its_best_member_in_any_column() -> None:
    table = _generalisation(fusion=(0.9, 0.5), network=(0.8, 0.6), rules=(0.7, 0.4), other=(0.99, 0.99))
    own, far = combination_rows(table, "fusion", ("network", "rules"))
    assert (own["passed"], own["member"], far["passed"], far["member"]) == (True, "network", False, "network")
    assert "other basin" in reasons([], [], [own, far])[0]


def test_a_combination_may_tie_with_its_best_member() -> None:
    tie = 0.8 - COMBINATION_TOLERANCE / 2
    table = _generalisation(fusion=(tie, tie), network=(0.8, 0.8))
    assert all(row["passed"] for row in combination_rows(table, "fusion", ("network",)))


def test_a_detector_by_itself_has_no_members_to_beat() -> None:
    assert combination_rows(_generalisation(network=(0.1, 0.1)), "network", ()) == []


REVIEWED = {"faults": 20, "found_before": 18, "found_after": 18, "sound": 80, "wrong_before": 40, "wrong_after": 20}


@pytest.mark.parametrize(
    ("changes", "recall_after", "failed"),
    [
        ({}, 0.5, []),
        ({"found_after": 16}, 0.5, ["reviewed faults"]),
        ({"wrong_after": 40}, 0.5, ["reviewed intervals"]),
        ({"wrong_after": 40, "found_after": 19}, 0.5, []),
        ({}, 0.47, ["injected faults"]),
    ],
)
def test_a_recalibration_has_to_be_better_in_reviewed_wells_and_no_worse_in_others(changes, recall_after, failed):
    rows = review_rows(pd.DataFrame([REVIEWED | changes, REVIEWED | changes]), 0.5, recall_after)
    assert [row["check"] for row in rows if not row["passed"]] == [
        row["check"] for row in rows if any(row["check"].startswith(name) for name in failed)
    ]
    assert len(reasons([], [], reviewed=rows)) == len(failed)


def test_false_alarms_above_the_limit_pass_only_if_they_were_no_lower_before():
    row = {"rate": "pooled", "nominal": 0.01, "measured": 0.05, "at_most": 0.02, "passed": False}
    assert [one["passed"] for before in (0.2, 0.05, 0.04) for one in not_worse([row], [before])] == [True, True, False]
