"""Rock along a vertical column of the earth: volumes, fluids, and readings of ideal tools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aemodels.core.types import BoolArray, IntArray
from aemodels.synthetic import rockphysics as rp
from aemodels.synthetic.earth import Earth
from aemodels.synthetic.facies import Facies

Array = rp.Array

CLAY_POROSITY, CLAY_COMPACTION_M = 0.66, 1380.0  # bound and micro-pore water of shale at the sea bed [v/v]; [m]
CLAY_DENSITY, CLAY_VELOCITY, CLAY_NEUTRON = 2.74, 4150.0, 0.21  # dry clay: [g/cm3], [m/s], [v/v]
MIXING_LOSS = 0.05  # porosity lost to clay in the pores of sand, at a shale volume of one half [v/v]
FLUSHED = 0.55  # share of the hydrocarbon that remains in the flushed zone, which RHOB and NPHI measure
TRANSITION_M = 4.0  # height over which water saturation decreases by e above the water contact


@dataclass(frozen=True, eq=False)
class Rock:
    """Rock along a column, float64[depth] each.

    Args:
        depth: depth below the sea surface [m].
        facies: int64[depth], index into the field's facies.
        vshale, porosity, effective: shale volume, total and effective porosity [v/v].
        saturation: water saturation of the effective porosity.
        gas: share of gas in the hydrocarbon (0 or 1).
    """

    depth: Array
    facies: IntArray
    vshale: Array
    porosity: Array
    effective: Array
    saturation: Array
    gas: Array


@dataclass(frozen=True, eq=False)
class Texture:
    """Variation within beds, float64[depth] each: deviations of shale volume and porosity [v/v]."""

    vshale: Array
    porosity: Array


def rock_column(earth: Earth, location: tuple[float, float], depth: Array, texture: Texture | None = None) -> Rock:
    """Return the rock below a location.

    Args:
        earth: the layered earth.
        location: east and north [m].
        depth: float64[depth] below the sea surface [m], at or below the sea bed.
        texture: variation within beds; None for seismic, which does not resolve it.
    """
    bed, position = earth.locate(*location, depth)
    beds = earth.beds
    facies = beds.facies[bed]
    lateral = beds.lateral(1, *location)[bed]
    vshale = beds.vshale[bed] + 0.02 * lateral + beds.slope[bed] * (0.5 - position)
    of_facies = per_facies(earth.spec.facies, facies, "porosity", "compaction_m", "porosity_spread")
    burial = np.maximum(depth - earth.spec.structure.seabed_m, 0.0)
    compacted = rp.compacted_porosity(of_facies[0], burial, of_facies[1])
    matrix = compacted + beds.porosity[bed] + 0.4 * of_facies[2] * lateral
    if texture is not None:
        # streaks, coals and clean rock are more homogeneous than silt
        vshale = vshale + texture.vshale * np.clip(vshale / 0.4, 0.3, 1.0)
        matrix = matrix + texture.porosity * np.clip(matrix / 0.2, 0.15, 1.0)
    vshale = np.clip(vshale, 0.01, 0.98)
    clay = rp.compacted_porosity(CLAY_POROSITY, burial, CLAY_COMPACTION_M)
    loss = MIXING_LOSS * 4.0 * vshale * (1.0 - vshale) * np.clip(matrix / 0.2, 0.0, 1.0)
    total = np.clip((1.0 - vshale) * matrix + vshale * clay - loss, 0.01, 0.6)
    effective = np.maximum(total - vshale * clay, 0.005)
    saturation, gas = _fluids(earth, bed, depth, effective)
    return Rock(depth, facies, vshale, total, effective, saturation, gas)


def ideal_curves(rock: Rock, facies: tuple[Facies, ...]) -> dict[str, Array]:
    """Return readings of tools with perfect resolution: GR, RHOB, NPHI, DTC, RDEP, RMED in canonical units."""
    of_facies = per_facies(facies, rock.facies, "density", "neutron", "gamma", "clay_gamma", "clay_resistivity")
    hydrocarbon = rock.effective / rock.porosity * (1.0 - rock.saturation)  # share of the total pore volume
    near = hydrocarbon * FLUSHED
    light = np.where(rock.gas > 0.5, rp.GAS_DENSITY, rp.OIL_DENSITY)
    fluid = rp.BRINE_DENSITY + near * (light - rp.BRINE_DENSITY)
    grain = of_facies[0] + rock.vshale * (CLAY_DENSITY - of_facies[0])
    solid = of_facies[1] + rock.vshale * (CLAY_NEUTRON - of_facies[1])
    brine, clay = rp.brine_resistivity(rock.depth), rock.vshale**1.3 / of_facies[4]
    flushed = 1.0 - FLUSHED * (1.0 - rock.saturation)
    return {
        "GR": rp.gamma_ray(rock.vshale, of_facies[2], of_facies[3]),
        "RHOB": rp.bulk_density(rock.porosity, grain, fluid),
        "NPHI": rp.neutron_porosity(rock.porosity, 1.0 - near * rock.gas * (1.0 - rp.GAS_HYDROGEN), solid),
        "DTC": rp.US_PER_FT / velocity(rock, facies),
        "RDEP": rp.simandoux_resistivity(rock.effective, rock.saturation, brine, clay),
        "RMED": rp.simandoux_resistivity(rock.effective, 0.5 * (rock.saturation + flushed), 1.15 * brine, clay),
    }


def velocity(rock: Rock, facies: tuple[Facies, ...]) -> Array:
    """Return the compressional velocity [m/s]: Raymer-Hunt-Gardner with a volume average of the solids' slownesses."""
    (matrix,) = per_facies(facies, rock.facies, "velocity")
    solid = 1.0 / rp.wyllie_slowness(rock.vshale, 1.0 / matrix, 1.0 / CLAY_VELOCITY)
    light = np.where(rock.gas > 0.5, rp.GAS_VELOCITY, rp.OIL_VELOCITY)
    share = rock.effective / rock.porosity * (1.0 - rock.saturation)
    return rp.raymer_velocity(rock.porosity, solid, rp.BRINE_VELOCITY + share * (light - rp.BRINE_VELOCITY))


