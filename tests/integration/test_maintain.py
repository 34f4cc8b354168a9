"""Maintenance removes what is old and can be made again, and nothing that a champion, a row or an unsent run needs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from aemodels.io.files.hashing import sha256_file
from helpers.installation import MODEL, make_champion, make_installation, score
from helpers.recordings import make_well
from tasks.backup.needed import needed_recordings
from tasks.ledger import Filter, entries, open_ledger, superseded, verify_outputs
from tasks.maintenance import clock, results
from tasks.maintenance.log_files import KEPT, log_files
from tasks.maintenance.maintain import MaintainRequest, MaintenanceReport, maintain_home
from tasks.maintenance.removal import DAY, Step
from tasks.scoring.choose_bundle import default_scorer
from tasks.scoring.places.inbox import OUTPUT_FOLDERS
from tasks.settings import Settings
from tasks.storage.maintenance_lock import BusyError, hold_for_maintenance
from tasks.storage.refs import load_recording, save_recording
from tasks.tracking import RunSpec, connect, download_bundle, get, tracked_run

LONG_AGO = time.time() - 1000 * DAY
REHEARSAL, REAL = MaintainRequest(dry_run=True), MaintainRequest()


def age(path: Path) -> Path:
    """Have a file, or a folder, look old."""
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def age_ledger(settings: Settings, where: str = "1") -> None:
    with closing(sqlite3.connect(settings.home / "ledger.db")) as connection, connection:
        connection.execute(f"UPDATE scorings SET settled_at = '2020-01-01T00:00:00+00:00' WHERE {where}")


def snapshot(folder: Path) -> dict[str, str]:
    """Hash of every file but those that a look at databases changes."""
    changing = (".db", "-wal", "-shm", ".lock", "clock.json", "champions.json")
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(changing)
    }


def removed(report: MaintenanceReport) -> dict[str, int]:
    assert [step for step in report.removed if step.failed] == []
    return {step.what: step.items for step in report.removed if step.items}


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Settings:
    """Two champions in turn; the second has scored all files again, and one file more."""
    folder = tmp_path_factory.mktemp("site")
    settings = make_installation(Settings(home=folder / "home", settle_seconds=0), folder)
    make_champion(settings, folder, seed=10)
    make_champion(settings, folder, seed=20)  # version 1 has no alias any more, version 2 is `previous`
    request_all(settings)
    return settings


def request_all(settings: Settings) -> None:
    from tasks.scoring.inbox import score_inbox
    from tasks.scoring.request import ScoreRequest

    assert score_inbox(ScoreRequest(settle_seconds=0, rescore="all").filled(settings), settings).scored == 4


@pytest.fixture
def settings(template, tmp_path, monkeypatch) -> Settings:
    """A copy at another place; Prefect's database is not part of it."""
    from tasks.ledger.copy import settle_copy

    home = tmp_path / "home"
    shutil.copytree(template.home, home, symlinks=True)
    settle_copy(home / "ledger.db", [(str(template.home), str(home))])
    monkeypatch.setattr("tasks.maintenance.prefect_database.prefect_address", lambda: "sqlite:///nowhere.db")
    return Settings(home=home, settle_seconds=0)


def test_nothing_is_removed_from_a_young_installation(settings):
    connect(settings)
    before = snapshot(settings.home)
    assert removed(maintain_home(REAL, settings)) == {}
    assert snapshot(settings.home) == before


