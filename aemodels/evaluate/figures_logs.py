"""Well-log tracks the way a petrophysicist lays them out: depth down, usual scales, one heading a curve."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from aemodels.evaluate.figures_style import BLACK, BLUE, GREEN, GRID_GREY, PURPLE, TEXT_GREY, VERMILION
from aemodels.types import AxisArray, FloatArray

SHARE_OUTSIDE = 0.02
MOST_FIFTHS = 5
HEADING_HEIGHT = 27.0


@dataclass(frozen=True)
class CurveScale:
    """How a curve is drawn: values at the left and right edge of its track, colour, linear or log."""

    left: float
    right: float
    colour: str
    log: bool = False

    def position(self, values: FloatArray) -> FloatArray:
        """Track coordinates (0 = left edge, 1 = right edge) of `values`; NaN stays NaN.

        >>> CurveScale(0.2, 2000.0, "k", log=True).position(np.float32([20.0])).round(6)
        array([0.5], dtype=float32)
        """
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log10(values)
            left, right = np.log10(self.left), np.log10(self.right)
        else:
            left, right = self.left, self.right
        return np.asarray((values - left) / (right - left), dtype=np.float32)


_RESISTIVITY = {"left": 0.2, "right": 2000.0, "log": True}
SCALES: dict[str, CurveScale] = {
    "GR": CurveScale(0.0, 150.0, GREEN),
    "SP": CurveScale(-100.0, 100.0, PURPLE),
    "CALI": CurveScale(6.0, 16.0, BLUE),
    "BS": CurveScale(6.0, 16.0, BLACK),
    "RDEP": CurveScale(colour=VERMILION, **_RESISTIVITY),  # type: ignore[arg-type]
    "RMED": CurveScale(colour=BLUE, **_RESISTIVITY),  # type: ignore[arg-type]
    "RSHA": CurveScale(colour=GREEN, **_RESISTIVITY),  # type: ignore[arg-type]
    "RXO": CurveScale(colour=PURPLE, **_RESISTIVITY),  # type: ignore[arg-type]
    "RHOB": CurveScale(1.95, 2.95, VERMILION),
    "NPHI": CurveScale(0.45, -0.15, BLUE),
    "DTC": CurveScale(140.0, 40.0, PURPLE),
    "DTS": CurveScale(440.0, 40.0, GREEN),
    "DRHO": CurveScale(-0.25, 0.25, BLACK),
    "PEF": CurveScale(0.0, 10.0, BLUE),
}
OVERLAYS = (("GR",), ("RDEP", "RMED", "RSHA", "RXO"), ("RHOB", "NPHI"), ("DTC",))


def tracks_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The tracks that show `names`, in the usual order; a curve without an overlay has a track of its own.

    >>> tracks_of(["DTC", "NPHI", "GR", "PEF", "RHOB"])
    [('GR',), ('RHOB', 'NPHI'), ('DTC',), ('PEF',)]
    """
    usual = [tuple(name for name in overlay if name in names) for overlay in OVERLAYS]
    placed = {name for track in usual for name in track}
    return [track for track in usual if track] + [(name,) for name in names if name not in placed]


def is_log(name: str) -> bool:
    """Whether the curve is drawn, and compared, on a log scale."""
    return name in SCALES and SCALES[name].log


def modelled(name: str, values: FloatArray) -> FloatArray:
    """The values in which errors of the curve are judged: log10 for resistivity, as they are for the others."""
    if not is_log(name):
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(values), dtype=np.float32)


def track_scales(track: Sequence[str], values: Sequence[FloatArray]) -> dict[str, CurveScale]:
    """The scale of each curve of one track: the usual ones, widened together where the values leave them.

    Widening all curves of a track by the same share of its width keeps an overlay readable: a density-neutron
    pair still crosses where it would on the usual scales. Log scales are not widened.

    Args:
        track: canonical mnemonics; any other name is scaled to its own 1-99 % range.
        values: float32[sample] for each of them, canonical unit, NaN = missing.
    """
    scales = {name: SCALES.get(name) or _own_scale(row) for name, row in zip(track, values, strict=True)}
    positions = [scale.position(row) for scale, row in zip(scales.values(), values, strict=True) if not scale.log]
    left = max((_outside(-position) for position in positions), default=0)
    right = max((_outside(position - 1.0) for position in positions), default=0)
    return {name: _widened(scale, left, right) for name, scale in scales.items()}


