"""The rate of quarantine: an alarm above the limit, with enough files to say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasks.ledger import ClaimOutcome, ClaimRequest, Key, acquire_claims, count_recent, open_ledger, record_outcomes
from tasks.monitoring import events
from tasks.monitoring.events import emit_quarantine_rate, is_alarming
from tasks.settings import Settings


@pytest.mark.parametrize(
    ("new", "quarantined", "alarm"),
    [
        (10, 3, True),
        (10, 2, False),
        (4, 4, True),
        (2, 2, False),
        (4, 3, False),
        (5, 5, True),
        (5, 0, False),
        (0, 0, False),
    ],
)
def test_an_alarm_takes_enough_files_and_a_rate_above_the_limit(new, quarantined, alarm):
    settings = Settings(quarantine_limit=0.2, quarantine_minimum=5)
    assert is_alarming(new=new, quarantined=quarantined, settings=settings) is alarm


def test_more_in_quarantine_than_new_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        emit_quarantine_rate(new=2, quarantined=3, settings=Settings())


def test_small_runs_add_up_to_an_alarm(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    for number in range(6):  # six runs of one file, three of them bad
        key = Key(f"{number}" * 64, "m", "1")
        (claim,) = acquire_claims(ledger, [ClaimRequest(key, f"{number}.las")], owner="w", max_attempts=3).values()
        record_outcomes(ledger, [ClaimOutcome(claim, "quarantined" if number % 2 else "published", "", {})])
    day = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert count_recent(ledger, day) == (6, 3)
    assert count_recent(ledger, datetime.now(UTC).isoformat()) == (0, 0)
    sent = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "emit_event", lambda name, labels, payload: sent.append(labels[events.ALARM]))
        emit_quarantine_rate(new=1, quarantined=1, settings=Settings(home=tmp_path))
        emit_quarantine_rate(new=1, quarantined=1, settings=Settings(home=tmp_path), recent=(6, 3))
        emit_quarantine_rate(new=1, quarantined=0, settings=Settings(home=tmp_path), recent=(6, 3))
    assert sent == ["false", "true", "false"]
