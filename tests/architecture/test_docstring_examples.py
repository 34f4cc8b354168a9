"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

from helpers.paths import ROOT

# only modules with examples are imported: importing all of them would load TensorFlow as well
MODULES = [
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for place in ("sondeflow.py", "aemodels", "tasks", "flows")
    for path in ([ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py")))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_examples_are_found() -> None:
    assert len(MODULES) > 30