def test_what_is_old_is_removed_and_what_is_needed_stays(settings):
    made = [age(path) for path in settings.refs_dir.glob("*/*.npz")]
    spare = save_recording(make_well("SPARE", samples=50, seed=5), settings.refs_dir).path
    used = save_recording(make_well("USED", samples=50, seed=6), settings.refs_dir)
    age(used.path)
    load_recording(used)
    old = settings.fits_dir / "old"
    for folder in (old, settings.fits_dir / "young", settings.studies_dir / "old"):
        folder.mkdir(parents=True)
        (folder / "arrays.npz").write_bytes(b"x" * 100)
    settings.checkpoints_dir.mkdir()
    (settings.checkpoints_dir / "a.npz").touch()
    for version in ("1", "2", "3"):
        age(download_bundle(settings, get(settings, f"models:/{MODEL}/{version}")))
    part = settings.outbox / "las" / ".d123.1.abc.W.las.part"
    part.touch()
    for path in (spare, old, settings.studies_dir / "old", settings.checkpoints_dir / "a.npz", part):
        age(path)
    age_ledger(settings)
    inputs = snapshot(settings.inbox)

    before = snapshot(settings.home)
    rehearsed = removed(maintain_home(REHEARSAL, settings))
    assert snapshot(settings.home) == before, "a rehearsal removes nothing"
    report = maintain_home(REAL, settings)
    assert removed(report) == {
        "stored recordings": 1,
        "cached fits and comparisons": 2,
        "checkpoints of unfinished trainings": 1,
        "downloaded bundles without alias": 1,
        "results of superseded versions": 12,
        "copies in quarantine": 1,
        "leftovers of ended processes": 1,
    }
    assert rehearsed == removed(report), "the rehearsal tells what will be done"
    assert next(size for size in report.sizes if size.part == "outbox").after < sum(
        size.before for size in report.sizes if size.part == "outbox"
    )

    assert needed_recordings(settings) == set(made), "the gate needs the hold-outs of all versions"
    assert used.path.exists()
    assert [folder.name[:17] for folder in sorted(settings.bundles_dir.iterdir())] == [
        "sondeflow-logs-v2",
        "sondeflow-logs-v3",
    ]
    assert default_scorer("logs", ("champion",), settings).version == "3"
    assert snapshot(settings.inbox) == inputs, "inputs are never removed"
    ledger = open_ledger(settings.ledger_url)
    assert {entry.version for entry in entries(ledger) if entry.outputs and entry.state == "published"} == {"3"}
    assert all(
        "newer version" in entry.reason for entry in entries(ledger, Filter(model=f"{MODEL}-v1", state="published"))
    )
    (reason,) = (settings.outbox / "quarantine").rglob("*.*")
    assert reason.name == "reason.json"
    assert score(settings).new == 0, "nothing is scored again"
    assert verify_outputs(ledger, settings.outbox, OUTPUT_FOLDERS).problems == []
    assert removed(maintain_home(REAL, settings)) == {}


@pytest.mark.slow
def test_results_of_the_former_champion_are_kept_because_it_may_come_back(settings):
    client = connect(settings)
    client.set_registered_model_alias(MODEL, "previous", "1")
    age_ledger(settings)
    assert "results of superseded versions" not in removed(maintain_home(REAL, settings))
    client.delete_registered_model_alias(MODEL, "previous")
    assert removed(maintain_home(REAL, settings))["results of superseded versions"] == 12


def test_an_altered_result_and_the_only_copy_of_an_input_are_kept(settings):
    age_ledger(settings)
    (settings.inbox / "letter.las").unlink()
    altered = next(settings.outbox.rglob("scores/*/bundle=sondeflow-logs-v1/*.parquet"))
    altered.write_bytes(b"notes of a reviewer")
    report = maintain_home(REAL, settings)
    notes = " ".join(step.note for step in report.removed)
    assert removed(report) == {"results of superseded versions": 11}
    assert "1 results were altered" in notes
    assert "1 copies are kept: their files are no longer where they arrived" in notes
    assert altered.exists()
    assert len(list(settings.outbox.rglob("letter.las"))) == 1


@pytest.mark.slow
def test_deleted_runs_of_mlflow_go_unless_a_registered_version_needs_them(settings):
    settings = settings.model_copy(update={"keep_deleted_days": 0.0})
    with tracked_run(settings, RunSpec(experiment="logs", name="spare")) as run:
        pass
    client = connect(settings)
    client.log_text(run.run_id, "text", "a.txt")
    champion = get(settings, f"models:/{MODEL}@champion")
    for run_id in (run.run_id, champion.run_id):
        client.delete_run(run_id)
    folder = settings.artifacts_dir / "logs" / run.run_id
    assert folder.is_dir()
    report = maintain_home(REAL, settings)
    assert removed(report) == {"deleted runs of MLflow": 1}
    assert "1 deleted runs are kept: registered versions need them" in [step.note for step in report.removed]
    assert not folder.exists()
    assert client.get_run(champion.run_id).info.lifecycle_stage == "deleted"
    shutil.rmtree(settings.bundles_dir)
    assert default_scorer("logs", ("champion",), settings).version == "3"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["away", "gone"])
