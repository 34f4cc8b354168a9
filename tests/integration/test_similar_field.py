"""The search on field wells: what is alike by its code is the same rock more often than by chance."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.curves.lithology import lithology
from aemodels.io.readers import read
from aemodels.latent.embed import encoder_of
from aemodels.latent.similar_intervals import QueryInterval, find_similar
from aemodels.study import steps
from flows.catalogue import load_spec

SAMPLES = 66  # 10 m
QUERIES = 5  # of each rock
ROCKS = {30000: "sandstone", 65000: "shale", 65030: "sandstone/shale", 70000: "limestone", 80000: "marl"}


@pytest.fixture(scope="module")
def field(field_data):
    """Wells for training and validation with their lithology, and the components that a bundle would carry."""
    spec = load_spec("logs")
    prepared = steps.prepare(spec, [read(path) for path in sorted((field_data / "force2020").glob("*.las"))])
    recordings = prepared.split.train + prepared.split.validation
    rocks = [lithology(recording) for recording in recordings]
    model = encoder_of(spec.encoder.fit(prepared.train, (), None).denoiser)
    return model, prepared.train + prepared.validation, rocks


def intervals(sections, rocks, rock: int) -> list[tuple[int, QueryInterval]]:
    """Seeded intervals of 10 m, nine tenths of them this rock, with three curves at least: (well, interval)."""
    rng = np.random.default_rng(rock)
    found = []
    while len(found) < QUERIES:
        well = int(rng.integers(len(sections)))
        pure = np.convolve(rocks[well] == rock, np.ones(SAMPLES), "valid") >= 0.9 * SAMPLES
        if not pure.any():
            continue
        start = int(rng.choice(np.flatnonzero(pure)))
        interval = QueryInterval(sections[well], start, start + SAMPLES)
        if len(interval.channels) >= 3:
            found.append((well, interval))
    return found


@pytest.mark.slow
def test_the_nearest_places_in_other_wells_are_the_same_rock_more_often_than_any_places(field, record_property):
    model, sections, rocks = field
    same, chance = {}, {}
    for rock, name in ROCKS.items():
        hits, shares = [], []
        for well, interval in intervals(sections, rocks, rock):
            others = [number for number in range(len(sections)) if number != well]
            wells = [(sections[number], rocks[number] < 0) for number in others]  # only where the rock is known
            for match in find_similar(model, interval, wells, top=5).matches:
                hits.append(np.mean(rocks[others[match.well]][match.start : match.stop] == rock))
            known = np.concatenate([rocks[number][rocks[number] >= 0] for number in others])
            shares.append(np.mean(known == rock))
        same[name], chance[name] = float(np.mean(hits)), float(np.mean(shares))
        record_property(name, f"{same[name]:.2f} by code, {chance[name]:.2f} by chance")
    assert np.mean(list(same.values())) > 1.5 * np.mean(list(chance.values()))
    assert sum(same[name] > chance[name] for name in same) >= 4
