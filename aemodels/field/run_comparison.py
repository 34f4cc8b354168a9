"""Comparison of two logs of one well: raw and edited, main and repeat pass, or two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from aemodels.core.errors import DataError
from aemodels.core.types import FloatArray, Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.field.repeats import STEP_M, correlation_at, on_grid, vertex

WINDOW_M, EVERY_M = 80.0, 40.0
MAX_LAG_M = 8.0
MIN_OVERLAP_M = 30.0
MIN_CORRELATION = 0.7  # of a window; below, its lag is left out
MIN_PEAK = 0.1  # correlation at the best lag above that at the usual one: a straight line correlates at any lag
MIN_VARIATION = 1e-6
MAD_TO_STD = 1.4826
# Absolute and relative limits between passes of one tool in good hole, in the canonical unit (resistivities: decades).
# Of the order that log quality manuals state; those of the very tool and speed are narrower or wider.
REPEATABILITY: Mapping[str, tuple[float, float]] = {
    "GR": (5.0, 0.05),
    "RHOB": (0.03, 0.0),
    "DRHO": (0.03, 0.0),
    "NPHI": (0.02, 0.1),
    "DTC": (2.0, 0.02),
    "DTS": (4.0, 0.02),
    "RDEP": (0.05, 0.0),
    "RMED": (0.05, 0.0),
    "RSHA": (0.08, 0.0),
    "RXO": (0.08, 0.0),
    "PEF": (0.3, 0.1),
    "SP": (3.0, 0.0),
    "CALI": (0.3, 0.0),
    "BS": (0.01, 0.0),
}


@dataclass(frozen=True)
class WindowLag:
    """Lag of one curve in one window: its middle in m, depths of the second log minus those of the first, m."""

    depth: float
    lag: float
    curve: str
    correlation: float


@dataclass(frozen=True)
class CurveDifference:
    """Difference of one curve, second minus first, after alignment.

    Args:
        name: canonical mnemonic.
        unit: of bias, spread and limit; "decades" for resistivities.
        compared: metres with readings in both.
        bias: median difference.
        spread: robust standard deviation of the difference.
        limit: expected repeatability at the median reading.
        outside: share of the readings that differ by more than the limit at each reading.
        correlation: of the readings.
        identical: share of readings that are equal.
    """

    name: str
    unit: str
    compared: float
    bias: float
    spread: float
    limit: float
    outside: float
    correlation: float
    identical: float


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Two logs compared.

    Args:
        first: the log that is the reference.
        shift: depths of the second minus those of the first in the middle of the overlap, m; None if no window agrees.
        stretch: change of that shift, m per 1,000 m of depth.
        uneven: largest deviation of a window from shift and stretch, m: the tool stuck and came free, or was pulled.
        overlap: top and base of the common depths, m.
        lags: per window and curve.
        curves: per common curve.
        aligned: curve → readings of the second at the depths of the first, float32[sample].
        only: curves of the first, and of the second, that the other lacks.
    """

    first: Recording
    shift: float | None
    stretch: float
    uneven: float
    overlap: tuple[float, float]
    lags: tuple[WindowLag, ...]
    curves: tuple[CurveDifference, ...]
    aligned: Mapping[str, FloatArray]
    only: tuple[tuple[str, ...], tuple[str, ...]]


def compare_runs(first: Recording, second: Recording) -> RunComparison:
    """Align the second log to the first by shift and stretch, and compare their common curves.

    Each common curve is correlated in windows of 80 m; the line through the lags of all curves (Theil-Sen, which a few
    wrong windows do not move) gives shift and stretch.

    Raises:
        DataError: if one is no well, or they have no curve or less than 30 m in common.
    """
    names = _common(first, second)
    top, base = max(first.axis[0], second.axis[0]), min(first.axis[-1], second.axis[-1])
    if base - top < MIN_OVERLAP_M:
        raise DataError(
            f"{second.source.uri}: {max(0.0, base - top):.1f} m of depth in common with {first.source.uri}; expected "
            f"at least {MIN_OVERLAP_M:g} m; give two logs of one interval"
        )
    lags = _window_lags(first, second, names, (float(top), float(base)))
    middle = 0.5 * float(top + base)
    shift, slope, uneven = _line(lags, middle)
    depth = first.axis + (shift or 0.0) + slope * (first.axis - middle)
    aligned = {name: _read_at(second, name, depth) for name in names}
    curves = [_difference(first, name, aligned[name]) for name in names]
    return RunComparison(
        first=first,
        shift=shift,
        stretch=round(1000 * slope, 3),
        uneven=uneven,
        overlap=(float(top), float(base)),
        lags=lags,
        curves=tuple(curve for curve in curves if curve is not None),
        aligned=aligned,
        only=(_others(first, names), _others(second, names)),
    )


def _common(first: Recording, second: Recording) -> list[str]:
    for recording in (first, second):
        if recording.kind != "logs":
            raise DataError(f"{recording.source.uri} is no well log; give two files of one well")
    names = [name for name in CANONICAL if _has(first, name) and _has(second, name)]
    if not names:
        raise DataError(
            f"{first.source.uri} has {', '.join(first.names)} and {second.source.uri} {', '.join(second.names)}; "
            f"expected a known curve in both; name their mnemonics in aliases (SONDEFLOW_ALIASES)"
        )
    return names