def _outside(beyond: FloatArray) -> int:
    """Fifths of a track by which an edge has to move so that at most 2 % of the values lie `beyond` it."""
    observed = beyond[np.isfinite(beyond)]
    if observed.size == 0:
        return 0
    reach = float(np.quantile(observed, 1.0 - SHARE_OUTSIDE))
    return int(np.clip(np.ceil(5.0 * reach), 0, MOST_FIFTHS))


def _widened(scale: CurveScale, left: int, right: int) -> CurveScale:
    if scale.log:
        return scale
    fifth = (scale.right - scale.left) / 5.0
    return dataclasses.replace(
        scale, left=_rounded(scale.left - left * fifth), right=_rounded(scale.right + right * fifth)
    )


def _own_scale(values: FloatArray) -> CurveScale:
    observed = values[np.isfinite(values)]
    low, high = np.percentile(observed, [1, 99]) if observed.size else (0.0, 1.0)
    pad = 0.05 * (high - low) or 0.5
    return CurveScale(_rounded(low - pad), _rounded(high + pad), BLACK)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def track_axes(figure: Figure, count: int, axis: AxisArray) -> list[Axes]:
    """Empty tracks side by side on one depth axis that increases downwards.

    Args:
        figure: an empty figure.
        count: number of tracks.
        axis: float64[sample], depth in m; sets the limits.
    """
    columns = list(figure.subplots(1, count, sharey=True, squeeze=False)[0])
    for axes in columns:
        axes.set_xlim(0.0, 1.0)
        axes.grid(visible=True, axis="y", color=GRID_GREY, linewidth=0.7)
        axes.tick_params(axis="x", bottom=False, labelbottom=False)
        axes.tick_params(axis="y", colors=TEXT_GREY, labelsize=9, left=axes is columns[0])
        axes.spines[:].set_color("#999999")
        axes.set_axisbelow(True)
    columns[0].set_ylim(float(axis[-1]), float(axis[0]))
    columns[0].set_ylabel("depth (m)", color=TEXT_GREY)
    return columns


def headings(axes: Axes, scales: Mapping[str, CurveScale], units: Mapping[str, str]) -> None:
    """The headings of a track, one above the other, and the vertical grid of its first curve.

    Args:
        axes: the track.
        scales: of each curve.
        units: of each curve, "" where there is none.
    """
    for row, (name, scale) in enumerate(scales.items()):
        heading(axes, row, f"{name} ({units[name]})" if units[name] else name, scale)
    first = next(iter(scales.values()))
    lines = np.linspace(0.2, 0.8, 4, dtype=np.float32)
    if first.log:
        lines = first.position(np.array([m * 10.0**d for d in range(-1, 4) for m in range(1, 10)], dtype=np.float32))
    for line in lines[(lines > 0.0) & (lines < 1.0)]:
        axes.axvline(float(line), color=GRID_GREY, linewidth=0.7, zorder=0)


def heading(axes: Axes, row: int, text: str, scale: CurveScale) -> None:
    """The heading of one curve above its track: its name and unit, a stroke in its colour, and the two limits.

    Args:
        axes: the track.
        row: 0 for the heading next to the track, 1 for the one above it, and so on.
        text: name and unit.
        scale: gives colour and limits.
    """
    base = 5.0 + HEADING_HEIGHT * row
    figure = axes.get_figure(root=True)
    lift = ScaledTranslation(0.0, (base + 11.0) / 72.0, figure.dpi_scale_trans)  # type: ignore[union-attr]
    axes.plot(
        [0.0, 1.0],
        [1.0, 1.0],
        transform=axes.transAxes + lift,
        color=scale.colour,
        linewidth=1.6,
        clip_on=False,
    )
    _above(axes, text, (0.5, base + 13.0), colour=scale.colour)
    _above(axes, f"{scale.left:g}".replace("-", "−"), (0.0, base), colour=TEXT_GREY)
    _above(axes, f"{scale.right:g}".replace("-", "−"), (1.0, base), colour=TEXT_GREY)


def _above(axes: Axes, text: str, place: tuple[float, float], *, colour: str) -> None:
    """Text above the track: `place` is the share of the width and the points above the top."""
    axes.annotate(
        text,
        xy=(place[0], 1.0),
        xycoords="axes fraction",
        xytext=(0.0, place[1]),
        textcoords="offset points",
        ha={0.0: "left", 1.0: "right"}.get(place[0], "center"),
        va="bottom",
        fontsize=9.0 if place[0] == 0.5 else 7.5,
        color=colour,
        annotation_clip=False,
    )
