"""Scoring through a real Prefect server: each content once, bad files alone, no input changed."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.summary import read_summary
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.readers import read
from helpers.cheap_bundle import save_cheap_bundle
from helpers.recordings import make_well
from tasks.ledger import (
    ClaimRequest,
    Filter,
    Heartbeat,
    Identity,
    Key,
    acquire_claims,
    entries,
    forget,
    open_ledger,
    retry,
)
from tasks.ledger.schema import workers
from tasks.scoring import batch, choose_bundle
from tasks.scoring.choose_bundle import open_scorer
from tasks.scoring.outbox import score_schema
from tasks.scoring.request import ScoreRequest, ScoringResult
from tasks.scoring.score import worker_session
from tasks.settings import Settings
from tasks.tracking import download_bundle, get

pytest_plugins = ("helpers.flow_fixtures",)


def _drainer(champions, folder: Path, **always: Any):
    """Return a function that drains an inbox into an outbox, and both folders; the ledger is emptied first."""
    from flows.environment import run_flow
    from flows.score import score

    forget(open_ledger(champions.settings.ledger_url), Filter())
    inbox, outbox = folder / "inbox", folder / "outbox"
    inbox.mkdir()

    def drain(**parameters):
        request = ScoreRequest(
            **{"inbox": str(inbox), "outbox": str(outbox), "settle_seconds": 0, **always, **parameters}
        )
        return run_flow(score, champions.settings, request=request)

    return drain, inbox, outbox


@pytest.fixture
def scored(champions, tmp_path):
    """As `_drainer`, with folders of the test's own."""
    return _drainer(champions, tmp_path)


@pytest.fixture(scope="module")
def cheap(tmp_path_factory) -> str:
    """Folder of a bundle without networks, for tests to which it does not matter what scores: it loads at once."""
    return str(save_cheap_bundle(tmp_path_factory.mktemp("cheap") / "bundle"))


@pytest.fixture
def cheaply_scored(champions, cheap, tmp_path):
    """As `scored`, by the bundle without networks."""
    return _drainer(champions, tmp_path, bundle=cheap)


@dataclass(frozen=True)
class Drained:
    """An inbox with good and broken files that was drained twice, and what lay where before and after."""

    inbox: Path
    outbox: Path
    runs: tuple[Any, Any]
    inbox_before: dict[str, tuple[str, int]]
    outbox_between: dict[str, tuple[str, int]]


@pytest.fixture(scope="module")
def drained(champions, tmp_path_factory) -> Drained:
    drain, inbox, outbox = _drainer(champions, tmp_path_factory.mktemp("drained"))
    _fill(inbox, champions)
    before = _bytes_of(inbox)
    first = drain()
    between = _bytes_of(outbox)
    return Drained(inbox, outbox, (first, drain()), before, between)


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


def test_an_inbox_is_drained_exactly_once(drained):
    first, second = drained.runs
    assert (first.files, first.new, first.scored, first.quarantined) == (8, 8, 3, 5)
    assert (first.skipped, first.failed, first.left) == (0, 0, 0)
    assert (second.new, second.skipped) == (0, 8)
    assert _bytes_of(drained.outbox) == drained.outbox_between, "a second run must be a no-op"
    changed = "the inbox is somebody else's: no byte and no time stamp may change"
    assert _bytes_of(drained.inbox) == drained.inbox_before, changed


def test_a_run_leaves_the_scorecard_of_its_outbox_beside_it(drained):
    from prefect.artifacts import Artifact

    page = Settings().home / "field" / f"{drained.outbox.name}.html"
    assert json.loads(page.with_suffix(".json").read_text())["quarantined"][0]["findings"]
    text = Artifact.get("field").data
    assert "2 wells, 1 lines, 5 in quarantine" in text
    assert str(page) in text


def test_a_scorecard_that_cannot_be_made_fails_no_run(champions, scored, cheap):
    from prefect.artifacts import Artifact

    drain, inbox, _ = scored
    write_las(make_well("W", samples=300), inbox / "w.las")
    folder = champions.settings.home / "field"
    kept = folder.rename(folder.with_name("field-kept")) if folder.exists() else None
    folder.write_text("no folder")
    try:
        assert drain(bundle=cheap).scored == 1
        assert "It could not be made" in Artifact.get("field").data
    finally:
        folder.unlink()
        if kept is not None:
            kept.rename(folder)


