"""Forests on planted lithology: predicted if curves depend on it, not if they only identify the well."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.interfaces import FitContext
from aemodels.core.types import Channel, Recording, Source
from aemodels.denoisers.linear.pca import Pca
from aemodels.latent.embed import encoder_of
from aemodels.latent.lithology_forest import (
    EMBEDDING,
    PCA,
    RAW,
    ForestSpec,
    LabelledWindows,
    forest_scores,
    labelled_windows,
    summarise_forests,
)
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

SMALL = ForestSpec(trees=20, windows=600, jobs=1)


def layered_well(name: str, seed: int):
    """Return thick beds of three lithologies, given by the level of the one curve."""
    rng = np.random.default_rng(seed)
    rock = np.repeat(rng.permutation(np.arange(30) % 3), 60)
    curve = rock + rng.normal(0, 0.1, rock.size)
    values = np.stack([curve, rock]).astype(np.float32)
    channels = (Channel("GR"), Channel("LITHOLOGY"))
    axis = 0.15 * np.arange(rock.size)
    recording = Recording(values, axis, channels, "logs", Source(f"{name}.las", f"{seed:064x}"), name)
    return recording, make_section(curve[None], name=name)


@pytest.fixture(scope="module")
def wells():
    return [layered_well(f"W {seed}", seed) for seed in range(6)]


@pytest.fixture(scope="module")
def model(wells):
    spec = Pca(window=WindowSpec(length=24, stride=12, width=0), latent=3)
    return encoder_of(spec.fit([section for _, section in wells], [], FitContext(kind="logs", seed=0)).denoiser)


def test_lithology_given_by_the_curve_is_predicted_in_held_out_wells(wells, model):
    labelled = labelled_windows(model, wells, SMALL)
    assert {name: features.shape[1] for name, features in labelled.features.items()} == {EMBEDDING: 3, PCA: 3, RAW: 24}
    assert len(labelled.lithology) <= 600
    folds = forest_scores(labelled, SMALL)
    summary = summarise_forests(folds.assign(contender="pca")).set_index("features")
    assert (summary["balanced_accuracy"] > 0.9).all()
    assert (summary["macro_f1"] > 0.9).all()
    assert (summary["windows"] == len(labelled.lithology)).all(), "each window is judged once"


def test_no_well_is_in_training_and_test(wells, model):
    folds = forest_scores(labelled_windows(model, wells, SMALL), SMALL, (EMBEDDING,))
    left_out = [well for row in folds["wells"] for well in row.split(", ")]
    assert sorted(left_out) == [f"w_{n}" for n in range(6)]
    assert len(folds) == 5


def test_lithology_given_only_by_the_well_is_not_predicted():
    """Features identify the well, and so the lithology of training wells; a random split would show false skill."""
    rng = np.random.default_rng(0)
    well = np.repeat(np.arange(10), 60)
    rock = (rng.permutation(10) % 2)[well]
    features = (rng.permutation(10).astype(np.float32)[well] + rng.normal(0, 0.01, well.size))[:, None].astype(
        np.float32
    )
    labelled = LabelledWindows({EMBEDDING: features}, rock.astype(np.int64), well.astype(str))
    folds = forest_scores(labelled, SMALL, (EMBEDDING,))
    assert folds["balanced_accuracy"].mean() < 0.8


def test_rare_lithology_and_lithology_of_a_single_well_are_excluded(wells, model):
    changed = []
    for number, (recording, section) in enumerate(wells):
        values = recording.values.copy()
        if number == 0:
            values[1, :600] = 7.0
        if number < 2:
            values[1, -30:] = 8.0
        changed.append((dataclasses.replace(recording, values=values), section))
    labelled = labelled_windows(model, changed, SMALL)
    assert set(labelled.lithology) == {0, 1, 2}


def test_fewer_than_two_wells_with_lithology_give_none(wells, model):
    plain = [(recording.select(slice(0, 1)), section) for recording, section in wells]
    assert labelled_windows(model, plain, SMALL) is None
    assert labelled_windows(model, [wells[0], *plain[1:]], SMALL) is None