def test_without_its_registry_nothing_that_it_may_need_is_removed(settings, monkeypatch, fault):
    kept = [age(path) for path in settings.refs_dir.glob("*/*.npz")]
    age_ledger(settings)
    if fault == "away":
        monkeypatch.setattr("tasks.tracking.availability.answers", lambda *_: False)
    else:
        (settings.home / "mlflow.db").unlink()
    report = maintain_home(REAL, settings)
    assert (settings.home / "mlflow.db").exists() == (fault == "away"), "looking makes nothing"
    assert report.status == "incomplete"
    failed = {step.what for step in report.removed if step.failed}
    assert failed == {"recordings", "bundles", "superseded results", "mlflow deleted runs"}
    assert {path.exists() for path in kept} == {True}
    assert verify_outputs(open_ledger(settings.ledger_url), settings.outbox, OUTPUT_FOLDERS).problems == []


def test_after_a_jump_of_the_clock_nothing_is_removed_by_age(settings, monkeypatch):
    maintain_home(REAL, settings)
    age(save_recording(make_well("SPARE", samples=50, seed=5), settings.refs_dir).path)
    moment = time.time()
    monkeypatch.setattr(clock.time, "time", lambda: moment + 5 * 365 * DAY)
    report = maintain_home(REAL, settings)
    assert report.status == "incomplete"
    assert "the clock jumped by +438" in report.clock
    assert removed(report) == {}
    monkeypatch.undo()
    assert "jumped by -438" in maintain_home(REAL, settings).clock
    assert maintain_home(REAL, settings).status == "done"


@pytest.mark.parametrize("name", ["logs/serve.log", "stack/stack.log"])
def test_log_files_are_rotated_while_their_writer_goes_on(settings, name):
    settings = settings.model_copy(update={"log_mb": 0.001})
    path = settings.home / name
    path.parent.mkdir()
    path.touch(0o600)
    with path.open("a") as writer:
        for turn in range(KEPT + 2):
            writer.write(f"turn {turn} " * 200)
            writer.flush()
            assert log_files(Step(settings, dry_run=False)).items == 1
        writer.write("last")
    assert path.read_text() == "last"
    packed = list(path.parent.glob(f"{path.name}.*.gz"))
    assert len(packed) == KEPT
    assert {stat.S_IMODE(one.stat().st_mode) for one in packed} == {0o600}
    sizes = dict(results.areas(Step(settings, dry_run=True)))
    assert sizes["logs"] == sum(one.stat().st_size for one in (path, *packed))


def test_a_home_in_which_nothing_was_trained_is_maintained(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.maintenance.prefect_database.prefect_address", lambda: "sqlite:///nowhere.db")
    settings = Settings(home=tmp_path / "home")
    assert maintain_home(REAL, settings).status == "done"
    assert not (settings.home / "mlflow.db").exists()


def test_only_one_at_a_time(settings):
    with hold_for_maintenance(settings), pytest.raises(BusyError, match="another backup or maintenance"):
        maintain_home(REAL, settings)


def test_sizes_are_those_of_the_folders(settings):
    sizes = dict(results.areas(Step(settings, dry_run=True)))
    assert sizes["inbox"] == sum(path.stat().st_size for path in settings.inbox.rglob("*") if path.is_file())
    assert sizes["ledger"] == sum(
        path.stat().st_size for path in settings.home.glob("ledger.db*") if path.suffix != ".db-shm"
    )


def test_the_ledger_is_read_once_for_all_steps(settings, monkeypatch):
    readings = []
    read = superseded.all_rows
    monkeypatch.setattr(superseded, "all_rows", lambda engine: readings.append(engine) or read(engine))
    age_ledger(settings)
    assert removed(maintain_home(REAL, settings)) == {"results of superseded versions": 12, "copies in quarantine": 1}
    assert len(readings) == 1


def test_a_copy_that_another_version_has_refused_meanwhile_stays(settings):
    age_ledger(settings)
    step = Step(settings, dry_run=False)
    (old,) = {path for outcome in step.outcomes.quarantined for path in outcome.hashes if path.endswith("letter.las")}
    with closing(sqlite3.connect(settings.home / "ledger.db")) as connection, connection:
        columns = [
            row[1] for row in connection.execute("PRAGMA table_info(scorings)") if row[1] not in {"id", "version"}
        ]
        named = ", ".join(columns)
        connection.execute(
            f"INSERT INTO scorings (version, {named}) "
            f"SELECT '99', {named} FROM scorings WHERE state = 'quarantined' LIMIT 1"
        )
    assert results.quarantine_copies(step).items == 0
    assert Path(old).exists()
    assert verify_outputs(open_ledger(settings.ledger_url), settings.outbox, OUTPUT_FOLDERS).problems == []
