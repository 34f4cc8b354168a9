"""Figures of denoising: noisy, denoised and truth, as tracks for a well and as sections for a line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aemodels.core.errors import DataError
from aemodels.core.types import AxisArray, FloatArray, Kind
from aemodels.evaluate.statistics.metrics import gain_db, mean_squared_error
from aemodels.report.figures.log_tracks import headings, track_axes
from aemodels.report.figures.seismic_sections import draw_section, section_axes
from aemodels.report.figures.style import NOISY_GREY, TEXT_GREY, new_figure
from aemodels.report.log_scales import SCALES, CurveScale, clip_level, is_log, modelled, track_scales, tracks_of
from aemodels.report.palette import BLACK

EXCERPT = 800


@dataclass(frozen=True, eq=False)
class DenoisingPanel:
    """One recording without added noise, with it, and after denoising.

    Args:
        kind: "logs" or "seismic".
        axis: float64[sample], depth in m or two-way time in s, increasing.
        names: one per channel: canonical mnemonics, or trace names.
        units: one per channel.
        truth: float32[channel, sample] in canonical units, NaN = missing.
        noisy: the same with noise added.
        denoised: the estimate from `noisy`.
        title: heading of the figure.

    Raises:
        DataError: if the shapes do not fit each other.
    """

    kind: Kind
    axis: AxisArray
    names: tuple[str, ...]
    units: tuple[str, ...]
    truth: FloatArray
    noisy: FloatArray
    denoised: FloatArray
    title: str

    def __post_init__(self) -> None:
        shape = (len(self.names), self.axis.size)
        for label in ("truth", "noisy", "denoised"):
            if getattr(self, label).shape != shape:
                raise DataError(f"{self.title}: {label} has shape {getattr(self, label).shape}; expected {shape}")
        if len(self.units) != len(self.names):
            raise DataError(f"{self.title}: {len(self.units)} units for {len(self.names)} channels; expected one each")

    def row(self, values: FloatArray, name: str) -> FloatArray:
        """Return the row of `values` (truth, noisy or denoised) of the channel `name`."""
        return np.asarray(values[self.names.index(name)], dtype=np.float32)

    def cut(self, start: int, stop: int) -> DenoisingPanel:
        """Return the panel of the samples from `start` to the exclusive end `stop`."""
        part = slice(start, stop)
        return dataclasses.replace(
            self,
            axis=self.axis[part],
            truth=self.truth[:, part],
            noisy=self.noisy[:, part],
            denoised=self.denoised[:, part],
        )

    def excerpt(self, samples: int = EXCERPT) -> DenoisingPanel:
        """Return the `samples` samples with most observed values; at a well's full length noise is not visible."""
        if self.axis.size <= samples:
            return self
        observed = np.cumsum(np.concatenate([[0], np.isfinite(self.truth).sum(axis=0)]))
        counts = observed[samples:] - observed[:-samples]
        best = np.flatnonzero(counts == counts.max())
        start = int(best[best.size // 2])
        return self.cut(start, start + samples)

    def gain(self) -> float:
        """Return the median SNR gain over the channels, dB, on observed samples; NaN if no noise was added."""
        channels = zip(self.names, self.truth, self.noisy, self.denoised, strict=True)
        gains = np.array([_gain(*(modelled(name, row) for row in rows)) for name, *rows in channels])
        return float(np.median(gains[np.isfinite(gains)])) if np.isfinite(gains).any() else float("nan")


def _gain(truth: FloatArray, noisy: FloatArray, denoised: FloatArray) -> float:
    mask = np.isfinite(truth) & np.isfinite(noisy) & np.isfinite(denoised)
    return gain_db(mean_squared_error(noisy, truth, mask), mean_squared_error(denoised, truth, mask))


def denoising_panels(panel: DenoisingPanel, *, samples: int = EXCERPT) -> Figure:
    """Draw noisy, denoised and true data.

    Logs: tracks with depth down; light grey = noisy, colour = denoised, thin black = truth. Of a long well the
    `samples` samples with most observed values are drawn. Seismic: noisy | denoised | truth | residual, one colour
    scale.

    Args:
        panel: the recording in its three states.
        samples: maximum number of depth samples drawn (logs).
    """
    if panel.kind == "seismic":
        parts = {"noisy": panel.noisy, "denoised": panel.denoised, "truth": panel.truth}
        parts["denoised − truth"] = panel.denoised - panel.truth
        return _sections(panel, parts, clip_level(panel.truth), label="amplitude")
    part = panel.excerpt(samples)
    tracks = [track_scales(track, [part.row(part.truth, name) for name in track]) for track in tracks_of(part.names)]
    figure, columns = _tracks(part, tracks)
    for axes, track in zip(columns, tracks, strict=True):
        for name, scale in track.items():
            _draw_curve(axes, part, name, scale)
    _legend(figure, "noisy", "denoised (colour of the heading)", "truth")
    return figure


def residual_panels(panel: DenoisingPanel, *, samples: int = EXCERPT) -> Figure:
    """Draw noisy − truth and denoised − truth, on one scale per channel.

    Args:
        panel: the recording in its three states.
        samples: maximum number of depth samples drawn (logs), the same as those of `denoising_panels`.

    Returns:
        Logs: one track per curve, in the curve's unit (log10 for resistivity). Seismic: two sections with the colour
        scale of the noise.
    """
    if panel.kind == "seismic":
        noise, rest = panel.noisy - panel.truth, panel.denoised - panel.truth
        parts = {"noisy − truth": noise, "denoised − truth": rest}
        return _sections(panel, parts, clip_level(noise), label="amplitude error")
    part = panel.excerpt(samples)
    units = tuple("log10" if is_log(name) else unit for name, unit in zip(part.names, part.units, strict=True))
    tracks = [{name: residual_scale(part, name)} for track in tracks_of(part.names) for name in track]
    figure, columns = _tracks(dataclasses.replace(part, units=units), tracks)
    for axes, track in zip(columns, tracks, strict=True):
        for name, scale in track.items():
            for values, colour, width in ((part.noisy, NOISY_GREY, 0.8), (part.denoised, scale.colour, 1.2)):
                axes.plot(scale.position(residual_of(part, name, values)), part.axis, color=colour, linewidth=width)
        axes.axvline(0.5, color=BLACK, linewidth=0.8)
    _legend(figure, "noisy − truth", "denoised − truth (colour of the heading)")
    return figure


def _tracks(part: DenoisingPanel, tracks: Sequence[Mapping[str, CurveScale]]) -> tuple[Figure, list[Axes]]:
    """Create a figure with empty tracks under their headings, titled with the panel's title and depth range."""
    figure = new_figure(max(7.5, 1.2 + 1.75 * len(tracks)), 10.0)
    columns = track_axes(figure, len(tracks), part.axis)
    for axes, track in zip(columns, tracks, strict=True):
        headings(axes, track, dict(zip(part.names, part.units, strict=True)))
    figure.suptitle(
        f"{part.title}\n{part.axis[0]:.1f} to {part.axis[-1]:.1f} m, median SNR gain {part.gain():.1f} dB",
        fontsize=11.5,
        fontweight="bold",
    )
    return figure, columns


def _draw_curve(axes: Axes, part: DenoisingPanel, name: str, scale: CurveScale) -> None:
    layers = (part.noisy, NOISY_GREY, 0.7), (part.denoised, scale.colour, 1.7), (part.truth, BLACK, 0.6)
    for order, (values, colour, width) in enumerate(layers):
        position = scale.position(part.row(values, name))
        axes.plot(position, part.axis, color=colour, linewidth=width, zorder=2 + order)


def residual_of(part: DenoisingPanel, name: str, values: FloatArray) -> FloatArray:
    """Return `values` (noisy or denoised) of one curve minus the truth, in log10 for resistivity."""
    return modelled(name, part.row(values, name)) - modelled(name, part.row(part.truth, name))


def residual_scale(part: DenoisingPanel, name: str) -> CurveScale:
    """Return a scale about zero that covers the noise added to the curve."""
    error = np.abs(residual_of(part, name, part.noisy))
    error = error[np.isfinite(error)]
    half = float(f"{1.15 * float(error.max()) if error.size and error.max() > 0 else 1.0:.2g}")
    return CurveScale(-half, half, SCALES[name].colour if name in SCALES else TEXT_GREY)


def _legend(figure: Figure, noisy: str, denoised: str, truth: str | None = None) -> None:
    lines = [Line2D([], [], color=NOISY_GREY, linewidth=2), Line2D([], [], color=TEXT_GREY, linewidth=2.4)]
    labels = [noisy, denoised]
    if truth is not None:
        lines.append(Line2D([], [], color=BLACK, linewidth=0.8))
        labels.append(truth)
    figure.legend(lines, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def _sections(panel: DenoisingPanel, parts: dict[str, FloatArray], clip: float, *, label: str) -> Figure:
    figure = new_figure(4.0 * len(parts) + 1.2, 6.2)
    columns = section_axes(figure, len(parts))
    for axes, (name, values) in zip(columns, parts.items(), strict=True):
        image = draw_section(axes, values, panel.axis, clip=clip)
        axes.set_title(name, fontsize=11)
    bar = figure.colorbar(image, ax=columns, shrink=0.8, pad=0.01, extend="both")
    bar.set_label(f"{label} ({panel.units[0]})" if panel.units[0] not in ("", "amplitude") else label, color=TEXT_GREY)
    gain = _gain(panel.truth, panel.noisy, panel.denoised)
    figure.suptitle(
        f"{panel.title}\nSNR gain {gain:.1f} dB over {len(panel.names)} traces", fontsize=11.5, weight="bold"
    )
    return figure
