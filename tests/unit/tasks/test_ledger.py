"""The ledger: one claim a content and version, whoever asks and how many at once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tasks import ledger
from tasks.ledger import Key, Outcome, claim, entries, forget, open_ledger, release, retry, settle

KEY = Key("a" * 64, "sondeflow-logs", "1")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/sub/ledger.db"


@pytest.fixture
def engine(url):
    return open_ledger(url)


def _alter(engine, **values):
    with engine.begin() as connection:
        connection.execute(update(ledger._arrivals).values(**values))


def _dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_content_is_claimed_once(engine):
    assert claim(engine, KEY, source="/in/a.las")
    assert not claim(engine, KEY, source="/in/renamed.las")


def test_another_version_is_another_claim(engine):
    assert claim(engine, KEY, source="a")
    assert claim(engine, Key(KEY.sha256, KEY.model, "2"), source="a")


def test_of_many_workers_exactly_one_gets_the_claim(url):
    open_ledger(url)

    def ask(_):
        return claim(open_ledger(url), KEY, source="a")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 1


def test_of_many_workers_exactly_one_takes_over_a_failure(url):
    engine = open_ledger(url)
    claim(engine, KEY, source="a")
    settle(engine, KEY, Outcome("failed", "disk full"))

    def ask(_):
        return claim(open_ledger(url), KEY, source="a", max_attempts=2)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 1
    assert entries(engine)[0].attempts == 2


@pytest.mark.parametrize("state", ["published", "quarantined"])
def test_what_is_done_stays_done(engine, state):
    claim(engine, KEY, source="a")
    settle(engine, KEY, Outcome(state, outputs=("x.parquet",), seconds=1.5))
    assert not claim(engine, KEY, source="a", max_attempts=99)
    entry = entries(engine)[0]
    assert (entry.state, entry.outputs, entry.seconds) == (state, ("x.parquet",), 1.5)
    assert entry.settled_at >= entry.claimed_at


def test_a_failure_is_tried_again_only_so_often(engine):
    tries = 0
    while claim(engine, KEY, source="a", max_attempts=3):
        settle(engine, KEY, Outcome("failed", "unforeseen"))
        tries += 1
    assert tries == 3


def test_a_dead_workers_claim_is_taken_over(engine):
    claim(engine, KEY, source="a")
    _alter(engine, owner=f"{socket.gethostname()}:{_dead_process()}")
    assert claim(engine, KEY, source="a")
    assert entries(engine)[0].attempts == 2


def test_a_living_workers_claim_is_not(engine):
    claim(engine, KEY, source="a")
    _alter(engine, owner=f"{socket.gethostname()}:{os.getppid()}")
    assert not claim(engine, KEY, source="a")


def test_another_machines_claim_is_taken_over_only_when_stale(engine):
    claim(engine, KEY, source="a")
    _alter(engine, owner="elsewhere:1")
    assert not claim(engine, KEY, source="a")
    _alter(engine, claimed_at=(datetime.now(UTC) - ledger.STALE - timedelta(seconds=1)).isoformat())
    assert claim(engine, KEY, source="a")


def test_a_content_that_kills_its_worker_is_given_up(engine):
    for _ in range(3):
        assert claim(engine, KEY, source="a", max_attempts=3)
        _alter(engine, owner=f"{socket.gethostname()}:{_dead_process()}")
    assert not claim(engine, KEY, source="a", max_attempts=3)
    entry = entries(engine)[0]
    assert entry.state == "failed"
    assert "died 3 times" in entry.reason


def test_a_released_claim_leaves_no_trace(engine):
    claim(engine, KEY, source="a")
    release(engine, KEY)
    assert entries(engine) == []
    assert claim(engine, KEY, source="a")


def test_nothing_is_settled_that_was_not_claimed(engine):
    with pytest.raises(KeyError, match="claim"):
        settle(engine, KEY, Outcome("published"))


def test_entries_are_filtered_by_state_and_hash(engine):
    for digit, state in (("a", "published"), ("b", "quarantined"), ("c", "published")):
        key = Key(digit * 64, "m", "1")
        claim(engine, key, source=digit)
        settle(engine, key, Outcome(state))
    assert [entry.source for entry in entries(engine, state="published")] == ["c", "a"]
    assert [entry.source for entry in entries(engine, sha256="bb")] == ["b"]
    assert entries(engine, sha256="%") == []


def test_retry_lets_a_content_be_scored_again(engine):
    claim(engine, KEY, source="a")
    settle(engine, KEY, Outcome("published"))
    assert retry(engine, KEY.sha256[:8]) == 1
    assert claim(engine, KEY, source="a")


def test_retry_does_not_touch_what_is_being_scored(engine):
    claim(engine, KEY, source="a")
    assert retry(engine, KEY.sha256[:8]) == 0


def test_forget_deletes(engine):
    claim(engine, KEY, source="a")
    assert forget(engine, KEY.sha256) == 1
    assert entries(engine) == []


@pytest.mark.parametrize("change", [retry, forget])
def test_a_hash_too_short_to_mean_one_file_is_refused(engine, change):
    with pytest.raises(ValueError, match="first 6"):
        change(engine, "a")


def test_a_ledger_survives_its_process(url):
    claim(open_ledger(url), KEY, source="a")
    assert len(entries(open_ledger(url))) == 1
