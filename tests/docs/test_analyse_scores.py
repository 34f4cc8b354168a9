"""The lines of docs/how-to/analyse-scores.md run as they stand there, each with its library where that is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import sondeflow
from aemodels.core.errors import DataError
from helpers.paths import ROOT
from helpers.scored_field import publish, well, write_scored_field

PAGE = (ROOT / "docs" / "how-to" / "analyse-scores.md").read_text(encoding="utf-8")
PANDAS, POLARS, DUCKDB = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
FLAGGED = {f"W-{number}": 10 * number for number in range(12)}
ROWS = 1200


@pytest.fixture(scope="module")
def outbox(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("outbox")
    write_scored_field(folder)
    return folder


def run(code: str, **names: object) -> dict[str, object]:
    """Run a block of the page; return its variables."""
    variables = {"sondeflow": sondeflow, "ds": ds, **names}
    exec(code, variables)
    return variables


def test_pandas(outbox) -> None:
    flags = run(PANDAS, outbox=outbox)["flags"]
    assert flags.groupby("well").size().to_dict() == {name: count for name, count in FLAGGED.items() if count}


def test_polars(outbox) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    worst = run(POLARS, outbox=outbox, pl=polars)["worst"]
    assert dict(worst.iter_rows()) == pytest.approx({name: count / ROWS for name, count in FLAGGED.items()})


def test_duckdb(outbox) -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    worst = run(DUCKDB, outbox=outbox, duckdb=duckdb)["worst"]
    assert dict(worst.itertuples(index=False)) == pytest.approx({name: count / ROWS for name, count in FLAGGED.items()})


@pytest.mark.parametrize("library", ["pandas", "polars", "duckdb"])
def test_a_single_file_opens_in_one_line(outbox, library) -> None:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    path = next((outbox / "scores" / "kind=logs").rglob("*.parquet"))
    assert len(module.read_parquet(str(path))) == ROWS


def test_lines_and_unknown_kinds(outbox) -> None:
    assert sondeflow.read_scores(outbox, "seismic").to_table(columns=["trace", "reason"]).num_rows == 60
    with pytest.raises(DataError, match="no scores of kind"):
        sondeflow.read_scores(outbox, "cores")


def test_two_bundles_make_one_table_with_the_newest_scores(tmp_path) -> None:
    old = publish(tmp_path, well(1), slice(0, 50))
    publish(tmp_path, well(2))
    newer = old.parents[1] / "bundle=logs-v2" / old.name
    newer.parent.mkdir()
    table = pq.read_table(old, partitioning=None).drop_columns(["GR", "GR_DN", "ANOM_GR", "BADLOG_GR"])
    pq.write_table(table, newer)
    frame = sondeflow.read_scores(tmp_path).to_table().to_pandas()
    assert frame.groupby("well")["bundle"].first().to_dict() == {"W-1": "logs-v2", "W-2": "logs-v1"}
    assert frame.groupby("well")["GR"].count().to_dict() == {"W-1": 0, "W-2": ROWS}
    assert isinstance(frame["depth"], pd.Series)
