"""What all tests share: small recordings with known content, and where the real field data lie."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from aemodels.core.types import Recording
from helpers.paths import FIELD_DATA, ROOT
from helpers.recordings import make_line, make_well

# How long a draw takes says more about the machine than about the test.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")

# Nobody's settings, and nobody's store, take part in a test.
for name in [name for name in os.environ if name.startswith("SONDEFLOW_")]:
    del os.environ[name]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one process, and all that share one Prefect server and trained field in one."""
    from xdist.scheduler import LoadFileScheduling

    class LoadShared(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "flows" if _uses_flows(file) else file

    return LoadShared(config, log)


@cache
def _uses_flows(file: str) -> bool:
    return '"helpers.flow_fixtures"' in (ROOT / file).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def field_data() -> Path:
    """Folder of public field data; the test is skipped where it is absent."""
    if not FIELD_DATA.is_dir():
        pytest.skip(f"no field data at {FIELD_DATA}")
    return FIELD_DATA


@pytest.fixture(scope="session")
def wells() -> list[Recording]:
    return [make_well(f"W-{n}", seed=n) for n in range(6)]


@pytest.fixture(scope="session")
def line() -> Recording:
    return make_line(traces=120)
