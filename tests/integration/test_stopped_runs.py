"""A flow that is interrupted ends its trainings, and those of later flows in the same process run."""

from __future__ import annotations

import threading
import time

import pytest

from aemodels.core.errors import StoppedError
from aemodels.core.stopping import check_stop
from flows.runners.from_settings import settings_runner

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_flow_ends_its_threads_and_stops_no_later_one(prefect_server, interruption):
    from prefect import flow, task

    started, ends = threading.Event(), []

    @task
    def train(seconds: float) -> str:
        started.set()
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                check_stop()
                time.sleep(0.01)
        except StoppedError:
            ends.append("stopped")
            raise
        ends.append("finished")
        return "trained"

    @flow(task_runner=settings_runner())
    def interrupted() -> None:
        train.submit(300.0)
        started.wait(60)
        raise interruption

    @flow(task_runner=settings_runner())
    def later() -> str:
        return train.submit(0.1).result()

    began = time.monotonic()
    with pytest.raises(interruption):
        interrupted()
    assert time.monotonic() - began < 60
    assert ends == ["stopped"]
    assert later() == "trained"
    assert ends == ["stopped", "finished"]
