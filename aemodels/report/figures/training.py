"""Figures of one training run: loss curves, and histogram of scores with the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aemodels.core.errors import DataError
from aemodels.core.types import FloatArray
from aemodels.evaluate.denoising.overfitting import OVERFIT_WARNING, best_epoch, overfit_ratio
from aemodels.report.figures.style import DASHES, NOISY_GREY, SERIES, TEXT_GREY, new_figure, note, plain_axes, titled
from aemodels.report.palette import BLACK, BLUE, ORANGE, PURPLE, VERMILION

BINS = 80


def loss_curves(history: Mapping[str, Sequence[float]], *, title: str) -> Figure:
    """Draw training and validation loss per epoch on a log axis, with the best epoch and the over-fit ratio.

    Args:
        history: "loss" and "val_loss", one entry per epoch; "lr" (learning rate) is drawn below if present.
        title: heading of the figure.

    Returns:
        A figure whose text states the best epoch (counted from 1), its validation loss and validation / training;
        the text has the warning colour above `OVERFIT_WARNING`.

    Raises:
        DataError: if a loss is missing (see `overfit_ratio`).
    """
    ratio, best = overfit_ratio(history), best_epoch(history)
    rates = list(history.get("lr", ()))
    figure = new_figure(8.0, 5.6 if rates else 4.5)
    ratios = [3, 1] if rates else [1]
    axes = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    _draw_losses(axes[0], history, best)
    titled(axes[0], title, above_note=True)
    verdict = f"over-fitting: above {OVERFIT_WARNING:g}" if ratio > OVERFIT_WARNING else f"at most {OVERFIT_WARNING:g}"
    note(
        axes[0],
        f"Best epoch {best + 1} of {len(history['val_loss'])}: validation loss {history['val_loss'][best]:.4g}, "
        f"validation / training {ratio:.2f} ({verdict})",
        colour=VERMILION if ratio > OVERFIT_WARNING else TEXT_GREY,
    )
    if rates:
        plain_axes(axes[1]).plot(np.arange(1, len(rates) + 1), rates, color=PURPLE, linewidth=1.6)
        axes[1].set_yscale("log")
        axes[1].set_ylabel("learning rate")
    axes[-1].set_xlabel("epoch")
    return figure


def _draw_losses(axes: Axes, history: Mapping[str, Sequence[float]], best: int) -> None:
    epochs = np.arange(1, len(history["val_loss"]) + 1)
    plain_axes(axes)
    axes.plot(epochs, history["loss"], color=BLUE, linewidth=1.8, label="training")
    axes.plot(epochs, history["val_loss"], color=ORANGE, linewidth=1.8, linestyle="--", label="validation")
    axes.axvline(best + 1, color=TEXT_GREY, linewidth=1.0, linestyle=":")
    axes.plot(best + 1, history["val_loss"][best], "o", color=BLACK, markersize=7, label="best epoch (kept)")
    axes.set_yscale("log")
    axes.set_ylabel("loss (normalised units)")
    axes.legend(frameon=True, framealpha=1.0, edgecolor="white", fontsize=9, loc="upper right")


def error_histogram(scores: FloatArray, thresholds: Mapping[str, float], *, title: str) -> Figure:
    """Draw the histogram of scores, counts on a log axis, with each threshold and the share of rows above it.

    Args:
        scores: float32[row], higher = more anomalous; NaN (not observed) is left out.
        thresholds: name → value in the unit of the scores.
        title: heading of the figure.

    Returns:
        A figure with the legend "name: value (share above)"; scores beyond the axis are counted in a note.

    Raises:
        DataError: if no score is finite.
    """
    observed = np.asarray(scores, dtype=np.float64)
    observed = observed[np.isfinite(observed)]
    if observed.size == 0:
        raise DataError(f"{np.size(scores)} scores, none finite; expected at least one observed row")
    low, high = _score_range(observed, thresholds)
    figure = new_figure(8.0, 4.8)
    axes = plain_axes(figure.subplots(), grid="y")
    axes.hist(
        observed[observed <= high], bins=np.linspace(low, high, BINS + 1).tolist(), color=NOISY_GREY, edgecolor="white"
    )
    for number, (name, value) in enumerate(thresholds.items()):
        above = float((observed > value).mean())
        axes.axvline(
            value,
            color=SERIES[number % len(SERIES)],
            linestyle=DASHES[number % len(DASHES)],
            linewidth=2.0,
            label=f"{name}: {value:.4g} ({above:.2%} above)",
        )
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.set_xlim(low, high)
    axes.set_xlabel("score (higher = more anomalous)")
    axes.set_ylabel("rows")
    titled(axes, title, above_note=True)
    beyond = int((observed > high).sum())
    note(axes, f"{observed.size:,} rows; {beyond:,} beyond the axis, up to {observed.max():.4g}")
    if thresholds:
        figure.legend(loc="outside lower center", frameon=False, fontsize=9, handlelength=3.5)
    return figure


def _score_range(observed: np.ndarray, thresholds: Mapping[str, float]) -> tuple[float, float]:
    """Return axis limits that include every threshold and cut off only the far tail."""
    low = float(min([observed.min(), *thresholds.values()]))
    high = float(max([np.quantile(observed, 0.99), *(value + 0.6 * abs(value - low) for value in thresholds.values())]))
    high = max(min(high, float(observed.max())), *thresholds.values()) if thresholds else high
    if high <= low:
        return low - 0.5, low + 0.5
    return low, high
