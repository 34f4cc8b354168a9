"""A PCA subspace of the training windows, whose reconstruction error measures how unlike them new windows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, BoolArray, FloatArray, Kind
from aemodels.curves.canonical import CANONICAL
from aemodels.monitoring.trace_features import unit_peak

LENGTH = 32
STRIDE = 16
LATENT = 10
_BLOCK = 512  # traces at a time, to bound the memory that overlapping windows of a long line take
MIN_OBSERVED = 0.5  # share of a window's samples
IMPUTATIONS = 10  # iterations in which missing samples are replaced by their reconstruction


@dataclass(frozen=True, eq=False)
class Scale:
    """Scaling of values before windows are cut.

    Args:
        kind: "logs": (value - centre) / spread, resistivities as log10; "seismic": each trace divided by its rms.
        log: bool[channel], take log10 first.
        centre: float64[channel], the median of the training values.
        spread: float64[channel], from their 5th to their 95th percentile; positive.
    """

    kind: Kind
    log: BoolArray
    centre: AxisArray
    spread: AxisArray

    def windows(self, values: FloatArray) -> AxisArray:
        """Cut scaled windows, float64[window, size], NaN = missing; for seismic float64[trace, window, size]."""
        scaled = self._scaled(values)
        short = max(LENGTH - scaled.shape[1], 0)
        padded = np.pad(scaled, ((0, 0), (0, short)), constant_values=np.nan)
        view = np.lib.stride_tricks.sliding_window_view(padded, LENGTH, axis=1)[:, ::STRIDE]
        if self.kind == "seismic":
            return np.asarray(view)
        return np.asarray(view.transpose(1, 0, 2)).reshape(view.shape[1], -1)

    def _scaled(self, values: FloatArray) -> AxisArray:
        if self.kind == "seismic":
            scaled, _ = unit_peak(values)
            rms = np.sqrt(np.mean(scaled**2, axis=1, keepdims=True))
            return np.asarray(scaled / np.where(rms > 0, rms, np.nan))
        linear = _linear(values.astype(np.float64), self.log)
        return np.asarray((linear - self.centre[:, None]) / self.spread[:, None])


@dataclass(frozen=True, eq=False)
class Subspace:
    """Mean float64[size] and leading components float64[component, size] of scaled windows."""

    scale: Scale
    mean: AxisArray
    components: AxisArray

    def errors(self, values: FloatArray) -> FloatArray:
        """Return the reconstruction errors of windows.

        Args:
            values: float32[channel, sample] in canonical units, NaN = missing; channels as in training.

        Returns:
            Logs: float32[window], the rms residual of each window's observed samples, without the windows that are
            mostly missing. Seismic: float32[trace], the rms residual over the rms of the trace, NaN for a dead trace.
        """
        if self.scale.kind == "seismic":
            blocks = [self._traces(values[start : start + _BLOCK]) for start in range(0, len(values), _BLOCK)]
            joined: FloatArray = np.concatenate(blocks)
            return joined
        square, observed = self._residual(self.scale.windows(values))
        enough = observed >= MIN_OBSERVED * self.mean.size
        return np.asarray(np.sqrt(square[enough] / observed[enough]), dtype=np.float32)

    def _traces(self, values: FloatArray) -> FloatArray:
        windows = self.scale.windows(values)
        flat = windows.reshape(-1, self.mean.size)
        square, _ = self._residual(flat)
        filled = flat if np.isfinite(flat).all() else np.nan_to_num(flat)
        squares = np.stack([square, np.einsum("ws,ws->w", filled, filled)])
        outside, power = squares.reshape(2, *windows.shape[:2]).sum(axis=2)
        share = outside / np.where(power > 0, power, np.nan)
        return np.asarray(np.sqrt(share), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all fitted values as plain arrays."""
        scale = {"log": self.scale.log, "centre": self.scale.centre, "spread": self.scale.spread}
        return {"mean": self.mean, "components": self.components, **scale}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], kind: Kind) -> Subspace:
        """Restore a subspace from its `arrays`."""
        scale = Scale(kind, arrays["log"], arrays["centre"], arrays["spread"])
        return cls(scale, arrays["mean"], arrays["components"])

    def _residual(self, flat: AxisArray) -> tuple[AxisArray, AxisArray]:
        """Return the sum of squared residuals over observed samples, and their number: float64[window] each."""
        seen = np.isfinite(flat)
        if seen.all():  # of orthonormal components, the part outside their span by Pythagoras
            centred = flat - self.mean
            outside = np.einsum("ws,ws->w", centred, centred) - ((centred @ self.components.T) ** 2).sum(axis=1)
            return np.maximum(outside, 0.0), np.full(len(flat), float(flat.shape[1]))
        centred = np.where(seen, flat - self.mean, 0.0)
        partly = ~seen.all(axis=1)
        reconstruction = self._reconstruct(centred)
        for _ in range(IMPUTATIONS):
            imputed = np.where(seen[partly], centred[partly], reconstruction[partly])
            reconstruction[partly] = self._reconstruct(imputed)
        residual = np.where(seen, centred - reconstruction, 0.0)
        return np.sum(residual**2, axis=1), seen.sum(axis=1).astype(np.float64)

    def _reconstruct(self, centred: AxisArray) -> AxisArray:
        return np.asarray((centred @ self.components.T) @ self.components)


