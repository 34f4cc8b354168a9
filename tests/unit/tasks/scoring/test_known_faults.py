"""Counts of found faults on tables whose truth is planted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tasks.scoring.known_faults import INTACT, fault_counts


def test_faults_with_a_flagged_row_are_found_and_the_others_are_not():
    depth = 1000.0 + 0.1524 * np.arange(100)
    flagged = np.zeros(100, dtype=bool)
    flagged[[12, 13, 90]] = True
    events = [
        {"kind": "spike", "curves": ["GR"], "top": depth[10], "base": depth[13]},
        {"kind": "spike", "curves": ["DTC"], "top": depth[40], "base": depth[43]},
        {"kind": "stuck", "curves": ["GR"], "top": depth[60], "base": depth[69]},
    ]
    line = {"kind": "dead", "traces": [3, 4], "top": 0.0, "base": 1.0}
    files = [
        {"sha256": "a", "kind": "logs", "events": events},
        {"sha256": "b", "kind": "seismic", "events": [line]},
        {"sha256": "quarantined", "kind": "logs", "events": events},
    ]
    scores = {
        "a": pd.DataFrame({"depth": np.round(depth, 4), "is_anomaly": flagged}),
        "b": pd.DataFrame({"trace": np.arange(8), "is_anomaly": np.arange(8) == 4}),
    }
    rows = {(row["recording"], row["fault"]): row for row in fault_counts(files, scores)}
    assert list(rows) == [
        ("logs", "spike"),
        ("logs", "stuck"),
        ("logs", INTACT),
        ("seismic", "dead"),
        ("seismic", INTACT),
    ]
    spike = rows["logs", "spike"]
    assert (spike["injected"], spike["found"], spike["rows"], spike["flagged_rows_percent"]) == (2, 1, 8, 25.0)
    assert (rows["logs", "stuck"]["injected"], rows["logs", "stuck"]["found"]) == (1, 0)
    assert (rows["seismic", "dead"]["found"], rows["seismic", "dead"]["flagged_rows_percent"]) == (1, 50.0)
    assert (rows["logs", INTACT]["rows"], rows["logs", INTACT]["flagged_rows_percent"]) == (82, 1.2)
    assert rows["seismic", INTACT]["flagged_rows_percent"] == 0.0
