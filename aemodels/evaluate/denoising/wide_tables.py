"""Wide tables for reviewers: one row per contender, one column per well or curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from aemodels.core.types import FloatArray
from aemodels.detect.thresholds import ThresholdBase


def wide_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the wide tables that follow from a study's long ones: gains by well, and by curve (logs)."""
    if "denoising" not in tables:
        return {}
    long = tables["denoising"]
    wide = {"gains_by_well": gains_by_well(long)}
    return wide if (long["channel"] == "all").all() else {**wide, "gains_by_curve": gains_by_curve(long)}


def gains_by_well(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gain of every contender on every hold-out well or section.

    Args:
        table: from `denoising_table`.

    Returns:
        condition, contender, then one column per section (dB); contenders are ordered by their median gain.
    """
    return _spread(table[table["channel"] == "all"], "section")


def gains_by_curve(table: pd.DataFrame) -> pd.DataFrame:
    """Return the median gain over wells of every contender: condition, contender, then one column per curve (dB)."""
    return _spread(table[table["channel"] != "all"], "channel")


def _spread(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = rows.pivot_table(index=["condition", "contender"], columns=column, values="gain_db", aggfunc="median")
    order = wide.median(axis=1).rename("order").reset_index()
    wide = wide[list(dict.fromkeys(rows[column]))].reset_index().assign(order=order["order"])
    wide = wide.sort_values(["condition", "order"], ascending=[True, False], kind="stable")
    return wide.drop(columns="order").round(2).reset_index(drop=True).rename_axis(columns=None)


def false_alarms_by_well(
    thresholds: pd.DataFrame,
    scores: Mapping[str, Sequence[FloatArray]],
    sections: Sequence[str],
    *,
    specs: Mapping[str, ThresholdBase] | None = None,
) -> pd.DataFrame:
    """Compare the share that every threshold flags on each clean hold-out well with its nominal rate.

    Args:
        thresholds: detector, threshold_kind, value, nominal (`DetectorStudy.thresholds`).
        scores: row scores of the clean hold-out by detector, one array per section.
        sections: names of the sections, in the same order.
        specs: the threshold specifications by label, which may standardise scores per well.

    Returns:
        detector, threshold_kind, section, nominal, measured (shares of observed rows), rows; sections without
        observed rows are left out.
    """
    found, by_label = [], specs or {}
    for row in thresholds.to_dict("records"):
        for name, values in zip(sections, scores[row["detector"]], strict=True):
            observed = values[np.isfinite(values)]
            if row["threshold_kind"] in by_label:
                observed = by_label[row["threshold_kind"]].standardised(observed, observed)
            if observed.size:
                measured = float((observed > row["value"]).mean())
                labels = {key: row[key] for key in ("detector", "threshold_kind", "nominal")}
                found.append({**labels, "section": name, "measured": measured, "rows": int(observed.size)})
    columns = ["detector", "threshold_kind", "section", "nominal", "measured", "rows"]
    return pd.DataFrame(found, columns=columns)
