"""The figures of a study: pure functions from its values to matplotlib Figures by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aemodels.evaluate.compare import condition_rng
from aemodels.evaluate.figures import (
    DenoisingPanel,
    comparison_bars,
    denoising_panels,
    detector_bars,
    error_histogram,
    residual_panels,
    threshold_reliability,
)
from aemodels.experiment import Condition, ExperimentSpec
from aemodels.noise import corrupt_section
from aemodels.types import FloatArray, Section

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from aemodels.contract import Denoiser
    from aemodels.evaluate.detection import DetectorStudy
    from aemodels.study import Prepared


def denoising_figures(
    spec: ExperimentSpec, prepared: Prepared, denoiser: Denoiser, summary: pd.DataFrame
) -> dict[str, Figure]:
    """Comparison bars, and for each condition the first hold-out section: noisy, denoised, truth and residuals."""
    figures = {"comparison": comparison_bars(summary)}
    for condition in spec.conditions:
        panel = denoising_panel(spec, prepared, denoiser, condition)
        figures[f"panels_{plain(condition.name)}"] = denoising_panels(panel)
        figures[f"residuals_{plain(condition.name)}"] = residual_panels(panel)
    return figures


def detector_figures(study: DetectorStudy) -> dict[str, Figure]:
    """Detectors compared, thresholds held against what they promise, and each detector's scores on clean data."""
    figures = {"detectors": detector_bars(study.table), "thresholds": threshold_reliability(study.thresholds)}
    for name, sections in study.test_scores.items():
        rows = study.thresholds[study.thresholds["detector"] == name]
        thresholds = dict(zip(rows["threshold_kind"], rows["value"], strict=True))
        title = f"{name}: scores of the clean hold-out"
        figures[f"scores_{plain(name)}"] = error_histogram(np.concatenate(list(sections)), thresholds, title=title)
    return figures


def denoising_panel(
    spec: ExperimentSpec, prepared: Prepared, denoiser: Denoiser, condition: Condition
) -> DenoisingPanel:
    """The first hold-out section in physical units: as recorded, with the condition's noise, denoised."""
    recording, section = prepared.split.test[0], prepared.test[0]
    noisy = corrupt_section(condition.noise, section, condition_rng(spec.seed, section.name, condition.name))
    estimate = denoiser.denoise(noisy)

    def physical(values: FloatArray, of: Section) -> FloatArray:
        inverted = prepared.normaliser.invert(values, of)
        return np.where(section.mask, inverted, np.nan).astype(np.float32)

    if spec.kind == "logs":
        names = spec.curves
        known = {channel.name: channel.unit for channel in recording.channels}
        units = tuple(known.get(name, "") for name in names)
    else:
        names, units = recording.names, tuple(channel.unit for channel in recording.channels)
    return DenoisingPanel(
        kind=spec.kind,
        axis=recording.axis,
        names=names,
        units=units,
        truth=physical(section.values, section),
        noisy=physical(noisy.values, section),
        denoised=physical(estimate, section),
        title=f"{section.name}, {condition.name}: {spec.default}",
    )


def save_figures(figures: dict[str, Figure], folder: Path) -> None:
    """Write every figure as <name>.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=110)


def plain(name: str) -> str:
    """A name that serves as file name and metric name.

    >>> plain("noise 0.1")
    'noise_0.1'
    """
    return re.sub(r"[^\w.-]", "_", name)
