"""Messages about the progress of long calculations."""

from __future__ import annotations

import logging

import pytest

from aemodels.core.progress import PROGRESS_LOGGER, tell


def test_a_listener_receives_the_steps(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=PROGRESS_LOGGER):
        tell("network %d of %d", 2, 3)
    assert [record.getMessage() for record in caplog.records if record.name == PROGRESS_LOGGER] == ["network 2 of 3"]
