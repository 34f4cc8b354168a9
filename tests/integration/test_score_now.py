"""`sondeflow score FILE`: scored at once with the bundle of the package, without server, registry or ledger."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from aemodels.report.flagged_intervals import FlagSummary
from helpers.cheap_bundle import save_cheap_bundle
from helpers.paths import ROOT
from helpers.recordings import make_line, make_well


@pytest.fixture(scope="module")
def cheap(tmp_path_factory) -> Path:
    return save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "cheap")


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, dict, str]:
    """Run the command as a user does: exit code, the JSON object, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", "score", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SONDEFLOW_HOME": str(folder / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_well_and_a_line_are_scored_by_the_shipped_bundles_without_server_registry_or_ledger(tmp_path):
    well = make_well("A-1", samples=1200, seed=3)
    values = well.values.copy()
    values[0, 500:560] = values[0, 500]  # stuck
    write_las(well.with_values(values), tmp_path / "A-1.las")
    code, answer, stderr = run(tmp_path, "A-1.las", "--out", "first", PYTHONPROFILEIMPORTTIME="1")
    assert code == 0, answer
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in stderr.splitlines()}
    assert not imported & {"keras", "tensorflow", "prefect", "mlflow"}
    shutil.rmtree(tmp_path / "first")
    write_segy(make_line(traces=40, samples=200), tmp_path / "line.sgy")
    before = {path: sha256_file(path) for path in tmp_path.glob("*.*")}
    code, answer, stderr = run(tmp_path, "A-1.las", "line.sgy", PYTHONPROFILEIMPORTTIME="1")
    assert code == 0, answer
    by_name = {Path(row["path"]).name: row for row in answer["outcomes"]}
    assert {name: row["bundle"] for name, row in by_name.items()} == {"A-1.las": "logs-v1", "line.sgy": "seismic-v1"}
    found = by_name["A-1.las"]
    assert (found["fate"], found["rows"]) == ("scored", 1200)
    assert found["flags"]["count"] >= 1
    assert "stuck" in found["flags"]["reason"]
    outputs = {Path(path).parent.name: Path(path) for path in found["outputs"]}
    assert outputs["reports"].is_relative_to(tmp_path / "scored")
    flagged = pq.read_table(outputs["bundle=logs-v1"], partitioning=None)["is_anomaly"].to_pylist()
    assert sum(flagged[505:555]) > 45
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in stderr.splitlines()}
    assert "tensorflow" in imported
    assert not imported & {"prefect", "mlflow"}
    assert not (tmp_path / "home").exists()
    assert {path: sha256_file(path) for path in before} == before


def test_a_folder_is_scored_without_its_own_outputs_as_often_as_asked(tmp_path, cheap):
    files = tmp_path / "wells"
    files.mkdir()
    for number in range(2):
        well = make_well(f"B-{number}", samples=300, seed=number, curves=("GR", "RHOB"))
        write_las(well, files / f"B-{number}.las")
    (files / "letter.las").write_text("Dear all,\n")
    for _ in range(2):
        code, answer, _ = run(tmp_path, "wells", "--bundle", str(cheap))
        assert code == 1
        assert (answer["files"], answer["scored"], answer["quarantined"]) == (3, 2, 1)
        bad = next(row for row in answer["outcomes"] if row["fate"] == "quarantined")
        assert bad["findings"][0]["code"] == "not-las"
        assert json.loads(Path(bad["outputs"][0]).read_text())["findings"][0]["code"] == "not-las"
    assert len(list((files / "scored" / "reports").iterdir())) == 2
    assert not [path for path in (files / "scored").rglob("*") if path.name.startswith(".")]


def test_with_out_all_go_to_one_folder_and_a_file_is_scored_once_however_often_it_is_named(tmp_path, cheap):
    write_las(make_well("C", samples=300, seed=1, curves=("GR", "RHOB")), tmp_path / "C.las")
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "C.las", tmp_path / "other" / "D.las")
    code, answer, _ = run(tmp_path, "C.las", "./C.las", "other", "--out", "out", "--bundle", str(cheap))
    assert code == 0
    assert [Path(row["path"]).name for row in answer["outcomes"]] == ["C.las", "D.las"]
    assert len(list((tmp_path / "out" / "reports").iterdir())) == 2
    assert not (tmp_path / "scored").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing.las",), 1, "nothing.las"),
        (("C.las", "--all"), 2, "inbox"),
        (("C.las", "s3://bucket/D.las"), 2, "s3://bucket/D.las"),
        (("C.las", "--bundle", "logs-v9"), 1, "logs-v9"),
        (("C.las", "--bundle", "seismic-v1"), 1, ""),
    ],
)
def test_what_cannot_be_done_says_why(tmp_path, arguments, code, said):
    write_las(make_well("C", samples=200, seed=1, curves=("GR",)), tmp_path / "C.las")
    found, answer, _ = run(tmp_path, *arguments)
    assert (found, answer["ok"]) == (code, False)
    assert said in json.dumps(answer)


def test_a_summary_of_nothing_flagged_is_empty():
    assert FlagSummary() == FlagSummary(0, "", "")
