"""Robust, invertible normalisation, fitted on training recordings only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import DataError, SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, GatherKind, LineNoise, Recording, Section
from aemodels.curves.canonical import CANONICAL
from aemodels.signal.gather_type import gather_type

# Value of a missing curve in normalised units: the middle of the range.
MISSING_CURVE = 0.5


class CurvePercentiles(Spec):
    """Linear scaling of each curve that maps two percentiles over the training wells to 0 and 1, without clipping.

    Resistivities are converted to log10 first. Percentiles are used instead of extremes, since a few spikes would
    otherwise compress the whole curve.
    """

    kind: Literal["curve_percentiles"] = "curve_percentiles"
    low: float = Field(default=0.5, ge=0.0, lt=50.0, description="percentile mapped to 0")
    high: float = Field(default=99.5, gt=50.0, le=100.0, description="percentile mapped to 1")

    def fit(self, recordings: Sequence[Recording], curves: Sequence[str]) -> CurveNormaliser:
        """Fit the percentiles of each curve on the observed values of all training recordings.

        Raises:
            SpecError: if a curve has fewer than two distinct values in all recordings.
        """
        bounds = np.empty((len(curves), 2), dtype=np.float64)
        for row, curve in enumerate(curves):
            pooled = np.concatenate([_observed(recording, curve) for recording in recordings] or [np.empty(0)])
            low, high = np.percentile(pooled, [self.low, self.high]) if pooled.size else (0.0, 0.0)
            if not high > low:
                raise SpecError(
                    f"curve {curve}: {pooled.size} observed values between {low} and {high} in "
                    f"{len(recordings)} training wells; expected a curve that varies; remove it from the spec"
                )
            bounds[row] = low, high
        return CurveNormaliser(curves=tuple(curves), bounds=bounds)


class CurveBounds(Spec):
    """Linear scaling of each curve that maps two given values to 0 and 1, such as those of another experiment."""

    kind: Literal["curve_bounds"] = "curve_bounds"
    bounds: dict[str, tuple[float, float]] = Field(
        min_length=1, description="curve -> values mapped to 0 and 1, in canonical units; log10 for resistivities"
    )

    def fit(self, recordings: Sequence[Recording], curves: Sequence[str]) -> CurveNormaliser:
        """Return the normaliser of these bounds; nothing is fitted.

        Raises:
            SpecError: if a curve has no bounds.
        """
        if missing := [curve for curve in curves if curve not in self.bounds]:
            raise SpecError(
                f"no bounds for {', '.join(missing)}; normalise has those of {', '.join(self.bounds)}: add them, or "
                "leave the curves out"
            )
        return CurveNormaliser(curves=tuple(curves), bounds=np.array([self.bounds[curve] for curve in curves]))


class RecordingRms(Spec):
    """Division of a seismic recording by one robust amplitude, which keeps relative amplitudes between traces."""

    kind: Literal["recording_rms"] = "recording_rms"

    def fit(self, recordings: Sequence[Recording], curves: Sequence[str]) -> TraceNormaliser:
        """Return the normaliser; the scale is the median trace RMS of each recording, so nothing is fitted."""
        return TraceNormaliser()


NormaliseSpec: TypeAlias = Annotated[CurvePercentiles | CurveBounds | RecordingRms, Field(discriminator="kind")]


@dataclass(frozen=True)
class CurveNormaliser:
    """Fitted CurvePercentiles.

    Args:
        curves: canonical names, in the order of the section's channels.
        bounds: float64[curve, 2], the values (log10 for resistivities) mapped to 0 and 1.
    """

    curves: tuple[str, ...]
    bounds: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.bounds.shape != (len(self.curves), 2) or not (self.bounds[:, 1] > self.bounds[:, 0]).all():
            raise DataError(f"normalisation bounds {self.bounds.tolist()} do not fit the curves {self.curves}")

    def apply(self, recording: Recording, *, hide: BoolArray | None = None) -> Section:
        """Normalise a recording; a missing curve becomes a masked channel.

        Args:
            recording: a well.
            hide: bool[channel, sample]; True samples count as missing.
        """
        samples = recording.axis.size
        values = np.full((len(self.curves), samples), np.nan, dtype=np.float64)
        for row, curve in enumerate(self.curves):
            if curve in recording.names:
                index = recording.names.index(curve)
                physical = recording.values[index].astype(np.float64)
                values[row] = _to_linear(curve, physical if hide is None else np.where(hide[index], np.nan, physical))
        low, high = self.bounds[:, :1], self.bounds[:, 1:]
        values = (values - low) / (high - low)
        mask = np.isfinite(values)
        scale = (self.bounds[:, 1] - self.bounds[:, 0]).astype(np.float32)
        return Section(
            name=recording.name,
            values=fill_gaps(values, mask, MISSING_CURVE),
            mask=mask,
            scale=scale,
        )

    def invert(self, values: FloatArray, section: Section) -> FloatArray:
        """Convert normalised values to canonical units: float32[curve, sample]."""
        low, high = self.bounds[:, :1], self.bounds[:, 1:]
        linear = values.astype(np.float64) * (high - low) + low
        logs = np.array([CANONICAL[curve].log for curve in self.curves])[:, None]
        return np.where(logs, 10.0 ** np.where(logs, np.clip(linear, -30, 30), 0), linear).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fitted state for JSON; see `restore_normaliser`."""
        return {"kind": "curve_percentiles", "curves": list(self.curves), "bounds": self.bounds.tolist()}


