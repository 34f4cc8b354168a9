"""Each check of the doctor: what it says of a sound installation, and of one with a planted fault."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.server import ports
from helpers.paths import ROOT
from tasks.address import Address
from tasks.doctor import installation, machine
from tasks.doctor.check import Check
from tasks.doctor.examine import CHECKS, examine
from tasks.ledger import ClaimOutcome, ClaimRequest, Heartbeat, Key, acquire_claims, open_ledger, record_outcomes
from tasks.maintenance import clock
from tasks.settings import Settings

needs_no_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@pytest.fixture
def settings(tmp_path) -> Settings:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Settings(home=home)


def publish(settings: Settings, path: Path) -> None:
    """Record a published result in the ledger."""
    ledger = open_ledger(settings.ledger_url)
    with Heartbeat(ledger, "/out", 60.0) as me:
        (claim,) = acquire_claims(ledger, [ClaimRequest(Key("a" * 64, "m", "1"), "a.las")], owner=me.owner).values()
        record_outcomes(ledger, [ClaimOutcome(claim, "published", hashes={str(path): "0" * 64})])


def test_what_does_not_pass_has_a_remedy():
    with pytest.raises(ValidationError, match="remedy"):
        Check(name="a", verdict="fail", found="b")
    with pytest.raises(ValidationError, match="remedy"):
        Check(name="a", verdict="pass", found="b", remedy="c")


def test_the_installed_versions_are_those_of_the_package(monkeypatch):
    assert machine.versions().verdict == "pass"
    monkeypatch.setattr(machine, "requires", lambda _: ["numpy>=99", "no-such-package", "other; extra == 'gpu'"])
    found = machine.versions()
    assert found.verdict == "fail"
    assert "numpy" in found.found
    assert "no-such-package is missing" in found.found
    assert "other" not in found.found.replace("another", "")


def test_a_readable_password_fails_and_an_open_home_warns(settings):
    assert installation.permissions(settings).verdict == "pass"
    secret = settings.home / "prefect-password"
    secret.write_text("a:b")
    secret.chmod(0o640)
    found = installation.permissions(settings)
    assert found.verdict == "fail"
    assert f"chmod 600 {secret}" in found.remedy
    secret.chmod(0o600)
    settings.home.chmod(0o710)  # as the stack leaves it for the user who runs PostgreSQL
    assert installation.permissions(settings).verdict == "pass"
    for mode in (0o755, 0o750, 0o701):
        settings.home.chmod(mode)
        assert installation.permissions(settings).verdict == "warn"


@pytest.mark.parametrize(("free", "verdict"), [(100 << 20, "fail"), (1 << 30, "warn"), (50 << 30, "pass")])
def test_free_space(settings, monkeypatch, free, verdict):
    usage = machine.shutil.disk_usage(settings.home)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage._replace(free=free))
    assert {check.verdict for check in machine.disks(settings)} == {verdict}


def test_a_memory_limit_below_the_need_of_a_scorer(settings):
    assert machine.memory(settings.model_copy(update={"memory_mb": 4096})).verdict in {"pass", "warn"}
    found = machine.memory(settings.model_copy(update={"memory_mb": 256}))
    assert found.verdict == "fail"
    assert "SONDEFLOW_MEMORY_MB" in found.remedy


def test_a_clock_that_jumped_or_is_behind_the_ledger(settings, monkeypatch):
    assert machine.clock(settings).verdict == "pass"
    clock.record_clock(settings)
    moment = time.time()
    monkeypatch.setattr(clock.time, "time", lambda: moment - 7200)
    assert "jumped by -2.0 h" in machine.clock(settings).found
    monkeypatch.undo()
    assert machine.clock(settings).verdict == "pass"
    publish(settings, settings.home)
    with closing(sqlite3.connect(settings.home / "ledger.db")) as connection, connection:
        connection.execute("UPDATE scorings SET claimed_at = '2099-01-01T00:00:00+00:00'")
    found = machine.clock(settings)
    assert (found.verdict, "2099-01-01" in found.found) == ("warn", True)


def test_a_clock_that_is_behind_after_a_boot(settings, monkeypatch):
    clock.record_clock(settings)
    moment = time.time()
    monkeypatch.setattr(clock, "boot_id", lambda: "another")
    assert clock.clock_fault(settings) == ""
    monkeypatch.setattr(clock.time, "time", lambda: moment - 86_400)
    assert "24.0 h behind" in clock.clock_fault(settings)


def test_a_ledger_that_is_none_damaged_away_older_or_newer(settings):
    assert "none yet" in installation.ledger(settings).found
    assert not (settings.home / "ledger.db").exists(), "looking makes nothing"
    open_ledger(settings.ledger_url)
    assert installation.ledger(settings).verdict == "pass"
    for step, verdict in ((99, "fail"), (1, "warn")):
        with closing(sqlite3.connect(settings.home / "ledger.db")) as connection, connection:
            connection.execute("DELETE FROM ledger_steps")
            connection.execute("INSERT INTO ledger_steps VALUES (?, 'then')", (step,))
        assert installation.ledger(settings).verdict == verdict
    damaged = settings.model_copy(update={"ledger_url": Address(f"sqlite:///{settings.home}/text.db")})
    (settings.home / "text.db").write_text("not a database, " * 100)
    assert "file is not a database" in installation.ledger(damaged).found
    away = settings.model_copy(update={"ledger_url": Address("postgresql+psycopg2://me:secret@127.0.0.1:1/x")})
    found = installation.ledger(away)
    assert (found.verdict, "secret" in found.found) == ("fail", False)


def test_a_tracking_store_that_is_none_or_away(settings):
    assert "none yet" in installation.tracking(settings).found
    away = settings.model_copy(update={"tracking_uri": Address("http://me:secret@127.0.0.1:1")})
    found = installation.tracking(away)
    assert (found.verdict, "secret" in str(found)) == ("fail", False)
    (settings.artifacts_dir / "logs").mkdir(parents=True)
    assert "is gone, but not its artifacts" in installation.tracking(settings).found
    assert not (settings.home / "mlflow.db").exists(), "looking makes nothing"


def test_lost_results(settings):
    assert installation.results(settings).verdict == "pass"
    path = settings.home / "a.parquet"
    path.touch()
    publish(settings, path)
    assert installation.results(settings).verdict == "pass"
    path.unlink()
    found = installation.results(settings)
    assert found.verdict == "fail"
    assert "ledger --verify" in found.remedy


@needs_no_root
def test_an_outbox_that_cannot_be_written(settings):
    settings.outbox.mkdir(mode=0o500)
    assert {check.name: check.verdict for check in installation.folders(settings)}["outbox"] == "fail"


def test_a_file_in_place_of_a_folder(settings):
    settings.outbox.touch()
    assert {check.name: check.verdict for check in installation.folders(settings)}["outbox"] == "fail"


def test_a_taken_port(settings, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(ports, "PORTS", {"Prefect": other.getsockname()[1]})
        monkeypatch.delenv("PREFECT_API_URL", raising=False)
        assert [check.verdict for check in ports.check_ports(settings)] == ["warn", "pass"]
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    assert [check.verdict for check in ports.check_ports(settings)] == ["pass", "fail"]


def test_a_check_that_breaks_does_not_end_the_others(settings, monkeypatch):
    def broken(_: Settings) -> Check:
        raise RuntimeError("no reply from http://me:secret@host")

    monkeypatch.setattr("tasks.doctor.examine.CHECKS", {"a": broken, "disks": CHECKS["disks"]})
    found = list(examine(settings))
    assert [check.verdict for check in found[:1]] == ["fail"]
    assert "secret" not in found[0].found
    assert len(found) == 4


@pytest.mark.slow  # scores a file in a process of its own
def test_the_command_examines_a_new_home_and_scores_a_probe_file(tmp_path):
    command = [sys.executable, "-m", "flows", "doctor", "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    home = tmp_path / "home"
    for memory, code in (("4096", 0), ("256", 1)):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment, "SONDEFLOW_HOME": str(home), "SONDEFLOW_MEMORY_MB": memory},
            capture_output=True,
            text=True,
            check=False,
        )
        answer = json.loads(done.stdout)
        assert done.returncode == code, answer
        verdicts = {check["name"]: check["verdict"] for check in answer["checks"]}
        assert verdicts["memory"] == ("pass" if code == 0 else "fail")
        assert all(check["remedy"] for check in answer["checks"] if check["verdict"] != "pass")
        if code == 0:
            assert verdicts["probe file"] == "pass"
    assert not (home / "ledger.db").exists()
    assert not (home / "mlflow.db").exists()
