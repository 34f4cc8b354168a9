"""Reviews that arrive in the inbox: kept once by their content, bad ones quarantined with the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.cheap_bundle import fill, save_cheap_bundle
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.scoring.direct import score_files
from tasks.scoring.inbox import score_inbox
from tasks.scoring.request import ScoreRequest
from tasks.settings import Settings

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    return str(save_cheap_bundle(tmp_path_factory.mktemp("cheap") / "bundle"))


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return Settings()


def review(author: str = "A", **changes: object) -> str:
    decision = {"action": "add", "top_m": 7.0, "base_m": 9.0, "curves": ["GR"]}
    values = {"sondeflow_review": 1, "sha256": "ab" * 32, "author": author, "made_at": "2026-01-31T06:00:00Z"}
    return json.dumps(values | {"decisions": [decision]} | changes)


def drain(tmp_path: Path, settings: Settings, bundle: str):
    request = ScoreRequest(inbox=str(tmp_path / "inbox"), outbox=str(tmp_path / "outbox"), bundle=bundle)
    return score_inbox(request.model_copy(update={"settle_seconds": 0.0}).filled(settings), settings)


def test_reviews_are_kept_once_and_bad_ones_quarantined_with_their_reason(tmp_path, settings, bundle):
    inbox, outbox = tmp_path / "inbox", tmp_path / "outbox"
    fill(inbox, 1)
    (inbox / "A.review.json").write_text(review())
    (inbox / "copy of A.REVIEW.JSON").write_text(json.dumps(json.loads(review()), indent=3))
    (inbox / "bad.review.json").write_text(review(made_at="2026-01-31T06:00:00"))
    before = {path: path.read_bytes() for path in inbox.rglob("*") if path.is_file()}
    summary = drain(tmp_path, settings, bundle)
    assert (summary.files, summary.scored, summary.reviewed, summary.skipped, summary.quarantined) == (4, 1, 1, 1, 1)
    ledger = open_ledger(settings.ledger_url)
    assert [one.author for one in kept_reviews(ledger)] == ["A"]
    (reason,) = (outbox / "quarantine").glob("*/reason.json")
    (finding,) = json.loads(reason.read_text())["findings"]
    assert finding["code"] == "bad-review"
    assert "made_at has no time zone" in finding["found"]
    assert (reason.parent / "bad.review.json").read_bytes() == before[inbox / "bad.review.json"]
    (inbox / "B.review.json").write_text(review("B"))
    again = drain(tmp_path, settings, bundle)
    assert (again.new, again.reviewed, again.skipped, again.quarantined) == (1, 1, 4, 0)
    assert len(kept_reviews(ledger)) == 2
    assert {path: path.read_bytes() for path in before} == before


def test_a_review_that_was_added_by_hand_before_is_known(tmp_path, settings, bundle, command_json):
    (tmp_path / "inbox" / "more").mkdir(parents=True)
    (tmp_path / "inbox" / "more" / "A.review.json").write_text(review())
    code, answer = command_json("reviews", "add", str(tmp_path / "inbox"))
    assert (code, [row["result"] for row in answer["reviews"]]) == (0, ["kept"])
    summary = drain(tmp_path, settings, bundle)
    assert (summary.reviewed, summary.skipped) == (0, 1)


def test_scoring_a_folder_at_once_leaves_reviews_and_says_what_keeps_them(tmp_path, settings, bundle):
    fill(tmp_path / "wells", 1)
    (tmp_path / "wells" / "A.review.json").write_text(review())
    summary = score_files([tmp_path / "wells"], settings, bundle=bundle)
    assert (summary.scored, summary.left) == (1, 1)
    (left,) = (outcome for outcome in summary.outcomes if outcome.fate == "left")
    assert "sondeflow reviews add" in left.findings[0].remedy
    assert not left.is_fault


def test_reviews_that_are_made_to_harm_are_quarantined_beside_good_ones(tmp_path, settings, bundle):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "A.review.json").write_text(review())
    (inbox / "deep.review.json").write_text('{"sondeflow_review":' + "[" * 2_000_000)
    (inbox / "digits.review.json").write_text('{"sondeflow_review": ' + "1" * 4_000_000 + "}")
    (inbox / "long.review.json").write_text(review("A" * 5_000_001))
    os.mkfifo(inbox / "pipe.review.json")
    summary = drain(tmp_path, settings, bundle)
    assert (summary.reviewed, summary.quarantined) == (1, 3)
    reasons = [json.loads(path.read_text()) for path in (tmp_path / "outbox").glob("quarantine/*/reason.json")]
    assert {finding["code"] for reason in reasons for finding in reason["findings"]} == {"bad-review"}
    assert [one.author for one in kept_reviews(open_ledger(settings.ledger_url))] == ["A"]