@dataclass(frozen=True)
class TraceNormaliser:
    """Fitted RecordingRms; the scale is stored in the section, so that it can be inverted.

    Args:
        amplitude: amplitude of the whole line, if recordings are parts of one; None = computed per recording.
        noise: noise of the whole line in the units of the recordings; None = estimated per section.
        gather: gather type of the whole line; None = detected per recording.
    """

    amplitude: float | None = None
    noise: LineNoise | None = None
    gather: GatherKind | None = None

    def apply(self, recording: Recording, *, hide: BoolArray | None = None) -> Section:
        """Normalise a recording; True samples of `hide` count as missing."""
        observed = np.isfinite(recording.values)
        mask = observed if hide is None else observed & ~np.broadcast_to(hide, observed.shape)
        seen = recording.values if mask.all() else np.where(mask, recording.values, 0)
        scale = self.amplitude or line_amplitude(trace_rms(seen))
        noise = self.noise and LineNoise(self.noise.median / scale, self.noise.power / scale**2)
        values = fill_gaps(recording.values.astype(np.float64) / scale, mask, 0.0)
        scales = np.full(len(values), scale, dtype=np.float32)
        gather = self.gather or gather_type(recording).kind
        return Section(recording.name, values, mask, scales, noise, gather, recording.line_range)

    def invert(self, values: FloatArray, section: Section) -> FloatArray:
        """Convert normalised values to amplitudes: float32[trace, sample]."""
        return (values * section.scale[:, None]).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the fitted state for JSON; see `restore_normaliser`."""
        return {"kind": "recording_rms"}


Normaliser: TypeAlias = CurveNormaliser | TraceNormaliser


def restore_normaliser(state: dict[str, Any]) -> Normaliser:
    """Rebuild a normaliser from its `state`."""
    if state["kind"] == "recording_rms":
        return TraceNormaliser()
    return CurveNormaliser(curves=tuple(state["curves"]), bounds=np.asarray(state["bounds"], dtype=np.float64))


def fill_gaps(values: NDArray[np.float64], mask: BoolArray, neutral: float | FloatArray) -> FloatArray:
    """Interpolate gaps linearly, extend end values, and set an empty channel to `neutral`; returns float32."""
    if mask.all():
        return values.astype(np.float32)
    filled = np.where(mask, values, neutral)
    samples = np.arange(values.shape[1])
    for row in np.flatnonzero(mask.any(axis=1) & ~mask.all(axis=1)):
        seen = mask[row]
        filled[row] = np.interp(samples, samples[seen], values[row, seen])
    return filled.astype(np.float32)


def _to_linear(curve: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not CANONICAL[curve].log:
        return values
    return np.log10(values, out=np.full_like(values, np.nan), where=values > 0)


def _observed(recording: Recording, curve: str) -> NDArray[np.float64]:
    if curve not in recording.names:
        return np.empty(0)
    linear = _to_linear(curve, recording.channel(curve).astype(np.float64))
    return linear[np.isfinite(linear)]


def trace_rms(values: FloatArray) -> NDArray[np.float64]:
    """Return the root mean square of each trace: float64[trace], 0 = dead.

    Args:
        values: float32[trace, sample], finite.
    """
    # float64, scaled by the peak first, so that extreme amplitudes do not overflow when squared
    magnitude = np.abs(values).astype(np.float64)
    peak = magnitude.max(axis=1, initial=0.0)
    relative = magnitude / np.where(peak > 0, peak, 1.0)[:, None]
    return np.asarray(peak * np.sqrt(np.einsum("ts,ts->t", relative, relative) / max(values.shape[1], 1)))


def line_amplitude(rms: NDArray[np.float64]) -> float:
    """Return the median RMS of the live traces; 1 if all traces are dead."""
    live = rms[rms > 0]
    return float(np.median(live)) if live.size else 1.0
