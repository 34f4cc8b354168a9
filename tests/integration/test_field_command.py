"""`sondeflow field` on an outbox: what it writes, what it reads again, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from aemodels.core.errors import DataError
from helpers.scored_field import publish, well, write_scored_field
from tasks.field.make import FieldRequest, make_field
from tasks.settings import Settings

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    write_scored_field(tmp_path / "outbox")
    return tmp_path / "outbox"


@pytest.fixture
def field(tmp_path: Path, outbox: Path):
    """Make the scorecard of the outbox with a home of its own."""
    request = FieldRequest(outbox=outbox, out=tmp_path / "pages" / "field.html")
    return lambda: make_field(request, Settings(home=tmp_path / "home"))


def test_the_command_writes_page_and_tables(flow_home, command_json, outbox, tmp_path) -> None:
    page = tmp_path / "field.html"
    code, answer = command_json("field", str(outbox), "--out", str(page), "--title", "Viking")
    assert (code, answer["wells"], answer["lines"], answer["quarantined"], answer["read"]) == (0, 12, 1, 1, 13)
    names = [row["name"] for row in answer["files"]]
    assert names[:3] == ["W-11", "W-10", "W-9"], "most flagged first"
    assert "<h1>Viking</h1>" in page.read_text()
    files = pd.read_parquet(tmp_path / "field.parquet")
    curves = pd.read_parquet(tmp_path / "field.curves.parquet")
    assert list(files["name"]) == names
    assert (len(curves), set(curves["curve"])) == (60, {"GR", "RHOB", "NPHI", "DTC", "RDEP"})
    everything = json.loads((tmp_path / "field.json").read_text())
    assert [row["group"] for row in everything["groups"]["contractor"]] == ["ALPHA", "BETA"]
    assert everything["quarantined"][0]["findings"] == ["[unit-missing] curve NPHI: no unit"]


def test_only_new_files_are_read_again(field, outbox) -> None:
    assert field().read == 13
    assert field().read == 0
    publish(outbox, well(40), slice(0, 600))
    again = field()
    assert (again.read, again.files[0]["name"]) == (1, "W-40")
    next((outbox / "scores").rglob("*.parquet")).unlink()
    assert field().wells + field().lines == 13


def test_the_page_is_the_same_with_and_without_the_cache(field, tmp_path) -> None:
    first = Path(field().page).read_bytes()
    assert Path(field().page).read_bytes() == first
    shutil.rmtree(tmp_path / "home")
    assert Path(field().page).read_bytes() == first


def test_a_damaged_cache_is_made_again(field, tmp_path) -> None:
    field()
    (cache,) = (tmp_path / "home" / "field").glob("*.db")
    cache.write_bytes(b"not a database" * 500)
    assert field().read == 13
    assert field().read == 0


def test_the_newest_score_file_of_a_content_counts(field, outbox) -> None:
    path = publish(outbox, well(40), slice(0, 600))
    other = path.parents[1] / "bundle=logs-v2"
    other.mkdir()
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(0, 100), other / path.name)
    found = next(row for row in field().files if row["name"] == "W-40")
    assert found["bundle"] == "logs-v2"


def test_copies_and_repeats_are_named(field, outbox) -> None:
    number = well(3, API="15-003-24217")
    publish(outbox, number)
    source = dataclasses.replace(number.source, uri="again.las", sha256="9" * 64)
    publish(outbox, dataclasses.replace(number, source=source, name="copy", headers={}))
    noisy = number.values * (1 + 0.01 * np.random.default_rng(0).standard_normal(number.values.shape))
    repeat = dataclasses.replace(
        number,
        values=noisy.astype(np.float32),
        axis=number.axis + 0.9,
        source=dataclasses.replace(number.source, sha256="8" * 64),
    )
    publish(outbox, repeat)
    page = Path(field().page)
    rows = json.loads(page.with_suffix(".json").read_text())["duplicates"]
    by_what = {row["what"]: row for row in rows}
    assert by_what["copy"]["shift_m"] == 0.0
    assert {by_what["copy"]["first"], by_what["copy"]["second"]} == {"W-3", "copy"}
    assert set(by_what["copy"]["curves"]) >= {"GR", "RHOB", "NPHI", "DTC"}
    found = by_what["repeat or second run"]
    assert abs(found["shift_m"]) == pytest.approx(0.9, abs=0.05)
    assert field().read == 0


def test_a_damaged_score_file_is_named_and_the_others_counted(field, outbox) -> None:
    broken = next((outbox / "scores").rglob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:500])
    result = field()
    assert result.wells + result.lines == 12
    assert len(result.unreadable) == 1
    assert broken.name in result.unreadable[0]


def test_a_folder_that_is_no_outbox_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="no folder `scores`"):
        make_field(FieldRequest(outbox=tmp_path), Settings(home=tmp_path / "home"))
    (tmp_path / "scores").mkdir()
    with pytest.raises(DataError, match="nothing has been scored"):
        make_field(FieldRequest(outbox=tmp_path), Settings(home=tmp_path / "home"))


def test_score_files_of_earlier_versions_are_read(field, outbox) -> None:
    for path in (outbox / "scores" / "kind=logs").rglob("*.parquet"):
        pq.write_table(pq.read_table(path, partitioning=None).replace_schema_metadata(None), path)
    result = field()
    assert (result.wells, result.unreadable) == (12, ())
    assert result.files[0]["name"] == "W-11", "from the column, without the metadata"


@pytest.mark.slow
def test_a_thousand_wells_stay_quick(tmp_path) -> None:
    outbox, out = tmp_path / "outbox", tmp_path / "field.html"
    for number in range(1000):
        publish(outbox, well(number, LATI=str(58 + number / 1e3), LONG="2.5"), slice(100, 100 + number // 10))
    request, settings = FieldRequest(outbox=outbox, out=out), Settings(home=tmp_path / "home")
    started = time.perf_counter()
    assert make_field(request, settings).read == 1000
    assert time.perf_counter() - started < 60
    assert out.stat().st_size < 10_000_000
    publish(outbox, well(2000), slice(0, 900))
    started = time.perf_counter()
    assert make_field(request, settings).read == 1
    assert time.perf_counter() - started < 2
