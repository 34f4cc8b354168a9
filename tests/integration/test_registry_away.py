"""Scoring while MLflow is away: with the last known champion, which is said; after that with the present one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aemodels.core.errors import BundleError
from helpers.cheap_bundle import fill
from helpers.installation import MODEL, make_champion, score
from helpers.mlflow_server import MlflowServer
from tasks.address import Address
from tasks.scoring.choose_bundle import QUICK_SECONDS, choose_scorers, default_scorer
from tasks.scoring.request import ScoreRequest
from tasks.settings import Settings
from tasks.tracking import StoreUnavailableError, bundle_folder, get
from tasks.tracking.store import _client

CHAMPION = ("champion",)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(home=folder / "home")
    make_champion(settings, folder)
    (scorer,) = choose_scorers(["logs"], ScoreRequest().filled(settings), settings).values()
    assert scorer.note == ""
    return settings


@pytest.fixture
def settings(template, tmp_path) -> Settings:
    shutil.copytree(template.home, tmp_path / "home", symlinks=True)
    return Settings(home=tmp_path / "home")


@pytest.mark.parametrize("fault", ["damaged", "gone"])
def test_the_last_known_champion_is_chosen_and_the_reason_noted(settings, fault):
    known = default_scorer("logs", CHAMPION, settings)
    database = settings.home / "mlflow.db"
    _client.cache_clear()
    if fault == "damaged":
        database.write_bytes(b"no database " * 1000)
    else:
        database.unlink()
    found = default_scorer("logs", CHAMPION, settings)
    assert found.model_copy(update={"note": ""}) == known
    assert found.folder.startswith(str(settings.home)), "also in a home that was moved"
    assert str(database) in found.note
    shipped = default_scorer("seismic", CHAMPION, settings)
    assert (shipped.name, shipped.note) == ("seismic", ""), "the registry had no champion for lines"


def test_without_a_last_known_champion_nothing_is_guessed(settings):
    (settings.home / "champions.json").unlink()
    away = settings.model_copy(update={"tracking_uri": Address("http://me:secret@127.0.0.1:1")})
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:1 does not respond") as error:
        default_scorer("logs", CHAMPION, away)
    assert "secret" not in str(error.value)


def test_a_last_known_champion_that_was_altered_is_refused(settings):
    folder = bundle_folder(settings, get(settings, f"models:/{MODEL}@champion"))
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(manifest | {"threshold": 0.0}))
    (settings.home / "mlflow.db").unlink()
    with pytest.raises(BundleError, match="it was altered"):
        default_scorer("logs", CHAMPION, settings)


@pytest.mark.slow  # starts MLflow's server
def test_a_slow_server_is_waited_for_if_its_last_answer_is_not_known(tmp_path):
    (tmp_path / "server").mkdir()
    server = MlflowServer(tmp_path / "server")
    settings = Settings(home=tmp_path / "home", tracking_uri=Address(server.address))
    try:
        server.start()
        make_champion(settings, tmp_path)
        for known in (False, True):
            with stopped_for(server, 2 * QUICK_SECONDS):
                began = time.monotonic()
                found = default_scorer("logs", CHAMPION, settings)
                waited = time.monotonic() - began
            assert found.version == "1"
            assert ("does not respond" in found.note) == known, "with a known champion nothing waits for long"
            assert known or waited > QUICK_SECONDS
    finally:
        server.stop()


@contextmanager
def stopped_for(server: MlflowServer, seconds: float) -> Iterator[None]:
    """Stop all processes of a server for a while, as a machine does that has no time for them."""
    os.killpg(server.process.pid, signal.SIGSTOP)
    going_on = threading.Timer(seconds, os.killpg, (server.process.pid, signal.SIGCONT))
    going_on.start()
    try:
        yield
    finally:
        going_on.join()


@pytest.mark.slow  # starts MLflow's server
def test_files_are_scored_while_the_server_is_away_and_the_report_says_so(tmp_path):
    (tmp_path / "server").mkdir()
    server = MlflowServer(tmp_path / "server")
    settings = Settings(home=tmp_path / "home", tracking_uri=Address(server.address), settle_seconds=0)
    try:
        server.start()
        make_champion(settings, tmp_path)
        fill(settings.inbox, 1)
        assert score(settings).scored == 1
        server.stop()
        fill(settings.inbox, 1, first=1)
        summary = score(settings)
        assert summary.scored == 1
        (outcome,) = (one for one in summary.outcomes if one.fate == "scored")
        assert outcome.model == f"{MODEL}-v1"
        assert "registry-unavailable" in [finding.code for finding in outcome.findings]
        report = next(path for path in outcome.outputs if path.endswith(".html"))
        assert "last known champion" in (settings.home / report).read_text(encoding="utf-8")
        server.start()
        make_champion(settings, tmp_path, seed=10)
        fill(settings.inbox, 1, first=2)
        (outcome,) = (one for one in score(settings).outcomes if one.fate == "scored")
        assert outcome.model == f"{MODEL}-v2"
        assert "registry-unavailable" not in [finding.code for finding in outcome.findings]
    finally:
        server.stop()
