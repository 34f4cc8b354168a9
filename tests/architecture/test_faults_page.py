"""The page on faults names every kind and every parameter."""

from __future__ import annotations

from typing import get_args

import pytest

from aemodels.faults import FaultSpec
from aemodels.faults.base import FaultBase
from helpers.pages import read_page

PAGE = read_page("faults.md")
KINDS: tuple[type[FaultBase], ...] = get_args(get_args(FaultSpec)[0])
EVERYWHERE = {"kind", "curves"}  # told once for all


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model_fields["kind"].default)
def test_the_page_tells_of_every_kind_and_parameter(kind: type[FaultBase]) -> None:
    name = kind.model_fields["kind"].default
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
    missing = {field for field in kind.model_fields if f"`{field}`" not in rows[0]} - EVERYWHERE
    assert not missing
