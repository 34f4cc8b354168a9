"""Files that a lost worker of a cluster holds are found once its lease is over; those of a live one are left to it."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import update

from tasks.ledger import ClaimRequest, Key, acquire_claims, open_ledger
from tasks.ledger.schema import workers
from tasks.ledger.store import transact, upsert
from tasks.scoring.inbox import find_abandoned
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, ScoreRequest
from tasks.settings import Settings

LEASE = 0.6
ELSEWHERE = "other-machine/pid:[1]|boot|17@4|00c0ffee"


@pytest.fixture
def held(tmp_path):
    """Settings, and the ledger with one content that a worker of another machine has claimed."""
    settings = Settings(home=tmp_path / "home", task_runner="dask", workers=2)
    ledger = open_ledger(settings.ledger_url)
    row = {
        "owner": ELSEWHERE,
        "outbox": str(tmp_path),
        "lease_seconds": LEASE,
        "tick": 0,
        "started_at": "",
        "seen_at": "",
    }
    transact(ledger, lambda connection: upsert(connection, workers, [row]))
    key = Key("a" * 64, "model", "1", "hash")
    assert acquire_claims(ledger, [ClaimRequest(key, "held.las")], owner=ELSEWHERE)
    return settings, ledger


def _search(settings, tmp_path):
    arrivals = [Arrival("held.las", "1"), Arrival("done.las", "2")]
    outcomes = [
        FileOutcome(path="held.las", fate="skipped", sha256="a" * 64),
        FileOutcome(path="done.las", fate="skipped", sha256="b" * 64),
    ]
    began = time.monotonic()
    request = ScoreRequest(outbox=str(tmp_path)).filled(settings)
    return find_abandoned(arrivals, outcomes, request, settings), time.monotonic() - began


def test_files_of_a_lost_worker_are_found_after_its_lease(held, tmp_path):
    found, seconds = _search(held[0], tmp_path)
    assert [[arrival.path for arrival in batch] for batch in found.batches] == [["held.las"]]
    assert seconds >= LEASE, "it might have been alive"


def test_files_of_a_live_worker_are_left_to_it(held, tmp_path):
    settings, ledger = held
    ended = threading.Event()
    later = update(workers).where(workers.c.owner == ELSEWHERE).values(tick=workers.c.tick + 1)

    def beat() -> None:
        while not ended.wait(LEASE / 4):
            transact(ledger, lambda connection: connection.execute(later))

    heart = threading.Thread(target=beat)
    heart.start()
    try:
        found, _ = _search(settings, tmp_path)
    finally:
        ended.set()
        heart.join()
    assert found.batches == ()
