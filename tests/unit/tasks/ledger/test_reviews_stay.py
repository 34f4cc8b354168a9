"""Reviews are never lost: they are in every copy of the ledger, and what was reviewed is kept."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine

from aemodels.review.document import parse_review
from tasks.ledger import ClaimOutcome, ClaimRequest, Heartbeat, Key, acquire_claims, open_ledger, record_outcomes
from tasks.ledger.copy import _copy_tables, is_empty, load_copy, save_copy
from tasks.ledger.reviews import add_review, kept_reviews
from tasks.ledger.superseded import old_outcomes

CONTENTS = ("a" * 64, "b" * 64)
REVIEW = parse_review(
    json.dumps(
        {
            "sondeflow_review": 1,
            "sha256": CONTENTS[0],
            "well": "A-1",
            "author": "A",
            "made_at": "2026-01-31T06:00:00Z",
            "decisions": [{"action": "add", "top_m": 7.0, "base_m": 9.0, "curves": ["GR"], "reason": "washout"}],
        }
    ).encode(),
    "a.json",
)


@pytest.fixture
def engine(tmp_path):
    """A ledger in which two versions have published two contents."""
    engine = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    with Heartbeat(engine, str(tmp_path / "outbox"), 60.0) as me:
        for version in ("1", "2"):
            for content in CONTENTS:
                key = Key(content, "m", version, version * 64)
                requests = [ClaimRequest(key, f"/in/{content[:3]}.las", once=False)]
                (claim,) = acquire_claims(engine, requests, owner=me.owner).values()
                record_outcomes(engine, [ClaimOutcome(claim, "published", hashes={f"/out/{version}/{content}": "0"})])
    return engine


def found(engine):
    return old_outcomes(engine, published_before="9999", quarantined_before="9999").superseded


def test_results_of_a_reviewed_content_are_not_superseded(engine):
    before = {(old.sha256, old.version) for old in found(engine)}
    assert before == {(content, "1") for content in CONTENTS}
    assert add_review(engine, REVIEW)
    assert {old.sha256 for old in found(engine)} == {CONTENTS[1]}


def test_reviews_are_in_copies_and_a_ledger_with_reviews_is_in_use(engine, tmp_path):
    add_review(engine, REVIEW)
    save_copy(engine, tmp_path / "copy.db")
    other = open_ledger(f"sqlite:///{tmp_path}/other.db")
    assert is_empty(other)
    load_copy(tmp_path / "copy.db", other)
    assert [one.content_hash for one in kept_reviews(other)] == [REVIEW.content_hash]

    by_tables = open_ledger(f"sqlite:///{tmp_path}/tables.db")  # as a ledger on a server is copied
    with create_engine(f"sqlite:///{tmp_path}/copy.db").connect() as reading:
        _copy_tables(reading, by_tables)
    assert [one.content_hash for one in kept_reviews(by_tables)] == [REVIEW.content_hash]

    reviewed = open_ledger(f"sqlite:///{tmp_path}/reviewed.db")
    add_review(reviewed, REVIEW)
    assert not is_empty(reviewed)
