"""Training from the weights of a fitted network: where it starts, how far it goes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import FitContext, WarmStart
from aemodels.denoisers.filters_1d.median import Median
from aemodels.denoisers.registry import Guarded, can_start
from aemodels.denoisers.training.spec import TrainingSpec
from helpers.tiny_models import section, tiny, trained

OWN = [section(2, seed=n) for n in range(40, 43)]
CHECKED = [section(2, seed=50)]
STILL = TrainingSpec(epochs=1, batch=16, stride=4, learning_rate=1e-9, schedule="constant")


def _start(kind: str = "dense", **how) -> WarmStart:
    return WarmStart(trained(kind, 2).denoiser, "logs-v1", **how)


def _fit(spec, start: WarmStart | None, train=OWN):
    return spec.fit(train, CHECKED, FitContext("logs", 3, start=start))


@pytest.mark.parametrize("kind", ["dense", "unet", "vae"])
def test_a_training_without_progress_is_the_fitted_network(kind):
    before = trained(kind, 2).denoiser.denoise(CHECKED[0])
    found = _fit(tiny(kind, training=STILL), _start(kind)).denoiser.denoise(CHECKED[0])
    np.testing.assert_allclose(found, before, atol=1e-5)
    from_nothing = _fit(tiny(kind, training=STILL), None).denoiser.denoise(CHECKED[0])
    assert np.abs(from_nothing - before).max() > 0.01


def test_weights_move_on_from_the_start_and_fit_the_own_wells_better():
    spec = tiny("dense", training=STILL.model_copy(update={"epochs": 6, "learning_rate": 3e-3}))
    found = _fit(spec, _start())
    error = {
        name: float(np.mean((denoiser.denoise(CHECKED[0]) - CHECKED[0].values) ** 2))
        for name, denoiser in (("before", _start().fitted), ("after", found.denoiser))
    }
    assert error["after"] < error["before"]


def test_a_training_that_gets_worse_gives_the_start_back():
    wild = STILL.model_copy(update={"learning_rate": 1.0, "clip_norm": 1000.0})
    found = _fit(tiny("dense", training=wild), _start()).denoiser
    for weight, before in zip(found.weights, _start().fitted.weights, strict=True):
        np.testing.assert_array_equal(weight, before)


def test_the_scale_of_the_weights_stays():
    loud = [section(2, seed=60), section(2, seed=61)]
    loud = [type(one)(one.name, one.values * np.float32(9), one.mask, one.scale) for one in loud]
    spec = tiny("dense", training=STILL)
    np.testing.assert_array_equal(_fit(spec, _start(), loud).denoiser.affine, _start().fitted.affine)
    assert not np.allclose(_fit(spec, None, loud).denoiser.affine, _start().fitted.affine)


def test_epochs_and_learning_rate_are_scaled():
    spec = tiny("dense", training=STILL.model_copy(update={"epochs": 8, "learning_rate": 1e-3}))
    assert _fit(spec, None).history["lr"] == pytest.approx([1e-3] * 8)
    assert _fit(spec, _start(share=0.25, learning_rate=0.3)).history["lr"] == pytest.approx([3e-4] * 2)


def test_no_number_of_steps_is_scaled_to_nothing():
    start = _start(share=0.01)
    assert [start.shortened(count) for count in (0, 1, 10, 1000)] == [0, 1, 1, 10]


def test_another_architecture_is_refused_by_the_field_that_differs():
    with pytest.raises(SpecError, match=r"logs-v1: widths is \[16\] here and \[8\] there; .* train it from nothing"):
        _fit(tiny("dense", training=STILL, widths=(16,)), _start())
    with pytest.raises(SpecError, match=r"kind is deep here and dense there"):
        _fit(tiny("deep", training=STILL), _start())
    with pytest.raises(SpecError, match=r"logs-v1 has a .* by this name; expected a network"):
        _fit(tiny("dense", training=STILL), WarmStart(_median(), "logs-v1"))


def test_other_shapes_are_refused_by_the_array_that_differs():
    three = [section(3, seed=n) for n in range(3)]
    spec = tiny("unet", training=STILL)
    with pytest.raises(SpecError, match=r"logs-v1: .*kernel is \(3, 9, 4\) here and \(3, 6, 4\) there; .*curves"):
        spec.fit(three[:2], three[2:], FitContext("logs", 3, start=_start("unet")))


def test_a_guarded_network_starts_from_the_one_inside():
    guarded = Guarded(inner=tiny("unet", training=STILL), filler=None)
    first = guarded.fit(OWN, CHECKED, FitContext("logs", 3, start=_start("unet"))).denoiser
    again = guarded.fit(OWN, CHECKED, FitContext("logs", 3, start=WarmStart(first, "logs-v1"))).denoiser
    for found in (first, again):
        for weight, before in zip(found.parts.inner.weights, _start("unet").fitted.weights, strict=True):
            np.testing.assert_allclose(weight, before, atol=1e-6)
    assert can_start(guarded, WarmStart(first, "logs-v1"))
    assert not can_start(Guarded(inner=Median(), filler=None), WarmStart(first, "logs-v1"))


def _median():
    return Median().fit(OWN, CHECKED, FitContext("logs", 0)).denoiser