def test_broken_files_are_quarantined_each_with_its_reason(drained):
    reasons = {}
    for path in (drained.outbox / "quarantine").glob("*/reason.json"):
        reason = json.loads(path.read_text())
        name = Path(reason["source"]).name
        reasons[name] = reason["findings"][0]["code"]
        assert (path.parent / name).read_bytes() == (drained.inbox / name).read_bytes()
        assert path.parent.name == reason["sha256"] == hashlib.sha256((drained.inbox / name).read_bytes()).hexdigest()
    assert set(reasons) == {"empty.las", "letter.las", "cut.sgy", "table.xlsx", "only-dtc.las"}
    assert reasons["empty.las"] == "empty"
    assert reasons["table.xlsx"] == "unknown-suffix"
    assert reasons["only-dtc.las"] == "not-scorable"


def test_a_renamed_duplicate_is_not_scored_twice(cheaply_scored, champions):
    drain, inbox, outbox = cheaply_scored
    shutil.copy(champions.wells / "W-5.las", inbox / "a.las")
    drain()
    before = _bytes_of(outbox)
    shutil.copy(champions.wells / "W-5.las", inbox / "b.las")
    summary = drain()
    assert (summary.new, summary.skipped) == (0, 2)
    assert _bytes_of(outbox) == before


def test_two_names_of_one_content_in_one_run_give_one_score(cheaply_scored, champions):
    drain, inbox, outbox = cheaply_scored
    for name in ("a.las", "b.las", "c.las"):
        shutil.copy(champions.wells / "W-5.las", inbox / name)
    summary = drain()
    assert (summary.scored, summary.skipped) == (1, 2)
    assert len(list(outbox.rglob("*.parquet"))) == 1


def test_only_the_new_file_among_scored_ones_is_scored(cheaply_scored, champions):
    drain, inbox, _ = cheaply_scored
    shutil.copy(champions.wells / "W-5.las", inbox / "a.las")
    drain()
    shutil.copy(champions.wells / "W-4.las", inbox / "b.las")
    summary = drain()
    assert (summary.scored, summary.skipped) == (1, 1)


def test_an_outbox_inside_the_inbox_is_not_scored(champions, cheaply_scored):
    drain, inbox, _ = cheaply_scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    for expected in ((1, 1, 0), (1, 0, 1)):
        summary = drain(outbox=str(inbox / "out"))
        assert (summary.files, summary.scored, summary.skipped) == expected


def test_an_empty_inbox_is_no_failure(cheaply_scored):
    drain, _, outbox = cheaply_scored
    summary = drain()
    assert (summary.files, summary.failed, summary.left) == (0, 0, 0)
    assert not outbox.exists()


def test_a_missing_inbox_is_reported(champions, tmp_path):
    from flows.environment import run_flow
    from flows.score import score

    request = ScoreRequest(inbox=str(tmp_path / "nowhere"), outbox=str(tmp_path / "out"))
    summary = run_flow(score, champions.settings, request=request)
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


