"""Wells as CSV tables through the command line: checked, trained on, scored and reported like LAS files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from aemodels.core.types import Recording
from aemodels.io import read, write_las
from helpers.cheap_bundle import SPEC, save_cheap_bundle
from helpers.recordings import make_well

pytest_plugins = ("helpers.flow_fixtures",)

UNITS = {"GR": "gAPI", "RHOB": "g/cm3"}


def write_table(well: Recording, path: Path, *, delimiter: str = ",", decimal: str = ".") -> None:
    """Write a well by pandas, which is what writes most such files."""
    table = pd.DataFrame({"DEPTH (m)": well.axis})
    for channel in well.channels:
        table[f"{channel.name} ({UNITS[channel.name]})"] = well.channel(channel.name).astype(str).astype(float)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep=delimiter, decimal=decimal, index=False)


def cheap_well(number: int, samples: int = 400) -> Recording:
    return make_well(f"W-{number}", samples=samples, seed=number, curves=("GR", "RHOB"))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six wells, three of them with semicolons and decimal commas, and a file that is none."""
    folder = tmp_path_factory.mktemp("tables")
    for number in range(6):
        european = {"delimiter": ";", "decimal": ","} if number % 2 else {}
        write_table(cheap_well(number), folder / f"W-{number}.csv", **european)
    (folder / "letter.csv").write_text("Dear all,\n")
    return folder


def test_tables_are_checked(tables: Path, flow_home: Path, command_json):
    code, answer = command_json("check", str(tables), "--all")
    verdicts = {Path(row["path"]).name: row["verdict"] for row in answer["files"]}
    assert code == 1
    assert verdicts == {"letter.csv": "unusable"} | {f"W-{number}.csv": "good" for number in range(6)}
    assert {row["kind"] for row in answer["files"] if row["verdict"] == "good"} == {"logs"}


@pytest.mark.slow
def test_tables_are_trained_on_like_las_files(tables: Path, prefect_server, tmp_path: Path, command_json):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(SPEC))
    (tmp_path / "las").mkdir()
    for number in range(6):
        write_las(cheap_well(number), tmp_path / "las" / f"W-{number}.las")
    code, of_tables = command_json("train", str(tmp_path / "spec.yaml"), "--data", str(tables))
    assert code == 0, of_tables
    code, of_las = command_json("train", str(tmp_path / "spec.yaml"), "--data", str(tmp_path / "las"))
    assert code == 0, of_las
    assert of_tables["metrics"] == pytest.approx(of_las["metrics"], rel=1e-6)


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_table_is_scored_and_reported_like_the_same_well_in_las(
    decimal: str, prefect_server, tmp_path: Path, command_json
):
    bundle = save_cheap_bundle(tmp_path / "bundle")
    inbox, outbox = tmp_path / "inbox", tmp_path / "outbox"
    inbox.mkdir()
    well = cheap_well(9 if decimal == "." else 10, samples=300)  # other content: each is scored once per session
    write_las(well, inbox / "as-las.las")
    write_table(well, inbox / "as-table.csv", delimiter=";" if decimal == "," else ",", decimal=decimal)
    before = (inbox / "as-table.csv").read_bytes()
    code, answer = command_json("score", str(inbox), "--out", str(outbox), "--bundle", str(bundle))
    assert (code, answer["scored"]) == (0, 2), answer
    assert (inbox / "as-table.csv").read_bytes() == before

    frames = [pq.read_table(path, partitioning=None).to_pandas() for path in outbox.rglob("*.parquet")]
    of_las, of_table = sorted(frames, key=lambda frame: str(frame["source"].iloc[0]))
    dropped = ["source", "sha256", "well"]
    pd.testing.assert_frame_equal(of_table.drop(columns=dropped), of_las.drop(columns=dropped))

    (copy,) = (outbox / "csv").glob("as-table.*.csv")
    assert copy.name == f"as-table.{of_table['sha256'].iloc[0][:8]}.csv"
    scored = read(copy)
    np.testing.assert_array_equal(scored.channel("GR"), of_table["GR"].to_numpy(np.float32))
    np.testing.assert_array_equal(scored.channel("GR_DN"), of_table["GR_DN"].to_numpy(np.float32))
    np.testing.assert_array_equal(scored.channel("ANOM_RHOB"), of_table["ANOM_RHOB"].to_numpy(np.float32))
    np.testing.assert_array_equal(scored.channel("BADLOG_GR"), of_table["BADLOG_GR"].to_numpy(np.float32))
    for old, new in zip(before.decode().splitlines(), copy.read_text().splitlines(), strict=True):
        assert new.startswith(old)
    (report,) = (outbox / "reports").glob("as-table.*.html")
    assert "as-table" in report.read_text()
    again = command_json("score", str(inbox), "--out", str(outbox), "--bundle", str(bundle))[1]
    assert (again["scored"], again["skipped"]) == (0, 2)


def test_an_unusable_table_is_quarantined_with_its_reason(prefect_server, tmp_path: Path, command_json):
    bundle = save_cheap_bundle(tmp_path / "bundle")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "two.csv").write_text("WELL,DEPTH (m),GR (gAPI)\nA,1,40\nB,2,50\n")
    outbox = tmp_path / "outbox"
    code, answer = command_json("score", str(tmp_path / "inbox"), "--out", str(outbox), "--bundle", str(bundle))
    assert (code, answer["quarantined"]) == (1, 1)
    (reason,) = outbox.rglob("reason.json")
    assert [finding["code"] for finding in json.loads(reason.read_text())["findings"]] == ["several-wells"]
