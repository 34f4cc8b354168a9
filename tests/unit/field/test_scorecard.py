"""Ranking, drift, duplicates, repeats, groups and coverage of small fields with known answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.field.attention import attention
from aemodels.field.drift import LevelDrift, level_drift
from aemodels.field.duplicates import MAX_PARTNERS, find_duplicates, same_well
from aemodels.field.repeats import depth_offset
from aemodels.field.scorecard import depth_coverage, make_scorecard
from aemodels.field.sketch import sketch_curve
from aemodels.field.summary import CurveSummary, FileSummary
from aemodels.field.tables import curve_rows, file_rows, scorecard_json
from aemodels.report.html.field import field_view

DEPTH = 1000.0 + 0.1524 * np.arange(4000)


def readings(seed: int, size: int = 4000) -> np.ndarray:
    return np.round(80 + np.cumsum(np.random.default_rng(seed).normal(0, 1, size)), 3).astype(np.float32)


def file(name: str, *, median: float = 2.3, values: np.ndarray | None = None, **changes: object) -> FileSummary:
    """A well of 600 m with RHOB."""
    sketch = sketch_curve(DEPTH[: len(values)], values) if values is not None else CurveSummary("RHOB").sketch
    curve = CurveSummary("RHOB", "RHOZ", 1000.0, 1600.0, 600.0, median=median, coverage=0b111, sketch=sketch)
    base = FileSummary("logs", name * 4, f"{name}.las", name, "logs-v1", f"{name}.parquet", top=1000.0, base=1600.0)
    return dataclasses.replace(base, scored=600.0, curves=(curve,), **changes)


def test_what_is_flagged_comes_first() -> None:
    hints = file("hints", suspect=80.0)
    flagged = file("flagged", flagged=30.0, reasons={"spike": 30.0})
    card = make_scorecard([file("fine"), hints, flagged])
    assert [one.name for one in card.files] == ["flagged", "hints", "fine"]
    assert card.attention[0] == {"flagged": 30.0}
    assert file_rows(card)[0]["because"] == {"flagged": 30.0}


def test_a_flagged_metre_counts_on_each_curve_and_once_for_all_reasons() -> None:
    curves = tuple(CurveSummary(name, observed=600, flagged=10, stuck=10) for name in ("RHOB", "NPHI"))
    assert attention(dataclasses.replace(file("a", flagged=10.0), curves=curves)) == {"flagged": 20.0}


def test_findings_add_a_bounded_length() -> None:
    many = [["warning", "unit-missing", "curve", "no unit"]] * 500
    assert attention(file("a", findings=many)) == {"findings": 50.0}
    assert attention(file("a", findings=[["info", "x", "y", "z"]] * 500)) == {}


def test_a_level_unlike_the_others_is_drift_and_needs_enough_wells() -> None:
    levels = [*np.linspace(2.3, 2.4, 11), 2.9]
    files = [file(str(n), median=float(level)) for n, level in enumerate(levels)]
    drift = level_drift(files)
    assert drift.distances[-1]["RHOB"] > 8
    assert all(abs(one["RHOB"]) < 2 for one in drift.distances[:-1])
    assert level_drift(files[-7:]) == LevelDrift([{}] * 7, {})
    assert make_scorecard(files).files[0].name == "11"


def test_the_level_beside_a_distance_is_the_one_that_it_was_taken_from() -> None:
    files = [file(str(n), median=2.3 + 0.01 * n) for n in range(12)]
    short = [dataclasses.replace(one, curves=tuple(dataclasses.replace(c, observed=1.0) for c in one.curves))
             for one in (file(f"short {n}", median=9.0) for n in range(30))]  # fmt: skip
    far = file("far", median=2.9)
    card = make_scorecard([*files, *short, far])
    assert card.medians == {"RHOB": pytest.approx(2.36)}
    (row,) = field_view(card, str)["drifted"]
    assert (row["median"], row["usual"]) == ("2.9", "2.36")


def test_the_same_curve_in_two_files_is_found_with_its_shift() -> None:
    first, copy, other = (file(name, values=readings(seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    (found,) = find_duplicates([first, other, copy])
    assert (found.first, found.second, found.what, found.curves, found.share) == (0, 2, "copy", ("RHOB",), 1.0)
    curve = copy.curves[0]
    shifted = dataclasses.replace(curve, sketch=sketch_curve(DEPTH + 2.0, readings(1)))
    (found,) = find_duplicates([first, dataclasses.replace(copy, curves=(shifted,))])
    assert (found.what, found.shift) == ("shifted copy", pytest.approx(2.0, abs=0.01))


def test_many_copies_cost_few_pairs() -> None:
    files = [file(str(n), values=readings(1)) for n in range(60)]
    found = find_duplicates(files)
    assert {one.second for one in found} | {0} == set(range(60)), "every copy is paired"
    assert len(found) <= 60 * MAX_PARTNERS


def test_runs_of_one_well_are_aligned() -> None:
    assert same_well([file("a", well_key="X"), file("b", well_key="X"), file("c"), file("d")]) == [(0, 1)]
    noise = np.random.default_rng(9).normal(0, 0.5, 4000).astype(np.float32)
    shift, correlation = depth_offset((DEPTH, readings(3)), (DEPTH[:3500] + 1.37, (readings(3) + noise)[:3500]))
    assert shift == pytest.approx(1.37, abs=0.05)
    assert correlation > 0.95
    assert depth_offset((DEPTH, readings(3)), (DEPTH + 5000.0, readings(3))) is None
    assert depth_offset((DEPTH, np.full(4000, np.nan, np.float32)), (DEPTH, readings(3))) is None


def test_white_noise_is_no_repeat() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.normal(0, 1, 4000).astype(np.float32) for _ in range(2))
    assert depth_offset((DEPTH, first), (DEPTH, second)) is None


def test_groups_name_the_worst_contractor_and_stay_away_without_names() -> None:
    good = [file(f"g{n}", contractor="ALPHA", year=1983) for n in range(3)]
    bad = [file(f"b{n}", contractor="BETA", year=1991, flagged=60.0, reasons={"stuck": 60.0}) for n in range(2)]
    groups = make_scorecard([*good, *bad, file("x")]).groups
    assert [(row["group"], row["files"], row["share"]) for row in groups["contractor"]] == [
        ("BETA", 2, 0.1),
        ("ALPHA", 3, 0.0),
        ("not named", 1, 0.0),
    ]
    assert [row["group"] for row in groups["year"]] == ["1980 to 1984", "1990 to 1994", "not named"]
    assert groups["contractor"][0]["reasons"] == ["stuck"]
    assert groups["curve in the file"][0]["group"] == "RHOB from RHOZ"
    assert make_scorecard([file("x")]).groups["contractor"] == []


def test_coverage_counts_wells_per_bin() -> None:
    deep = dataclasses.replace(file("b").curves[0], coverage=0b11000)
    assert depth_coverage([file("a"), dataclasses.replace(file("b"), curves=(deep,))]) == {"RHOB": [1, 1, 1, 1, 1]}
    assert depth_coverage([file("a"), file("b")]) == {"RHOB": [2, 2, 2]}


def test_tables_have_a_row_per_file_and_per_curve() -> None:
    card = make_scorecard([file("a", flagged=6.0), file("b")], [{"source": "x", "sha256": "y", "findings": []}])
    assert [row["rank"] for row in file_rows(card)] == [1, 2]
    assert curve_rows(card)[0]["completeness"] == 1.0
    everything = scorecard_json(card)
    assert everything["coverage"]["tops_m"] == [0.0, 25.0, 50.0]
    assert len(everything["quarantined"]) == 1


def test_an_empty_field_has_a_scorecard() -> None:
    card = make_scorecard([])
    assert (list(card.files), card.curves, card.coverage) == ([], (), {})
