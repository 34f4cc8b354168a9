"""Verification of the ledger's results: lost, altered, unreadable and moved files; what a newer outcome replaces."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tasks.ledger import (
    ClaimOutcome,
    ClaimRequest,
    Filter,
    Heartbeat,
    Key,
    acquire_claims,
    allow_again,
    entries,
    open_ledger,
    record_outcomes,
    remove_former,
    remove_retried,
    retry,
    verify_outputs,
)
from tasks.scoring.places.inbox import OUTPUT_FOLDERS

CONTENTS = tuple(letter * 64 for letter in "abc")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(outbox: Path, content: str, version: str = "1") -> dict[str, str]:
    """Two results of a content, and their hashes by path."""
    found = {}
    names = (f"scores/kind=logs/bundle=m-v{version}/{content}.parquet", f"reports/{content[:8]}.html")
    for name in names:
        path = outbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content} {version} {name}")
        found[str(path)] = sha(path.read_text())
    return found


@pytest.fixture
def outbox(tmp_path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def engine(tmp_path, outbox):
    """A ledger with three published contents, two results each."""
    engine = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    with Heartbeat(engine, str(outbox), 60.0) as me:
        for content in CONTENTS:
            (claim,) = acquire(engine, me.owner, content).values()
            record_outcomes(engine, [ClaimOutcome(claim, "published", hashes=write(outbox, content))])
    return engine


def acquire(engine, owner, content, version="1"):
    key = Key(content, "m", version, version * 64)
    return acquire_claims(engine, [ClaimRequest(key, f"/in/{content[:3]}.las", once=True)], owner=owner)


def verify(engine, outbox):
    return verify_outputs(engine, outbox, OUTPUT_FOLDERS)


def test_results_as_recorded_are_no_problem(engine, outbox):
    found = verify(engine, outbox)
    assert (found.contents, found.files, found.moved, found.problems, found.lost_outboxes) == (3, 6, 0, [], {})


def test_lost_and_altered_results_are_found_and_scored_again(engine, outbox):
    (outbox / "reports" / "aaaaaaaa.html").unlink()
    (outbox / "reports" / "bbbbbbbb.html").write_text("altered")
    found = verify(engine, outbox)
    assert [(problem.kind, problem.sha256) for problem in found.problems] == [
        ("lost", CONTENTS[0]),
        ("altered", CONTENTS[1]),
    ]
    assert found.lost_outboxes == {}
    assert allow_again(engine, found.rows) == 2
    assert {entry.sha256: entry.state for entry in entries(engine)} == {
        CONTENTS[0]: "failed",
        CONTENTS[1]: "failed",
        CONTENTS[2]: "published",
    }


def test_a_lost_outbox_is_named_once_with_the_number_of_its_results(engine, outbox, tmp_path):
    outbox.rename(tmp_path / "unplugged")
    found = verify(engine, outbox)
    assert found.lost_outboxes == {str(outbox): 6}
    assert {problem.kind for problem in found.problems} == {"lost"}


def test_an_outbox_that_was_moved_is_found_and_the_ledger_corrected(engine, outbox, tmp_path):
    now = tmp_path / "elsewhere" / "results"
    now.parent.mkdir()
    outbox.rename(now)
    (now / "reports" / "cccccccc.html").write_text("not what was recorded")
    found = verify(engine, now)
    assert found.moved == 5
    assert [problem.path for problem in found.problems] == [str(outbox / "reports" / "cccccccc.html")]
    again = verify(engine, now)
    assert again.moved == 0
    assert len(again.problems) == 1


def test_a_content_that_two_versions_have_refused_is_in_quarantine_once(engine, outbox, tmp_path):
    content = "d" * 64
    reason = outbox / "quarantine" / content / "reason.json"
    reason.parent.mkdir(parents=True)
    with Heartbeat(engine, str(outbox), 60.0) as me:
        for version in ("1", "2"):  # each writes the reason again, with the path that the file then had
            reason.write_text(f"source: home {version}")
            key = Key(content, "m", version, version * 64)
            (claim,) = acquire_claims(engine, [ClaimRequest(key, "/in/d.las")], owner=me.owner).values()
            found = ClaimOutcome(claim, "quarantined", "unusable", {str(reason): sha(reason.read_text())})
            record_outcomes(engine, [found])
    assert verify(engine, outbox).problems == []
    outbox.rename(tmp_path / "moved")
    found = verify(engine, tmp_path / "moved")
    assert (found.moved, found.problems) == (8, [])
    assert verify(engine, tmp_path / "moved").problems == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--retry", "lost"), 1),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (((), 1), (("--retry", "all"), 2))),
    ],
)
def test_the_command_fails_if_a_result_is_lost(engine, outbox, tmp_path, options, code):
    import json
    import os
    import subprocess
    import sys

    from helpers.paths import ROOT

    (outbox / "reports" / "aaaaaaaa.html").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "flows", "ledger", "--verify", *options, "--json"],
        cwd=ROOT,
        env={**os.environ, "SONDEFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    answer = json.loads(done.stdout)
    if code == 1:
        assert [problem["kind"] for problem in answer["problems"]] == ["lost"]
        assert answer["retried"] == len(options) // 2


def test_a_retry_by_a_newer_version_leaves_neither_row_nor_files_of_the_older(engine, outbox):
    old = write(outbox, CONTENTS[0])
    assert retry(engine, Filter(sha256=CONTENTS[0])) == 1
    with Heartbeat(engine, str(outbox), 60.0) as me:
        (claim,) = acquire(engine, me.owner, CONTENTS[0], "2").values()
        assert not claim.own_folder, "it takes the place of the older one"
        new = write(outbox, CONTENTS[0], "2")
        record_outcomes(engine, [ClaimOutcome(claim, "published", hashes=new)])
        assert remove_former(claim.former, new, outbox) == 1
        remove_retried(engine, [claim])
    assert [(entry.version, entry.state) for entry in entries(engine, Filter(sha256=CONTENTS[0]))] == [
        ("2", "published")
    ]
    assert verify(engine, outbox).problems == []
    assert [path for path in old if path not in new and Path(path).exists()] == []


def test_a_former_result_that_was_altered_or_lies_in_another_outbox_is_kept(outbox, tmp_path):
    former = {**write(outbox, CONTENTS[0]), **write(tmp_path / "other", CONTENTS[0])}
    altered = outbox / "reports" / "aaaaaaaa.html"
    altered.write_text("with notes of a reviewer")
    assert remove_former(former, [], outbox) == 1
    assert altered.exists()
    assert len([path for path in (tmp_path / "other").rglob("*") if path.is_file()]) == 2


def test_without_a_retry_the_row_of_another_version_stays(engine, outbox):
    with Heartbeat(engine, str(outbox), 60.0) as me:
        key = Key(CONTENTS[0], "m", "2", "2" * 64)
        (claim,) = acquire_claims(engine, [ClaimRequest(key, "/in/a.las")], owner=me.owner).values()
    assert claim.own_folder
    assert (claim.former, claim.retried) == ({}, ())
