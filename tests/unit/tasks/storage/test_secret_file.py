"""Secrets in files for their owner only."""

from __future__ import annotations

import stat

import pytest

from tasks.storage.secret_file import new_password, read_or_make, replace_private, write_private


def test_a_secret_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "home" / "secret"
    made = read_or_make(path, new_password)
    assert len(made) == 43
    assert read_or_make(path, lambda: pytest.fail("made twice")) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


def test_a_file_that_others_can_read_is_closed(tmp_path):
    path = tmp_path / "secret"
    path.write_text("known\n")
    path.chmod(0o644)
    assert read_or_make(path, new_password) == "known"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_private_file_is_replaced_but_never_overwritten(tmp_path):
    path = tmp_path / "config"
    replace_private(path, "one")
    replace_private(path, "two")
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_private(path, "three")
