"""Wells that are like the training wells, and wells that are not."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.types import Section
from aemodels.monitoring.familiarity import Familiarity, fit_familiarity
from helpers.recordings import make_section


def _well(seed: int, *, relation: float = 1.0, noise: float = 0.01, level: float = 0.5, curves: int = 3) -> Section:
    """Curves that follow one rock, the second one with a slope; levels differ a little from well to well."""
    rng = np.random.default_rng(seed)
    rock = np.repeat(rng.normal(0, 0.15, 300), 10)
    own = rng.normal(0, 0.02, 3)
    rows = np.stack([level + rock + own[0], level + relation * rock + own[1], 0.5 - 0.5 * rock + own[2]])
    values = rows + rng.normal(0, noise, rows.shape)
    mask = np.zeros(rows.shape, dtype=bool)
    mask[:curves] = True
    return make_section(np.where(mask, values, 0.5), mask, f"W-{seed}")


@pytest.fixture(scope="module")
def known() -> Familiarity:
    found = fit_familiarity([_well(seed) for seed in range(12)])
    assert found is not None
    return found


def test_new_wells_of_the_same_field_are_familiar(known: Familiarity) -> None:
    distances = [known.distance(_well(seed)) for seed in range(100, 120)]
    assert np.mean(np.array(distances) <= known.limit) >= 0.8


@pytest.mark.parametrize("change", [{"relation": -1.0}, {"noise": 0.1}, {"level": 0.9}])
def test_other_relations_noise_or_levels_are_unfamiliar(known: Familiarity, change: dict[str, float]) -> None:
    assert known.distance(_well(100, **change)) > known.limit


def test_a_well_with_fewer_curves_is_compared_by_those_it_has(known: Familiarity) -> None:
    assert known.distance(_well(100, curves=2)) <= 2 * known.limit
    assert known.distance(_well(100, curves=2, level=0.9)) > known.limit
    assert np.isnan(known.distance(_well(100, curves=0)))


def test_it_survives_the_disk(known: Familiarity) -> None:
    loaded = Familiarity.restore(known.arrays())
    assert loaded.distance(_well(100)) == known.distance(_well(100))
    assert loaded.limit == known.limit


def test_a_few_wells_say_little_of_how_wells_differ() -> None:
    assert fit_familiarity([_well(seed) for seed in range(7)]) is None
