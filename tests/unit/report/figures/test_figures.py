"""Figures: required content, checked on the artists, and no overlapping text."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from aemodels.core.errors import DataError
from aemodels.core.types import Channel, Recording, Scores, Source
from aemodels.report.figures.index import (
    DenoisingPanel,
    comparison_bars,
    denoising_panels,
    detector_bars,
    error_histogram,
    figure_png,
    loss_curves,
    residual_panels,
    score_tracks,
    threshold_reliability,
)
from aemodels.report.figures.style import TEXT_GREY
from aemodels.report.log_scales import SCALES, clip_level, track_scales, tracks_of
from aemodels.report.palette import VERMILION

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP", "RMED", "CALI", "ODD")
UNITS = ("gAPI", "g/cm3", "v/v", "us/ft", "ohm.m", "ohm.m", "in", "")
TYPICAL = np.array([75.0, 2.45, 0.2, 90.0, 20.0, 10.0, 8.5, 3.0], dtype=np.float32)


def well_values(samples: int = 300) -> np.ndarray:
    wave = 1.0 + 0.1 * np.sin(np.linspace(0.0, 30.0, samples, dtype=np.float32))
    return (TYPICAL[:, None] * wave).astype(np.float32)


def log_panel(samples: int = 300) -> DenoisingPanel:
    truth = well_values(samples)
    noise = np.random.default_rng(0).normal(0.0, 0.02, truth.shape).astype(np.float32) * TYPICAL[:, None]
    noisy, denoised = (truth + noise).astype(np.float32), (truth + np.float32(0.1) * noise).astype(np.float32)
    return DenoisingPanel("logs", np.arange(samples) * 0.5, CURVES, UNITS, truth, noisy, denoised, "a well")


def line_panel() -> DenoisingPanel:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(40, 80)).astype(np.float32)
    noise = rng.normal(size=(40, 80)).astype(np.float32)
    names, units = tuple(f"trace {n}" for n in range(40)), ("amplitude",) * 40
    parts = truth, truth + noise, (truth + noise / np.float32(np.sqrt(10.0))).astype(np.float32)
    return DenoisingPanel("seismic", np.arange(80) * 0.004, names, units, *parts, "a line")


def scored(kind: str, *, flagged: tuple[int, ...] = (10, 11, 40)) -> tuple[Recording, Scores]:
    panel = log_panel() if kind == "logs" else line_panel()
    channels = tuple(
        Channel(name, unit, {"mnemonic": name}) for name, unit in zip(panel.names, panel.units, strict=True)
    )
    recording = Recording(panel.truth, panel.axis, channels, kind, Source("f", "0" * 64), "A-1")  # type: ignore[arg-type]
    rows = panel.axis.size if kind == "logs" else len(panel.names)
    score = np.random.default_rng(2).uniform(0.0, 1.0, rows).astype(np.float32)
    score[[row for row in flagged if row < rows]] = 9.0
    channel_score = np.tile(score, (len(panel.names), 1)) if kind == "logs" else score[:, None].copy()
    reason = tuple("odd" if value > 2.0 else "" for value in score)
    parts = reason, panel.names, panel.truth.copy(), panel.denoised, channel_score
    return recording, Scores(kind, score, 2.0, *parts)  # type: ignore[arg-type]


def summary_table() -> pd.DataFrame:
    rows = [
        (name, noise, gain + extra, gain + extra - 0.5, gain + extra + 0.5, gain + extra - 1.0)
        for name, gain in (("worst", -2.0), ("a contender with a long name", 5.0), ("best", 9.0))
        for noise, extra in (("noise 0.1", 0.0), ("noise 0.3", 4.0))
    ]
    return pd.DataFrame(rows, columns=["contender", "condition", "median_db", "q25_db", "q75_db", "min_db"])


def detector_table() -> pd.DataFrame:
    rows = [(d, r, s, v) for d, v in (("low", 0.2), ("high", 0.8)) for r in ("test", "validation") for s in "abc"]
    table = pd.DataFrame(rows, columns=["detector", "role", "section", "pr_auc"])
    table.loc[table["role"] == "validation", "pr_auc"] = 0.01
    return table


def threshold_table() -> pd.DataFrame:
    rows = [(d, k, 1.0, 0.01, p, 0.03) for d, p in (("forest", 0.0), ("pca", 0.02)) for k in ("conformal", "quantile")]
    return pd.DataFrame(rows, columns=["detector", "threshold_kind", "value", "nominal", "pooled", "worst"])


HISTORY = {"loss": [1.0, 0.5, 0.2], "val_loss": [1.2, 0.6, 0.7], "lr": [1e-3, 5e-4, 1e-4]}
FIGURES: dict[str, Callable[[], Figure]] = {
    "loss": lambda: loss_curves(HISTORY, title="a run"),
    "histogram": lambda: error_histogram(
        np.arange(1000, dtype=np.float32), {"near": 500.0, "very near": 501.0, "far": 990.0}, title="scores"
    ),
    "denoised logs": lambda: denoising_panels(log_panel()),
    "denoised line": lambda: denoising_panels(line_panel()),
    "residual logs": lambda: residual_panels(log_panel()),
    "residual line": lambda: residual_panels(line_panel()),
    "comparison": lambda: comparison_bars(summary_table()),
    "detectors": lambda: detector_bars(detector_table()),
    "thresholds": lambda: threshold_reliability(threshold_table()),
    "scored logs": lambda: score_tracks(*scored("logs")),
    "scored line": lambda: score_tracks(*scored("seismic")),
}


class TextRecorder(RendererAgg):
    """A renderer that records which texts are drawn (tick labels beyond the limits are not)."""

    drawn: list[Text]

    def draw_text(self, *args: object, mtext: Text | None = None, **kwargs: object) -> None:
        if mtext is not None:
            self.drawn.append(mtext)
        super().draw_text(*args, mtext=mtext, **kwargs)


def visible_texts(figure: Figure) -> list[tuple[str, tuple[float, float, float, float]]]:
    width, height = figure.get_size_inches() * figure.dpi
    renderer = TextRecorder(width, height, figure.dpi)
    renderer.drawn = []
    figure.draw(renderer)
    several_lines = [text for text in figure.findobj(Text) if "\n" in text.get_text()]  # drawn line by line, unnamed
    texts = {id(text): text for text in renderer.drawn + several_lines if text.get_text().strip()}
    return [(text.get_text(), text.get_window_extent(renderer).extents) for text in texts.values()]


@pytest.mark.parametrize("name", FIGURES)
def test_texts_do_not_overlap_and_lie_inside_the_figure(name: str) -> None:
    figure = FIGURES[name]()
    width, height = figure.get_size_inches() * figure.dpi
    texts = visible_texts(figure)
    assert texts
    for text, (x0, y0, x1, y1) in texts:
        assert x0 > -2 and y0 > -2 and x1 < width + 2 and y1 < height + 2, f"{text!r} leaves the figure"
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        overlap = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert min(overlap) < 2.0, f"{one!r} and {other!r} overlap by {overlap} pixels"


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_png(name: str) -> None:
    assert figure_png(FIGURES[name]()).startswith(b"\x89PNG")


def test_figures_do_not_change_pyplots_global_state() -> None:
    code = (
        "import sys, aemodels.report.figures.index, aemodels.report.html.report\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def all_text(figure: Figure) -> str:
    return "\n".join(text for text, _ in visible_texts(figure))


def test_loss_curves_state_the_best_epoch_and_warn_only_above_the_limit() -> None:
    def verdict(validation: float) -> Text:
        figure = loss_curves({"loss": [2.0, 1.0], "val_loss": [9.0, validation]}, title="t")
        return next(text for text in figure.findobj(Text) if "Best epoch" in text.get_text())

    assert "Best epoch 2 of 2" in verdict(1.6).get_text() and "1.60" in verdict(1.6).get_text()
    assert verdict(1.6).get_color() == VERMILION
    assert verdict(1.4).get_color() == TEXT_GREY


def test_loss_is_on_a_log_axis() -> None:
    assert loss_curves(HISTORY, title="t").axes[0].get_yscale() == "log"


def test_histogram_states_the_share_above_each_threshold_and_keeps_them_in_view() -> None:
    figure = FIGURES["histogram"]()
    text = all_text(figure)
    assert "near: 500 (49.90% above)" in text and "far: 990 (0.90% above)" in text
    low, high = figure.axes[0].get_xlim()
    assert low <= 500.0 and high >= 990.0
    assert figure.axes[0].get_yscale() == "log"


def test_histogram_omits_unscored_rows_and_refuses_to_be_empty() -> None:
    scores = np.array([np.nan, 1.0, 2.0], dtype=np.float32)
    assert "2 rows" in all_text(error_histogram(scores, {"t": 1.5}, title="t"))
    with pytest.raises(DataError, match="none finite"):
        error_histogram(np.full(3, np.nan, dtype=np.float32), {}, title="t")


def test_tracks_follow_the_petrophysical_order() -> None:
    assert tracks_of(CURVES) == [("GR",), ("RDEP", "RMED"), ("RHOB", "NPHI"), ("DTC",), ("CALI",), ("ODD",)]


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("RHOB", 1.95, 0.0),
        ("RHOB", 2.95, 1.0),
        ("NPHI", 0.45, 0.0),
        ("NPHI", -0.15, 1.0),
        ("DTC", 140.0, 0.0),
        ("DTC", 40.0, 1.0),
        ("RDEP", 0.2, 0.0),
        ("RDEP", 20.0, 0.5),
        ("RDEP", 2000.0, 1.0),
        ("GR", 75.0, 0.5),
    ],
)
def test_usual_scales(name: str, value: float, place: float) -> None:
    assert SCALES[name].position(np.float32([value]))[0] == pytest.approx(place, abs=1e-6)


def test_an_overlay_is_widened_together_so_that_it_crosses_where_it_did() -> None:
    density, neutron = np.full(100, 2.3, np.float32), np.full(100, 0.55, np.float32)
    scales = track_scales(("RHOB", "NPHI"), (density, neutron))
    assert scales["NPHI"].left == pytest.approx(0.57) and scales["RHOB"].left == pytest.approx(1.75)
    assert (scales["NPHI"].right, scales["RHOB"].right) == (-0.15, 2.95)
    # Water-filled limestone, 2.71 - 1.71 φ: both curves fall on one place, on the usual and on the wide scales.
    for pair in (scales, SCALES):
        assert pair["RHOB"].position(np.float32([2.7]))[0] == pytest.approx(pair["NPHI"].position(np.float32([0.0]))[0])


def test_a_few_values_outside_do_not_widen_a_track() -> None:
    values = np.full(1000, 80.0, np.float32)
    values[:10] = 400.0
    assert track_scales(("GR",), (values,))["GR"] == SCALES["GR"]


def test_depth_increases_downwards_and_curves_follow_their_scales() -> None:
    panel = log_panel()
    first = denoising_panels(panel).axes[0]
    top, bottom = first.get_ylim()[1], first.get_ylim()[0]
    assert (top, bottom) == (panel.axis[0], panel.axis[-1])
    truth = next(
        line for line in first.lines if len(line.get_xdata()) == panel.axis.size and line.get_color() == "#111111"
    )
    np.testing.assert_allclose(truth.get_xdata(), panel.truth[0] / 150.0, rtol=1e-6)
    np.testing.assert_array_equal(truth.get_ydata(), panel.axis)


def test_gain_of_a_known_noise_reduction() -> None:
    assert log_panel().cut(0, 300).gain() == pytest.approx(20.0, abs=0.2)
    assert "SNR gain 10.0 dB" in all_text(denoising_panels(line_panel()))


def test_the_excerpt_of_a_long_well_has_most_observed_values() -> None:
    panel = log_panel(1000)
    truth = panel.truth.copy()
    truth[:, :600] = np.nan
    observed = DenoisingPanel("logs", panel.axis, CURVES, UNITS, truth, panel.noisy, panel.denoised, "w")
    part = observed.excerpt(400)
    assert (part.axis[0], part.axis.size) == (panel.axis[600], 400)
    assert panel.excerpt(2000) is panel


def test_sections_share_one_symmetric_clip() -> None:
    panel = line_panel()
    images = [axes.images[0] for axes in denoising_panels(panel).axes if axes.images]
    assert len(images) == 4, "noisy, denoised, truth and the residual beside them"
    assert {image.get_clim() for image in images} == {(-clip_level(panel.truth), clip_level(panel.truth))}
    assert images[0].axes.get_ylim()[0] > images[0].axes.get_ylim()[1]


def test_clip_of_zero_amplitudes_is_one() -> None:
    assert clip_level(np.zeros((3, 5), dtype=np.float32)) == 1.0


def test_panel_refuses_shapes_that_do_not_fit() -> None:
    panel = log_panel()
    with pytest.raises(DataError, match="noisy has shape"):
        DenoisingPanel("logs", panel.axis, CURVES, UNITS, panel.truth, panel.noisy[:, 1:], panel.denoised, "w")
    with pytest.raises(DataError, match="units"):
        DenoisingPanel("logs", panel.axis, CURVES, UNITS[1:], panel.truth, panel.noisy, panel.denoised, "w")


def test_contenders_are_sorted_by_their_median() -> None:
    axes = comparison_bars(summary_table()).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["best", "a contender with a long name", "worst"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first is at the top"
    assert axes.get_xlim()[0] < -3.0, "the worst section of a harmful method is in view"


def test_detector_bars_show_test_sections_only() -> None:
    axes = detector_bars(detector_table()).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["high", "low"]
    assert [patch.get_width() for patch in axes.patches] == pytest.approx([0.8, 0.2])


def test_tables_without_rows_are_refused() -> None:
    with pytest.raises(DataError):
        comparison_bars(summary_table().iloc[:0])
    with pytest.raises(DataError):
        detector_bars(detector_table().assign(pr_auc=np.nan))
    with pytest.raises(DataError):
        threshold_reliability(threshold_table().iloc[:0])


def test_flagged_depths_are_shaded_in_every_track() -> None:
    recording, scores = scored("logs")
    figure = score_tracks(recording, scores)
    step = recording.axis[1] - recording.axis[0]
    for axes in figure.axes:
        boxes = [path.get_extents() for collection in axes.collections for path in collection.get_paths()]
        covered = [(box.y0, box.y1) for box in boxes]
        for row in (10, 11, 40):
            depth = recording.axis[row]
            assert any(y0 <= depth - step / 2 + 1e-9 and depth + step / 2 - 1e-9 <= y1 for y0, y1 in covered)
        assert not any(y0 < recording.axis[60] < y1 for y0, y1 in covered)


@pytest.mark.parametrize("kind", ["logs", "seismic"])
def test_a_file_without_scores_or_values_still_draws(kind: str) -> None:
    recording, scores = scored(kind, flagged=())
    blank = Scores(
        scores.kind,
        np.full_like(scores.score, np.nan),
        scores.threshold,
        ("",) * scores.score.size,
        scores.channels,
        np.full_like(scores.raw, np.nan),
        np.full_like(scores.denoised, np.nan),
        np.full_like(scores.channel_score, np.nan),
    )
    assert figure_png(score_tracks(recording, blank)).startswith(b"\x89PNG")
