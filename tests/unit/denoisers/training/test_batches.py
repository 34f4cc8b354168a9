"""Batches of windows of one's own wells and of wells of other basins."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.interfaces import FitContext
from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.training.batches import Batches
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section


def _spec(share: float, batch: int = 8, steps: int | None = 6, *, noisy: bool = False) -> UNet:
    noise = ({"kind": "gaussian", "factor": 0.1},) if noisy else ()
    training = TrainingSpec(epochs=1, batch=batch, steps=steps, elsewhere_share=share, noise=noise)
    return UNet(widths=(4, 4), window=WindowSpec(length=32, stride=16, width=0), training=training)


def _windows(level: float, count: int) -> tuple[FloatArray, BoolArray]:
    """Return windows that are told apart by their level and, within a level, by a hundredth per window."""
    values = np.full((count, 32, 1), level, dtype=np.float32) + np.arange(count, dtype=np.float32)[:, None, None] / 100
    return values, np.ones((count, 32, 1), dtype=np.bool_)


def _targets(batches: Batches) -> list[np.ndarray]:
    return [batches[index][1][:, 0, 0] for index in range(len(batches))]


AFFINE = np.array([0.0, 1.0], dtype=np.float32)


@pytest.mark.parametrize(("share", "others"), [(0.25, 2), (0.5, 4), (0.9, 7)])
def test_every_batch_has_the_share_of_other_basins(share, others):
    batches = Batches(_spec(share), _windows(0.0, 10), AFFINE, 3, _windows(5.0, 30))
    levels = _targets(batches)
    assert [int((level > 4).sum()) for level in levels] == [others] * 6
    assert {len(level) for level in levels} == {8}


def test_every_window_is_seen_as_often_as_the_others():
    batches = Batches(_spec(0.5, steps=5), _windows(0.0, 10), AFFINE, 3, _windows(5.0, 20))
    seen = np.round(np.concatenate(_targets(batches)), 2)
    _, times = np.unique(seen[seen < 4], return_counts=True)
    assert times.tolist() == [2] * 10  # 5 batches of 4 windows
    assert np.unique(seen[seen > 4]).size == 20


def test_without_steps_an_epoch_sees_all_own_windows():
    batches = Batches(_spec(0.5, steps=None), _windows(0.0, 10), AFFINE, 3, _windows(5.0, 30))
    seen = np.concatenate(_targets(batches))
    assert np.unique(np.round(seen[seen < 4], 2)).size == 10


@pytest.mark.parametrize("elsewhere", [None, _windows(5.0, 30)])
def test_batches_depend_on_seed_and_epoch_alone(elsewhere):
    one, same = (Batches(_spec(0.5), _windows(0.0, 10), AFFINE, 3, elsewhere) for _ in range(2))
    np.testing.assert_array_equal(one[2][0], same[2][0])
    first = one[2][0]
    one.start(1)
    assert not np.array_equal(one[2][0], first)


def test_other_basins_are_learned_from_only_if_the_specification_says_so():
    rng = np.random.default_rng(0)
    own, validation, other = (
        make_section(level + 0.1 * rng.standard_normal((1, 400)).astype(np.float32), name=f"{level}")
        for level in (0.2, 0.2, 0.8)
    )
    weights = {
        (share, many): _spec(share, noisy=True)
        .fit([own], [validation], FitContext("logs", 5, elsewhere=(other,) if many else ()))
        .denoiser.arrays()["weight_000"]
        for share in (0.0, 0.5)
        for many in (False, True)
    }
    np.testing.assert_array_equal(weights[0.0, True], weights[0.0, False])
    np.testing.assert_array_equal(weights[0.5, False], weights[0.0, False])
    assert not np.allclose(weights[0.5, True], weights[0.0, False])
