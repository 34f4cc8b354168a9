"""Settings: everything in home unless named, nothing made by reading them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from aemodels.io.files.size_limits import SizeLimits
from tasks.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for name in ("HOME", "TRACKING_URI", "LEDGER_URL", "INBOX", "OUTBOX", "WORKERS", "TASK_RUNNER"):
        monkeypatch.delenv(f"SONDEFLOW_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_lie_in_data_work(tmp_path):
    settings = Settings()
    home = tmp_path / "data" / "work"
    assert settings.home == home
    assert str(settings.tracking_uri) == f"sqlite:///{home}/mlflow.db"
    assert str(settings.ledger_url) == f"sqlite:///{home}/ledger.db"
    assert (settings.inbox, settings.outbox) == (home / "inbox", home / "outbox")


def test_everything_follows_home(monkeypatch):
    monkeypatch.setenv("SONDEFLOW_HOME", "/somewhere/else")
    settings = Settings()
    below = (settings.inbox, settings.outbox, settings.fits_dir, settings.bundles_dir, settings.artifacts_dir)
    assert all(path.is_relative_to("/somewhere/else") for path in below)
    assert str(settings.ledger_url) == "sqlite:////somewhere/else/ledger.db"


def test_a_named_place_wins_over_home(monkeypatch, tmp_path):
    monkeypatch.setenv("SONDEFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    monkeypatch.setenv("SONDEFLOW_INBOX", "arrivals")
    settings = Settings()
    assert str(settings.tracking_uri) == "http://127.0.0.1:5000"
    assert settings.inbox == tmp_path / "arrivals"


def test_reading_settings_creates_nothing(tmp_path):
    Settings()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "value"), [("WORKERS", "0"), ("TASK_RUNNER", "slurm"), ("WORKERS", "many")])
def test_bad_values_are_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"SONDEFLOW_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().home = Path("/elsewhere")


@pytest.mark.parametrize("text", ["inline=9, crossline=21", '{"inline": 9, "crossline": 21}'])
def test_header_positions_as_text_or_as_json(monkeypatch, text):
    monkeypatch.setenv("SONDEFLOW_HEADER_POSITIONS", text)
    positions = Settings().header_positions
    assert (positions.inline, positions.crossline, positions.cdp_x) == (9, 21, 181)


@pytest.mark.parametrize("text", ["inline=300", "9", '{"inline": 0}', "{"])
def test_header_positions_that_make_no_sense_are_refused(monkeypatch, text):
    monkeypatch.setenv("SONDEFLOW_HEADER_POSITIONS", text)
    with pytest.raises(ValidationError, match="header_positions"):
        Settings()


def test_limits_come_from_the_environment(monkeypatch):
    assert Settings().limits == SizeLimits()
    for name, value in (("FILE_BYTES", 7), ("WHOLE_BYTES", 5), ("UNPACKED_BYTES", 6), ("UNPACKED_RATIO", 4)):
        monkeypatch.setenv(f"SONDEFLOW_MAX_{name}", str(value))
    limits = Settings().limits
    assert (limits.stored, limits.whole, limits.unpacked, limits.growth) == (7, 5, 6, 4)
