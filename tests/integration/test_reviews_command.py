"""`sondeflow reviews`: kept once, listed, exported; refused with the field and the value; never lost."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from aemodels.review.document import parse_review
from helpers.postgres_server import PostgresServer
from tasks.ledger import open_ledger
from tasks.ledger.reviews import add_review, kept_reviews

REVIEW = {
    "sondeflow_review": 1,
    "sha256": "ab" * 32,
    "well": "=HYPERLINK(1) <b>A-1</b>",
    "author": "A",
    "made_at": "2026-01-31T06:00:00Z",
    "decisions": [
        {"action": "reject", "top_m": 1.0, "base_m": 2.0, "flagged_top_m": 1.0, "flagged_base_m": 2.0, "note": "a bed"},
        {"action": "add", "top_m": 7.0, "base_m": 9.0, "curves": ["GR", "RHOB"], "reason": "washout"},
    ],
}


pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def run(command_json, monkeypatch, tmp_path):
    """Run a command with a home of its own."""
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return command_json


def saved(folder: Path, name: str, **changes: object) -> str:
    path = folder / name
    path.write_text(json.dumps({**REVIEW, **changes}))
    return str(path)


def test_a_review_is_kept_once_and_listed_and_exported(run, tmp_path) -> None:
    first, again = saved(tmp_path, "a.json"), saved(tmp_path, "copy of a.json")
    code, answer = run("reviews", "add", first, again)
    assert (code, [row["result"] for row in answer["reviews"]]) == (0, ["kept", "known"])
    _, listed = run("reviews", "list")
    assert [(row["action"], row["note"], row["curves"]) for row in listed["decisions"]] == [
        ("reject", "a bed", ""),
        ("add", "", "GR, RHOB"),
    ]
    _, other = run("reviews", "list", "--sha", "ffff")
    assert other["count"] == 0
    for name in ("labels.parquet", "labels.json"):
        code, answer = run("reviews", "export", str(tmp_path / name))
        assert (code, answer["count"]) == (0, 2)
    frame = pd.read_parquet(tmp_path / "labels.parquet")
    assert frame[["action", "top_m", "reason"]].to_numpy().tolist() == [["reject", 1.0, ""], ["add", 7.0, "washout"]]
    assert json.loads((tmp_path / "labels.json").read_text()) == listed["decisions"]


def test_a_later_review_counts_and_the_earlier_one_is_kept(run, tmp_path) -> None:
    accept = {**REVIEW["decisions"][0], "action": "accept"}
    later = saved(tmp_path, "b.json", made_at="2026-03-01T00:00:00+01:00", decisions=[accept])
    run("reviews", "add", later, saved(tmp_path, "a.json"))
    _, listed = run("reviews", "list")
    assert sorted(row["action"] for row in listed["decisions"]) == ["accept", "add"]
    assert len(kept_reviews(open_ledger(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}"))) == 2


def test_the_summary_counts_right_flags_and_agreement(run, tmp_path) -> None:
    accept = {**REVIEW["decisions"][0], "action": "accept"}
    other = saved(tmp_path, "b.json", author="B", decisions=[accept])
    run("reviews", "add", saved(tmp_path, "a.json"), other)
    code, answer = run("reviews", "summary")
    assert code == 0
    assert (answer["flags"][0]["flags"], answer["flags"][0]["right"], answer["flags"][0]["missed"]) == (2, 1, 1)
    assert [(row["first"], row["second"], row["agree"]) for row in answer["agreement"]] == [("A", "B", 0.0)]


def test_what_is_no_review_is_refused_and_the_others_kept(run, tmp_path) -> None:
    good, bad = saved(tmp_path, "a.json"), saved(tmp_path, "bad.json", author="")
    code, answer = run("reviews", "add", bad, str(tmp_path / "none.json"), str(tmp_path), good)
    assert (code, [row["result"] for row in answer["reviews"]]) == (1, ["refused", "refused", "refused", "kept"])
    assert "author" in answer["reviews"][0]["problem"]
    assert "none.json" in answer["reviews"][1]["problem"]


def test_what_hangs_or_takes_all_memory_is_refused_and_the_others_kept(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SONDEFLOW_FILE_SECONDS", "20")
    odd = tmp_path / "odd"
    odd.mkdir()
    os.mkfifo(odd / "pipe.json")
    (odd / "link.json").symlink_to("/dev/zero")
    (odd / "deep.json").write_text('{"sondeflow_review":' + "[" * 2_000_000)
    (odd / "deep decisions.json").write_text(
        json.dumps({**REVIEW, "decisions": 0})[:-2] + "[" * 1_000_000 + "]" * 1_000_000 + "}"
    )
    (odd / "digits.json").write_text('{"sondeflow_review": ' + "1" * 4_000_000 + "}")
    (odd / "many.json").write_text(json.dumps(REVIEW)[:-1] + ', "x": [' + "{}," * 1_200_000 + "1]}")
    (odd / "keys.json").write_text("{" + ",".join(f'"{n}":1' for n in range(300_000)) + ',"sondeflow_review":1}')
    (odd / "nul.json").write_bytes(b"\0" * 4_000_000)
    with (odd / "huge.json").open("wb") as stream:
        stream.truncate(2**40)
    names = sorted(path.name for path in odd.iterdir())
    began = time.monotonic()
    code, answer = run("reviews", "add", *(str(odd / name) for name in names), saved(tmp_path, "a.json"))
    results = {Path(row["file"]).name: row["result"] for row in answer["reviews"]}
    assert (code, results) == (1, dict.fromkeys(names, "refused") | {"a.json": "kept"})
    problems = {Path(row["file"]).name: row["problem"] for row in answer["reviews"]}
    assert "pipe" in problems["pipe.json"]
    assert "device" in problems["link.json"]
    assert "at most 5,000,000" in problems["huge.json"]
    assert time.monotonic() - began < 120


def test_an_export_needs_a_known_suffix(run, tmp_path) -> None:
    code, answer = run("reviews", "export", str(tmp_path / "labels.xlsx"))
    assert code == 2
    assert ".parquet" in answer["error"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path_factory):
    """An empty database of each kind."""
    folder = tmp_path_factory.mktemp("db")
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}"
        return
    server = PostgresServer(folder)
    server.start()
    yield server.new_database("ledger")
    server.stop()


def test_many_writers_keep_one_review_once(url) -> None:
    engine = open_ledger(url)
    review, results = parse_review(json.dumps(REVIEW).encode(), "a"), []
    threads = [threading.Thread(target=lambda: results.append(add_review(engine, review))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]
    assert kept_reviews(engine) == [review]
    assert kept_reviews(engine, "ab") == [review]
    assert kept_reviews(engine, "a%") == []
    engine.dispose()
