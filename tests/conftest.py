"""What all tests share: small recordings with known content, and where the real field data lie."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

import numpy as np
import pytest

from aemodels.core.types import Channel, Recording, Section, Source

# Nobody's settings, and nobody's store, take part in a test.
for name in [name for name in os.environ if name.startswith("SONDEFLOW_")]:
    del os.environ[name]

FIELD_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CURVES = {"GR": (20.0, 130.0), "RHOB": (2.0, 2.7), "NPHI": (0.05, 0.45), "DTC": (60.0, 140.0), "RDEP": (0.5, 50.0)}


@pytest.fixture(scope="session")
def field_data() -> Path:
    """Folder of public field data; the test is skipped where it is absent."""
    if not FIELD_DATA.is_dir():
        pytest.skip(f"no field data at {FIELD_DATA}")
    return FIELD_DATA


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


@pytest.fixture(scope="session")
def wells() -> list[Recording]:
    return [make_well(f"W-{n}", seed=n) for n in range(6)]


@pytest.fixture(scope="session")
def line() -> Recording:
    return make_line(traces=120)
