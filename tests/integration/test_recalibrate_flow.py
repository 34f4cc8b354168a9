"""`sondeflow calibrate --reviews`: a challenger from reviews passes the gate and is never promoted by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.io import read
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from helpers.recordings import make_line, make_well
from helpers.reviewed_lines import biased_line_bundle, faulty_lines, line_outcome, true_line_review
from helpers.reviewed_wells import (
    biased_bundle,
    bundle_with_loud_member,
    faulty_wells,
    outcome,
    save_reviews,
    true_review,
)
from tasks.scoring.choose_bundle import default_scorer
from tasks.settings import Settings
from tasks.tracking import read_document, read_table

pytest_plugins = ("helpers.flow_fixtures",)


def reviewed_field(bundle: Bundle, home: Path) -> dict[str, Any]:
    """Write a bundle, ten wells with reviews of its flags, and four without."""
    folder, reviews = home / "wells", []
    bundle.save(home / "biased")
    folder.mkdir()
    for well in faulty_wells(10, seed=100):
        path = folder / f"{well.recording.name}.las"
        write_las(well.recording, path)
        scored = read(path)  # its sha256 is that of the file
        review = true_review(well, bundle.score(scored))
        reviews.append(review.model_copy(update={"sha256": scored.source.sha256}))
    for number in range(300, 304):
        write_las(make_well(f"N-{number}", seed=number, samples=1200), folder / f"N-{number}.las")
    return {"bundle": home / "biased", "wells": folder, "reviews": home / "reviews", "saved": reviews}


@pytest.fixture
def home(tmp_path, monkeypatch, prefect_server) -> Path:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def field(home) -> dict[str, Any]:
    """A home with a biased bundle, and wells."""
    return reviewed_field(biased_bundle("DTC", 3.0), home)


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


@pytest.mark.slow
def test_a_member_whose_flags_are_rejected_is_weakened_and_the_gate_promotes_it(home, command_json):
    loud = bundle_with_loud_member("cross", 4.0)
    field = reviewed_field(loud, home)
    command_json("reviews", "add", *map(str, save_reviews(field["saved"], field["reviews"])))
    code, answer = command_json(
        "calibrate", "logs", "--reviews", "--data", str(field["wells"]), "--bundle", str(field["bundle"])
    )
    assert (code, answer["member"]) == (0, "cross")
    assert answer["member_divisor"] >= 1.5
    code, decision = command_json("promote", "logs")
    assert code == 0, decision["reasons"]
    champion = Bundle.load(Path(default_scorer("logs", ("champion",), Settings()).folder))
    others = faulty_wells(4, seed=200)
    before, after = (one.detector.scales["cross"].neg_log10_p for one in (loud, champion))
    np.testing.assert_allclose(after * answer["member_divisor"], before, rtol=1e-5)
    (wrong_before, recall_before), (wrong_after, recall_after) = (outcome(one, others) for one in (loud, champion))
    assert wrong_after <= wrong_before / 4
    assert recall_after >= recall_before - 0.01


@pytest.mark.slow
def test_reviews_of_lines_make_a_challenger_that_the_gate_promotes(home, command_json):
    bundle, folder, reviews = biased_line_bundle(1.05), home / "lines", []
    bundle.save(home / "biased")
    folder.mkdir()
    for line in faulty_lines(10, seed=100):
        path = folder / f"{line.recording.name}.sgy"
        write_segy(line.recording, path)
        scored = read(path)
        review = true_line_review(line, bundle.score(scored))
        reviews.append(review.model_copy(update={"sha256": scored.source.sha256}))
    for number in range(300, 304):
        write_segy(make_line(f"N-{number}", seed=number, traces=120), folder / f"N-{number}.sgy")
    command_json("reviews", "add", *map(str, save_reviews(reviews, home / "reviews")))
    code, answer = command_json(
        "calibrate", "seismic", "--reviews", "--data", str(folder), "--bundle", str(home / "biased")
    )
    assert (code, answer["model"], list(answer["divisors"])) == (0, "sondeflow-seismic", ["traces"]), answer
    code, decision = command_json("promote", "seismic")
    assert code == 0, decision["reasons"]
    champion = Bundle.load(Path(default_scorer("seismic", ("champion",), Settings()).folder))
    assert champion.threshold > bundle.threshold
    others = faulty_lines(6, seed=200)
    before, after = (line_outcome(one, others) for one in (bundle, champion))
    assert after[0] <= before[0] / 2
    assert after[1] >= before[1] - 0.01
