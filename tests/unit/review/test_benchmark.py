"""Benchmark of intervals against labels, with known answers."""

from __future__ import annotations

import pytest

from aemodels.review.benchmark import Interval, benchmark_rows, outside_rows
from aemodels.review.labels import Label, WellLabels

LABELS = {
    "A": WellLabels(
        (
            Label(10, 12, ("GR",), True, reason="spike"),
            Label(20, 24, ("GR", "DTC"), True, reason="stuck; range"),
            Label(30, 32, ("DTC",), True, reason="spike"),
            Label(40, 42, ("DTC",), False, reason="spike"),
        )
    ),
    "B": WellLabels((Label(10, 12, ("GR",), False),)),
}


def rows(intervals: dict[str, list[Interval]]) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["curve"], row["kind"]): row for row in benchmark_rows(LABELS, intervals)}


def test_a_perfect_detector_finds_all_and_flags_nothing_sound():
    flags = [Interval(one.top_m, one.base_m, curve) for one in LABELS["A"].labels if one.fault for curve in one.curves]
    found = rows({"A": flags})
    assert (found["all", "all"]["found"], found["all", "all"]["wrong"], found["all", "all"]["f1"]) == (3, 0, 1.0)
    assert (found["macro", "all"]["f1"], found["all", "macro"]["f1"]) == (1.0, 1.0)


def test_curves_and_kinds_count_by_themselves():
    found = rows({"A": [Interval(20, 24, "GR", "stuck"), Interval(41, 43, "DTC", "spike")]})
    total = found["all", "all"]
    assert (total["faults"], total["found"], total["sound"], total["wrong"]) == (3, 1, 2, 1)
    assert total["recall"] == pytest.approx(1 / 3)
    assert total["precision"] == 0.5
    assert total["f1"] == pytest.approx(2 * 1 / (1 + 1 + 3))
    assert (found["GR", "all"]["found"], found["DTC", "all"]["found"]) == (1, 0)  # on DTC it was not seen
    assert (found["all", "stuck"]["recall"], found["all", "spike"]["recall"]) == (1.0, 0.0)
    assert found["all", "macro"]["recall"] == 0.5
    assert (total["named"], total["named_right"]) == (1, 1)
    assert found["all", "unnamed"]["sound"] == 1


def test_an_interval_without_a_curve_concerns_all_and_one_that_merely_touches_finds_nothing():
    found = rows({"A": [Interval(19, 25), Interval(11.5, 30.1, "GR")]})
    assert (found["GR", "all"]["found"], found["DTC", "all"]["found"]) == (1, 1)
    touching = rows({"A": [Interval(11.5, 15, "GR")]})
    assert touching["all", "all"]["found"] == 0


def test_what_nobody_labelled_is_counted_apart():
    outside = {"A": [Interval(100, 103, "GR"), Interval(11, 13, "GR")], "C": [Interval(1, 2)]}
    assert outside_rows(LABELS, outside) == {"intervals": 1, "metres": 3}
