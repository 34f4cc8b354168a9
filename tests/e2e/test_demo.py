"""The demo from the command line, as a newcomer runs it: twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.paths import ROOT


def _demo(home: Path) -> tuple[dict, float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SONDEFLOW_", "PREFECT_"))}
    environment["SONDEFLOW_HOME"] = str(home)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "flows", "demo", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout), time.perf_counter() - started


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_demo_does_the_main_job_and_is_idempotent(tmp_path):
    first, first_seconds = _demo(tmp_path)
    assert {model["model"] for model in first["trained"]} == {"sondeflow-logs", "sondeflow-seismic"}
    assert len(first["decisions"]) == 2
    assert all(decision["accepted"] or decision["reasons"] for decision in first["decisions"])
    assert {row["model"] for row in first["scored"]["outcomes"] if row["model"]} == {"logs-v1", "seismic-v1"}
    assert (first["scored"]["scored"], first["scored"]["quarantined"]) == (first["scored"]["files"] - 3, 3)
    assert first["scored"]["flagged"] > 0
    outbox = Path(first["outbox"])
    before = {path: path.read_bytes() for path in outbox.rglob("*") if path.is_file()}
    assert {path.suffix for path in before} == {".parquet", ".las", ".sgy", ".html", ".json"}

    second, second_seconds = _demo(tmp_path)
    again = second["scored"]
    assert (again["scored"], again["failed"]) == (0, 0)
    assert again["new"] == again["quarantined"], "a champion of the first run tries what no bundle could read once more"
    assert again["skipped"] == again["files"] - again["new"]
    assert [model["version"] for model in second["trained"]] == [model["version"] for model in first["trained"]]
    assert {path: path.read_bytes() for path in before} == before
    assert second_seconds < first_seconds / 2
