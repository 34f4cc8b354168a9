"""A home of version 0.1, with a database of an earlier MLflow, scores on: nothing is lost, doubled or scored again."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import create_engine, insert

from helpers.cheap_bundle import fill
from helpers.installation import MODEL, make_champion, score
from helpers.paths import TESTS
from tasks.backup.backup import back_up
from tasks.backup.restore import restore
from tasks.doctor import installation
from tasks.ledger import entries, open_ledger, schema_state
from tasks.ledger.schema import STEPS, applied
from tasks.settings import Settings
from tasks.tracking import connect, get, store_state
from tasks.tracking.schema import SchemaError
from tasks.tracking.store import _client

EARLIER = TESTS / "data" / "earlier"
EARLIER_MLFLOW = "400f98739977"  # the tables of MLflow 3.0


def make_earlier_tracking(settings: Settings) -> None:
    """Write the registry's rows into a database with the tables of an earlier MLflow, in place of the present one."""
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    present, earlier = settings.home / "mlflow.db", settings.home / "earlier.db"
    engine = create_engine(f"sqlite:///{earlier}")
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        config = _get_alembic_config(str(engine.url))
        config.attributes["connection"] = connection
        command.upgrade(config, EARLIER_MLFLOW)
    engine.dispose()
    with closing(sqlite3.connect(earlier)) as connection, connection:
        connection.execute("ATTACH ? AS present", (str(present),))
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in set(tables) - {"alembic_version"}:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            now = {row[1] for row in connection.execute(f"PRAGMA present.table_info({table})")}
            kept = ", ".join(f'"{column}"' for column in columns if column in now)
            if kept:
                connection.execute(f"INSERT OR IGNORE INTO {table} ({kept}) SELECT {kept} FROM present.{table}")
    earlier.replace(present)
    _client.cache_clear()


def make_earlier_ledger(settings: Settings) -> None:
    """Write the ledger that version 0.1 has left into the only table of the first release."""
    stored = settings.home / "stored.db"
    stored.write_bytes(gzip.decompress((EARLIER / "ledger.db.gz").read_bytes()))
    ledger = settings.home / "ledger.db"
    engine = create_engine(f"sqlite:///{ledger}")
    with engine.begin() as connection:
        applied.create(connection)
        STEPS[0](connection)
        connection.execute(insert(applied).values(step=1, applied_at="2025-01-01"))
    engine.dispose()
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("ATTACH ? AS stored", (str(stored),))
        columns = ", ".join(row[1] for row in connection.execute("PRAGMA table_info(arrivals)"))
        connection.execute(f"INSERT INTO arrivals ({columns}) SELECT {columns} FROM stored.scorings")
    stored.unlink()


@pytest.fixture
def settings(tmp_path) -> Settings:
    settings = Settings(home=tmp_path / "home", settle_seconds=0)
    make_champion(settings, tmp_path)
    make_earlier_tracking(settings)
    make_earlier_ledger(settings)
    settings.inbox.mkdir()
    (settings.inbox / "W-3000.las").write_bytes((EARLIER / "W-3000.las").read_bytes())
    return settings


@pytest.mark.slow  # the upgrades of ledger and bundles have quick tests
def test_a_home_of_the_previous_version_is_upgraded_and_scores_on(settings, tmp_path):
    assert (store_state(settings.tracking_uri), schema_state(settings.ledger_url)) == ("older", "older")
    assert installation.tracking(settings).verdict == "warn"
    assert installation.ledger(settings).verdict == "warn"
    back_up(settings, tmp_path / "before")

    fill(settings.inbox, 2)
    summary = score(settings)
    assert (summary.scored, summary.skipped) == (2, 1), "what version 0.1 has scored is not scored again"
    assert (store_state(settings.tracking_uri), schema_state(settings.ledger_url)) == ("current", "current")
    assert get(settings, f"models:/{MODEL}@champion").version == "1"
    assert len(list(settings.home.glob(f"mlflow-before-*-{EARLIER_MLFLOW}.db"))) == 1
    assert score(settings).new == 0

    restored = Settings(home=tmp_path / "restored", settle_seconds=0)
    restore(restored, tmp_path / "before")
    fill(restored.inbox, 2)
    summary = score(restored)
    assert (summary.scored, summary.skipped) == (2, 1), "nor after a restoration of the backup that was made before"
    rows = entries(open_ledger(restored.ledger_url))
    assert len({row.sha256 for row in rows}) == len(rows) == 4, "two of version 0.1, and two new ones"


def test_a_database_of_a_later_mlflow_is_refused_and_left_as_it_is(tmp_path):
    settings = Settings(home=tmp_path / "home")
    connect(settings)
    _client.cache_clear()
    with closing(sqlite3.connect(settings.home / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'fffffffffff1'")
    assert store_state(settings.tracking_uri) == "unknown"
    assert installation.tracking(settings).verdict == "fail"
    with pytest.raises(SchemaError, match="was written by a newer MLflow"):
        connect(settings)
