"""Synthetic well logs: texture of the rock, tool response, borehole, noise and gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import lfilter

from aemodels.core.types import BoolArray, Channel, Recording, Source
from aemodels.synthetic.earth import Earth
from aemodels.synthetic.rockphysics import Array
from aemodels.synthetic.rocks import Rock, Texture, ideal_curves, per_facies, rock_column
from aemodels.synthetic.spec import ToolSpec

OVERSAMPLING = 4  # computed samples per logged sample, so that beds thinner than the tools' resolution are averaged
SONIC_SPAN_M = 0.61  # receiver spacing of 2 ft, over which the sonic averages slowness
UPPER_BIT_IN, LOWER_BIT_IN = 12.25, 8.5
CURVES: dict[str, tuple[str, str]] = {
    "GR": ("gAPI", "Gamma ray"),
    "RHOB": ("g/cm3", "Bulk density"),
    "NPHI": ("v/v", "Neutron porosity, limestone units"),
    "DTC": ("us/ft", "Compressional slowness"),
    "RDEP": ("ohm.m", "Deep resistivity"),
    "RMED": ("ohm.m", "Medium resistivity"),
    "CALI": ("in", "Caliper"),
    "BS": ("in", "Bit size"),
}


@dataclass(frozen=True)
class WellLocation:
    """Name of a well, its location east and north in m from the first trace of the line, and its nearest trace."""

    name: str
    east: float
    north: float
    inline: int
    crossline: int
    cdp_x: int
    cdp_y: int


def log_well(earth: Earth, location: WellLocation, rng: np.random.Generator) -> Recording:
    """Model the logs of one vertical well.

    The hole has two sections; shale is washed out by less than 2 in, which does not affect other curves, and mudcake
    builds up on sand. Curves end at slightly different depths above total depth, density and neutron are missing at
    the casing shoe, and in some wells a curve starts deeper or is absent.

    Args:
        earth: the layered earth.
        location: of the well.
        rng: generator of all random numbers.

    Returns:
        A recording with the canonical curves of CURVES; depth is measured from the sea surface along a vertical hole.
    """
    spec = earth.spec
    top = spec.top_m + round(float(rng.uniform(0.0, 12.0)) / spec.step_m) * spec.step_m
    samples = int((spec.base_m - float(rng.uniform(0.0, 25.0)) - top) / spec.step_m) + 1
    axis = np.round(top + spec.step_m * np.arange(samples), 4)
    fine = np.asarray(top + spec.step_m / OVERSAMPLING * np.arange(samples * OVERSAMPLING), dtype=np.float64)
    rock = rock_column(earth, (location.east, location.north), fine, _texture(fine, rng))
    curves = _minerals(ideal_curves(rock, spec.facies), fine, rng)
    curves = blur(curves, spec.step_m / OVERSAMPLING, spec.tools.resolution_m)
    curves = {name: values[::OVERSAMPLING] for name, values in curves.items()}
    shoe = int(np.searchsorted(axis, spec.top_m + 0.4 * (spec.base_m - spec.top_m) + rng.uniform(-60.0, 60.0)))
    curves = _disturb(curves, spec.tools, rng) | _hole(rock, earth, shoe, rng)
    observed = _observed(axis, shoe, spec.tools.gaps, rng)
    values = np.stack([np.where(observed[name], np.round(curves[name], 4), np.nan) for name in CURVES]).astype(
        np.float32
    )
    return Recording(
        values=values,
        axis=axis,
        channels=tuple(
            Channel(name, unit, {"mnemonic": name, "original_unit": unit, "description": text})
            for name, (unit, text) in CURVES.items()
        ),
        kind="logs",
        source=Source(uri=f"synthetic/{location.name}", sha256="0" * 64),
        name=location.name,
        headers={"WELL": location.name, "FLD": "SYNTHETIC", "X": location.cdp_x, "Y": location.cdp_y},
    )


def blur(curves: dict[str, Array], step: float, resolution: float) -> dict[str, Array]:
    """Apply each tool's vertical response to ideal readings sampled at `step` [m].

    Nuclear tools average over a Gaussian of full width at half maximum `resolution` [m] (neutron 1.3 times as wide),
    the sonic averages slowness over its span, and resistivity is smoothed as a logarithm.
    """
    sigma = resolution / 2.355 / step
    out = {
        "GR": gaussian_filter1d(curves["GR"], sigma, mode="nearest"),
        "RHOB": gaussian_filter1d(curves["RHOB"], sigma, mode="nearest"),
        "NPHI": gaussian_filter1d(curves["NPHI"], 1.3 * sigma, mode="nearest"),
        "DTC": gaussian_filter1d(
            uniform_filter1d(curves["DTC"], max(1, round(SONIC_SPAN_M / step)), mode="nearest"), 0.3 * sigma
        ),
    }
    for name, width in (("RDEP", 1.8), ("RMED", 1.2)):
        out[name] = 10.0 ** gaussian_filter1d(np.log10(curves[name]), width * sigma, mode="nearest")
    return out


def _texture(depth: Array, rng: np.random.Generator) -> Texture:
    """Draw variation within beds: first-order Markov noise over 0.6 m and 4 m, shalier rock being less porous."""
    step = float(depth[1] - depth[0])
    short, long, independent = (_markov(depth.size, length / step, rng) for length in (0.6, 4.0, 0.7))
    vshale = 0.065 * short + 0.065 * long
    return Texture(vshale=vshale, porosity=0.012 * independent - 0.06 * vshale)


def _minerals(curves: dict[str, Array], depth: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Add scatter unrelated to the volumes: clay type and feldspar in GR, cementation in the resistivities."""
    step = float(depth[1] - depth[0])
    clay, cement = _markov(depth.size, 2.0 / step, rng), _markov(depth.size, 2.5 / step, rng)
    scatter = {name: curves[name] * np.exp(0.12 * cement) for name in ("RDEP", "RMED")}
    return curves | scatter | {"GR": curves["GR"] * (1.0 + 0.05 * clay)}


