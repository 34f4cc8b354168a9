"""Every figure in one place; each is a pure function that returns a matplotlib Figure."""

from __future__ import annotations

from aemodels.evaluate.figures_attribution import attribution_tracks, closer_look
from aemodels.evaluate.figures_codes import code_images, decoded_grid, grid_points, plane_of, rock_map, value_map
from aemodels.evaluate.figures_compare import comparison_bars, detector_bars, threshold_reliability
from aemodels.evaluate.figures_latent import latent_histograms, latent_map
from aemodels.evaluate.figures_panels import DenoisingPanel, denoising_panels, residual_panels
from aemodels.evaluate.figures_scores import score_tracks
from aemodels.evaluate.figures_scratch import network_diagram, slopes_panels, spiral_panels
from aemodels.evaluate.figures_style import figure_png
from aemodels.evaluate.figures_training import error_histogram, loss_curves

__all__ = [
    "DenoisingPanel",
    "attribution_tracks",
    "closer_look",
    "code_images",
    "comparison_bars",
    "decoded_grid",
    "denoising_panels",
    "detector_bars",
    "error_histogram",
    "figure_png",
    "grid_points",
    "latent_histograms",
    "latent_map",
    "loss_curves",
    "network_diagram",
    "plane_of",
    "residual_panels",
    "rock_map",
    "score_tracks",
    "slopes_panels",
    "spiral_panels",
    "threshold_reliability",
    "value_map",
]
