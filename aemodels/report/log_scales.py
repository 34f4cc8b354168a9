"""Customary scales of well logs: limits and colour of each curve, and the curves that share a track."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import FloatArray, Scores
from aemodels.report.palette import BLACK, BLUE, GREEN, PURPLE, VERMILION

MAX_OUTSIDE_SHARE = 0.02  # of the values that may lie beyond an edge of a track
MAX_FIFTHS = 5  # of the track's width by which an edge may move
CLIP_PERCENTILE = 98.5


@dataclass(frozen=True)
class CurveScale:
    """Scale of a curve: values at the left and right edge of its track, colour, linear or log."""

    left: float
    right: float
    colour: str
    log: bool = False

    def position(self, values: FloatArray) -> FloatArray:
        """Return track coordinates (0 = left edge, 1 = right edge) of `values`; NaN stays NaN.

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
    """Assign curves to tracks, in the customary order; a curve without an overlay has its own track.

    >>> tracks_of(["DTC", "NPHI", "GR", "PEF", "RHOB"])
    [('GR',), ('RHOB', 'NPHI'), ('DTC',), ('PEF',)]
    """
    usual = [tuple(name for name in overlay if name in names) for overlay in OVERLAYS]
    placed = {name for track in usual for name in track}
    return [track for track in usual if track] + [(name,) for name in names if name not in placed]


def is_log(name: str) -> bool:
    """Return True if the curve is drawn, and its errors measured, on a log scale."""
    return name in SCALES and SCALES[name].log


def modelled(name: str, values: FloatArray) -> FloatArray:
    """Return the values in which errors of the curve are measured: log10 for resistivity, else unchanged."""
    if not is_log(name):
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(values), dtype=np.float32)


def track_scales(track: Sequence[str], values: Sequence[FloatArray]) -> dict[str, CurveScale]:
    """Return the scale of each curve of one track: the customary ones, widened together if values lie outside them.

    All curves of a track are widened by the same share of its width, so that a density-neutron overlay still crosses
    where it would on the customary scales. Log scales are not widened.

    Args:
        track: canonical mnemonics; any other curve is scaled to its own 1-99 % range.
        values: float32[sample] for each of them, canonical unit, NaN = missing.
    """
    scales = {name: SCALES.get(name) or _own_scale(row) for name, row in zip(track, values, strict=True)}
    positions = [scale.position(row) for scale, row in zip(scales.values(), values, strict=True) if not scale.log]
    left = max((_outside(-position) for position in positions), default=0)
    right = max((_outside(position - 1.0) for position in positions), default=0)
    return {name: _widened(scale, left, right) for name, scale in scales.items()}


def _outside(beyond: FloatArray) -> int:
    """Return the fifths of a track by which an edge has to move so that at most 2 % of the values lie beyond it."""
    observed = beyond[np.isfinite(beyond)]
    if observed.size == 0:
        return 0
    excess = float(np.quantile(observed, 1.0 - MAX_OUTSIDE_SHARE))
    return int(np.clip(np.ceil(5.0 * excess), 0, MAX_FIFTHS))


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


def clip_level(values: FloatArray) -> float:
    """Return the amplitude at which colours saturate: the 98.5th percentile of |amplitude|, 1 if all are zero.

    Args:
        values: float32[trace, sample], NaN = missing.
    """
    observed = np.abs(values[np.isfinite(values) & (values != 0.0)])
    return float(np.percentile(observed, CLIP_PERCENTILE)) if observed.size else 1.0


def score_limits(scores: Scores) -> tuple[float, float]:
    """Return axis limits that include the threshold and nearly all scores, but not single extremes."""
    observed = scores.score[np.isfinite(scores.score)]
    if observed.size == 0:
        return min(0.0, 2 * scores.threshold), max(1.0, 2 * scores.threshold)
    low = min(float(observed.min()), scores.threshold)
    high = max(float(np.quantile(observed, 0.998)), scores.threshold + 0.25 * (scores.threshold - low))
    return low, high if high > low else low + 1.0
