"""Synthetic post-stack seismic line over the synthetic earth."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import fftconvolve

from aemodels.core.types import Channel, Recording, Source
from aemodels.synthetic.earth import Earth
from aemodels.synthetic.rockphysics import Array, reflectivity, ricker
from aemodels.synthetic.rocks import density, rock_column, velocity

WATER_VELOCITY, WATER_DENSITY = 1480.0, 1.03  # [m/s], [g/cm3]
DEPTH_STEP_M = 0.25  # fine enough to sample thin beds at every trace
TIME_STEP_S = 0.001  # grid of the reflectivity, which is convolved, then decimated to the recording interval
BELOW_S = 0.2  # time below the end of the traces that is modelled too
ORIGIN_X, ORIGIN_Y, AZIMUTH = 431200.0, 6748300.0, np.deg2rad(18.0)  # of inline 1000 [m]; of the lines, from east
FIRST_INLINE, FIRST_CROSSLINE = 1000, 2000
AMPLITUDE = 2000.0  # rms of a line's samples below the sea bed, in the arbitrary unit of amplitudes


def map_position(east: float, north: float) -> tuple[int, int]:
    """Return the map coordinates cdp_x and cdp_y [m] of a location east and north of the first trace."""
    x = ORIGIN_X + east * np.cos(AZIMUTH) - north * np.sin(AZIMUTH)
    y = ORIGIN_Y + east * np.sin(AZIMUTH) + north * np.cos(AZIMUTH)
    return round(float(x)), round(float(y))


def grid_position(east: float, north: float, spacing: float) -> tuple[int, int]:
    """Return the inline and crossline number of the bin of a location."""
    return FIRST_INLINE + round(north / spacing), FIRST_CROSSLINE + round(east / spacing)


def shoot_line(earth: Earth, name: str, north: float, rng: np.random.Generator) -> Recording:
    """Model a line from west to east at `north` [m].

    Reflection coefficients are placed at their two-way time and convolved with a Ricker wavelet whose frequency
    decreases by a third towards the end of the trace; a gain linear in time represents processing.

    Args:
        earth: the layered earth.
        name: name of the line.
        north: position across the line [m].
        rng: generator of noise and trace-to-trace scatter.

    Returns:
        A recording of stacked, migrated, zero-phase traces; a positive sample is an increase of impedance.
    """
    spec = earth.spec.line
    easts = spec.spacing_m * np.arange(spec.traces)
    fine = round(spec.samples * spec.interval_ms / 1000.0 / TIME_STEP_S)
    below = round(BELOW_S / TIME_STEP_S)
    spikes = np.stack([_reflectivity_in_time(*_impedance(earth, east, north), fine + below) for east in easts])
    signal = _convolve(spikes, spec.frequency_hz)[:, : fine : round(spec.interval_ms / 1000.0 / TIME_STEP_S)]
    signal = gaussian_filter1d(signal, 0.8, axis=0, mode="nearest")  # migration resolves no finer than a Fresnel zone
    time = spec.interval_ms / 1000.0 * np.arange(spec.samples)
    live = time > 2.0 * earth.spec.structure.seabed_m / WATER_VELOCITY - 0.5 / spec.frequency_hz
    signal *= AMPLITUDE / max(float(signal[:, live].std()), 1e-12)
    values = signal * (1.0 + 0.03 * rng.standard_normal((spec.traces, 1))) + spec.noise * AMPLITUDE * _noise(
        signal.shape, rng
    ) * np.where(live, 1.0, 0.15)
    inline, first = grid_position(0.0, north, spec.spacing_m)
    return Recording(
        values=values.astype(np.float32),
        axis=np.round(time, 6),
        channels=tuple(_trace(row, inline, first + row, map_position(east, north)) for row, east in enumerate(easts)),
        kind="seismic",
        source=Source(uri=f"synthetic/{name}", sha256="0" * 64),
        name=name,
        headers={"line": name},
    )


def _trace(row: int, inline: int, crossline: int, position: tuple[int, int]) -> Channel:
    headers = {"trace": row, "inline": inline, "crossline": crossline, "cdp_x": position[0], "cdp_y": position[1]}
    return Channel(f"trace {row}", "amplitude", {**headers, "offset": 0})


def _impedance(earth: Earth, east: float, north: float) -> tuple[Array, Array]:
    """Return velocity [m/s] and impedance [m/s * g/cm3] at depths every DEPTH_STEP_M from the surface."""
    spec = earth.spec
    deepest = 2600.0 * spec.line.samples * spec.line.interval_ms / 1000.0  # more than any wave reaches at 5200 m/s
    depth = np.arange(0.5 * DEPTH_STEP_M, min(deepest, 4500.0), DEPTH_STEP_M)
    water = depth < spec.structure.seabed_m
    rock = rock_column(earth, (east, north), depth[~water])
    speed = np.concatenate([np.full(water.sum(), WATER_VELOCITY), velocity(rock, spec.facies)])
    mass = np.concatenate([np.full(water.sum(), WATER_DENSITY), density(rock, spec.facies)])
    return speed, speed * mass


def _reflectivity_in_time(speed: Array, impedance: Array, samples: int) -> Array:
    """Return reflection coefficients on a regular two-way-time grid, float64[samples] every TIME_STEP_S.

    A coefficient between two grid times is distributed over both by linear weights.
    """
    arrival = np.cumsum(2.0 * DEPTH_STEP_M / speed)[:-1] / TIME_STEP_S
    left = np.floor(arrival).astype(np.int64)
    weight = arrival - left
    inside = left < samples - 1
    coefficients = reflectivity(impedance)[inside]
    near = np.bincount(left[inside], coefficients * (1.0 - weight[inside]), minlength=samples)
    far = np.bincount(left[inside] + 1, coefficients * weight[inside], minlength=samples)
    return np.asarray(near[:samples] + far[:samples])


def _convolve(spikes: Array, frequency: float) -> Array:
    """Convolve with a wavelet that changes from 1.15 to 0.8 times `frequency` down the trace, and apply the gain."""
    early, late = (
        fftconvolve(spikes, ricker(scale * frequency, TIME_STEP_S)[None, :], mode="same", axes=1)
        for scale in (1.15, 0.8)
    )
    share = np.linspace(0.0, 1.0, spikes.shape[1])
    return np.asarray(((1.0 - share) * early + share * late) * (0.15 + share))


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw unit-rms noise in the band of the signal: two thirds random, one third dipping migration artefacts."""
    random = gaussian_filter1d(rng.standard_normal(shape), 0.9, axis=1)
    streaks = gaussian_filter1d(rng.standard_normal(shape), 1.2, axis=1)
    streaks = gaussian_filter1d(_shear(streaks, 1), 5.0, axis=0) + gaussian_filter1d(_shear(streaks, -1), 5.0, axis=0)
    total = random / random.std() + 0.5 * _shear(streaks, 1) / streaks.std()
    return np.asarray((total - total.mean()) / total.std())


def _shear(values: Array, samples: int) -> Array:
    """Shift every trace down by `samples` more than the one before, wrapping round."""
    return np.stack([np.roll(trace, samples * row) for row, trace in enumerate(values)])
