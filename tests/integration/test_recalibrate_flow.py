"""`sondeflow calibrate --reviews`: a challenger from reviews passes the gate and is never promoted by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.io import read
from aemodels.io.las.writer import write_las
from helpers.recordings import make_well
from helpers.reviewed_wells import biased_bundle, faulty_wells, outcome, save_reviews, true_review
from tasks.scoring.choose_bundle import default_scorer
from tasks.settings import Settings
from tasks.tracking import read_document, read_table

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def field(tmp_path, monkeypatch, prefect_server, command_json) -> dict[str, Path]:
    """A home with a biased bundle, ten wells with reviews of its flags, and four without."""
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    bundle, folder = biased_bundle("DTC", 3.0), tmp_path / "wells"
    bundle.save(tmp_path / "biased")
    folder.mkdir()
    reviews = []
    for well in faulty_wells(10, seed=100):
        path = folder / f"{well.recording.name}.las"
        write_las(well.recording, path)
        scored = read(path)  # its sha256 is that of the file
        review = true_review(well, bundle.score(scored))
        reviews.append(review.model_copy(update={"sha256": scored.source.sha256}))
    for number in range(300, 304):
        write_las(make_well(f"N-{number}", seed=number, samples=1200), folder / f"N-{number}.las")
    return {"bundle": tmp_path / "biased", "wells": folder, "reviews": tmp_path / "reviews", "saved": reviews}


@pytest.mark.slow
def test_reviews_make_a_challenger_that_the_gate_promotes(field, command_json):
    arguments = ("calibrate", "logs", "--reviews", "--data", str(field["wells"]), "--bundle", str(field["bundle"]))
    code, answer = command_json(*arguments)
    assert code == 1
    assert "no review is kept" in answer["error"]
    paths = save_reviews(field["saved"], field["reviews"])
    code, answer = command_json("reviews", "add", *map(str, paths))
    assert code == 0
    code, answer = command_json(*arguments)
    assert (code, answer["model"], answer["version"]) == (0, "sondeflow-logs", "1")
    assert answer["changed"]
    assert default_scorer("logs", ("champion",), Settings()).name == "logs"  # not replaced by itself
    evidence = read_document(Settings(), answer["run_id"], "evidence.json")
    assert evidence["calibrated_from"] == Bundle.load(field["bundle"]).content_hash
    assert len(read_table(Settings(), answer["run_id"], "reviewed")) == 10
    assert len(read_table(Settings(), answer["run_id"], "judged")) == 4
    code, decision = command_json("promote", "logs")
    assert code == 0, decision["reasons"]
    assert [row["passed"] for row in decision["reviewed"]] == [True, True, True]
    champion = default_scorer("logs", ("champion",), Settings())
    others = faulty_wells(4, seed=200)
    before, after = (outcome(Bundle.load(Path(one)), others) for one in (field["bundle"], champion.folder))
    assert after[0] <= before[0] / 2


def test_lines_have_no_reviews_to_learn_from(command_json, tmp_path, monkeypatch):
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    code, answer = command_json("calibrate", "seismic", "--reviews", "--data", str(tmp_path))
    assert code == 2
    assert "--reviews needs logs" in answer["error"]