@dataclass(frozen=True, eq=False)
class _Moments:
    count: float
    total: AxisArray
    square: AxisArray

    def __add__(self, other: _Moments) -> _Moments:
        return _Moments(self.count + other.count, self.total + other.total, self.square + other.square)

    def __sub__(self, other: _Moments) -> _Moments:
        return _Moments(self.count - other.count, self.total - other.total, self.square - other.square)


def fit_subspace(
    groups: Sequence[FloatArray], kind: Kind, curves: Sequence[str] = ()
) -> tuple[Subspace, tuple[FloatArray, ...]]:
    """Fit the subspace of all groups, and compute each group's errors by the subspace of the others (out-of-fold).

    Errors of a group by a subspace fitted to it would be too small to compare new data with.

    Args:
        groups: float32[channel, sample] of each well or run of traces, in canonical units, NaN = missing.
        kind: "logs" or "seismic".
        curves: the channels' canonical names (logs).
    """
    scale = _fit_scale(groups, kind, curves)
    moments = [_moments(scale.windows(values)) for values in groups]
    whole = sum(moments[1:], start=moments[0])
    final = _leading(scale, whole)
    errors = []
    for values, part in zip(groups, moments, strict=True):
        others = whole - part
        subspace = _leading(scale, others) if others.count > 2 * LATENT else final
        errors.append(subspace.errors(values))
    return final, tuple(errors)


def _fit_scale(groups: Sequence[FloatArray], kind: Kind, curves: Sequence[str]) -> Scale:
    if kind == "seismic":
        return Scale(kind, np.zeros(1, dtype=np.bool_), np.zeros(1), np.ones(1))
    log = np.array([CANONICAL[curve].log for curve in curves], dtype=np.bool_)
    pooled = _linear(np.concatenate(groups, axis=1).astype(np.float64), log)
    centre, spread = np.zeros(len(curves)), np.ones(len(curves))
    for row, values in enumerate(pooled):
        finite = values[np.isfinite(values)]
        if finite.size:
            low, centre[row], high = np.percentile(finite, [5, 50, 95])
            spread[row] = max(high - low, 1e-6)
    return Scale(kind, log, centre, spread)


def _linear(values: AxisArray, log: BoolArray) -> AxisArray:
    positive = np.where(log[:, None] & ~(values > 0), np.nan, values)
    return np.where(log[:, None], np.log10(np.where(log[:, None], positive, 1.0)), positive)


def _moments(windows: AxisArray) -> _Moments:
    flat = windows.reshape(-1, windows.shape[-1])
    flat = flat[np.isfinite(flat).mean(axis=1) >= MIN_OBSERVED]
    filled = np.nan_to_num(flat)
    return _Moments(float(len(filled)), filled.sum(axis=0), filled.T @ filled)


def _leading(scale: Scale, moments: _Moments) -> Subspace:
    count = max(moments.count, 1.0)
    mean = moments.total / count
    _, vectors = np.linalg.eigh(moments.square / count - np.outer(mean, mean))
    return Subspace(scale, mean, np.ascontiguousarray(vectors[:, ::-1].T[:LATENT]))
