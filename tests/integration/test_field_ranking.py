"""The ranking of a generated field: wells with planted faults come first, scored by the bundle of the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.faulty_field import write_faulty_field
from tasks.field.make import FieldRequest, make_field
from tasks.settings import Settings

TOP = 0.1


def top_share(planted: dict[str, float], order: list[str]) -> float:
    """Share of the planted metres in the first tenth of an order."""
    return sum(planted[name] for name in order[: round(TOP * len(order))]) / sum(planted.values())


def ranked_and_random(outbox: Path, wells: int) -> tuple[float, float, float]:
    """Share of the planted metres in the first tenth: of the ranking, of random orders on average, of the best."""
    planted = write_faulty_field(outbox, wells)
    request = FieldRequest(outbox=outbox, out=outbox.parent / "field.html")
    result = make_field(request, Settings(home=outbox.parent / "home"))
    assert {row["name"] for row in result.files} == set(planted)
    rng, names = np.random.default_rng(0), sorted(planted)
    random = float(np.mean([top_share(planted, [str(name) for name in rng.permutation(names)]) for _ in range(500)]))
    best = top_share(planted, sorted(planted, key=lambda name: -planted[name]))
    return top_share(planted, [row["name"] for row in result.files]), random, best


def test_the_first_tenth_of_a_small_field_holds_most_faults(tmp_path: Path) -> None:
    ranked, random, best = ranked_and_random(tmp_path / "outbox", wells=20)
    assert ranked >= 0.6
    assert ranked >= 3 * random
    assert ranked >= 0.8 * best


@pytest.mark.slow
def test_the_first_tenth_of_a_field_holds_most_faults(tmp_path: Path) -> None:
    ranked, random, best = ranked_and_random(tmp_path / "outbox", wells=200)
    assert ranked >= 0.6
    assert ranked >= 3 * random
    assert ranked >= 0.85 * best
