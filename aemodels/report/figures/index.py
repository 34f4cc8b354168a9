"""All figures, importable from one module; each is a pure function that returns a matplotlib Figure."""

from __future__ import annotations

from aemodels.report.figures.attribution import attribution_tracks, closer_look
from aemodels.report.figures.comparison import comparison_bars, detector_bars, threshold_reliability
from aemodels.report.figures.denoising_panels import DenoisingPanel, denoising_panels, residual_panels
from aemodels.report.figures.latent import latent_histograms, latent_map
from aemodels.report.figures.latent_maps import (
    decoded_grid,
    embedding_images,
    grid_points,
    lithology_map,
    plane_of,
    value_map,
)
from aemodels.report.figures.numpy_autoencoder import network_diagram, slopes_panels, spiral_panels
from aemodels.report.figures.scores import score_tracks
from aemodels.report.figures.style import figure_png
from aemodels.report.figures.training import error_histogram, loss_curves

__all__ = [
    "DenoisingPanel",
    "attribution_tracks",
    "closer_look",
    "comparison_bars",
    "decoded_grid",
    "denoising_panels",
    "detector_bars",
    "embedding_images",
    "error_histogram",
    "figure_png",
    "grid_points",
    "latent_histograms",
    "latent_map",
    "lithology_map",
    "loss_curves",
    "network_diagram",
    "plane_of",
    "residual_panels",
    "score_tracks",
    "slopes_panels",
    "spiral_panels",
    "threshold_reliability",
    "value_map",
]
