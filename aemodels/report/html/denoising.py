"""Data of the interactive denoising figures: noisy, denoised, truth, and the residual."""

from __future__ import annotations

import numpy as np

from aemodels.report.figures.denoising_panels import DenoisingPanel, residual_of, residual_scale
from aemodels.report.html.line import section_view
from aemodels.report.html.page import View
from aemodels.report.html.well import Marks, Track, TrackCurve, well_view
from aemodels.report.log_scales import is_log, track_scales, tracks_of


def panel_view(panel: DenoisingPanel) -> View:
    """Return the data for `figure_page` of a recording: noisy, denoised, truth, and residuals.

    Args:
        panel: a well or a section without added noise, with it, and denoised.
    """
    if panel.kind == "seismic":
        states = {"noisy": panel.noisy, "denoised": panel.denoised, "truth": panel.truth}
        return section_view({**states, "denoised − truth": panel.denoised - panel.truth}, panel.axis, scale_of="truth")
    present = [name for name in panel.names if np.isfinite(panel.row(panel.truth, name)).any()]
    states_of = [_states(panel, track) for track in tracks_of(present)]
    return well_view(panel.axis, [*states_of, *(_residual(panel, name) for name in present)], Marks())


def _states(panel: DenoisingPanel, names: tuple[str, ...]) -> Track:
    scales = track_scales(names, [panel.row(panel.truth, name) for name in names])
    layers = {"noisy": panel.noisy, "denoised": panel.denoised, "truth": panel.truth}
    return Track(
        tuple(
            TrackCurve(name, _unit(panel, name), scales[name], {key: panel.row(of, name) for key, of in layers.items()})
            for name in names
        )
    )


def _residual(panel: DenoisingPanel, name: str) -> Track:
    unit = "log10" if is_log(name) else _unit(panel, name)
    layers = {
        "noise added": residual_of(panel, name, panel.noisy),
        "residual": residual_of(panel, name, panel.denoised),
    }
    return Track((TrackCurve(f"Δ {name}", unit, residual_scale(panel, name), layers),))


def _unit(panel: DenoisingPanel, name: str) -> str:
    return panel.units[panel.names.index(name)]