def _markov(samples: int, correlation: float, rng: np.random.Generator) -> Array:
    """Draw stationary first-order noise of unit variance, float64[samples], correlation length in samples."""
    keep = float(np.exp(-1.0 / correlation))
    shocks = np.sqrt(1.0 - keep**2) * rng.standard_normal(samples)
    shocks[0] /= np.sqrt(1.0 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks))


def _disturb(curves: dict[str, Array], tools: ToolSpec, rng: np.random.Generator) -> dict[str, Array]:
    """Add calibration differences between wells, and noise."""

    def noise(size: int) -> Array:
        smooth = gaussian_filter1d(rng.standard_normal(size), 0.7)  # recorders low-pass slightly
        return np.asarray(smooth / smooth.std())

    size = curves["GR"].size
    gain = 1.0 + 0.03 * rng.standard_normal()
    out = {
        "GR": gain * curves["GR"] + tools.gamma_noise * np.sqrt(curves["GR"] / 75.0) * noise(size),
        "RHOB": curves["RHOB"] + 0.004 * rng.standard_normal() + tools.density_noise * noise(size),
        "NPHI": curves["NPHI"] + 0.004 * rng.standard_normal() + tools.neutron_noise * noise(size),
        "DTC": curves["DTC"] + 0.4 * rng.standard_normal() + tools.sonic_noise * noise(size),
    }
    for name in ("RDEP", "RMED"):
        out[name] = curves[name] * np.exp(tools.resistivity_noise * noise(size))
    return out


def _hole(rock: Rock, earth: Earth, shoe: int, rng: np.random.Generator) -> dict[str, Array]:
    """Return bit size and caliper [in]: smooth breakouts below 2 in in shale, mudcake on permeable rock."""
    vshale = gaussian_filter1d(rock.vshale, 8 * OVERSAMPLING)[::OVERSAMPLING]
    permeable = per_facies(earth.spec.facies, rock.facies, "reservoir")[0]
    cake = gaussian_filter1d(permeable * np.clip(1.0 - 2.5 * rock.vshale, 0.0, 1.0), 3 * OVERSAMPLING)[::OVERSAMPLING]
    bit = np.where(np.arange(vshale.size) < shoe, UPPER_BIT_IN, LOWER_BIT_IN)
    wander = np.exp(0.5 * _markov(vshale.size, 60.0, rng) + 0.15 * _markov(vshale.size, 4.0, rng))
    opening = np.minimum(0.55 * vshale**2 * wander, 1.6) - 0.22 * cake + 0.05
    return {"CALI": bit + gaussian_filter1d(opening, 1.5) + 0.015 * rng.standard_normal(bit.size), "BS": bit}


def _observed(axis: Array, shoe: int, gaps: float, rng: np.random.Generator) -> dict[str, BoolArray]:
    """Return the samples at which each curve was logged, bool[sample] per curve."""
    observed: dict[str, BoolArray] = {}
    casing = np.abs(axis - axis[shoe]) < rng.uniform(3.0, 9.0)
    late = str(rng.choice(["RHOB", "NPHI", "DTC"])) if rng.random() < gaps else ""
    start = axis[0] + rng.uniform(0.05, 0.25) * (axis[-1] - axis[0])
    absent = "NPHI" if rng.random() < 0.25 * gaps else ""
    for name in CURVES:
        logged = axis <= axis[-1] - (0.0 if name == "BS" else rng.uniform(0.0, 14.0))
        logged &= ~(casing if name in {"RHOB", "NPHI", "CALI"} else np.zeros(axis.size, dtype=bool))
        logged &= (axis >= start) | (name != late)
        observed[name] = logged & (name != absent)
    return observed
