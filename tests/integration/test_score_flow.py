"""Scoring through a real Prefect server: each content once, bad files alone, no input changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from aemodels.bundle import Bundle
from aemodels.io.las_writer import write_las
from aemodels.io.readers import read
from conftest import make_well
from tasks import score as score_module
from tasks.ledger import entries, forget, open_ledger
from tasks.outbox import score_schema
from tasks.score import Scorer, open_scorer, score_file
from tasks.tracking import download_bundle, get

pytest_plugins = ("flow_fixtures",)


@pytest.fixture
def scored(champions, tmp_path):
    """A function that drains an inbox into an outbox, and both folders; the ledger is emptied first."""
    from flows.runtime import run_flow
    from flows.score import ScoreRequest, score

    ledger = open_ledger(champions.settings.ledger_url)
    for entry in entries(ledger):
        forget(ledger, entry.sha256)
    inbox, outbox = tmp_path / "inbox", tmp_path / "outbox"
    inbox.mkdir()

    def drain(**parameters):
        return run_flow(
            score, champions.settings, request=ScoreRequest(inbox=str(inbox), outbox=str(outbox), **parameters)
        )

    return drain, inbox, outbox


def _fill(inbox: Path, trained) -> None:
    (inbox / "north" / "deep").mkdir(parents=True)
    shutil.copy(trained.wells / "W-5.las", inbox / "north" / "deep" / "W-5.las")
    shutil.copy(trained.wells / "W-4.las", inbox / "W-4.LAS")
    shutil.copy(trained.line, inbox / "line.sgy")
    (inbox / "empty.las").touch()
    (inbox / "letter.las").write_text("Dear all,\n")
    (inbox / "cut.sgy").write_bytes(trained.line.read_bytes()[:4000])
    (inbox / "table.xlsx").write_bytes(b"PK\x03\x04")
    (inbox / "growing.las.part").write_text("not yet")
    write_las(make_well("only-dtc", samples=80, curves=("DTC",)), inbox / "only-dtc.las")


def _bytes_of(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_inbox_is_drained_exactly_once(scored, champions):
    drain, inbox, outbox = scored
    _fill(inbox, champions)
    before = _bytes_of(inbox)
    first = drain()
    assert (first.files, first.new, first.scored, first.quarantined) == (8, 8, 3, 5)
    assert (first.skipped, first.failed, first.left) == (0, 0, 0)
    assert _bytes_of(inbox) == before, "the inbox is somebody else's: no byte and no time stamp may change"
    after_first = _bytes_of(outbox)
    second = drain()
    assert (second.new, second.skipped) == (0, 8)
    assert _bytes_of(outbox) == after_first, "a second run must be a no-op"


def test_broken_files_are_quarantined_each_with_its_reason(scored, champions):
    drain, inbox, outbox = scored
    _fill(inbox, champions)
    drain()
    reasons = {}
    for path in (outbox / "quarantine").glob("*/reason.json"):
        reason = json.loads(path.read_text())
        name = Path(reason["source"]).name
        reasons[name] = reason["findings"][0]["code"]
        assert (path.parent / name).read_bytes() == (inbox / name).read_bytes()
        assert path.parent.name == reason["sha256"] == hashlib.sha256((inbox / name).read_bytes()).hexdigest()
    assert set(reasons) == {"empty.las", "letter.las", "cut.sgy", "table.xlsx", "only-dtc.las"}
    assert reasons["empty.las"] == "empty"
    assert reasons["table.xlsx"] == "unknown-suffix"
    assert reasons["only-dtc.las"] == "not-scorable"


def test_a_renamed_duplicate_is_not_scored_twice(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "a.las")
    drain()
    before = _bytes_of(outbox)
    shutil.copy(champions.wells / "W-5.las", inbox / "b.las")
    summary = drain()
    assert (summary.new, summary.skipped) == (0, 2)
    assert _bytes_of(outbox) == before


def test_two_names_of_one_content_in_one_run_give_one_score(scored, champions):
    drain, inbox, outbox = scored
    for name in ("a.las", "b.las", "c.las"):
        shutil.copy(champions.wells / "W-5.las", inbox / name)
    summary = drain()
    assert (summary.scored, summary.skipped) == (1, 2)
    assert len(list(outbox.rglob("*.parquet"))) == 1


def test_a_new_file_beside_scored_ones_is_all_that_is_scored(scored, champions):
    drain, inbox, _ = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "a.las")
    drain()
    shutil.copy(champions.wells / "W-4.las", inbox / "b.las")
    summary = drain()
    assert (summary.scored, summary.skipped) == (1, 1)


def test_an_outbox_inside_the_inbox_is_not_scored(champions, scored):
    from flows.runtime import run_flow
    from flows.score import ScoreRequest, score

    _, inbox, _ = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    for expected in ((1, 1, 0), (1, 0, 1)):
        summary = run_flow(score, champions.settings, request=ScoreRequest(inbox=str(inbox), outbox=str(inbox / "out")))
        assert (summary.files, summary.scored, summary.skipped) == expected


def test_an_empty_inbox_is_no_failure(scored):
    drain, _, outbox = scored
    summary = drain()
    assert (summary.files, summary.failed, summary.left) == (0, 0, 0)
    assert not outbox.exists()


def test_an_inbox_that_is_not_there_is_said(champions, tmp_path):
    from flows.runtime import run_flow
    from flows.score import ScoreRequest, score

    summary = run_flow(
        score, champions.settings, request=ScoreRequest(inbox=str(tmp_path / "nowhere"), outbox=str(tmp_path / "out"))
    )
    assert summary.left == 1
    assert summary.outcomes[0].findings[0].code == "missing"


def test_published_scores_are_the_champions(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    drain()
    model = get(champions.settings, "models:/sondeflow-logs@champion")
    bundle = Bundle.load(download_bundle(champions.settings, model))
    recording = read(inbox / "W-5.las")
    expected = bundle.score(recording)
    path = outbox / "scores" / "kind=logs" / f"bundle=sondeflow-logs-v{model.version}"
    table = pq.read_table(path / f"{recording.source.sha256}.parquet", partitioning=None)
    assert table.schema.equals(score_schema("logs", bundle.curves))
    np.testing.assert_allclose(table["score"].to_numpy(), expected.score, rtol=1e-4)
    assert table["is_anomaly"].to_pylist() == expected.is_anomaly.tolist()
    flagged = read(next((outbox / "las").glob("W-5.*.las")))
    np.testing.assert_array_equal(flagged.channel("GR"), recording.channel("GR"))
    np.testing.assert_allclose(flagged.channel("GR_DN"), expected.denoised[0], rtol=1e-5)


def test_scores_of_many_wells_read_as_one_table(scored, champions):
    drain, inbox, outbox = scored
    for name in ("W-4", "W-5"):
        shutil.copy(champions.wells / f"{name}.las", inbox / f"{name}.las")
    write_las(make_well("no-nphi", samples=200, curves=("GR", "RHOB")), inbox / "c.las")
    drain()
    table = ds.dataset(outbox / "scores", partitioning="hive").to_table().to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert set(table["well"]) == {"W-4", "W-5", "no-nphi"}
    assert table.loc[table["well"] == "no-nphi", "NPHI_DN"].isna().all()
    assert set(table["kind"]) == {"logs"}


def test_another_version_scores_again(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    drain()
    model = get(champions.settings, "models:/sondeflow-logs@champion")
    summary = drain(bundle=str(download_bundle(champions.settings, model)))
    assert summary.scored == 1
    assert len(list((outbox / "scores" / "kind=logs").iterdir())) == 2


def test_files_of_a_kind_without_a_bundle_are_left_with_the_remedy(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.line, inbox / "line.sgy")
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    summary = drain(aliases=("nobody",))
    assert (summary.left, summary.new) == (2, 0)
    remedies = [outcome.findings[0].remedy for outcome in summary.outcomes]
    assert all("sondeflow train" in remedy and "sondeflow promote" in remedy for remedy in remedies)
    assert not outbox.exists()
    assert drain().scored == 2, "what was left is taken by the next run"


@pytest.fixture
def one_file(scored, champions):
    """A well in the inbox and what `score_file` needs beside it."""
    _, inbox, outbox = scored
    path = inbox / "W-5.las"
    shutil.copy(champions.wells / "W-5.las", path)
    scorers: dict[str, Scorer] = {"logs": open_scorer("models:/sondeflow-logs@champion", champions.settings)}
    ledger = open_ledger(champions.settings.ledger_url)
    return path, scorers, outbox, champions.settings, ledger


def test_a_file_that_changes_while_it_is_scored_is_left_for_the_next_run(one_file, monkeypatch):
    _, _, outbox, _, ledger = one_file
    original = score_module.read

    def read_and_let_it_grow(source, **options):
        recording = original(source, **options)
        with source.open("a") as stream:
            stream.write(" ")
        return recording

    monkeypatch.setattr(score_module, "read", read_and_let_it_grow)
    outcome = score_file(*one_file)
    assert (outcome.fate, outcome.findings[0].code) == ("left", "changed")
    assert [file for file in outbox.rglob("*") if file.is_file()] == []
    assert entries(ledger) == []
    monkeypatch.undo()
    assert score_file(*one_file).fate == "scored"


def test_an_unforeseen_failure_is_recorded_and_tried_again(one_file, monkeypatch):
    *_, settings, ledger = one_file
    monkeypatch.setattr(score_module, "publish", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    fates = [score_file(*one_file).fate for _ in range(settings.max_attempts + 1)]
    assert fates == ["failed"] * settings.max_attempts + ["skipped"]
    assert "No space left" in entries(ledger, state="failed")[0].reason
    forget(ledger, entries(ledger)[0].sha256)
    monkeypatch.undo()
    assert score_file(*one_file).fate == "scored"


def test_a_bundle_that_was_altered_is_refused(champions, tmp_path):
    from aemodels.errors import BundleError

    model = get(champions.settings, "models:/sondeflow-logs@champion")
    copy = tmp_path / "bundle"
    shutil.copytree(download_bundle(champions.settings, model), copy)
    victim = next(copy.glob("*.npz"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="sha256"):
        open_scorer(str(copy), champions.settings)
