"""Arrow tables are read and written as pyarrow itself does, without importing pandas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from tasks.field.arrow_columns import filled
from tasks.field.rows_table import rows_table

KINDS = [pa.float32(), pa.float64(), pa.int8(), pa.int64(), pa.bool_()]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("start", [0, 3, 8])
def test_columns_are_those_of_pyarrow(kind, start) -> None:
    values = [None if n % 5 == 0 else (n % 2 == 0 if pa.types.is_boolean(kind) else n % 100) for n in range(40)]
    column = pa.chunked_array([pa.array(values, kind)[start:], pa.array([], kind), pa.array(values[1:5], kind)])
    missing = True if pa.types.is_boolean(kind) else 1
    expected = column.fill_null(missing).to_numpy(zero_copy_only=False)
    found = filled(column, missing)
    assert (found.dtype, found.tolist()) == (expected.dtype, expected.tolist())
    nulls = pa.chunked_array([pa.nulls(9, kind)])
    assert filled(nulls, missing).tolist() == nulls.fill_null(missing).to_pylist()


def test_missing_floats_are_nan() -> None:
    column = pa.chunked_array([pa.array([1.0, None, 3.0], pa.float32())])
    np.testing.assert_array_equal(filled(column, np.nan), np.array([1.0, np.nan, 3.0], np.float32))


def test_rows_are_the_table_that_pyarrow_makes_of_them() -> None:
    rows = [
        {"n": 1, "x": 0.5, "b": True, "t": "2020-01-01", "none": None, "mixed": 1, "parts": {"a": 1}},
        {"n": None, "x": None, "b": None, "t": "a\nb \u00e9", "none": None, "mixed": 0.25, "parts": [1, 2]},
    ]
    flat = [row | {"parts": text} for row, text in zip(rows, ('{"a": 1}', "[1, 2]"), strict=True)]
    assert rows_table(rows).equals(pa.Table.from_pylist(flat))
    assert rows_table([]).num_rows == 0
    assert rows_table([{"t": "\ud800"}])["t"].to_pylist() == ["?"]


def test_a_scorecard_imports_no_pandas(tmp_path) -> None:
    from helpers.scored_field import publish, well

    publish(tmp_path / "out", well(1))
    code = (
        "import sys; from pathlib import Path; from tasks.field.make import FieldRequest, make_field;"
        "from tasks.settings import Settings;"
        f"folder = Path({str(tmp_path)!r});"
        "make_field(FieldRequest(outbox=folder / 'out', out=folder / 'f.html'), Settings(home=folder / 'home'));"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
