"""The contender table, compared with values planted in the data; wells are scored on the curves they have."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from aemodels.core.interfaces import FitContext
from aemodels.denoisers.filters_1d.interpolate import Interpolate
from aemodels.denoisers.linear.pca import Pca
from aemodels.evaluate.denoising.compare import denoising_table, summarise_denoising
from aemodels.evaluate.denoising.contender_table import contender_table
from aemodels.experiment.fitted import Fitted
from aemodels.experiment.spec import ExperimentSpec
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

SPEC = """
name: tiny
kind: logs
curves: [GR, DTC]
default: wave
contenders:
  - {name: half, model: {kind: pca, latent: 1, window: &window {length: 40, stride: 4, width: 1}}}
  - {name: wave, model: {kind: pca, latent: 2, window: *window}}
  - {name: nothing, model: {kind: interpolate, method: linear}}
test_conditions: [{name: noise, noise: [{kind: gaussian, factor: 0.2}]}]
anomalies:
  faults: [{kind: spike}]
  detectors: [{name: pca, model: {kind: pca_reconstruction}}]
  thresholds: [{kind: conformal}]
"""


def _waves(seed: int) -> np.ndarray:
    """Two channels of one wave with ten periods of 40 samples: its windows vary in two directions, equally."""
    phase = np.random.default_rng(seed).uniform(0, 6, (2, 1))
    return np.sin(2 * np.pi * np.arange(400) / 40 + phase)


def test_one_row_per_contender_with_cost_clean_reconstruction_and_gain():
    spec = ExperimentSpec.model_validate(yaml.safe_load(SPEC))
    train, test = [make_section(_waves(n)) for n in range(3)], [make_section(_waves(n), name=f"t{n}") for n in (7, 8)]
    context = FitContext("logs", 0)
    fitted = {}
    for contender in spec.contenders:
        result = contender.model.fit(train, train, context)
        fitted[contender.name] = Fitted(contender.name, result.denoiser, {}, 3.0, result.parameters)
    fitted["half"] = Fitted("half", fitted["half"].denoiser, {"loss": [1.0] * 8}, 12.0, 80, resumed=2)
    denoisers = {name: one.denoiser for name, one in fitted.items()}
    noises = {condition.name: condition.noise for condition in spec.test_conditions}
    gains = summarise_denoising(denoising_table(denoisers, test, noises, channels=spec.curves, seed=0))
    table = contender_table(spec, fitted, test, gains).set_index("contender")
    assert table.index[0] == "wave", "the best comes first"
    assert table["kind"].to_dict() == {"wave": "pca", "nothing": "interpolate", "half": "pca"}
    assert table.loc[["half", "wave"], "latent"].tolist() == [1, 2]
    assert np.isnan(table.loc["nothing", "latent"])
    assert table.loc["nothing", "reconstruction_mse"] == 0
    assert table.loc["wave", "reconstruction_mse"] < 1e-6
    assert table.loc["half", "reconstruction_mse"] > 0.05, "one of two directions is lost"
    assert table.loc["half", ["epochs", "seconds_per_epoch"]].tolist() == [8, 2.0], "six of eight epochs in 12 seconds"
    assert table.loc["wave", "parameters"] == 40 + 2 * 40
    assert np.isnan(table.loc["wave", "seconds_per_epoch"])
    assert table.loc["nothing", "noise"] == pytest.approx(0.0, abs=1e-9)
    assert table["noise"].to_dict() == pytest.approx(gains.set_index("contender")["median_db"].to_dict())


def test_a_well_with_two_of_five_curves_is_denoised_and_scored_on_these():
    names = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
    values = np.repeat(_waves(1)[:1], 5, axis=0)
    mask = np.zeros(values.shape, dtype=bool)
    mask[[0, 3]] = True
    spec = Pca(latent=10, window=WindowSpec(length=40, stride=4, width=1))
    section = make_section(values)
    denoisers = {
        "pca": spec.fit([section], [section], FitContext("logs", 0)).denoiser,
        "nothing": Interpolate().restore({}),
    }
    noises = {"noise": ExperimentSpec.model_validate(yaml.safe_load(SPEC)).test_conditions[0].noise}
    table = denoising_table(denoisers, [make_section(values, mask)], noises, channels=names, seed=0)
    assert set(table["channel"]) == {"all", "GR", "DTC"}
    gain = table[table["contender"] == "pca"].set_index("channel")["gain_db"]
    assert (gain > 3).all()
