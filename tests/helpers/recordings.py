"""Small recordings with known content."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import Channel, Recording, Section, Source

CURVES = {"GR": (20.0, 130.0), "RHOB": (2.0, 2.7), "NPHI": (0.05, 0.45), "DTC": (60.0, 140.0), "RDEP": (0.5, 50.0)}


def make_well(
    name: str = "A-1", *, samples: int = 1200, seed: int = 0, curves: tuple[str, ...] = tuple(CURVES)
) -> Recording:
    """A blocky well: beds of random thickness, curves that follow one facies value, a little noise."""
    rng = np.random.default_rng(seed)
    facies = np.repeat(rng.random(samples), rng.integers(5, 40, samples))[:samples]
    rows = []
    for curve in curves:
        low, high = CURVES[curve]
        share = facies if curve != "RHOB" else 1 - facies
        share = share + rng.normal(0, 0.01, samples)
        rows.append(low * (high / low) ** share if curve == "RDEP" else low + (high - low) * share)
    return Recording(
        values=np.array(rows, dtype=np.float32),
        axis=1000.0 + 0.1524 * np.arange(samples),
        channels=tuple(Channel(curve) for curve in curves),
        kind="logs",
        source=Source(f"{name}.las", f"{seed:064x}"),
        name=name,
    )


def make_line(name: str = "L-1", *, traces: int = 60, samples: int = 160, seed: int = 0) -> Recording:
    """A dipping layered line: the same wavelets on every trace, shifted a little from trace to trace."""
    rng = np.random.default_rng(seed)
    spikes = rng.normal(0, 1, 3 * samples) * (rng.random(3 * samples) < 0.15)
    time = np.arange(-12, 13)
    argument = (np.pi * 0.1 * time) ** 2
    reflectivity = np.convolve(spikes, (1 - 2 * argument) * np.exp(-argument), mode="same")
    places = np.arange(samples)[None, :] + samples + 0.2 * np.arange(traces)[:, None]
    values = np.interp(places, np.arange(reflectivity.size), reflectivity)
    channels = tuple(
        Channel(f"trace {n}", "amplitude", {"trace": n, "inline": 1, "crossline": n, "cdp_x": 25.0 * n, "cdp_y": 0.0})
        for n in range(traces)
    )
    return Recording(
        values=values.astype(np.float32),
        axis=0.004 * np.arange(samples),
        channels=channels,
        kind="seismic",
        source=Source(f"{name}.sgy", f"{seed:064x}"),
        name=name,
    )


def make_section(values: np.ndarray, mask: np.ndarray | None = None, name: str = "section") -> Section:
    """A section of normalised values; all observed unless a mask is given."""
    values = np.asarray(values, dtype=np.float32)
    mask = np.ones(values.shape, dtype=bool) if mask is None else mask
    return Section(name=name, values=values, mask=mask, scale=np.ones(len(values), dtype=np.float32))
