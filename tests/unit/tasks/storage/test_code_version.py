"""The code that a cache answers for: every named part exists, and a changed file changes the hash."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import aemodels
from tasks.storage import code_version
from tasks.storage.code_version import FITTING, READING, STUDYING, code_hash


@pytest.mark.parametrize("parts", [READING, FITTING, STUDYING])
def test_every_part_holds_code(parts: tuple[str, ...]) -> None:
    for part in parts:
        assert list((Path(aemodels.__file__).parent / part).rglob("*.py")), f"aemodels/{part} holds no module"


@pytest.mark.parametrize("changed", ["io/readers.py", "curves/aliases.yaml", "core/types.py"])
def test_a_changed_file_changes_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    copy = tmp_path / "aemodels"
    shutil.copytree(Path(aemodels.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code_version.aemodels, "__file__", str(copy / "__init__.py"))
    before = code_hash.__wrapped__(READING)
    (copy / changed).write_bytes((copy / changed).read_bytes() + b"\n# changed\n")
    assert code_hash.__wrapped__(READING) != before
