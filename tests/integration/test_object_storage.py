"""Inbox, outbox and bundle in an object store: an S3 server on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import sondeflow
from aemodels.core.errors import DataError
from aemodels.io.segy.writer import write_segy
from flows.cli.app import app
from helpers.cheap_bundle import fill, save_cheap_bundle
from helpers.recordings import make_line
from helpers.s3_server import SECRET, S3Server, s3_server
from tasks.field.after_scoring import field_page
from tasks.field.make import FieldRequest, make_field
from tasks.field.stored import make_stored_field
from tasks.ledger import entries, open_ledger, verify_outputs
from tasks.review.after_scoring import use_reviews
from tasks.scoring.inbox import BlockedError, score_inbox
from tasks.scoring.places.inbox import OUTPUT_FOLDERS
from tasks.scoring.request import ScoreRequest, ScoreSummary
from tasks.settings import Settings

WELLS = 5
INBOX, OUTBOX = "s3://field/in", "s3://field/out"


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server("field") as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle and five wells, one with a name beyond ASCII, an unreadable file, and a line that no bundle scores."""
    folder = tmp_path_factory.mktemp("field")
    fill(folder / "in", WELLS)
    min((folder / "in").rglob("*.las")).rename(folder / "in" / "børing ä 1.las")
    (folder / "in" / "letter.las").write_text("Dear all,\n")
    write_segy(make_line(traces=5, samples=30), folder / "in" / "line.sgy")
    save_cheap_bundle(folder / "bundle")
    return folder


def upload(server: S3Server, folder: Path, address: str) -> None:
    server.system.put(str(folder), address, recursive=True)


def run(home: Path, outbox: str, bundle: str, inbox: str = INBOX, **more: object) -> ScoreSummary:
    settings = Settings(home=home, settle_seconds=0, workers=1, **more)
    return score_inbox(ScoreRequest(inbox=inbox, outbox=outbox, bundle=bundle).filled(settings), settings)


@pytest.fixture(scope="module")
def scored(store: S3Server, folder: Path) -> tuple[ScoreSummary, ScoreSummary]:
    """The inbox of the bucket, scored into a folder and into the bucket by a bundle of the bucket; both summaries."""
    upload(store, folder / "in", INBOX)
    upload(store, folder / "bundle", "s3://field/bundle")
    local = run(folder / "home-local", str(folder / "out"), str(folder / "bundle"))
    return local, run(folder / "home", OUTBOX, "s3://field/bundle")


def test_the_outbox_of_a_bucket_is_that_of_a_folder(scored, store, folder):
    local, remote = scored
    assert (remote.scored, remote.quarantined, remote.left, remote.failed) == (WELLS, 1, 1, 0)
    files = {
        path.relative_to(folder / "out").as_posix(): path.read_bytes()
        for path in (folder / "out").rglob("*")
        if path.is_file()
    }
    assert len(files) == 3 * WELLS + 2
    there = store.files(OUTBOX)
    assert there.keys() == files.keys()
    assert [name for name in files if there[name] != files[name]] == []
    assert {outcome.path for outcome in remote.outcomes} == {outcome.path for outcome in local.outcomes}


def test_inputs_are_as_they_were(scored, store, folder):
    files = [path for path in (folder / "in").rglob("*") if path.is_file()]
    given = {path.relative_to(folder / "in").as_posix(): path.read_bytes() for path in files}
    assert store.files(INBOX) == given


def test_the_ledger_names_the_objects_and_nothing_is_scored_again(scored, store, folder):
    ledger = open_ledger(Settings(home=folder / "home").ledger_url)
    rows = [row for row in entries(ledger) if row.state in {"published", "quarantined"}]
    assert Counter(row.state for row in rows) == {"published": WELLS, "quarantined": 1}
    assert {name for row in rows for name in row.outputs} == {f"{OUTBOX}/{key}" for key in store.files(OUTBOX)}
    checked = verify_outputs(ledger, folder / "out", OUTPUT_FOLDERS)
    assert (checked.files, checked.problems) == (3 * WELLS + 2, [])
    before = store.requests["PUT"]
    again = run(folder / "home", OUTBOX, "s3://field/bundle")
    assert (again.new, again.skipped) == (0, WELLS + 1)
    assert store.requests["PUT"] == before


def test_a_lost_and_an_altered_object_are_found(scored, store, folder):
    ledger = open_ledger(Settings(home=folder / "home").ledger_url)
    lost, altered, *_ = (f"{OUTBOX}/{key}" for key in sorted(store.files(OUTBOX)) if key.startswith("las"))
    kept = {name: store.system.cat_file(name) for name in (lost, altered)}
    store.system.rm_file(lost)
    store.system.pipe_file(altered, b"altered")
    try:
        found = verify_outputs(ledger, folder / "out", OUTPUT_FOLDERS)
        assert {(problem.kind, problem.path) for problem in found.problems} == {("lost", lost), ("altered", altered)}
    finally:
        for name, content in kept.items():
            store.system.pipe_file(name, content)


