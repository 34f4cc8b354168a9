"""The rate of quarantine: an alarm above the limit, with enough files to say so."""

from __future__ import annotations

import pytest

from tasks.monitoring.events import emit_quarantine_rate, is_alarming
from tasks.settings import Settings


@pytest.mark.parametrize(
    ("new", "quarantined", "alarm"),
    [(10, 3, True), (10, 2, False), (4, 4, False), (5, 5, True), (5, 0, False), (0, 0, False)],
)
def test_an_alarm_takes_enough_files_and_a_rate_above_the_limit(new, quarantined, alarm):
    settings = Settings(quarantine_limit=0.2, quarantine_minimum=5)
    assert is_alarming(new=new, quarantined=quarantined, settings=settings) is alarm


def test_more_in_quarantine_than_new_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        emit_quarantine_rate(new=2, quarantined=3, settings=Settings())
