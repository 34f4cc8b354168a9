"""A session is closed with its last user, or kept for the next batch of the same run."""

from __future__ import annotations

import time

import pytest

from tasks.ledger import open_ledger, registered_owners
from tasks.scoring.worker_session import Keep, close_kept_sessions, worker_session
from tasks.settings import Settings


@pytest.fixture
def settings(tmp_path):
    yield Settings(home=tmp_path)
    close_kept_sessions()


def _owners(settings) -> list[str]:
    return registered_owners(open_ledger(settings.ledger_url))


def _use(settings, keep: Keep) -> str:
    with worker_session(settings, "out", keep) as session:
        return session.owner


def test_it_is_closed_with_its_last_user(settings):
    with worker_session(settings, "out") as one, worker_session(settings, "out") as two:
        assert one is two
        assert _owners(settings) == [one.owner]
    assert _owners(settings) == []


def test_it_is_kept_for_the_next_batch_of_the_run_and_closed_after_a_time(settings):
    keep = Keep("run", 0.5)
    owner = _use(settings, keep)
    time.sleep(0.3)
    assert _use(settings, keep) == owner
    time.sleep(0.3)
    assert _owners(settings) == [owner], "the time begins anew with each use"
    until = time.monotonic() + 10
    while _owners(settings):
        assert time.monotonic() < until, "never closed"
        time.sleep(0.1)
    assert _use(settings, keep) != owner


def test_another_run_has_a_session_of_its_own(settings):
    owner = _use(settings, Keep("run", 60.0))
    with worker_session(settings, "out", Keep("next", 60.0)) as session:
        session.blocked = "no space left"
        assert _owners(settings) == [session.owner] != [owner], "the kept one is closed first"
    with worker_session(settings, "out", Keep("third", 60.0)) as session:
        assert not session.blocked


def test_kept_ones_are_closed_at_the_end_of_the_worker(settings):
    _use(settings, Keep("run", 60.0))
    close_kept_sessions()
    assert _owners(settings) == []
