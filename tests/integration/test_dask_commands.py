"""Commands on Dask workers that they start themselves: the number follows the work, and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from helpers.cheap_bundle import SPEC, fill, save_cheap_bundle
from helpers.fault_fixtures import Site, judge, snapshot
from helpers.paths import ROOT
from helpers.processes import run_watched
from tasks.ledger import entries, open_ledger

pytestmark = pytest.mark.slow


def _environment(home: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SONDEFLOW_", "PREFECT_"))}
    return {**own, "PYTHONPATH": str(ROOT), "SONDEFLOW_HOME": str(home), "SONDEFLOW_SETTLE_SECONDS": "0", **more}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flows", *arguments, "--json"]


def test_workers_come_with_the_work_and_go_with_the_command(tmp_path):
    fill(tmp_path / "inbox", 12)
    bundle = save_cheap_bundle(tmp_path / "bundle")
    dask = {"SONDEFLOW_TASK_RUNNER": "dask", "SONDEFLOW_DASK_MINIMUM": "0", "SONDEFLOW_BATCH": "2"}
    environment = _environment(tmp_path / "home", **dask)
    arguments = ("score", str(tmp_path / "inbox"), "--out", str(tmp_path / "out"), "--bundle", str(bundle))
    done, _ = run_watched(_command(*arguments), environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["scored"] == 12
    assert "worker " in done.stderr, "each batch is reported with its worker"
    assert not (tmp_path / "home" / "prefect" / "prefect.db").exists(), "a server was started, which nobody needs"
    ledger = open_ledger(f"sqlite:///{tmp_path}/home/ledger.db")
    assert {row.state for row in entries(ledger)} == {"published"}
    assert len({row.owner for row in entries(ledger)}) >= 1
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith(".part")]
    assert _processes_of(tmp_path / "home") == [], "processes outlive the command"


def _processes_of(home: Path) -> list[str]:
    """Return the command lines of processes whose home is a folder."""
    mine = f"SONDEFLOW_HOME={home}".encode()
    found = [path.parent for path in Path("/proc").glob("[0-9]*/environ") if mine in _read(path).split(b"\0")]
    return [_read(path / "cmdline").replace(b"\0", b" ").decode()[:200] for path in found]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_training_on_workers_gives_what_threads_give(tmp_path):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(SPEC))
    fill(tmp_path / "wells", 6, samples=400)
    results = {}
    for runner in ("threads", "dask"):
        environment = _environment(
            tmp_path / runner, SONDEFLOW_TASK_RUNNER=runner, SONDEFLOW_COMPARE_WITH_SHIPPED="false"
        )
        command = _command("train", str(tmp_path / "spec.yaml"), "--data", str(tmp_path / "wells"))
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-2000:]
        results[runner] = json.loads(done.stdout)["metrics"]
    assert results["dask"] == pytest.approx(results["threads"], rel=1e-5)


def test_a_command_that_is_killed_takes_its_workers_along_and_the_next_one_goes_on(tmp_path):
    """Scheduler and flow are one process, so this is the loss of both, in the middle of the work."""
    before = fill(tmp_path / "inbox", 16)
    bundle = save_cheap_bundle(tmp_path / "bundle")
    dask = {"SONDEFLOW_TASK_RUNNER": "dask", "SONDEFLOW_BATCH": "1", "SONDEFLOW_LEASE_SECONDS": "10"}
    environment = _environment(tmp_path / "home", **dask)
    arguments = ("score", str(tmp_path / "inbox"), "--out", str(tmp_path / "out"), "--bundle", str(bundle))
    ledger = open_ledger(f"sqlite:///{tmp_path}/home/ledger.db")
    with subprocess.Popen(_command(*arguments), env=environment, stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 300
        while not any(row.state == "published" for row in entries(ledger)):
            assert time.monotonic() < until and process.poll() is None, "nothing was published"
            time.sleep(0.01)
        process.kill()
    published = sum(row.state == "published" for row in entries(ledger))
    until = time.monotonic() + 60
    while left := _processes_of(tmp_path / "home"):
        assert time.monotonic() < until, f"processes outlive the command: {left}"
        time.sleep(0.5)
    done = subprocess.run(_command(*arguments), check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert published < len(before), "it was killed too late"
    site = Site(tmp_path, f"sqlite:///{tmp_path}/home/ledger.db", bundle, "sqlite")
    (tmp_path / "outbox").symlink_to(tmp_path / "out")
    judge(site, "flow and scheduler killed", snapshot(tmp_path / "inbox"), None)
    assert json.loads(done.stdout)["scored"] == len(before) - published
