"""`sondeflow bench labels`: our flags and somebody else's against reviews; bad tables are refused with their line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.errors import DataError
from aemodels.io import read
from aemodels.io.files.hashing import sha256_file
from helpers.paths import ROOT
from tasks.review.benchmark import benchmark_csv, read_reviews
from tasks.scoring.outbox import BundleLabel, score_table, scores_folder

pytest_plugins = ("helpers.flow_fixtures",)

SHA, TWIN = "ab" * 32, "cd" * 32
EXAMPLE = ROOT / "data" / "sample" / "reviews"


def review(well: str, sha256: str) -> dict[str, object]:
    decisions = [
        {"action": "add", "top_m": 10.0, "base_m": 12.0, "curves": ["GR"], "reason": "spike"},
        {
            "action": "reject",
            "top_m": 20.0,
            "base_m": 22.0,
            "flagged_top_m": 20.0,
            "flagged_base_m": 22.0,
            "curves": ["GR"],
        },
    ]
    values = {"sondeflow_review": 1, "sha256": sha256, "well": well, "author": "A", "made_at": "2026-01-31T06:00:00Z"}
    return values | {"decisions": decisions}


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "reviews" / "more").mkdir(parents=True)
    (tmp_path / "reviews" / "a.json").write_text(json.dumps(review("31/2-7", SHA)))
    (tmp_path / "reviews" / "more" / "b.json").write_text(json.dumps([review("B", TWIN)]))
    return tmp_path / "reviews"


def table(folder: Path, text: str) -> str:
    path = folder.parent / "flags.csv"
    path.write_text(text, encoding="utf-8-sig")
    return str(path)


def test_intervals_of_another_detector_are_scored(command_json, folder) -> None:
    text = (
        'Well,Curve,Top,Base,Reason\n31_2-7,GR,10.5,12,spike\n"31/2-7",,20,22,\ncdcdcdcd,GR,50,51,\nelsewhere,GR,1,2,\n'
    )
    code, answer = command_json("bench", "labels", str(folder), "--intervals", table(folder, text))
    total = answer["rows"][0]
    assert (code, total["faults"], total["found"], total["sound"], total["wrong"]) == (0, 2, 1, 2, 1)
    assert answer["outside"] == {"intervals": 1, "metres": 1.0}
    assert (answer["unknown"], answer["without"]) == (["elsewhere"], [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("well,top\n", "line 1: no column base"),
        ("well,top,base\nB,1,x\n", "line 2: base is 'x'"),
        ("well,top,base\nB,1,2\nB,3,3\n", "line 3: top is 3.0 and base 3.0"),
        ("well,top,base\nC,1,2\n", "names none of the reviewed wells"),
        ("", "line 1: no column well, top, base"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(command_json, folder, text, message) -> None:
    code, answer = command_json("bench", "labels", str(folder), "--intervals", table(folder, text))
    assert code == 1
    assert message in answer["error"]


def test_a_name_of_two_files_is_refused_with_their_hashes(command_json, folder) -> None:
    (folder / "twin.json").write_text(json.dumps(review("b", "ef" * 32)))
    code, answer = command_json("bench", "labels", str(folder), "--intervals", table(folder, "well,top,base\nB,1,2\n"))
    assert code == 1
    assert "cdcdcdcd, efefefef" in answer["error"]


def test_what_is_no_review_is_refused_and_flags_have_to_be_named(command_json, folder) -> None:
    (folder / "bad.json").write_text("{}")
    code, answer = command_json("bench", "labels", str(folder), "--intervals", table(folder, "well,top,base\nB,1,2\n"))
    assert code == 1
    assert "bad.json" in answer["error"]
    assert command_json("bench", "labels", str(folder))[0] == 2


def test_the_benchmarks_themselves_still_run_without_a_subcommand(command_json) -> None:
    code, answer = command_json("bench", "--bundle", "logs-v1")
    assert (code, "--bundle needs --file" in json.dumps(answer)) == (2, True)


def test_the_example_set_is_of_the_sample_wells_and_scores_their_flags(command_json) -> None:
    wells = {sha256_file(path) for path in (ROOT / "data" / "sample" / "wells").glob("*.las")}
    assert {review.sha256 for review in read_reviews(EXAMPLE)} == wells
    code, answer = command_json("bench", "labels", str(EXAMPLE), "--intervals", str(EXAMPLE / "intervals.csv"))
    total = answer["rows"][0]
    assert (code, total["faults"], total["found"], total["sound"], total["wrong"]) == (0, 20, 15, 12, 12)
    assert (answer["wells"], answer["unknown"], answer["outside"]["intervals"]) == (6, [], 0)


def test_the_flags_of_an_outbox_are_scored_as_the_table_of_them(command_json, tmp_path) -> None:
    well = read(ROOT / "data" / "sample" / "wells" / "34_7-13.las")
    folder = scores_folder(tmp_path, "logs", BundleLabel("logs", "1"))
    folder.mkdir(parents=True)
    scores = Bundle.load(shipped_bundle("logs-v1").folder).score(well)
    pq.write_table(score_table(well, scores), folder / f"{well.source.sha256}.parquet")
    code, answer = command_json("bench", "labels", str(EXAMPLE), "--outbox", str(tmp_path))
    assert code == 0
    assert len(answer["without"]) == 5
    assert answer["rows"][0]["found"] == 1
    assert answer["rows"][0]["named_right"] == 1


@pytest.mark.parametrize("attack", ["pipe", "brackets", "table"])
def test_reviews_and_tables_made_to_harm_are_refused(folder, attack) -> None:
    bad = folder / "bad.json"
    if attack == "brackets":
        bad.write_text("[" * 2_000_000)
    else:
        os.mkfifo(bad)
    with pytest.raises(DataError, match=r"bad\.json"):
        if attack == "table":
            benchmark_csv([], bad)
        else:
            read_reviews(folder)
