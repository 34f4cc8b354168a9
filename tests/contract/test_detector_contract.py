"""Contract of every detector kind in the registry: higher = more anomalous, NaN = unobserved, arrays restore it."""

from __future__ import annotations

import dataclasses
import functools
from typing import get_args

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import FitContext
from aemodels.core.types import Channel, Kind, Recording, Section, Source
from aemodels.denoisers.linear.pca import Pca
from aemodels.denoisers.networks.vae import Vae
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.detect import DetectorSpec, IsolationForest, Knn
from aemodels.detect.base import DetectContext, row_scores
from aemodels.detect.cross_curve.boosted_predictor import BoostingSpec
from aemodels.faults import LogSpike, NoiseBurst
from aemodels.signal.normalise import CurveNormaliser
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

KINDS = get_args(get_args(DetectorSpec)[0])
PCA = Pca(latent=6, window=WindowSpec(length=32, stride=8, width=1))
SMALL_NETWORK = {
    "members": 1,
    "widths": (8, 8),
    "copies": 4,
    "steps": 300,
    "length": 128,
    "batch": 8,
    "learning_rate": 0.01,
}
# these look for one kind of damage, and a burst is none of it
NARROW = {"bad_hole", "lag", "shift_search"}
SMALL = {
    "reconstruction": {"contender": "pca"},
    "pca_reconstruction": {"model": PCA},
    "vae_probability": {"contender": "vae"},
    "isolation_forest": {"trees": 40, "rows": 2000},
    "trace_ensemble": {},
    "lof": {"rows": 500},
    "knn": {"rows": 500},
    "one_class_svm": {"rows": 500},
    "fault_network": SMALL_NETWORK,
    "open_set_network": SMALL_NETWORK | {"steps": 700, "copies": 8, "missing": 0.0, "uneven": 0.0},
    "shift_search": {"copies": 2, "trees": 20},
    "bad_hole": {"boosting": BoostingSpec(trees=20, depth=3, rows=2000)},
    "fusion": {"members": ("forest", "neighbours"), "copies": 2},
}
MEMBERS = {"forest": IsolationForest(trees=40, rows=2000), "neighbours": Knn(rows=500)}
NORMALISER = CurveNormaliser(("GR", "RHOB", "NPHI"), np.array([[0.0, 150.0], [2.0, 2.8], [0.0, 0.5]]))


VAE = Vae(
    latent=4,
    widths=(24,),
    window=WindowSpec(length=32, stride=8, width=1),
    training=TrainingSpec(epochs=15, batch=32, stride=16, learning_rate=0.01),
)


@functools.cache
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


def _recording(section: Section) -> Recording:
    return Recording(
        values=NORMALISER.invert(section.values, section),
        axis=1000.0 + 0.1524 * np.arange(section.values.shape[1]),
        channels=tuple(map(Channel, NORMALISER.curves)),
        kind="logs",
        source=Source("well.las", "0" * 64),
        name=section.name,
    )


def _context(kind: Kind, train: list[Section]) -> DetectContext:
    context = DetectContext(kind, 0, contenders(), specs=MEMBERS)
    if kind == "seismic":
        return context
    recordings = tuple(map(_recording, train))
    return dataclasses.replace(
        context,
        recordings=recordings,
        normaliser=NORMALISER,
        validation=tuple(train),
        calibration=recordings,
        faults=(NoiseBurst(), LogSpike(samples=(3, 12))),
    )


@functools.cache
def _fit(spec, kind: Kind):
    train = [_section(n) for n in range(4)]
    context = _context(kind, train)
    return spec.fit(train, context), context


@pytest.fixture(params=KINDS, ids=lambda kind: kind.model_fields["kind"].default)
def spec(request):
    name = request.param.model_fields["kind"].default
    return request.param(**SMALL.get(name, {}))


@pytest.fixture(params=["logs", "seismic"])
def fitted(request, spec):
    made_for = getattr(spec, "records", request.param)
    if made_for != request.param:
        train = [_section(n) for n in range(4)]
        with pytest.raises(SpecError, match=spec.kind):
            spec.fit(train, _context(request.param, train))
        pytest.skip(f"{spec.kind} is made for {made_for}, and says so")
    return _fit(spec, request.param)


def test_a_burst_scores_higher_than_its_surroundings(spec, fitted):
    if spec.kind in NARROW:
        pytest.skip(f"{spec.kind} looks for one kind of damage only")
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


def test_unobserved_samples_and_only_those_are_nan(fitted):
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
    if getattr(spec, "records", "seismic") != "seismic":
        pytest.skip(f"{spec.kind} is made for {spec.records}")
    detector, _ = _fit(spec, "seismic")
    assert np.isfinite(detector.score(_section(54, rows=1))).all()


def test_arrays_restore_the_same_scores(spec, fitted):
    detector, context = fitted
    section = _section(52)
    bare = DetectContext(context.kind, context.seed, context.denoisers, specs=context.specs)
    again = spec.restore(detector.arrays(), bare).score(section)
    np.testing.assert_allclose(again, detector.score(section), rtol=1e-6)


def test_flat_forest_scores_as_scikit_learn_does():
    from sklearn.ensemble import IsolationForest as SklearnForest

    from aemodels.detect.outliers.isolation_forest import flatten

    rng = np.random.default_rng(0)
    train = rng.normal(size=(3000, 4)).astype(np.float32)
    forest = SklearnForest(n_estimators=30, random_state=0).fit(train)
    probe = rng.normal(0, 3, size=(500, 4)).astype(np.float32)
    np.testing.assert_allclose(flatten(forest).score(probe), -forest.score_samples(probe), rtol=1e-5)


def test_row_scores_ignore_missing_curves():
    scores = np.array([[1, np.nan, np.nan], [2, 5, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(row_scores(scores, "logs"), np.array([2, 5, np.nan], dtype=np.float32))
