"""The pages on denoisers and networks have a row for every kind, with a description."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from aemodels.denoisers.registry import DenoiserSpec, Network
from helpers.pages import read_page

NETWORKS: tuple[type[Any], ...] = get_args(Network)
KINDS: tuple[type[Any], ...] = get_args(get_args(DenoiserSpec)[0])


def name_of(kind: type[Any]) -> str:
    return str(kind.model_fields["kind"].default)


def rows_of(page: str) -> dict[str, list[str]]:
    """The other cells of each table row, by the names in its first cell."""
    rows: dict[str, list[str]] = {}
    for line in read_page(page).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            rows |= dict.fromkeys(re.findall(r"`(\w+)`", cells[0]), cells[1:])
    return rows


@pytest.mark.parametrize("kind", NETWORKS, ids=name_of)
def test_the_page_on_networks_describes_every_kind(kind: type[Any]) -> None:
    cells = rows_of("networks.md").get(name_of(kind), [])
    assert len(cells) == 4, f"{name_of(kind)}: add a row to docs/reference/networks.md"
    assert all(cells)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_the_page_on_denoisers_or_on_networks_describes_every_kind(kind: type[Any]) -> None:
    rows = rows_of("denoisers.md") | rows_of("networks.md")
    assert name_of(kind) in rows, f"{name_of(kind)}: add a row to docs/reference/denoisers.md"
    assert rows[name_of(kind)][0]


@pytest.mark.parametrize("page", ["denoisers.md", "networks.md"])
def test_no_row_is_stale(page: str) -> None:
    assert set(rows_of(page)) <= {name_of(kind) for kind in KINDS}
