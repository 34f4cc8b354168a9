"""One Prefect server, one MLflow store and one trained field for all integration tests (a plugin, not a conftest)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from helpers.recordings import make_line, make_well
from helpers.tiny_specs import LOGS, SEISMIC
from tasks.settings import Settings


@dataclass(frozen=True)
class Trained:
    """Training of one test session: settings, data folders, and results of the flows."""

    settings: Settings
    wells: Path
    line: Path
    logs: Any
    seismic: Any


@pytest.fixture(scope="session")
def flow_home(tmp_path_factory):
    """The home of all flows of this session, named by the environment as in real use."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SONDEFLOW_HOME", str(home))
        patch.setenv("SONDEFLOW_COMPARE_WITH_SHIPPED", "false")  # models that train in seconds do not beat it
        patch.setenv("PREFECT_HOME", str(home / "prefect"))
        yield home


@pytest.fixture(scope="session")
def prefect_server(flow_home):
    """Start a real Prefect server with its own database for the whole session."""
    from flows.environment import prepare_environment

    prepare_environment(Settings())
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def field_folder(tmp_path_factory):
    """Six wells and a line as real files, with a broken and an empty file among them."""
    folder = tmp_path_factory.mktemp("field")
    (folder / "wells").mkdir()
    for number in range(6):
        write_las(make_well(f"W-{number}", samples=900, seed=number), folder / "wells" / f"W-{number}.las")
    (folder / "wells" / "letter.las").write_text("Dear all,\n")
    (folder / "wells" / "empty.las").touch()
    write_segy(make_line(traces=90, samples=160), folder / "line.sgy")
    return folder


@pytest.fixture(scope="session")
def trained(prefect_server, field_folder) -> Trained:
    """Both kinds trained through the flows, not yet promoted."""
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    settings = Settings()
    wells, line = field_folder / "wells", field_folder / "line.sgy"
    logs = run_flow(train, settings, request=TrainRequest(spec=ExperimentSpec.model_validate(LOGS), data=str(wells)))
    seismic = run_flow(
        train, settings, request=TrainRequest(spec=ExperimentSpec.model_validate(SEISMIC), data=str(line))
    )
    return Trained(settings, wells, line, logs, seismic)


@pytest.fixture(scope="session")
def champions(trained) -> Trained:
    """As `trained`, with the first version of each kind as champion."""
    from tasks.tracking import get, promote

    for result in (trained.logs, trained.seismic):
        promote(trained.settings, get(trained.settings, f"models:/{result.model}/{result.version}"))
    return trained


@pytest.fixture
def command(monkeypatch, capfd):
    """Run the command line in this process: exit code and what stood on stdout."""

    def run(*arguments: str) -> tuple[int, str]:
        from flows.cli.app import main

        monkeypatch.setattr(sys, "argv", ["sondeflow", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), capfd.readouterr().out

    return run


@pytest.fixture
def command_json(command):
    """As `command`, with --json: exit code and the one object on stdout."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code, out = command(*arguments, "--json")
        assert len(out.splitlines()) == 1, f"stdout holds more than one object:\n{out}"
        return code, json.loads(out)

    return run
