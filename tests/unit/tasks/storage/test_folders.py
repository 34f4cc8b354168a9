"""Folders appear whole or not at all."""

from __future__ import annotations

import pytest

from tasks.storage.folders import whole_folder


def test_a_filled_folder_appears(tmp_path):
    with whole_folder(tmp_path / "a" / "b") as filling:
        (filling / "x").write_text("1")
        assert not (tmp_path / "a" / "b").exists()
    assert (tmp_path / "a" / "b" / "x").read_text() == "1"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "b") as filling:
        (filling / "x").write_text("1")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").touch()
    with whole_folder(tmp_path / "b") as filling:
        (filling / "new").touch()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["old"]
