"""Figures of a study: pure functions from its values to matplotlib figures and interactive pages by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from matplotlib.figure import Figure

from aemodels.core.types import FloatArray, Recording, Scores, Section
from aemodels.evaluate.denoising.compare import condition_rng
from aemodels.experiment.spec import Condition, ExperimentSpec
from aemodels.faults import inject
from aemodels.noise import corrupt_section
from aemodels.report.figures.index import (
    DenoisingPanel,
    attribution_tracks,
    closer_look,
    comparison_bars,
    denoising_panels,
    detector_bars,
    error_histogram,
    residual_panels,
    score_tracks,
    threshold_reliability,
)
from aemodels.report.html.denoising import panel_view
from aemodels.report.html.page import figure_page
from aemodels.report.html.report import render_report

if TYPE_CHECKING:
    import pandas as pd

    from aemodels.bundle.bundle import Bundle
    from aemodels.core.interfaces import Denoiser
    from aemodels.evaluate.detection.compare import DetectorStudy
    from aemodels.experiment.fitted import Prepared

# A matplotlib figure, or the text of a self-contained HTML page.
Figures: TypeAlias = dict[str, "Figure | str"]
NOTE = "As recorded, with noise added, denoised, and the remaining noise."


def denoising_figures(spec: ExperimentSpec, prepared: Prepared, denoiser: Denoiser, summary: pd.DataFrame) -> Figures:
    """Return comparison bars, and per test condition the first hold-out section: noisy, denoised, truth, residuals."""
    figures: Figures = {"comparison": comparison_bars(summary)}
    for condition in spec.test_conditions:
        panel, name = denoising_panel(spec, prepared, denoiser, condition), plain(condition.name)
        figures[f"panels_{name}"] = denoising_panels(panel)
        figures[f"residuals_{name}"] = residual_panels(panel)
        figures[f"panels_{name}.html"] = figure_page(panel_view(panel), title=panel.title, note=NOTE)
    return figures


def detector_figures(study: DetectorStudy, alarms: pd.DataFrame) -> Figures:
    """Return bars of the detectors, measured against nominal alarm rates, and histograms of scores on clean data.

    Args:
        study: comparison of detectors.
        alarms: from `false_alarms_by_well`.
    """
    figures: Figures = {
        "detectors": detector_bars(study.table),
        "thresholds": threshold_reliability(study.thresholds, alarms),
    }
    for name, sections in study.test_scores.items():
        rows = study.thresholds[study.thresholds["detector"] == name]
        thresholds = dict(zip(rows["threshold_kind"], rows["value"], strict=True))
        title = f"{name}: scores of the clean hold-out"
        figures[f"scores_{plain(name)}"] = error_histogram(np.concatenate(list(sections)), thresholds, title=title)
    return figures


def scored_figures(spec: ExperimentSpec, prepared: Prepared, bundle: Bundle) -> Figures:
    """Return figures and reports of the first hold-out recording as the bundle flags it, clean and with faults."""
    clean = prepared.split.test[0]
    faulty = inject(
        clean, spec.anomalies.faults, fraction=spec.anomalies.fraction, rng=np.random.default_rng([spec.seed, 3])
    ).recording
    figures: Figures = {}
    for name, recording in (("clean", clean), ("faults", faulty)):
        scores = bundle.score(recording)
        figures[f"flagged_{name}"] = score_tracks(recording, scores, truth=clean if name == "faults" else None)
        figures |= attribution_figures(name, recording, scores)
        label = f"{spec.name}, hold-out {name}"
        figures[f"flagged_{name}.html"] = render_report(recording, scores, bundle_label=label, findings=())
    return figures


def attribution_figures(name: str, recording: Recording, scores: Scores) -> Figures:
    """Return the contribution of each curve (logs): for the whole well, and for the depths with the most flags."""
    if scores.kind != "logs":
        return {}
    figures: Figures = {f"attribution_{name}": attribution_tracks(recording, scores)}
    span = closer_look(recording, scores)
    if span is not None:
        figures[f"attribution_{name}_closer"] = attribution_tracks(recording, scores, span=span)
    return figures


def denoising_panel(
    spec: ExperimentSpec, prepared: Prepared, denoiser: Denoiser, condition: Condition
) -> DenoisingPanel:
    """Return the first hold-out section in physical units: as recorded, with the condition's noise, and denoised."""
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


def save_figures(figures: Figures, folder: Path) -> None:
    """Write each figure as <name>.png, each page under its own name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        if isinstance(figure, Figure):
            figure.savefig(folder / f"{name}.png", dpi=110)
        else:
            (folder / name).write_text(figure, encoding="utf-8")


def plain(name: str) -> str:
    """Return a name that is valid as a file name and as a metric name.

    >>> plain("noise 0.1")
    'noise_0.1'
    """
    return re.sub(r"[^\w.-]", "_", name)
