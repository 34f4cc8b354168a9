"""Tension pull: the string sticks while the cable stretches, then slips and catches up."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import MetreRange, ShareRange, Site, StringFault, from_display_scale, to_display_scale

# Third differences of white noise of unit standard deviation have the variance 1 + 9 + 9 + 1 = 20.
NOISE_OF_DIFFERENCES = 1.4826 / np.sqrt(20.0)


class TensionPull(StringFault):
    """Nearly one depth repeated while the recorded depth advances, then the missed rock compressed into the rest.

    The sensors of a string are at different positions, so the pull begins at a different depth on each curve. Counting
    noise continues while the tool is stationary: each curve keeps its noise level.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (irregular tool motion, stick and
        slip, seen as a pull on the tension curve).
    """

    kind: Literal["tension_pull"] = "tension_pull"
    length_m: MetreRange = Field(default=(4.0, 15.0), description="length of the interval, including the spread [m]")
    stuck_share: ShareRange = Field(default=(0.5, 0.8), description="share of a pull during which the string is stuck")
    creep: tuple[Annotated[float, Field(ge=0.0, le=0.9)], Annotated[float, Field(ge=0.0, le=0.9)]] = Field(
        default=(0.0, 0.1), description="speed of the stuck string as a share of the cable's"
    )
    spread: Annotated[float, Field(ge=0.0, le=0.9)] = Field(
        default=0.3, description="share of the interval over which the pulls of the sensors begin"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].copy()
        depth = recording.axis[site.window]
        stuck, creep = rng.uniform(*self.stuck_share), rng.uniform(*self.creep)
        for position, row in enumerate(site.rows):
            begin = int(rng.integers(0, 1 + int(self.spread * depth.size)))
            pull = slice(begin, begin + depth.size - int(self.spread * depth.size))
            name = recording.names[row]
            out[position, pull] = from_display_scale(
                name,
                _pulled(
                    to_display_scale(name, out[position, pull]), depth[pull], _warp(depth[pull], stuck, creep), rng
                ),
            )
        return out.astype(np.float32)


def _warp(depth: NDArray[np.float64], stuck: float, creep: float) -> NDArray[np.float64]:
    """Return the true depth at each recorded depth, float64[sample]: first slower, then faster than the cable."""
    share = np.linspace(0.0, 1.0, depth.size)
    reached = creep * stuck
    travelled = np.where(share < stuck, creep * share, reached + (1.0 - reached) * (share - stuck) / (1.0 - stuck))
    return np.asarray(depth[0] + travelled * (depth[-1] - depth[0]))


def _pulled(
    values: NDArray[np.float64], depth: NDArray[np.float64], true_depth: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the curve at the true depths, with counting noise; unchanged if fewer than two samples are observed."""
    observed = np.isfinite(values)
    if observed.sum() < 2:
        return values
    smooth = np.interp(true_depth, depth[observed], values[observed])
    third = np.diff(values[observed], 3)
    sigma = NOISE_OF_DIFFERENCES * float(np.median(np.abs(third))) if third.size else 0.0
    # interpolation keeps the noise of moving samples; stationary ones get new noise
    still = (
        np.diff(true_depth, prepend=true_depth[0]) < 0.5 * np.median(np.diff(depth))
        if depth.size > 1
        else np.zeros(1, bool)
    )
    return np.asarray(smooth + np.where(still, sigma, 0.0) * rng.standard_normal(values.size))
