"""Embeddings, their figures, and the wide tables, compared with values planted in the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from aemodels.core.errors import DataError
from aemodels.core.interfaces import FitContext
from aemodels.denoisers.filters_1d.median import Median
from aemodels.denoisers.linear.pca import Pca
from aemodels.evaluate.denoising.wide_tables import false_alarms_by_well, gains_by_curve, gains_by_well, wide_tables
from aemodels.latent.embed import MAX_EMBEDDINGS, sample_embeddings
from aemodels.report.figures.index import DenoisingPanel, latent_histograms, latent_map, threshold_reliability
from aemodels.report.html.denoising import panel_view
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section


def waves(seed: int, samples: int = 3000) -> np.ndarray:
    """One channel of two waves of known strength: its windows vary in four directions."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples)
    return np.array([3.0 * np.sin(0.3 * time + rng.random()) + np.sin(0.9 * time + rng.random())])


def test_pca_codes_hold_the_variance_of_the_leading_components() -> None:
    sections = [make_section(waves(seed)) for seed in range(2)]
    spec = Pca(window=WindowSpec(length=50, stride=10, width=1), stride=1, latent=6)
    denoiser = spec.fit(sections, sections, FitContext(kind="logs", seed=0)).denoiser
    embeddings = sample_embeddings(denoiser, sections)
    assert embeddings is not None
    assert embeddings.shape[1] == 6
    assert len(embeddings) <= MAX_EMBEDDINGS
    variance = embeddings.var(axis=0)
    assert variance[:4].sum() > 0.999 * variance.sum(), "two waves make four directions"
    assert variance[:2].sum() == pytest.approx(0.9 * variance.sum(), rel=0.03), "amplitudes 3 and 1: powers 9 and 1"


def test_a_method_without_a_code_has_none() -> None:
    sections = [make_section(waves(0))]
    assert (
        sample_embeddings(Median().fit(sections, sections, FitContext(kind="logs", seed=0)).denoiser, sections) is None
    )


def test_an_unused_dimension_is_named_in_the_histograms() -> None:
    embeddings = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    embeddings[:, 3] = 0.0
    figure = latent_histograms(embeddings, embeddings[:50], title="dense")
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert titles == [f"dimension {n}{' (unused)' if n == 4 else ''}" for n in range(1, 7)]
    with pytest.raises(DataError):
        latent_histograms(embeddings, embeddings[:, :2], title="dense")


def test_the_map_lies_along_the_directions_of_greatest_variance() -> None:
    rng = np.random.default_rng(0)
    embeddings = (rng.normal(size=(500, 3)) * np.array([1.0, 10.0, 3.0])).astype(np.float32)
    axes = latent_map(embeddings, {"W-1": embeddings[:100], "W-2": embeddings[100:200]}, title="dense").axes[0]
    across, down = axes.lines[0].get_data()
    assert np.std(across) == pytest.approx(10.0, rel=0.1)
    assert np.std(down) == pytest.approx(3.0, rel=0.1)
    assert [line.get_label() for line in axes.lines] == ["training", "W-1", "W-2"]
    assert len({line.get_marker() for line in axes.lines}) == 3, "markers differ as well as colours"


def long_table() -> pd.DataFrame:
    gains = {"good": {"W-1": 10.0, "W-2": 12.0}, "poor": {"W-1": 2.0, "W-2": 1.0}}
    rows = []
    for contender, of_wells in gains.items():
        for well, gain in of_wells.items():
            for channel, extra in (("all", 0.0), ("GR", 1.0), ("RHOB", -1.0)):
                rows.append(
                    {
                        "contender": contender,
                        "condition": "noise",
                        "section": well,
                        "channel": channel,
                        "gain_db": gain + extra,
                    }
                )
    return pd.DataFrame(rows).sample(frac=1.0, random_state=0)


def test_gains_are_spread_over_wells_and_curves_best_first() -> None:
    by_well = gains_by_well(long_table()).set_index("contender")
    assert list(by_well.index) == ["good", "poor"]
    assert by_well.loc["good", ["W-1", "W-2"]].tolist() == [10.0, 12.0]
    by_curve = gains_by_curve(long_table()).set_index("contender")
    assert by_curve.loc["poor", ["GR", "RHOB"]].tolist() == [2.5, 0.5]
    assert set(wide_tables({"denoising": long_table()})) == {"gains_by_well", "gains_by_curve"}
    traces = long_table()[lambda table: table["channel"] == "all"]
    assert set(wide_tables({"denoising": traces})) == {"gains_by_well"}, "traces have no curves"


def test_false_alarms_are_counted_well_by_well_and_drawn() -> None:
    thresholds = pd.DataFrame(
        [{"detector": "d", "threshold_kind": "quantile", "value": 1.0, "nominal": 0.1, "pooled": 0.3, "worst": 0.5}]
    )
    scores = {"d": [np.float32([0, 0, 2, 2]), np.float32([0, 0, 0, np.nan, 0, 2]), np.float32([np.nan])]}
    alarms = false_alarms_by_well(thresholds, scores, ["W-1", "W-2", "W-3"])
    assert alarms[["section", "measured", "rows"]].to_numpy().tolist() == [["W-1", 0.5, 4], ["W-2", 0.2, 5]]
    axes = threshold_reliability(thresholds, alarms).axes[0]
    rings = next(line for line in axes.lines if line.get_label() == "each section")
    assert list(rings.get_xdata()) == pytest.approx([0.5, 0.2])


@pytest.mark.parametrize("kind", ["logs", "seismic"])
def test_an_interactive_panel_holds_all_states_and_the_residual(kind: str) -> None:
    truth = np.full((2, 40), 60.0, dtype=np.float32)
    truth[1] = np.nan if kind == "logs" else 3.0
    names = ("GR", "RHOB") if kind == "logs" else ("trace 0", "trace 1")
    states = truth, truth + np.float32(5.0), truth + np.float32(1.0)
    view = panel_view(DenoisingPanel(kind, 1000.0 + np.arange(40.0), names, ("", ""), *states, title="panel"))
    if kind == "seismic":
        assert [panel["name"] for panel in view["panels"]] == ["noisy", "denoised", "truth", "denoised − truth"]
        return
    curves = [curve for track in view["tracks"] for curve in track["curves"]]
    assert [curve["name"] for curve in curves] == ["GR", "Δ GR"], "a curve that was not recorded is left out"
    assert [layer["role"] for layer in curves[0]["layers"]] == ["noisy", "denoised", "truth"]
    assert [layer["values"]["low"] for layer in curves[1]["layers"]] == [5.0, 1.0]
