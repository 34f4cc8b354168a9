"""Scoring again after a retry: by the next champion, without rows, results or folders of the former outcome."""

from __future__ import annotations

import pytest

from helpers.installation import assert_whole, make_champion, make_installation, score
from tasks.ledger import Filter, entries, open_ledger, retry
from tasks.settings import Settings


@pytest.mark.slow  # the unit tests of the ledger guard the same
def test_contents_retried_after_a_promotion_have_one_outcome_by_the_new_champion(tmp_path):
    settings = make_installation(Settings(home=tmp_path / "home", settle_seconds=0), tmp_path)
    ledger = open_ledger(settings.ledger_url)
    assert make_champion(settings, tmp_path, seed=10) == "2"
    assert retry(ledger, Filter(state="published")) == 4
    assert retry(ledger, Filter(state="quarantined")) == 1
    summary = score(settings)
    assert (summary.scored, summary.quarantined) == (4, 1)
    assert {entry.version for entry in entries(ledger)} == {"2"}
    assert_whole(settings)
    assert [path.name for path in settings.outbox.glob("scores/*/*")] == ["bundle=sondeflow-logs-v2"]
    assert score(settings).new == 0


@pytest.mark.slow
def test_an_unusable_file_that_was_renamed_and_retried_is_in_quarantine_once(tmp_path):
    settings = make_installation(Settings(home=tmp_path / "home", settle_seconds=0), tmp_path, files=1)
    ledger = open_ledger(settings.ledger_url)
    retry(ledger, Filter(state="quarantined"))
    (entry,) = entries(ledger, Filter(name="letter"))
    assert entry.state == "failed"
    folder = settings.outbox / "quarantine" / entry.sha256
    assert sorted(path.name for path in folder.iterdir()) == ["letter.las", "reason.json"]
    (settings.inbox / "letter.las").rename(settings.inbox / "renamed.las")
    assert score(settings).quarantined == 1
    assert sorted(path.name for path in folder.iterdir()) == ["reason.json", "renamed.las"]
    assert_whole(settings)
