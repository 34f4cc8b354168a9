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
from helpers.recordings import make_line
from helpers.scored_field import publish
from tasks.review.benchmark import benchmark_csv, read_reviews
from tasks.scoring.outbox import score_table, scores_folder
from tasks.scoring.places.staged import BundleLabel

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
    well = read(ROOT / "data" / "sample" / "wells" / "31_2-7.las")
    folder = scores_folder(tmp_path, "logs", BundleLabel("logs", "1"))
    folder.mkdir(parents=True)
    scores = Bundle.load(shipped_bundle("logs-v1").folder).score(well)
    pq.write_table(score_table(well, scores), folder / f"{well.source.sha256}.parquet")
    code, answer = command_json("bench", "labels", str(EXAMPLE), "--outbox", str(tmp_path))
    assert code == 0
    assert len(answer["without"]) == 5
    assert answer["rows"][0]["found"] == 1
    assert answer["rows"][0]["named_right"] == 1


def line_review(sha256: str) -> dict[str, object]:
    accepted = {"action": "accept", "first_trace": 20, "last_trace": 22, "reason": "dead"}
    rejected = {"action": "reject", "first_trace": 40, "last_trace": 41, "reason": "noisy"}
    for one in (accepted, rejected):
        one |= {"flagged_first_trace": one["first_trace"], "flagged_last_trace": one["last_trace"]}
    added = {"action": "add", "first_trace": 50, "last_trace": 50, "reason": "dead"}
    return review("L-1", sha256) | {"decisions": [accepted, rejected, added]}


def test_lines_are_scored_by_traces_beside_wells(command_json, folder, tmp_path) -> None:
    line = make_line("L-1")
    (folder / "line.json").write_text(json.dumps(line_review(line.source.sha256)))
    publish(tmp_path / "out", line, slice(21, 42), "dead")
    code, answer = command_json("bench", "labels", str(folder), "--outbox", str(tmp_path / "out"))
    rows = {row["kind"]: row for row in answer["rows"] if row["curve"] == "traces"}
    assert (code, answer["wells"], answer["lines"], answer["without"]) == (0, 2, 1, ["31/2-7", "B"])
    assert [rows["all"][key] for key in ("faults", "found", "sound", "wrong")] == [2, 1, 1, 1]
    assert (rows["dead"]["recall"], rows["noisy"]["wrong"], rows["macro"]["recall"]) == (0.5, 1, 0.5)
    assert answer["rows"][0]["faults"] == 2, "those of the wells"


def test_first_and_last_trace_of_a_line_stand_in_the_table(command_json, folder) -> None:
    (folder / "line.json").write_text(json.dumps(line_review("ef" * 32)))
    text = "well,top,base,reason\nL-1,50,50,dead\nL-1,1,4,hum\nB,10,12,spike\n"
    code, answer = command_json("bench", "labels", str(folder), "--intervals", table(folder, text))
    (total,) = (row for row in answer["rows"] if (row["curve"], row["kind"]) == ("traces", "all"))
    assert (code, total["found"], total["named_right"]) == (0, 1, 1)
    assert answer["outside_lines"] == {"intervals": 1, "traces": 4.0}
    text = "well,top,base\nL-1,50.5,51\n"
    code, answer = command_json("bench", "labels", str(folder), "--intervals", table(folder, text))
    assert (code, "line 2: top is 50.5" in answer["error"]) == (1, True)


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
