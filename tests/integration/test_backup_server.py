"""Artifacts behind a real MLflow server: in the backup, and sent back to a server that has lost them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aemodels.io.files.hashing import sha256_file
from helpers.cheap_bundle import fill
from helpers.installation import MODEL, assert_whole, make_installation, score
from helpers.mlflow_server import MlflowServer
from tasks.address import Address
from tasks.backup.artifacts import restore_artifacts
from tasks.backup.backup import back_up
from tasks.backup.manifest import BackupError
from tasks.backup.restore import restore
from tasks.settings import Settings
from tasks.tracking import RunSpec, download_bundle, get, log_text, read_document, tracked_run
from tasks.tracking.store import _client


def contents(folder: Path) -> dict[str, str]:
    """Hashes of all files below a folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in found}


def server_in(folder: Path, port: int | None = None) -> MlflowServer:
    folder.mkdir()
    server = MlflowServer(folder)
    server.port = port or server.port
    server.start()
    return server


@pytest.mark.slow  # a real server, thrice
def test_artifacts_of_a_lost_server_come_back_with_its_database(tmp_path):
    first = server_in(tmp_path / "first")
    try:
        settings = Settings(home=tmp_path / "home", tracking_uri=Address(first.address), settle_seconds=0)
        make_installation(settings, tmp_path)
        with tracked_run(settings, RunSpec(experiment="logs", name="notes")) as run:
            log_text(settings, run.run_id, "artifacts/inner/note.txt", "as written")
        with tracked_run(settings, RunSpec(experiment="logs", name="without artifacts")):
            pass
        before = contents(first.folder / "art")
        made = back_up(settings, tmp_path / "backup")
    finally:
        first.stop()
    saved = {name for name in made.files if name.startswith("artifacts/")}
    assert len(saved) == len(before) > 100, "code and bundle of the model, documents of the runs"
    assert any(name.endswith("/artifacts/inner/note.txt") for name in saved)
    assert [line for line in made.left_out if "artifacts of" in line] == []

    settings.home.rename(tmp_path / "lost home")
    second = server_in(tmp_path / "second", first.port)  # an empty one: its database is not restored yet
    try:
        restored = Settings(home=tmp_path / "new", tracking_uri=Address(second.address), settle_seconds=0)
        answer = restore(restored, tmp_path / "backup")
        assert answer.sent_artifacts == 0
        assert any("does not know" in line and "--artifacts" in line for line in answer.left_out)
        second.stop()
        (second.folder / "server.db").unlink()
        with (
            closing(sqlite3.connect(first.folder / "server.db")) as source,
            closing(sqlite3.connect(second.folder / "server.db")) as target,
        ):
            source.backup(target)
        shutil.rmtree(second.folder / "art", ignore_errors=True)
        second.start()
        _client.cache_clear()
        sent = restore_artifacts(restored, tmp_path / "backup")
        assert (sent.files, sent.left_out) == (len(before), ())
        assert contents(second.folder / "art") == before
        assert restore_artifacts(restored, tmp_path / "backup").files == 0, "nothing is sent twice"

        shutil.rmtree(restored.bundles_dir)
        champion = get(restored, f"models:/{MODEL}@champion")
        assert download_bundle(restored, champion).is_dir()
        assert read_document(restored, champion.run_id, "evidence.json")["data"]["refs"]
        fill(restored.inbox, 1, first=50)
        assert score(restored).scored == 1
        assert_whole(restored)

        victim = next((second.folder / "art").rglob("evidence.json"))
        victim.write_text("{}")
        sent = restore_artifacts(restored, tmp_path / "backup")
        assert sent.files == 0
        assert "1 artifacts that the store has with another size" in sent.left_out[0]
        assert victim.read_text() == "{}", "what the store has is never replaced"

        damaged = next((tmp_path / "backup" / "artifacts").rglob("note.txt"))
        damaged.write_text("something else")
        with pytest.raises(BackupError, match=r"1 of \d+ files are wrong"):
            restore_artifacts(restored, tmp_path / "backup")
    finally:
        second.stop()
    assert "does not respond" in restore_artifacts_away(restored, tmp_path / "backup", damaged)


def restore_artifacts_away(settings: Settings, backup: Path, damaged: Path) -> str:
    """What is told if the server is away."""
    damaged.write_text("as written")
    return restore_artifacts(settings, backup).left_out[0]


@pytest.mark.slow  # a real server
def test_a_backup_of_the_database_says_which_artifacts_only_the_server_has(tmp_path):
    server = server_in(tmp_path / "server")
    try:
        settings = Settings(home=tmp_path / "home", tracking_uri=Address(server.address))
        with tracked_run(settings, RunSpec(experiment="logs", name="r")) as run:
            log_text(settings, run.run_id, "note.txt", "as written")
    finally:
        server.stop()
    direct = Settings(home=tmp_path / "home", tracking_uri=Address(f"sqlite:///{server.folder}/server.db"))
    made = back_up(direct, tmp_path / "backup")
    (line,) = [line for line in made.left_out if "artifacts of 1 runs" in line]
    assert "set SONDEFLOW_TRACKING_URI to its address" in line
    shutil.copytree(server.folder / "art", direct.artifacts_dir)  # as in the stack: its folder is that of the home
    made = back_up(direct, tmp_path / "second")
    assert [line for line in made.left_out if "artifacts of" in line] == []
    assert f"home/mlartifacts/1/{run.run_id}/artifacts/note.txt" in made.files
