"""Backup while files are scored, and restoration elsewhere: no file is lost or doubled, and scoring goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.cheap_bundle import fill
from helpers.installation import MODEL, assert_whole, locations, make_installation, score
from helpers.paths import ROOT
from helpers.postgres_server import PostgresServer
from tasks.address import Address
from tasks.backup import restore as restoring
from tasks.backup.backup import back_up
from tasks.backup.manifest import BackupError, Manifest, read_manifest
from tasks.backup.needed import needed_recordings
from tasks.backup.restore import restore
from tasks.ledger import entries, open_ledger, verify_outputs
from tasks.ledger.copy import settle_copy
from tasks.scoring.places.inbox import OUTPUT_FOLDERS
from tasks.settings import Settings
from tasks.storage.postgres_programs import installations
from tasks.tracking import RunSpec, connect, download_bundle, get, send_pending, tracked_run

COMMAND = "import sys; sys.argv[0] = 'sondeflow'; from flows.cli.app import main; main()"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("site")
    return make_installation(Settings(home=folder / "home", settle_seconds=0), folder)


@pytest.fixture(scope="module")
def saved(site, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "monday"
    back_up(site, target)
    return target


def own(site: Settings, tmp_path: Path) -> Settings:
    """A copy of the installation, for tests that change it."""
    settings = Settings(home=tmp_path / "own", settle_seconds=0)
    shutil.copytree(site.home, settings.home, symlinks=True)
    settle_copy(settings.home / "ledger.db", [(str(site.home), str(settings.home))])
    return settings


def test_a_backup_taken_while_files_are_scored_is_consistent_and_scores_on_elsewhere(site, tmp_path):
    settings = own(site, tmp_path)
    fill(settings.inbox, 12, first=100)
    scoring = threading.Thread(target=score, args=(settings,))
    scoring.start()
    ledger = open_ledger(settings.ledger_url)
    while sum(row.state == "published" for row in entries(ledger)) < 5:
        assert scoring.is_alive()
    made = back_up(settings, tmp_path / "backup")
    scoring.join()
    assert_whole(settings)
    settings.home.rename(tmp_path / "lost")

    restored = Settings(home=tmp_path / "new" / "place", settle_seconds=0)
    assert restore(restored, tmp_path / "backup").scorings == made.scorings
    assert verify_outputs(open_ledger(restored.ledger_url), restored.outbox, OUTPUT_FOLDERS).problems == []
    fill(restored.inbox, 2, first=200)
    summary = score(restored)
    assert summary.quarantined == summary.failed == 0
    assert_whole(restored)
    assert score(restored).new == 0


def test_the_registry_moves_with_the_home(site, saved, tmp_path):
    restored = Settings(home=tmp_path / "with blank")
    restore(restored, saved)
    here = restored.artifacts_dir.as_uri()
    outside = [where for where in locations(restored.home / "mlflow.db") if not where.startswith(here)]
    assert outside == []
    shutil.rmtree(restored.bundles_dir)
    champion = get(restored, f"models:/{MODEL}@champion")
    folder = download_bundle(restored, champion)
    assert folder.is_relative_to(restored.home)
    assert champion.bundle_sha256 == get(site, f"models:/{MODEL}@champion").bundle_sha256
    assert len(needed_recordings(restored)) == 1, "the gate needs the recordings of the hold-out"


@pytest.mark.slow
def test_runs_that_are_not_sent_yet_are_in_the_backup(site, tmp_path, monkeypatch):
    settings = own(site, tmp_path)
    monkeypatch.setattr("tasks.tracking.send.answers", lambda _: False)
    with tracked_run(settings, RunSpec(experiment="logs", name="unsent")):
        pass
    monkeypatch.undo()
    back_up(settings, tmp_path / "backup")
    shutil.rmtree(settings.home)
    restored = Settings(home=tmp_path / "new")
    restore(restored, tmp_path / "backup")
    assert [(run.name, run.sent) for run in send_pending(restored)] == [("unsent", True)]
    experiment = connect(restored).get_experiment_by_name("logs")
    assert {run.info.run_name for run in connect(restored).search_runs([experiment.experiment_id])} == {"r", "unsent"}


@pytest.mark.slow
def test_files_that_are_still_arriving_are_left_out_and_named(site, tmp_path):
    settings = own(site, tmp_path).model_copy(update={"settle_seconds": 60.0})
    arriving = settings.inbox / "growing.las"
    arriving.write_text("~V")
    made = back_up(settings, tmp_path / "backup")
    assert any("growing.las: it is still arriving" in line for line in made.left_out)
    assert not (tmp_path / "backup" / "inbox" / "growing.las").exists()


@pytest.mark.slow
def test_results_that_are_lost_are_reported(site, tmp_path):
    settings = own(site, tmp_path)
    next(settings.outbox.rglob("*.parquet")).unlink()
    assert "1 results that the ledger knows are lost" in " ".join(back_up(settings, tmp_path / "backup").left_out)


@pytest.mark.parametrize("name", ["ledger.db", "outbox/scores/x.parquet", "home", "outbox", "inbox"])
def test_a_home_in_use_is_refused_and_left_as_it_is(saved, tmp_path, name):
    settings = Settings(home=tmp_path / "home", inbox=tmp_path / "home" / "inbox")
    used = settings.home / (f"{name}/a" if "." not in name else name)
    used.parent.mkdir(parents=True)
    used.write_text("mine")
    with pytest.raises(BackupError, match=r"is in use .*empty home only"):
        restore(settings, saved)
    assert [path for path in settings.home.rglob("*") if path.is_file()] == [used]


@pytest.mark.parametrize("damage", ["altered", "missing", "unfinished"])
def test_a_damaged_backup_is_refused_before_anything_is_written(saved, tmp_path, damage):
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    victim = next(copy.rglob("*.parquet"))
    if damage == "altered":
        victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    (victim if damage == "missing" else copy / "manifest.json").unlink() if damage != "altered" else None
    message = "holds no manifest" if damage == "unfinished" else f"1 of {len(read_manifest(saved).files)} files are"
    with pytest.raises(BackupError, match=message):
        restore(Settings(home=tmp_path / "home"), copy)
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_a_manifest_cannot_lead_out_of_the_backup(saved, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    manifest = read_manifest(copy)
    files = {("../" + name if name == "ledger.db" else name): file for name, file in manifest.files.items()}
    (copy / "manifest.json").write_text(manifest.model_copy(update={"files": files}).model_dump_json())
    with pytest.raises(BackupError, match="leads out of the backup"):
        restore(Settings(home=tmp_path / "home"), copy)


@pytest.mark.slow
def test_an_interrupted_restoration_is_completed_by_the_next(saved, tmp_path, monkeypatch):
    settings = Settings(home=tmp_path / "home", settle_seconds=0)
    moves: list[Path] = []
    move = restoring._move

    def interrupted(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 20:
            raise KeyboardInterrupt
        move(source, target)

    monkeypatch.setattr(restoring, "_move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        restore(settings, saved)
    monkeypatch.undo()
    assert not (settings.home / "ledger.db").exists(), "nothing scores with half of a home"
    restore(settings, saved)
    assert not (settings.home / ".restoring").exists()
    assert_whole(settings)


@pytest.mark.slow
def test_a_killed_backup_leaves_nothing_that_looks_like_one(site, tmp_path):
    target = tmp_path / "backup"
    environment = {**os.environ, "SONDEFLOW_HOME": str(site.home)}
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "backup", str(target)], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        making = tmp_path / ".backup.making"
        while not (making / "home").exists():
            assert process.poll() is None
        process.kill()
    assert not target.exists()
    back_up(site, target)
    assert not making.exists()
    assert read_manifest(target).scorings == 5


def test_a_backup_does_not_go_where_something_lies(site, tmp_path):
    (tmp_path / "file").touch()
    for target, message in ((tmp_path, "is not empty"), (site.outbox / "backup", "which is copied")):
        with pytest.raises(BackupError, match=message):
            back_up(site, target)


def test_a_moved_home_scores_on(site, tmp_path):
    settings = own(site, tmp_path)
    moved = Settings(home=tmp_path / "moved", settle_seconds=0)
    settings.home.rename(moved.home)
    shutil.rmtree(moved.bundles_dir)
    fill(moved.inbox, 1, first=300)
    summary = score(moved)
    assert (summary.scored, summary.skipped) == (1, 5)
    found = verify_outputs(open_ledger(moved.ledger_url), moved.outbox, OUTPUT_FOLDERS)
    assert found.problems == []
    assert found.moved == 14, "3 files of each of 4 wells, and 2 of the one in quarantine"
    assert_whole(moved)


def test_a_database_that_others_use_is_not_relocated(site, tmp_path):
    before = locations(site.home / "mlflow.db")
    visitor = Settings(home=tmp_path / "home", tracking_uri=site.tracking_uri)
    (visitor.artifacts_dir / "logs").mkdir(parents=True)
    connect(visitor).search_experiments()
    assert locations(site.home / "mlflow.db") == before


@pytest.fixture(params=["same version", "newer version"])
def two_servers(request, tmp_path):
    """A PostgreSQL server, and the one to restore in: the same, or one of a newer major version."""
    known = installations("postgres", "initdb", "psql")
    if request.param == "newer version" and known[0].major == known[-1].major:
        pytest.skip(f"only PostgreSQL {known[0].major} is installed")
    programs = [known[0].folder, known[-1].folder] if request.param == "newer version" else [known[-1].folder]
    servers = [PostgresServer(tmp_path / f"postgres {number}", one) for number, one in enumerate(programs)]
    try:
        for server in servers:
            server.start()
        yield servers[0], servers[-1]
    finally:
        for server in servers:
            server.stop()


@pytest.mark.slow  # starts PostgreSQL
def test_ledger_and_registry_of_postgresql_are_restored_in_other_databases(tmp_path, two_servers):
    places = [
        Settings(
            home=tmp_path / name / "home",
            ledger_url=Address(server.new_database(f"{name}_ledger")),
            tracking_uri=Address(server.new_database(f"{name}_mlflow")),
            settle_seconds=0,
        )
        for name, server in zip(("old", "new"), two_servers, strict=True)
    ]
    settings, restored = places
    (tmp_path / "old").mkdir()
    make_installation(settings, tmp_path / "old")
    made: Manifest = back_up(settings, tmp_path / "backup")
    assert made.tracking == "postgresql"
    two_servers[0].kill() if two_servers[0] is not two_servers[1] else None
    settings.home.rename(tmp_path / "gone")
    restore(restored, tmp_path / "backup")
    shutil.rmtree(restored.bundles_dir)
    fill(restored.inbox, 2, first=50)
    assert score(restored).scored == 2
    assert_whole(restored)
    with pytest.raises(BackupError, match="has rows"):
        restore(
            Settings(home=tmp_path / "third", ledger_url=restored.ledger_url, tracking_uri=restored.tracking_uri),
            tmp_path / "backup",
        )
