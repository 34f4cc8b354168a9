"""Every detector kind, by way of the registry: higher = more anomalous, NaN where unobserved, arrays there and back."""

from __future__ import annotations

from functools import cache
from typing import get_args

import numpy as np
import pytest

from aemodels.contract import FitContext
from aemodels.detect import DetectorSpec
from aemodels.detect.base import DetectContext, row_scores
from aemodels.models import Pca, Vae
from aemodels.models.training import TrainingSpec
from aemodels.signal.windows import WindowSpec
from conftest import make_section

KINDS = get_args(get_args(DetectorSpec)[0])
PCA = Pca(latent=6, window=WindowSpec(length=32, stride=8, width=1))
SMALL = {
    "reconstruction": {"contender": "pca"},
    "pca_reconstruction": {"model": PCA},
    "vae_probability": {"contender": "vae"},
    "isolation_forest": {"trees": 40, "rows": 2000},
}


VAE = Vae(
    latent=4,
    widths=(24,),
    window=WindowSpec(length=32, stride=8, width=1),
    training=TrainingSpec(epochs=15, batch=32, stride=16, learning_rate=0.01),
)


@cache
def contenders() -> dict:
    """What detectors reconstruct with, fitted once."""
    train = [_section(n) for n in range(4)]
    return {
        name: model.fit(train, train, FitContext("logs", 0)).denoiser for name, model in (("pca", PCA), ("vae", VAE))
    }


def _section(seed: int, rows: int = 3, samples: int = 600):
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (rows, 1))
    return make_section(
        0.5 + 0.3 * np.sin(np.linspace(0, 80, samples)[None] + phase) + rng.normal(0, 0.01, (rows, samples))
    )


@pytest.fixture(params=KINDS, ids=lambda kind: kind.model_fields["kind"].default)
def spec(request):
    return request.param(**SMALL[request.param.model_fields["kind"].default])


@pytest.fixture(params=["logs", "seismic"])
def fitted(request, spec):
    train = [_section(n) for n in range(4)]
    context = DetectContext(request.param, 0, contenders())
    return spec.fit(train, context), context


def test_a_burst_scores_higher_than_its_surroundings(fitted):
    detector, context = fitted
    clean = _section(50, rows=3)
    values = clean.values.copy()
    values[1, 300:310] += np.tile([3.0, -3.0], 5).astype(np.float32)
    scores = detector.score(clean.with_values(values))
    if context.kind == "logs":
        assert scores.shape == clean.values.shape
        assert scores[1, 300:310].mean() > 1.2 * np.median(scores[1])
        rows = row_scores(scores, "logs")
        assert np.median(rows[300:310]) > np.median(rows)
    else:
        assert scores.shape == (3, 1)
        assert scores[1, 0] == scores.max()


def test_unobserved_is_nan_and_only_that(fitted):
    detector, context = fitted
    section = _section(51)
    mask = np.ones(section.values.shape, dtype=bool)
    mask[2] = False
    scores = detector.score(make_section(section.values, mask))
    assert np.isnan(scores[2]).all()
    assert np.isfinite(scores[:2]).all()
    assert row_scores(scores, context.kind).dtype == np.float32


@pytest.mark.parametrize("samples", [1, 2, 600])
def test_a_short_recording_is_scored(fitted, samples):
    detector, _ = fitted
    scores = detector.score(_section(53, samples=samples))
    assert np.isfinite(scores).all()


def test_a_lone_trace_is_scored(spec):
    train = [_section(n) for n in range(4)]
    detector = spec.fit(train, DetectContext("seismic", 0, contenders()))
    assert np.isfinite(detector.score(_section(54, rows=1))).all()


def test_arrays_restore_the_same_scores(spec, fitted):
    detector, context = fitted
    section = _section(52)
    again = spec.restore(detector.arrays(), context).score(section)
    np.testing.assert_allclose(again, detector.score(section), rtol=1e-6)


def test_flat_forest_scores_as_scikit_learn_does():
    from sklearn.ensemble import IsolationForest as SklearnForest

    from aemodels.detect.forest import flatten

    rng = np.random.default_rng(0)
    train = rng.normal(size=(3000, 4)).astype(np.float32)
    forest = SklearnForest(n_estimators=30, random_state=0).fit(train)
    probe = rng.normal(0, 3, size=(500, 4)).astype(np.float32)
    np.testing.assert_allclose(flatten(forest).score(probe), -forest.score_samples(probe), rtol=1e-5)


def test_row_scores_ignore_missing_curves():
    scores = np.array([[1, np.nan, np.nan], [2, 5, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(row_scores(scores, "logs"), np.array([2, 5, np.nan], dtype=np.float32))
