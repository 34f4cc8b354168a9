"""Rock-physics relations from rock properties to log readings; depths in m, volumes and porosities in v/v."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

US_PER_FT = 304800.0  # slowness [us/ft] = US_PER_FT / velocity [m/s]
BRINE_DENSITY, OIL_DENSITY, GAS_DENSITY = 1.03, 0.75, 0.18  # [g/cm3] at reservoir conditions
BRINE_VELOCITY, OIL_VELOCITY, GAS_VELOCITY = 1620.0, 1250.0, 620.0  # [m/s]
GAS_HYDROGEN = 0.25  # hydrogen index of gas; brine and oil count as 1
SURFACE_TEMPERATURE, GRADIENT = 5.0, 0.034  # [degC], [degC/m]


def compacted_porosity(surface: Array | float, burial: Array, length: Array | float) -> Array:
    """Return the porosity after burial: surface * exp(-burial / length).

    References:
        Athy, L. F. (1930), Density, porosity, and compaction of sedimentary rocks, AAPG Bulletin 14.
    """
    return np.asarray(surface * np.exp(-burial / length))


def gamma_ray(vshale: Array, matrix: Array | float, clay: Array | float) -> Array:
    """Return the gamma ray [gAPI] of a mixture, linear in the shale volume."""
    return np.asarray(matrix + vshale * (clay - matrix))


def bulk_density(porosity: Array, matrix: Array | float, fluid: Array | float) -> Array:
    """Return the bulk density (1 - porosity) * matrix + porosity * fluid, in the unit of the densities."""
    return np.asarray((1.0 - porosity) * matrix + porosity * fluid)


def wyllie_slowness(porosity: Array, matrix: Array | float, fluid: Array | float) -> Array:
    """Return the time-average slowness (1 - porosity) * matrix + porosity * fluid, in the unit of the slownesses.

    References:
        Wyllie, M. R. J., Gregory, A. R. & Gardner, L. W. (1956), Elastic wave velocities in heterogeneous and porous
        media, Geophysics 21.
    """
    return np.asarray((1.0 - porosity) * matrix + porosity * fluid)


def raymer_velocity(porosity: Array, matrix: Array | float, fluid: Array | float) -> Array:
    """Return the velocity (1 - porosity)^2 * matrix + porosity * fluid, for porosities below 0.37.

    References:
        Raymer, L. L., Hunt, E. R. & Gardner, J. S. (1980), An improved sonic transit time-to-porosity transform,
        SPWLA 21st Annual Symposium, paper P.
    """
    return np.asarray((1.0 - porosity) ** 2 * matrix + porosity * fluid)


def neutron_porosity(porosity: Array, hydrogen: Array | float, solid: Array | float) -> Array:
    """Return the neutron porosity [v/v, limestone units]: hydrogen of pores and solids, less the excavation effect.

    The excavation effect lowers the reading in gas further than its low hydrogen index alone.

    References:
        Segesman, F. & Liu, O. (1971), The excavation effect, SPWLA 12th Annual Symposium, paper N.
    """
    missing = 1.0 - np.asarray(hydrogen)
    excavation = (2.0 * porosity**2 * np.asarray(hydrogen) + 0.04 * porosity) * missing
    return np.asarray(porosity * hydrogen + (1.0 - porosity) * solid - excavation)


def brine_resistivity(depth: Array, at_20: float = 0.10) -> Array:
    """Return the resistivity of formation water [ohm.m] at the temperature of `depth` [m], from its value at 20 degC.

    References:
        Arps, J. J. (1953), The effect of temperature on the density and electrical resistivity of sodium chloride
        solutions, Petroleum Transactions AIME 198.
    """
    temperature = SURFACE_TEMPERATURE + GRADIENT * depth
    return np.asarray(at_20 * (20.0 + 21.5) / (temperature + 21.5))


def archie_resistivity(porosity: Array, saturation: Array, brine: Array | float) -> Array:
    """Return the resistivity [ohm.m] of a clean rock, brine / (porosity^2 * saturation^2): a = 1 and m = n = 2.

    References:
        Archie, G. E. (1942), The electrical resistivity log as an aid in determining some reservoir characteristics,
        Transactions AIME 146.
    """
    return np.asarray(brine / (porosity**2 * saturation**2))


def simandoux_resistivity(porosity: Array, saturation: Array, brine: Array, clay: Array) -> Array:
    """Return the resistivity [ohm.m] of a shaly rock: Archie's conductivity plus `clay` [S/m] times the saturation.

    Args:
        porosity: effective porosity.
        saturation: water saturation of the effective porosity.
        brine: resistivity of the water [ohm.m].
        clay: shale volume / resistivity of the shale [S/m]; 0 gives Archie's law.

    References:
        Bardon, C. & Pied, B. (1969), Formation water saturation in shaly sands, SPWLA 10th Annual Symposium, paper Z
        (modified Simandoux equation).
    """
    return np.asarray(1.0 / (1.0 / archie_resistivity(porosity, saturation, brine) + clay * saturation))


def reflectivity(impedance: Array) -> Array:
    """Return normal-incidence reflection coefficients (I2 - I1) / (I2 + I1) along the last axis, one sample shorter."""
    above, below = impedance[..., :-1], impedance[..., 1:]
    return np.asarray((below - above) / (below + above))


def ricker(frequency: float, interval: float) -> Array:
    """Return a zero-phase Ricker wavelet of unit peak and odd length, sampled at `interval` [s] until it has decayed.

    References:
        Ricker, N. (1953), The form and laws of propagation of seismic wavelets, Geophysics 18.
    """
    half = int(np.ceil(1.6 / frequency / interval))
    argument = (np.pi * frequency * interval * np.arange(-half, half + 1)) ** 2
    return np.asarray((1.0 - 2.0 * argument) * np.exp(-argument))
