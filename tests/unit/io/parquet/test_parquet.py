"""Parquet tables of well logs: depth, units, missing values, what is refused, and the scored copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording, Scores
from aemodels.io import read
from aemodels.io.parquet import columns, scored_copy
from aemodels.io.parquet.scored_copy import write_scored_parquet

ROWS = 30
DEPTH = 1000 + 0.5 * np.arange(ROWS)
GR = (40 + np.arange(ROWS)).astype(np.float32)
Frame = dict[str, object]
PLAIN: Frame = {"DEPTH [m]": DEPTH, "GR [gAPI]": GR}


def written(folder: Path, table: Frame | pd.DataFrame) -> Path:
    pd.DataFrame(table).to_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def codes(recording: Recording) -> list[str]:
    return [finding.code for finding in recording.findings]


def refused(path: Path) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    return caught.value.findings[-1].code


FORMS: dict[str, pd.DataFrame] = {
    "brackets": pd.DataFrame(PLAIN),
    "round brackets": pd.DataFrame({"MD (m)": DEPTH, "GR(gAPI)": GR}),
    "feet": pd.DataFrame({"DEPT_FT": DEPTH / 0.3048, "GR_API": GR}),
    "index": pd.DataFrame(PLAIN).set_index("DEPTH [m]"),
    "upwards": pd.DataFrame(PLAIN).iloc[::-1],
    "depth last": pd.DataFrame({"GR [gAPI]": GR, "DEPTH [m]": DEPTH}),
    "integers": pd.DataFrame({"DEPTH [cm]": (100 * DEPTH).astype(int), "GR [gAPI]": GR.astype(int)}),
    "nullable": pd.DataFrame({"DEPTH [m]": DEPTH, "GR [gAPI]": pd.array(GR, dtype="Float32")}),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_the_same_well(name: str, tmp_path: Path):
    well = read(written(tmp_path, FORMS[name]))
    assert well.names == ("GR",)
    np.testing.assert_allclose(well.axis, DEPTH, atol=1e-9)
    np.testing.assert_array_equal(well.channel("GR"), GR)
    assert "warning" not in {finding.severity for finding in well.findings}
    assert well.name == "x"


def test_units_in_the_attributes_of_a_data_frame(tmp_path: Path):
    frame = pd.DataFrame({"DEPTH": DEPTH / 0.3048, "RHOB": 2000 + 10 * GR})
    frame.attrs["units"] = {"DEPTH": "ft", "RHOB": "kg/m3"}
    frame.to_parquet(tmp_path / "x.parquet")
    well = read(tmp_path / "x.parquet")
    np.testing.assert_allclose(well.axis, DEPTH, atol=1e-9)
    np.testing.assert_allclose(well.channel("RHOB"), 2 + GR / 100, rtol=1e-6)


def test_without_units_metres_are_assumed_with_a_warning(tmp_path: Path):
    assert codes(read(written(tmp_path, {"DEPTH": DEPTH, "GR": GR}))) == ["depth-unit-missing", "unit-missing"]


def test_nulls_and_usual_marks_are_missing(tmp_path: Path):
    values = GR.copy()
    values[[2, 5, 8]] = np.nan, -999.25, np.inf
    well = read(written(tmp_path, PLAIN | {"GR [gAPI]": values}))
    assert np.flatnonzero(np.isnan(well.channel("GR"))).tolist() == [2, 5, 8]
    assert codes(well) == ["infinite", "null-missing"]


def test_columns_that_are_no_curves(tmp_path: Path):
    texts = {"FACIES": ["sand"] * ROWS, "WHEN": pd.date_range("2026-01-01", periods=ROWS), "WAVE": [[1.0, 2.0]] * ROWS}
    well = read(written(tmp_path, PLAIN | texts | {"CORED": [True] * ROWS}))
    assert well.names == ("GR", "CORED")
    assert {f.code: f.severity for f in well.findings} == {"array-channel": "info", "text-channel": "info"}
    known = read(written(tmp_path, PLAIN | {"RHOB": ["2.3"] * ROWS}))
    assert {f.code: f.severity for f in known.findings} == {"text-channel": "warning"}


def test_a_column_names_the_well(tmp_path: Path):
    assert read(written(tmp_path, PLAIN | {"WELL": ["A-1"] * ROWS})).name == "A-1"
    assert refused(written(tmp_path, PLAIN | {"WELL": ["A-1"] * 9 + ["B"] * (ROWS - 9)})) == "several-wells"


def test_what_is_refused(tmp_path: Path):
    assert refused(written(tmp_path, {"TIME": DEPTH, "GR [gAPI]": GR})) == "no-depth-index"
    assert refused(written(tmp_path, {"DEPTH [m]": DEPTH, "FACIES": ["a"] * ROWS})) == "no-curves"
    assert refused(written(tmp_path, {"DEPTH [m]": DEPTH[:1], "GR [gAPI]": GR[:1]})) == "too-short"
    zigzag = PLAIN | {"DEPTH [m]": np.where(np.arange(ROWS) == 7, 0, DEPTH)}
    assert refused(written(tmp_path, zigzag)) == "depth-not-monotonic"
    ours = PLAIN | dict.fromkeys(("source", "sha256", "reason"), "") | {"score": GR, "threshold": 1, "is_anomaly": True}
    assert refused(written(tmp_path, ours)) == "scores-table"


def test_a_row_is_named_where_the_depth_turns(tmp_path: Path):
    depths = DEPTH.copy()
    depths[7] = 0
    with pytest.raises(UnreadableFileError) as caught:
        read(written(tmp_path, PLAIN | {"DEPTH [m]": depths}))
    assert caught.value.findings[-1].where == "row 8"


def test_more_cells_than_memory_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "MAX_CELLS", 2 * ROWS)
    assert read(written(tmp_path, PLAIN)).axis.size == ROWS
    assert refused(written(tmp_path, PLAIN | {"RHOB [g/cm3]": GR})) == "too-large"


@pytest.mark.parametrize("damage", [b"", b"PAR1" * 9, b"a letter"])
def test_what_is_no_parquet(damage: bytes, tmp_path: Path):
    (tmp_path / "x.parquet").write_bytes(damage)
    assert refused(tmp_path / "x.parquet") == ("not-parquet" if damage else "empty")


def test_damage_anywhere_is_refused_or_read(tmp_path: Path):
    data = written(tmp_path, PLAIN).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(data[: random.integers(1, len(data) + 1)] if random.random() < 0.3 else data)
        for _ in range(random.integers(1, 6)):
            changed[random.integers(len(changed))] = random.integers(256)
        (tmp_path / "x.parquet").write_bytes(changed)
        try:
            assert read(tmp_path / "x.parquet").kind == "logs"
        except UnreadableFileError as error:
            assert error.findings[-1].severity == "error"


def scores_of(recording: Recording) -> Scores:
    raw = recording.values[:1]
    each = np.where(np.isnan(raw), np.nan, np.float32(0.1)).astype(np.float32)
    score = np.linspace(0, 1, recording.axis.size, dtype=np.float32)
    return Scores("logs", score, 0.5, ("",) * recording.axis.size, recording.names[:1], raw, raw / np.float32(3), each)


@pytest.mark.parametrize("name", FORMS)
def test_the_copy_holds_the_table_and_the_added_columns(name: str, tmp_path: Path):
    source = written(tmp_path, FORMS[name].assign(FACIES="sand"))
    recording, before = read(source), source.read_bytes()
    write_scored_parquet(source, tmp_path / "copy.parquet", recording, scores_of(recording), "history")
    assert source.read_bytes() == before
    table, copy = pq.read_table(source), pq.read_table(tmp_path / "copy.parquet")
    assert copy.select(table.column_names).equals(table)
    assert copy.column_names == [*table.column_names, "GR_DN", "ANOM_GR", "BADLOG_GR"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "copy.parquet").iloc[:, : FORMS[name].shape[1]], FORMS[name]
    )
    again = read(tmp_path / "copy.parquet")
    np.testing.assert_array_equal(again.channel("GR_DN"), GR / np.float32(3))


def test_rows_that_were_skipped_have_no_scores_and_names_are_free(tmp_path: Path):
    depths = DEPTH.copy()
    depths[3], depths[9] = np.nan, depths[8]
    source = written(tmp_path, {"DEPTH [m]": depths, "GR [gAPI]": GR, "GR_DN": GR})
    recording = read(source)
    write_scored_parquet(source, tmp_path / "copy.parquet", recording, scores_of(recording), "")
    added = pd.read_parquet(tmp_path / "copy.parquet")["GR_DN_2"]
    assert np.flatnonzero(added.isna()).tolist() == [3, 9]


def test_a_copy_that_differs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = written(tmp_path, PLAIN)
    recording = read(source)
    write = pq.write_table
    monkeypatch.setattr(scored_copy.pq, "write_table", lambda table, *rest, **more: write(table[1:], *rest, **more))
    with pytest.raises(UnreadableFileError, match="copy-differs"):
        write_scored_parquet(source, tmp_path / "copy.parquet", recording, scores_of(recording), "")
