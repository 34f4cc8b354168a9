"""Every figure in one place; each is a pure function that returns a matplotlib Figure."""

from __future__ import annotations

from aemodels.evaluate.figures_attribution import attribution_tracks, closer_look
from aemodels.evaluate.figures_compare import comparison_bars, detector_bars, threshold_reliability
from aemodels.evaluate.figures_latent import latent_histograms, latent_map
from aemodels.evaluate.figures_panels import DenoisingPanel, denoising_panels, residual_panels
from aemodels.evaluate.figures_scores import score_tracks
from aemodels.evaluate.figures_style import figure_png
from aemodels.evaluate.figures_training import error_histogram, loss_curves

__all__ = [
    "DenoisingPanel",
    "attribution_tracks",
    "closer_look",
    "comparison_bars",
    "denoising_panels",
    "detector_bars",
    "error_histogram",
    "figure_png",
    "latent_histograms",
    "latent_map",
    "loss_curves",
    "residual_panels",
    "score_tracks",
    "threshold_reliability",
]
