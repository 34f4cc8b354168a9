"""`sondeflow audit` on files: the page, the answers, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aemodels.io.las.writer import write_las
from helpers.cheap_bundle import save_cheap_bundle
from helpers.recordings import make_well

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "b")


@pytest.fixture(scope="module")
def wells(tmp_path_factory) -> Path:
    """Two wells with a stuck gamma ray and a density off by half a unit, and a letter."""
    folder = tmp_path_factory.mktemp("audit")
    for number in range(2):
        well = make_well(f"W-{number}", samples=900, seed=40 + number, curves=("GR", "RHOB"))
        values = well.values.copy()
        values[0, 200:260] = values[0, 200]
        values[1, 500:540] -= 0.5
        write_las(well.with_values(values.astype(np.float32)), folder / f"W-{number}.las")
    (folder / "letter.las").write_text("Dear all,\n")
    return folder


def test_the_page_holds_the_flags_and_the_answers_come_back(bundle, wells, flow_home, command_json, tmp_path):
    page = tmp_path / "audit.html"
    asked = ("audit", "--data", str(wells), "--bundle", str(bundle), "--out", str(page), "--count", "5")
    code, answer = command_json(*asked)
    assert (code, answer["wells"], answer["shares"]) == (0, 2, {})
    assert {item["group"] for item in answer["items"]} >= {"highest", "rules"}
    assert any("stuck" in item["reason"] for item in answer["items"] if item["group"] == "rules")
    assert page.read_text().count("data:image/png;base64,") == len(answer["items"])
    assert [path for path, _ in answer["findings"]] == [str(wells / "letter.las")] * len(answer["findings"])
    ticked = [item | {"answer": "right" if item["group"] == "rules" else "wrong"} for item in answer["items"]]
    (tmp_path / "audit.json").write_text(json.dumps(ticked))
    _, counted = command_json(*asked, "--answers", str(tmp_path / "audit.json"))
    assert counted["shares"]["rules"]["share_right"] == 1.0
    assert counted["shares"]["highest"]["share_right"] == 0.0
    assert page.read_text().count(" checked") == len(answer["items"])


def test_a_file_that_holds_no_answers_is_refused(bundle, wells, flow_home, command_json, tmp_path):
    (tmp_path / "other.json").write_text('{"a": 1}')
    asked = ("audit", "--data", str(wells), "--bundle", str(bundle), "--out", str(tmp_path / "a.html"))
    code, answer = command_json(*asked, "--answers", str(tmp_path / "other.json"))
    assert code == 1
    assert "no answers of an audit page" in answer["error"]


def test_files_without_wells_are_refused(bundle, flow_home, command_json, tmp_path):
    (tmp_path / "in").mkdir()
    code, answer = command_json("audit", "--data", str(tmp_path / "in"), "--bundle", str(bundle))
    assert code == 1
    assert "wells could be scored" in answer["error"] or answer["findings"]
