"""The metrics of a run: taken from the tables, and never more than its page can hold."""

from __future__ import annotations

import pandas as pd
import pytest

from tasks.training.record import anomaly_metrics, contender_metrics, default_metrics, detector_metrics


def _summary(conditions: int) -> pd.DataFrame:
    rows = [
        {
            "contender": name,
            "condition": f"noise {n}",
            "median_db": gain,
            "min_db": gain - 1,
            "noise_reduction_pct": 50.0,
        }
        for n in range(conditions)
        for name, gain in (("unet", 9.0), ("pca", 8.5), ("raw", float("nan")))
    ]
    return pd.DataFrame(rows)


def test_the_defaults_margin_is_over_the_best_other():
    metrics = default_metrics(_summary(1), "unet")
    assert metrics == {"best_median_db.noise_0": 9.0, "median_db.noise_0": 9.0, "margin_db.noise_0": 0.5}


def test_a_default_behind_another_has_a_negative_margin():
    assert default_metrics(_summary(1), "pca")["margin_db.noise_0"] == pytest.approx(-0.5)


def test_what_is_not_a_number_is_not_logged():
    assert contender_metrics(_summary(1), "raw") == {"noise_reduction_pct.noise_0": 50.0}


def test_many_conditions_do_not_overflow_a_runs_page():
    metrics = contender_metrics(_summary(40), "unet")
    assert len(metrics) <= 20
    assert all(key.startswith("median_db.") for key in metrics), "medians come first; the tables hold the rest"


def test_a_detectors_metrics_are_of_the_hold_out():
    table = pd.DataFrame(
        {
            "detector": ["a", "a", "b"],
            "role": ["test", "validation", "test"],
            "pr_auc": [0.4, 0.9, 0.1],
            "roc_auc": [0.7, 0.9, 0.5],
            "recall_at_1pct": [0.3, 0.9, 0.0],
        }
    )
    thresholds = pd.DataFrame(
        [{"detector": "a", "threshold_kind": "quantile", "value": 1.5, "nominal": 0.01, "pooled": 0.02, "worst": 0.05}]
    )
    assert detector_metrics(table, thresholds, "a") == {
        "median_pr_auc": 0.4,
        "median_roc_auc": 0.7,
        "median_recall_at_1pct": 0.3,
        "quantile.value": 1.5,
        "quantile.nominal": 0.01,
        "quantile.pooled": 0.02,
        "quantile.worst": 0.05,
    }


def test_detector_metrics_are_pooled_and_omit_missing_evidence():
    keys = ("pr_auc", "recall_at_1pct", "event_recall", "reason_accuracy")
    found = pd.DataFrame(
        [
            {"detector": "a", "fault": "all"} | dict(zip(keys, (0.8, 0.7, 0.9, float("nan")), strict=True)),
            {"detector": "a", "fault": "all_without_depth_shift"} | dict.fromkeys(keys, 0.1),
            {"detector": "b", "fault": "all"} | dict.fromkeys(keys, 0.2),
        ]
    )
    hole = pd.DataFrame(
        [
            {"detector": "a", "ranked_by": "washout", "wells": "all", "roc_auc": 0.81},
            {"detector": "a", "ranked_by": "washout", "wells": "without_heavy", "roc_auc": 0.5},
        ]
    )
    expected = {"faults.pr_auc": 0.8, "faults.recall_at_1pct": 0.7, "faults.event_recall": 0.9}
    assert anomaly_metrics(found, None, "a") == expected
    assert anomaly_metrics(found, hole, "a") == expected | {"bad_hole.washout.roc_auc": 0.81}
