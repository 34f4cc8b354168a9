"""`sondeflow reviews apply` on scored wells: REVIEW_<C> in a LAS copy, a reviewed report, counts on the field page."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from aemodels.io import read
from aemodels.io.las.writer import write_las
from helpers.cheap_bundle import save_cheap_bundle
from helpers.recordings import make_well
from tasks.scoring.direct import score_files
from tasks.settings import Settings

pytest_plugins = ("helpers.flow_fixtures",)
TOP, BASE = 1030.0, 1040.0


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Path:
    """An outbox with two scored wells."""
    folder = tmp_path_factory.mktemp("scored")
    bundle = save_cheap_bundle(folder / "bundle")
    for number in (1, 2):
        well = make_well(f"W-{number}", samples=400, seed=number, curves=("GR", "RHOB"))
        write_las(well, folder / "in" / f"W-{number}.las")
    score_files([folder / "in"], Settings(home=folder / "home"), outbox=folder / "out", bundle=str(bundle))
    return folder / "out"


@pytest.fixture
def run(command_json, monkeypatch, tmp_path):
    """Run a command with a home of its own."""
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return command_json


@pytest.fixture
def outbox(scored, tmp_path) -> Path:
    """A copy of the outbox."""
    return shutil.copytree(scored, tmp_path / "out")


def review(outbox: Path, folder: Path) -> tuple[str, str]:
    """Write a review of W-1, with a rejected and an added interval; return its path and the hash of the well."""
    (report,) = (outbox / "reports").glob("W-1.*.html")
    short = report.name.split(".")[1]
    (scores,) = (outbox / "scores").rglob(f"{short}*.parquet")
    rejected = {"action": "reject", "top_m": 1010.0, "base_m": 1012.0, "curves": ["RHOB"]}
    document = {
        "sondeflow_review": 1,
        "sha256": scores.stem,
        "well": "W-1",
        "author": "A <b>",
        "made_at": "2026-01-31T06:00:00Z",
        "decisions": [
            rejected | {"flagged_top_m": 1010.0, "flagged_base_m": 1012.0},
            {"action": "add", "top_m": TOP, "base_m": BASE, "curves": ["GR"], "note": "</script><script>alert(1)"},
        ],
    }
    path = folder / "a.review.json"
    path.write_text(json.dumps(document))
    return str(path), scores.stem


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_reviews_stand_in_copies_and_nothing_published_changes(run, outbox, tmp_path) -> None:
    path, sha = review(outbox, tmp_path)
    before = bytes_of(outbox)
    run("reviews", "add", path)
    code, answer = run("reviews", "apply", str(outbox))
    assert (code, [(row["well"], row["decisions"]) for row in answer["wells"]]) == (0, [("W-1", 2)])
    after = bytes_of(outbox)
    assert {name: after[name] for name in before} == before
    short = sha[:8]
    new = {f"reviews/{sha}.json", f"reports/W-1.{short}.reviewed.html", f"las/W-1.{short}.reviewed.las"}
    assert set(after) - set(before) == new
    run("reviews", "apply", str(outbox))
    assert bytes_of(outbox) == after, "applied twice it is the same"


def test_the_las_copy_holds_what_reviewers_said(run, outbox, tmp_path) -> None:
    path, sha = review(outbox, tmp_path)
    run("reviews", "add", path)
    run("reviews", "apply", str(outbox))
    well = read(outbox / "las" / f"W-1.{sha[:8]}.reviewed.las")
    gamma, density = well.channel("REVIEW_GR"), well.channel("REVIEW_RHOB")
    assert well.axis[gamma == 1].min() == pytest.approx(TOP, abs=0.1)
    assert well.axis[gamma == 1].max() == pytest.approx(BASE, abs=0.1)
    assert np.isnan(gamma[(well.axis < TOP - 0.2) | (well.axis > BASE + 0.2)]).all()
    assert set(density[np.isfinite(density)].tolist()) == {0.0}
    assert {"GR_DN", "ANOM_GR", "BADLOG_GR"} <= set(well.names), "beside what scoring added"


def test_a_later_review_replaces_the_column(run, outbox, tmp_path) -> None:
    path, sha = review(outbox, tmp_path)
    run("reviews", "add", path)
    run("reviews", "apply", str(outbox))
    document = json.loads(Path(path).read_text())
    accept = document["decisions"][0] | {"action": "accept"}
    Path(path).write_text(json.dumps(document | {"made_at": "2026-02-01T00:00:00Z", "decisions": [accept]}))
    run("reviews", "add", path)
    run("reviews", "apply", str(outbox))
    well = read(outbox / "las" / f"W-1.{sha[:8]}.reviewed.las")
    density = well.channel("REVIEW_RHOB")
    assert set(density[np.isfinite(density)].tolist()) == {1.0}
    assert [name for name in well.names if name.startswith("REVIEW_")] == ["REVIEW_GR", "REVIEW_RHOB"]


def test_the_field_page_counts_decisions_and_links_the_reviewed_report(run, outbox, tmp_path) -> None:
    page = tmp_path / "field.html"
    run("field", str(outbox), "--out", str(page))
    path, sha = review(outbox, tmp_path)
    run("reviews", "add", path)
    run("reviews", "apply", str(outbox))
    _, answer = run("field", str(outbox), "--out", str(page))
    rows = {row["name"]: row for row in answer["files"]}
    assert (rows["W-1"]["reviews"], rows["W-2"]["reviews"]) == ({"reject": 1, "add": 1}, {})
    assert rows["W-1"]["report"] == f"reports/W-1.{sha[:8]}.reviewed.html"
    assert answer["read"] == 1, "the link has changed"
    assert set(pd.read_parquet(tmp_path / "field.parquet")["reviews"]) == {"{}", '{"reject": 1, "add": 1}'}


def test_a_report_of_an_earlier_version_is_named(run, outbox, tmp_path) -> None:
    path, sha = review(outbox, tmp_path)
    report = outbox / "reports" / f"W-1.{sha[:8]}.html"
    report.write_text(report.read_text().replace('data-kept="[]"', ""))
    run("reviews", "add", path)
    code, answer = run("reviews", "apply", str(outbox))
    assert code == 1
    assert "earlier version" in answer["wells"][0]["problems"][0]
    assert (outbox / "las" / f"W-1.{sha[:8]}.reviewed.las").exists()


def test_scores_are_as_before_for_other_readers(run, outbox, tmp_path) -> None:
    path, sha = review(outbox, tmp_path)
    run("reviews", "add", path)
    run("reviews", "apply", str(outbox))
    (scores,) = (outbox / "scores").rglob(f"{sha}.parquet")
    assert not [name for name in pq.read_schema(scores).names if name.startswith("REVIEW_")]


def test_a_review_of_traces_is_not_applied_to_a_well(run, outbox, tmp_path) -> None:
    path, sha = review(outbox, tmp_path)
    traces = {"action": "add", "first_trace": 3, "last_trace": 4}
    Path(path).write_text(json.dumps(json.loads(Path(path).read_text()) | {"decisions": [traces]}))
    run("reviews", "add", path)
    code, answer = run("reviews", "apply", str(outbox))
    (row,) = answer["wells"]
    assert (code, row["decisions"]) == (1, 0)
    assert "is of traces of a line" in row["problems"][0]
    assert 'data-kept="[]"' in (outbox / "reports" / f"W-1.{sha[:8]}.reviewed.html").read_text()


@pytest.mark.slow
def test_a_copy_that_hangs_its_reader_has_a_problem_and_the_other_wells_are_written(run, outbox, tmp_path, monkeypatch):
    path, sha = review(outbox, tmp_path)
    (other,) = (outbox / "scores").rglob(f"{next((outbox / 'reports').glob('W-2.*.html')).name.split('.')[1]}*.parquet")
    document = json.loads(Path(path).read_text()) | {"sha256": other.stem, "well": "W-2"}
    (tmp_path / "b.review.json").write_text(json.dumps(document))
    run("reviews", "add", path, str(tmp_path / "b.review.json"))
    report = outbox / "reports" / f"W-1.{sha[:8]}.html"
    report.unlink()
    os.mkfifo(report)  # nobody ever writes to it
    monkeypatch.setenv("SONDEFLOW_FILE_SECONDS", "6")
    code, answer = run("reviews", "apply", str(outbox))
    rows = {row["well"]: row for row in answer["wells"]}
    assert code == 1
    assert "no result after 6 s" in rows["W-1"]["problems"][0]
    assert (rows["W-2"]["problems"], len(rows["W-2"]["written"])) == ([], 3)