def _has(recording: Recording, name: str) -> bool:
    return name in recording.names and bool(np.isfinite(recording.channel(name)).any())


def _others(recording: Recording, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in recording.names if name not in names)


def _window_lags(
    first: Recording, second: Recording, names: Sequence[str], overlap: tuple[float, float]
) -> tuple[WindowLag, ...]:
    grid = np.arange(overlap[0] - MAX_LAG_M, overlap[1] + MAX_LAG_M, STEP_M)
    size, every, reach = (round(length / STEP_M) for length in (WINDOW_M, EVERY_M, MAX_LAG_M))
    found = []
    for name in (name for name in names if name != "BS"):
        here, there = (on_grid(grid, one.axis, _scaled(name, one.channel(name))) for one in (first, second))
        for start in range(0, max(1, grid.size - size // 2), every):
            lag = _best_lag(here[start : start + size], there, start, reach)
            if lag is not None:
                middle = float(grid[min(start + size // 2, grid.size - 1)])
                found.append(WindowLag(round(middle, 2), round(lag[0] * STEP_M, 3), name, round(lag[1], 3)))
    return tuple(sorted(found, key=lambda one: (one.depth, one.curve)))


def _best_lag(
    window: NDArray[np.float64], there: NDArray[np.float64], start: int, reach: int
) -> tuple[float, float] | None:
    """Return the lag in steps, with its fraction, at which a window agrees best, and the correlation there."""
    if np.isfinite(window).sum() * STEP_M < MIN_OVERLAP_M or np.nanstd(window) < MIN_VARIATION:
        return None
    padded = np.pad(there, reach + window.size, constant_values=np.nan)
    found = np.array(
        [_correlation(window, padded, start + reach + window.size + lag) for lag in range(-reach, reach + 1)]
    )
    if not np.isfinite(found).any():
        return None
    best = int(np.nanargmax(found))
    if found[best] < MIN_CORRELATION or best in {0, 2 * reach} or found[best] - np.nanmedian(found) < MIN_PEAK:
        return None
    return best - reach + vertex(found, best), float(found[best])


def _correlation(window: NDArray[np.float64], padded: NDArray[np.float64], start: int) -> float:
    return correlation_at(window, padded[start : start + window.size], 0, MIN_OVERLAP_M)


def _line(lags: Sequence[WindowLag], middle: float) -> tuple[float | None, float, float]:
    """Return the shift at a depth in m, its change per m, and the largest deviation of a window's median lag in m."""
    if not lags:
        return None, 0.0, 0.0
    depths = np.array([one.depth for one in lags])
    values = np.array([one.lag for one in lags])
    at = sorted(set(depths.tolist()))
    medians = np.array([np.median(values[depths == depth]) for depth in at])
    if len(at) < 4:  # windows that say little of a stretch
        return round(float(np.median(values)), 3), 0.0, round(float(np.ptp(medians)) / 2, 3)
    slope, intercept, _, _ = theilslopes(values, depths)
    deviation = np.abs(medians - intercept - slope * np.array(at)).max()
    return round(float(intercept + slope * middle), 3), float(slope), round(float(deviation), 3)


def _read_at(recording: Recording, name: str, depth: NDArray[np.float64]) -> FloatArray:
    """Return the readings of a curve at other depths, float32[sample]; those of equal depths unchanged."""
    values = recording.channel(name)
    if depth.shape == recording.axis.shape and np.allclose(depth, recording.axis, rtol=0, atol=1e-6):
        return values
    scaled = on_grid(depth, recording.axis, _scaled(name, values))
    return np.asarray(10**scaled if CANONICAL[name].log else scaled, dtype=np.float32)


def _scaled(name: str, values: FloatArray) -> FloatArray:
    """Return the values in which a curve is compared: log10 for resistivities."""
    if not CANONICAL[name].log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan).astype(np.float32)


def _difference(first: Recording, name: str, aligned: FloatArray) -> CurveDifference | None:
    here, there = (_scaled(name, values).astype(np.float64) for values in (first.channel(name), aligned))
    both = np.isfinite(here) & np.isfinite(there)
    if not both.any():
        return None
    a, b = here[both], there[both]
    absolute, relative = REPEATABILITY[name]
    limits = np.maximum(absolute, relative * np.abs(a))
    difference = b - a
    bias = float(np.median(difference))
    step = float(np.median(np.diff(first.axis))) if first.axis.size > 1 else 0.0
    varies = min(a.std(), b.std()) > MIN_VARIATION
    return CurveDifference(
        name=name,
        unit="decades" if CANONICAL[name].log else CANONICAL[name].unit,
        compared=round(float(both.sum()) * step, 2),
        bias=round(bias, 5),
        spread=round(MAD_TO_STD * float(np.median(np.abs(difference - bias))), 5),
        limit=round(float(max(absolute, relative * abs(np.median(a)))), 5),
        outside=round(float((np.abs(difference) > limits).mean()), 4),
        correlation=round(float(np.corrcoef(a, b)[0, 1]), 4) if varies else float("nan"),
        identical=round(float((first.channel(name)[both] == aligned[both]).mean()), 4),
    )