@pytest.mark.slow
def test_another_version_scores_again(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    drain()
    model = get(champions.settings, "models:/sondeflow-logs@champion")
    summary = drain(bundle=str(download_bundle(champions.settings, model)))
    assert summary.scored == 1
    assert len(list((outbox / "scores" / "kind=logs").iterdir())) == 2


def test_without_a_champion_the_shipped_bundles_score_and_the_first_champion_takes_over_what_arrives(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.line, inbox / "line.sgy")
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    summary = drain(aliases=("nobody",))
    assert {outcome.model for outcome in summary.outcomes} == {"logs-v1", "seismic-v1"}
    assert summary.scored == 2
    assert (outbox / "scores" / "kind=logs" / "bundle=logs-v1").is_dir()
    shutil.copy(champions.wells / "W-4.las", inbox / "W-4.las")
    after = drain()
    assert (after.scored, after.skipped) == (1, 2), "earlier contents are not scored again"
    assert next(one.model for one in after.outcomes if one.fate == "scored").startswith("sondeflow-logs-v")


@pytest.fixture
def one_file(cheaply_scored, champions, cheap):
    """A well in the inbox, and a function that scores it once as the flow's batch does, in a given session."""
    from tasks.scoring.batch import drain_batch
    from tasks.scoring.places.inbox import list_inbox
    from tasks.scoring.request import ScoreRequest

    _, inbox, outbox = cheaply_scored
    path = inbox / "W-5.las"
    shutil.copy(champions.wells / "W-5.las", path)
    request = ScoreRequest(inbox=str(inbox), outbox=str(outbox), bundle=cheap).filled(champions.settings)

    with worker_session(champions.settings, str(outbox)) as session:

        def score_once():
            (outcome,) = drain_batch(session, list_inbox(str(inbox), outbox).arrivals, request)
            return outcome

        yield path, outbox, session, score_once


class _Pool:
    """A process pool whose results a test decides, for outcomes that no file can produce."""

    def __init__(self, session, decide):
        self._real, self._decide = session.pool, decide

    def ask(self, line):
        return self._real.ask(line)

    def score_all(self, jobs):
        for job, result in self._real.score_all(jobs):
            yield job, self._decide(job, result)

    def shutdown(self):
        self._real.shutdown()


def test_a_file_that_grew_since_it_was_hashed_is_left_for_the_next_run(one_file, monkeypatch):
    path, outbox, session, score_once = one_file
    acquire_claims = batch.acquire_claims

    def claim_and_let_it_grow(*arguments, **options):
        with path.open("a") as stream:
            stream.write(" ")
        return acquire_claims(*arguments, **options)

    monkeypatch.setattr(batch, "acquire_claims", claim_and_let_it_grow)
    outcome = score_once()
    assert (outcome.fate, outcome.findings[0].code, outcome.is_fault) == ("left", "changed", False)
    assert [file for file in outbox.rglob("*") if file.is_file()] == []
    assert entries(session.ledger, Filter(state="claimed")) == []
    monkeypatch.undo()
    assert score_once().fate == "scored"


def test_an_unforeseen_failure_is_tried_again_and_quarantined_at_last(one_file, monkeypatch):
    _, outbox, session, score_once = one_file
    real = session.pool
    session.pool = _Pool(session, lambda job, result: ScoringResult(status="failed", text="KeyError: 'odd'"))
    fates = [score_once().fate for _ in range(session.settings.max_attempts + 1)]
    session.pool = real
    assert fates == ["failed"] * (session.settings.max_attempts - 1) + ["quarantined", "skipped"]
    assert "KeyError" in entries(session.ledger, Filter(state="quarantined"))[0].reason
    assert (
        json.loads(next((outbox / "quarantine").glob("*/reason.json")).read_text())["findings"][0]["code"] == "failed"
    )
    retry(session.ledger, Filter(state="quarantined"))
    assert score_once().fate == "scored"


def test_a_claim_that_was_taken_over_publishes_nothing(one_file):
    _, outbox, session, score_once = one_file
    real = session.pool

    def lose(job, result):
        with session.ledger.begin() as connection:
            connection.exec_driver_sql("UPDATE scorings SET token = 'another worker'")
        return result

    session.pool = _Pool(session, lose)
    assert score_once().fate == "skipped"
    session.pool = real
    assert [file for file in outbox.rglob("*") if file.is_file()] == []


def test_what_a_dead_worker_left_is_taken_up_and_swept_away(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    ledger = open_ledger(champions.settings.ledger_url)
    with Heartbeat(ledger, str(outbox), 60.0) as gone:
        mine = gone.identity
    dead = str(Identity(mine.machine, mine.boot, "1@1", "0badcafe"))  # process 1 started at another tick
    with ledger.begin() as connection:
        row = {"owner": dead, "outbox": str(outbox), "lease_seconds": 60.0, "tick": 0}
        connection.execute(workers.insert().values(**row, started_at="", seen_at=""))
    left = outbox / "las" / ".w0badcafe-1.9.9.W-5.las.part"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    model = get(champions.settings, "models:/sondeflow-logs@champion")
    card = read_summary(download_bundle(champions.settings, model))
    key = Key(sha256_file(inbox / "W-5.las"), model.name, model.version, card.content_hash)
    assert acquire_claims(ledger, [ClaimRequest(key, "x")], owner=dead)
    assert drain().scored == 1
    assert not left.exists()
    assert entries(ledger)[0].attempts == 2


@pytest.mark.slow
def test_earlier_contents_are_scored_again_beside_the_old_results(scored, champions, tmp_path):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    drain()
    before = _bytes_of(outbox)
    other = save_cheap_bundle(tmp_path / "other")
    summary = drain(bundle=str(other), rescore="all")
    assert summary.scored == 1
    after = _bytes_of(outbox)
    assert {name: after[name] for name in before} == before, "never over the old results"
    added = sorted(set(after) - set(before))
    assert len(added) == 3
    assert all("/bundle=sondeflow-logs-v" in f"/{name}" for name in added)
    assert drain(bundle=str(other), rescore="all").skipped == 1
    assert drain(bundle=str(other), since="2999-01-01T00:00:00").files == 0


@pytest.mark.slow
def test_a_new_champion_does_not_score_history_unless_asked_to(scored, champions):
    drain, inbox, outbox = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "W-5.las")
    ledger = open_ledger(champions.settings.ledger_url)
    drain()
    with ledger.begin() as connection:
        connection.exec_driver_sql("UPDATE scorings SET version = '0', spec_hash = 'older'")
    assert drain().skipped == 1
    assert drain(rescore="all").scored == 1
    assert len(list((outbox / "reports").glob("bundle=*/*.html"))) == 1


@pytest.mark.slow
def test_recent_files_are_checked_twice(scored, champions):
    drain, inbox, _ = scored
    shutil.copy(champions.wells / "W-5.las", inbox / "recent.las")
    shutil.copy(champions.wells / "W-4.las", inbox / "old.las")
    os.utime(inbox / "old.las", (1e9, 1e9))
    assert drain(settle_seconds=0.5).scored == 2
    later = time.time() + 1e6  # a sender's clock that goes ahead
    shutil.copy(champions.wells / "W-3.las", inbox / "future.las")
    os.utime(inbox / "future.las", (later, later))
    waiting = drain(settle_seconds=60)
    assert (waiting.left, waiting.outcomes[0].findings[0].code) == (1, "still-arriving")
    assert not waiting.outcomes[0].is_fault
    assert drain(settle_seconds=0.5).scored == 1


def test_odd_names_and_links_are_scored_under_their_names(cheaply_scored, champions):
    drain, inbox, outbox = cheaply_scored
    text = (champions.wells / "W-5.las").read_text()
    names = [
        "a b  c.las",
        "\u0441\u043a\u0432\u0430\u0436\u0438\u043d\u0430 \U0001f980.las",
        "x" * 246 + ".las",
        "50%'\".las",
    ]
    for number, name in enumerate(names):
        (inbox / name).write_text(text + "\n" * number)
    with open(os.fsencode(inbox) + b"/latin-\xe9.las", "w") as stream:  # noqa: PTH123 - a name that is no text
        stream.write(text + "\n" * 9)
    (inbox / "inside.las").symlink_to(inbox / names[0])
    (outbox.parent / "secret.las").write_text(text + "secret")
    (inbox / "outside.las").symlink_to(outbox.parent / "secret.las")
    (inbox / "dangling.las").symlink_to(inbox / "nowhere")
    os.mkfifo(inbox / "pipe.las")
    summary = drain()
    assert (summary.scored, summary.skipped, summary.left) == (5, 1, 2)
    codes = {Path(o.path).name: o.findings[0].code for o in summary.outcomes if o.fate == "left"}
    assert codes == {"outside.las": "outside-root", "pipe.las": "not-regular"}
    assert len(list((outbox / "las").glob("*.las"))) == 5
    assert drain().skipped == 6


def test_an_inbox_behind_a_url_is_drained(cheaply_scored, champions):
    import fsspec

    drain, _, outbox = cheaply_scored
    memory = fsspec.filesystem("memory")
    memory.pipe("/arrivals/sub/W-5.las", (champions.wells / "W-5.las").read_bytes())
    memory.pipe("/arrivals/growing.las.part", b"no")
    try:
        assert drain(inbox="memory://arrivals").scored == 1
        assert drain(inbox="memory://arrivals").skipped == 1
        table = pq.read_table(next(outbox.rglob("*.parquet")), partitioning=None)
        assert set(table["source"].to_pylist()) == {"memory://arrivals/sub/W-5.las"}
        assert not list(champions.settings.arriving_dir.rglob("*.las"))
    finally:
        memory.rm("/arrivals", recursive=True)


@pytest.mark.slow
def test_a_newer_champion_is_picked_up_between_batches(scored, champions, monkeypatch):
    drain, inbox, outbox = scored
    for number in range(4):
        write_las(make_well(f"N-{number}", samples=200, seed=50 + number), inbox / f"N-{number}.las")
    real, asked = choose_bundle.open_scorer, itertools.count(70)

    def newer_each_time(ref, settings):
        return real(ref, settings).model_copy(update={"version": str(next(asked))})

    monkeypatch.setattr(choose_bundle, "open_scorer", newer_each_time)
    assert drain(batch=1).scored == 4
    assert len(list((outbox / "scores" / "kind=logs").iterdir())) == 4, "each batch asked anew"


def test_a_bundle_that_was_altered_is_refused(champions, tmp_path):
    from aemodels.core.errors import BundleError

    model = get(champions.settings, "models:/sondeflow-logs@champion")
    copy = tmp_path / "bundle"
    shutil.copytree(download_bundle(champions.settings, model), copy)
    victim = next(copy.glob("*.npz"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="sha256"):
        open_scorer(str(copy), champions.settings)
