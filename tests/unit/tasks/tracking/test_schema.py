"""MLflow stores that cannot be migrated: named, and left as they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tasks.address import Address
from tasks.tracking.schema import SchemaError, prepare_store, upgrade_store


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE alembic_version (version_num TEXT)")
        store.execute("INSERT INTO alembic_version VALUES ('ffffffffffff')")
        store.commit()


@pytest.mark.parametrize(
    ("write", "said"),
    [(_newer, "newer MLflow"), (lambda path: path.write_text("Dear all,\n"), "cannot be read as an MLflow store")],
    ids=["newer", "no database"],
)
@pytest.mark.parametrize("use", [prepare_store, upgrade_store])
def test_what_cannot_be_migrated_is_named_and_left_alone(tmp_path, write, said, use):
    path = tmp_path / "mlflow.db"
    write(path)
    before = path.read_bytes()
    with pytest.raises(SchemaError, match=said) as refused:
        use(Address(f"sqlite:///{path}"))
    assert str(path) in str(refused.value)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_store_without_tables_needs_nothing(tmp_path):
    assert prepare_store(Address(f"sqlite:///{tmp_path}/none.db")) is None
    assert list(tmp_path.iterdir()) == []