def density(rock: Rock, facies: tuple[Facies, ...]) -> Array:
    """Return the bulk density [g/cm3] of the rock outside the flushed zone, as measured by seismic waves."""
    (matrix,) = per_facies(facies, rock.facies, "density")
    share = rock.effective / rock.porosity * (1.0 - rock.saturation)
    light = np.where(rock.gas > 0.5, rp.GAS_DENSITY, rp.OIL_DENSITY)
    fluid = rp.BRINE_DENSITY + share * (light - rp.BRINE_DENSITY)
    return rp.bulk_density(rock.porosity, matrix + rock.vshale * (CLAY_DENSITY - matrix), fluid)


def per_facies(facies: tuple[Facies, ...], index: IntArray, *fields: str) -> Array:
    """Return parameters of the facies at every depth, float64[field, depth]."""
    table = np.array([[getattr(item, field) for item in facies] for field in fields], dtype=np.float64)
    return np.asarray(table[:, index])


def _fluids(earth: Earth, bed: IntArray, depth: Array, effective: Array) -> tuple[Array, Array]:
    """Return water saturation and gas flag: irreducible water high above the contact, water only below it."""
    gas_contact, water_contact = earth.contacts[earth.beds.formation[bed]].T
    permeable: BoolArray = per_facies(earth.spec.facies, earth.beds.facies[bed], "reservoir")[0] > 0.5
    height = np.where(permeable, np.maximum(water_contact - depth, 0.0), 0.0)
    irreducible = np.clip(0.035 / np.maximum(effective, 0.02), 0.08, 1.0)  # Buckles: porosity * saturation is constant
    saturation = irreducible + (1.0 - irreducible) * np.exp(-height / TRANSITION_M)
    return np.asarray(saturation), (depth < gas_contact).astype(np.float64)