def test_nothing_is_left_in_the_home(scored, folder):
    assert list((folder / "home" / "arriving").iterdir()) == []


def test_scores_are_read_from_the_bucket(scored, folder):
    there = sondeflow.read_scores(OUTBOX).to_table().sort_by([("sha256", "ascending"), ("depth", "ascending")])
    here = sondeflow.read_scores(folder / "out").to_table().sort_by([("sha256", "ascending"), ("depth", "ascending")])
    assert there.equals(here)
    assert there.num_rows > 0


def test_the_scorecard_of_a_bucket_is_that_of_a_folder(scored, folder, store, monkeypatch):
    monkeypatch.setenv("SONDEFLOW_HOME", str(folder / "home"))

    def card(outbox: str) -> dict[str, object]:
        done = CliRunner().invoke(app, ["field", outbox, "--out", str(folder / "page.html"), "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    here, there = card(str(folder / "out")), card(OUTBOX)
    assert there == here
    store.requests.clear()
    assert card(OUTBOX)["read"] == 0, "what is unchanged is not read again"
    assert store.requests["GET"] <= 3


PAGES = ("field.html", "field.json", "field.parquet", "field.curves.parquet", "summaries.json.gz")


def scorecard(store: S3Server, outbox: str = OUTBOX) -> dict[str, bytes]:
    """The scorecard in an outbox, by name."""
    return store.files(f"{outbox}/scorecard")


@pytest.fixture
def copied(scored, store, folder) -> Iterator[str]:
    """An outbox of its own in the bucket, with what was scored."""
    outbox = f"s3://field/{folder.parent.name}-copy"
    upload(store, folder / "out", outbox)
    yield outbox
    store.system.rm(outbox, recursive=True)


def test_a_run_writes_the_scorecard_beside_its_results_in_the_bucket(copied, store, folder, tmp_path):
    settings = Settings(home=tmp_path / "home")
    said = field_page.fn(copied, settings)
    assert f"Page: `{copied}/scorecard/field.html`" in said
    there = scorecard(store, copied)
    assert set(there) == set(PAGES)
    (tmp_path / "tables.parquet").write_bytes(there["field.parquet"])
    assert pq.read_table(tmp_path / "tables.parquet").num_rows == WELLS
    assert {row["name"] for row in json.loads(there["field.json"])["files"]} == {f"W-{n}" for n in range(WELLS)}
    links = set(re.findall(r"\.\./reports/[^\"]+\.html", there["field.html"].decode()))
    assert {f"reports/{unquote(link).rpartition('/')[2]}" for link in links} == {
        key for key in store.files(copied) if key.startswith("reports")
    }
    local = make_field(FieldRequest(outbox=folder / "out", out=tmp_path / "f.html"), settings)
    for own, other in (("field.json", local.tables[0]), ("field.parquet", local.tables[1])):
        assert there[own] == Path(other).read_bytes()


def test_the_scorecard_in_the_bucket_reads_new_files_only_and_writes_what_differs(copied, store, folder, tmp_path):
    settings = Settings(home=tmp_path / "home")
    assert make_stored_field(copied, settings).read == WELLS
    before = scorecard(store, copied)
    store.requests.clear()
    assert make_stored_field(copied, settings).read == 0
    small = sum(key.endswith("reason.json") for key in store.files(copied))
    store.requests.clear()
    assert make_stored_field(copied, settings).read == 0
    assert store.requests["PUT"] == 0, "what is there already is not written again"
    assert store.requests["GET"] <= small + 3, "reasons and listings"
    (gone, *_) = (key for key in store.files(copied) if key.startswith("scores"))
    content = store.system.cat_file(f"{copied}/{gone}")
    store.system.rm_file(f"{copied}/{gone}")
    assert make_stored_field(copied, settings).wells == WELLS - 1
    store.system.pipe_file(f"{copied}/{gone}", content)
    again = make_stored_field(copied, settings)
    assert (again.wells, again.read) == (WELLS, 1)
    assert scorecard(store, copied)["field.html"] == before["field.html"]


def test_another_machine_starts_from_the_summaries_in_the_bucket(copied, store, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.field.stored.ENOUGH", 2)
    make_stored_field(copied, Settings(home=tmp_path / "one"))
    assert make_stored_field(copied, Settings(home=tmp_path / "other")).read == 0
    store.system.pipe_file(f"{copied}/scorecard/summaries.json.gz", b"damaged")
    assert make_stored_field(copied, Settings(home=tmp_path / "third")).read == WELLS


def test_a_page_that_somebody_else_writes_meanwhile_is_not_overwritten_unseen(copied, store, tmp_path, monkeypatch):
    settings = Settings(home=tmp_path / "home")
    make_stored_field(copied, settings)
    page = f"{copied}/scorecard/field.html"
    written = []

    def meanwhile(method: str, path: str, query: str) -> None:
        if method == "GET" and "list-type" in query and not written:  # after the page was looked at
            written.append(path)
            store.refused = lambda *_: None
            store.system.pipe_file(page, b"of another machine")

    store.refused = meanwhile
    try:
        with monkeypatch.context() as patch:
            patch.setattr("tasks.field.stored.TRIES", 1)
            with pytest.raises(DataError, match="written by somebody else meanwhile"):
                make_stored_field(copied, settings, title="Of an older listing")
        assert store.system.cat_file(page) == b"of another machine"
    finally:
        store.refused = lambda *_: None
    make_stored_field(copied, settings, title="Of a newer listing")
    assert b"<h1>Of a newer listing</h1>" in store.system.cat_file(page)


def test_the_command_writes_the_page_into_the_bucket(copied, store, tmp_path, monkeypatch):
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    page = f"{copied}/scorecard/north.html"
    done = CliRunner().invoke(app, ["field", copied, "--out", page, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert (answer["page"], answer["wells"], answer["quarantined"]) == (page, WELLS, 1)
    assert {"north.html", "north.json"} < set(scorecard(store, copied))
    elsewhere = CliRunner().invoke(app, ["field", copied, "--out", f"{copied}/reports/a.html", "--json"])
    assert elsewhere.exit_code != 0
    assert "scorecard/field.html" in elsewhere.output


def test_the_scorecard_is_written_to_any_store(scored, folder, tmp_path):
    import fsspec

    system = fsspec.filesystem("memory")
    system.put(str(folder / "out"), "/cards/out", recursive=True)
    try:
        settings = Settings(home=tmp_path / "home")
        result = make_stored_field("memory://cards/out", settings)
        assert (result.page, result.read) == ("memory://cards/out/scorecard/field.html", WELLS)
        assert system.cat_file("/cards/out/scorecard/field.html").startswith(b"<!doctype html>")
        assert make_stored_field("memory://cards/out", settings, title="Again").read == 0
        assert b"<h1>Again</h1>" in system.cat_file("/cards/out/scorecard/field.html")
    finally:
        system.rm("/cards", recursive=True)


def reviewed_content(folder: Path) -> str:
    return min(path.stem for path in (folder / "out" / "scores").rglob("*.parquet"))


def review_of(folder: Path, author: str) -> str:
    """The review of somebody who adds an interval in the first of the wells."""
    decision = {"action": "add", "top_m": 1010.0, "base_m": 1012.0, "curves": ["GR"]}
    values = {"sondeflow_review": 1, "sha256": reviewed_content(folder), "author": author}
    return json.dumps(values | {"made_at": "2026-01-31T06:00:00Z", "decisions": [decision]})


def test_reviews_in_the_bucket_are_kept_and_shown_as_in_a_folder(scored, folder, store, monkeypatch):
    monkeypatch.setenv("SONDEFLOW_HOME", str(folder / "reviewer"))
    store.system.pipe_file(f"{OUTBOX}/reviews/a.review.json", review_of(folder, "A").encode())
    before = {name: store.system.cat(name) for name in store.system.find(OUTBOX)}

    def apply(outbox: str) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["reviews", "apply", outbox, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    there = apply(OUTBOX)
    assert [row["result"] for row in there["reviews"]] == ["kept"]
    (row,) = there["wells"]
    assert [address.rpartition(".")[2] for address in row["written"]] == ["json", "html", "las"]
    shutil.copytree(folder / "out", folder / "reviewed")
    here = apply(str(folder / "reviewed"))
    added = set(store.system.find(OUTBOX)) - set(before)
    assert {f"s3://{name}" for name in added} == set(row["written"])
    for path in here["wells"][0]["written"]:
        assert store.system.cat(f"{OUTBOX}/{Path(path).relative_to(folder / 'reviewed')}") == Path(path).read_bytes()
    assert {name: store.system.cat(name) for name in before} == before, "nothing published was changed"
    store.requests.clear()
    assert apply(OUTBOX)["reviews"][0]["result"] == "known"
    assert store.requests["PUT"] == 0, "what is there already is not written again"


@pytest.mark.slow
def test_a_run_shows_reviews_in_the_bucket_once(scored, folder, store, tmp_path):
    store.system.pipe_file(f"{OUTBOX}/reviews/b.review.json", review_of(folder, "B").encode())
    settings = Settings(home=tmp_path / "home")
    assert "decisions are shown in 1 files" in use_reviews.fn(OUTBOX, settings)
    assert store.system.exists(f"{OUTBOX}/reviews/{reviewed_content(folder)}.json")
    assert use_reviews.fn(OUTBOX, settings) == ""


def test_no_credential_reaches_a_scoring_process_or_a_file(scored, folder):
    from tasks.scoring.start_worker import _environment

    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert not [name for name in _environment(1, folder) if name.startswith("AWS_")]
    holders = [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert holders == []


@pytest.mark.slow
def test_two_scorers_at_once_double_nothing(store, folder, tmp_path):
    """Two processes with one ledger; every tenth request fails, half of those after they were done."""
    upload(store, folder / "in", "s3://field/in2")
    environment = {**os.environ, "SONDEFLOW_HOME": str(tmp_path), "SONDEFLOW_BATCH": "2", "SONDEFLOW_WORKERS": "1"}
    command = [sys.executable, "-m", "flows", "score", "s3://field/in2", "--out", "s3://field/out2", "--json"]
    command += ["--bundle", str(folder / "bundle")]
    store.fail_every = 10
    try:
        running = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        answers = [json.loads(process.communicate(timeout=300)[0]) for process in running]
    finally:
        store.fail_every = 0
    assert sum(answer["scored"] for answer in answers) == WELLS
    assert store.failed > 3
    rows = entries(open_ledger(f"sqlite:///{tmp_path}/ledger.db"))
    assert Counter(row.state for row in rows if row.outputs) == {"published": WELLS, "quarantined": 1}
    there = store.files("s3://field/out2")
    for row in rows:
        for name, digest in row.hashes.items():
            assert hashlib.sha256(there.pop(name.removeprefix("s3://field/out2/"))).hexdigest() == digest
    assert there == {}


@pytest.mark.slow
def test_a_finished_result_of_another_ledger_is_not_overwritten(scored, store, folder, tmp_path):
    """What somebody else wrote under the same name stays, and the file is reported, not lost."""
    key = next(key for key in sorted(store.files(OUTBOX)) if key.startswith("reports"))
    upload(store, folder / "out", "s3://field/out3")
    store.system.pipe_file(f"s3://field/out3/{key}", b"of another one")
    summary = run(tmp_path, "s3://field/out3", str(folder / "bundle"))
    assert store.system.cat_file(f"s3://field/out3/{key}") == b"of another one"
    assert (summary.scored, summary.quarantined, summary.failed) == (WELLS - 1, 1, 1)
    (outcome,) = (outcome for outcome in summary.outcomes if outcome.fate == "failed")
    assert outcome.findings[0].code == "object-exists"
    assert key in outcome.findings[0].found


@pytest.mark.slow
def test_what_an_unfinished_attempt_left_is_replaced(scored, store, folder, tmp_path):
    """Copy and report without scores: the scores come last, so nobody has finished this file."""
    upload(store, folder / "out", "s3://field/out4")
    there = store.files("s3://field/out4")
    scores = next(key for key in sorted(there) if key.startswith("scores"))
    report = next(key for key in there if key.startswith("reports") and Path(scores).stem[:8] in key)
    store.system.rm_file(f"s3://field/out4/{scores}")
    store.system.pipe_file(f"s3://field/out4/{report}", b"half of it")
    summary = run(tmp_path, "s3://field/out4", str(folder / "bundle"))
    assert (summary.scored, summary.failed) == (WELLS, 0)
    assert store.files("s3://field/out4") == there


@pytest.mark.slow
def test_a_store_that_refuses_blocks_the_run_and_loses_nothing(store, folder, tmp_path):
    upload(store, folder / "in", "s3://field/in5")
    store.refused = lambda method, path, _: (403, b"<Error><Code>AccessDenied</Code></Error>") if (
        method == "PUT" and path.startswith("/field/out5/scores")
    ) else None  # fmt: skip
    try:
        with pytest.raises(BlockedError, match=r"(?i)denied"):
            run(tmp_path, "s3://field/out5", str(folder / "bundle"), inbox="s3://field/in5")
    finally:
        store.refused = lambda *_: None
    assert not [key for key in store.files("s3://field/out5") if key.startswith("scores")]
    assert run(tmp_path, "s3://field/out5", str(folder / "bundle"), inbox="s3://field/in5").scored == WELLS
    assert len(store.files("s3://field/out5")) == 3 * WELLS + 2
