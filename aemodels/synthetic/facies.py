"""Facies and formations of the synthetic earth: rock properties, bed thickness, and transitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.spec import Spec


class Facies(Spec):
    """A rock type.

    A rock consists of pores, clay, and a matrix of all other minerals; the porosity of the matrix decreases
    exponentially with burial (Athy, 1930). Values are typical of North Sea clastics and carbonates.

    References:
        Schlumberger (2009), Log Interpretation Charts, appendix B (matrix density, slowness and neutron readings);
        Rider, M. & Kennedy, M. (2011), The Geological Interpretation of Well Logs, 3rd ed.
    """

    name: str = Field(description="name of the facies")
    vshale: float = Field(ge=0.0, le=1.0, description="mean shale volume [v/v]")
    vshale_spread: float = Field(
        ge=0.0, le=0.5, description="standard deviation of the shale volume between beds [v/v]"
    )
    porosity: float = Field(ge=0.0, le=0.7, description="porosity of the matrix at the sea bed [v/v]")
    porosity_spread: float = Field(ge=0.0, le=0.2, description="standard deviation of porosity between beds [v/v]")
    compaction_m: float = Field(
        ge=500.0, le=50000.0, description="burial over which matrix porosity decreases by e [m]"
    )
    density: float = Field(ge=1.0, le=5.0, description="grain density of the matrix [g/cm3]")
    velocity: float = Field(ge=1500.0, le=8000.0, description="compressional velocity of the matrix [m/s]")
    neutron: float = Field(ge=-0.1, le=0.8, description="neutron reading of the dry matrix, limestone units [v/v]")
    gamma: float = Field(ge=0.0, le=500.0, description="gamma ray of the matrix [gAPI]")
    clay_gamma: float = Field(default=118.0, ge=0.0, le=500.0, description="gamma ray of the clay [gAPI]")
    clay_resistivity: float = Field(default=1.5, ge=0.1, le=100.0, description="resistivity of the pure shale [ohm.m]")
    thickness_m: float = Field(ge=0.1, le=200.0, description="median bed thickness [m]")
    thickness_spread: float = Field(default=0.7, ge=0.0, le=2.0, description="log standard deviation of thickness")
    continuity: float = Field(default=0.25, ge=0.0, le=2.0, description="relative lateral variation of bed thickness")
    trend: float = Field(default=0.1, ge=0.0, le=1.0, description="change of shale volume from base to top, +- [v/v]")
    reservoir: bool = Field(default=False, description="permeable: hydrocarbons above a contact, mudcake")


FACIES: tuple[Facies, ...] = (
    Facies(name="shale", vshale=0.81, vshale_spread=0.06, porosity=0.42, porosity_spread=0.012, compaction_m=2600,
           density=2.66, velocity=4900, neutron=0.0, gamma=55, thickness_m=4.5, thickness_spread=0.8, trend=0.10),
    Facies(name="hot shale", vshale=0.93, vshale_spread=0.03, porosity=0.42, porosity_spread=0.015, compaction_m=2600,
           density=2.45, velocity=4600, neutron=0.0, gamma=60, clay_gamma=205, clay_resistivity=6.5, thickness_m=7,
           trend=0.12),
    Facies(name="siltstone", vshale=0.58, vshale_spread=0.08, porosity=0.40, porosity_spread=0.015, compaction_m=2900,
           density=2.66, velocity=5200, neutron=-0.02, gamma=45, thickness_m=2.2, thickness_spread=0.8, trend=0.22),
    Facies(name="shaly sand", vshale=0.32, vshale_spread=0.08, porosity=0.41, porosity_spread=0.015, compaction_m=3400,
           density=2.66, velocity=5400, neutron=-0.03, gamma=38, thickness_m=2.2, thickness_spread=0.8, continuity=0.4,
           trend=0.25, reservoir=True),
    Facies(name="sand", vshale=0.09, vshale_spread=0.04, porosity=0.43, porosity_spread=0.016, compaction_m=3600,
           density=2.65, velocity=5486, neutron=-0.035, gamma=32, thickness_m=3.8, thickness_spread=0.9, continuity=0.4,
           trend=0.12, reservoir=True),
    Facies(name="limestone", vshale=0.08, vshale_spread=0.04, porosity=0.22, porosity_spread=0.03, compaction_m=3000,
           density=2.71, velocity=6300, neutron=0.0, gamma=18, thickness_m=2.6, thickness_spread=0.8, trend=0.08),
    Facies(name="marl", vshale=0.42, vshale_spread=0.09, porosity=0.28, porosity_spread=0.02, compaction_m=2600,
           density=2.71, velocity=6000, neutron=0.0, gamma=22, thickness_m=2.4, thickness_spread=0.8, trend=0.2),
    Facies(name="tight streak", vshale=0.06, vshale_spread=0.03, porosity=0.09, porosity_spread=0.045,
           compaction_m=6000, density=2.70, velocity=6100, neutron=-0.005, gamma=28, thickness_m=0.5,
           thickness_spread=0.5, continuity=0.9, trend=0.03),
    Facies(name="coal", vshale=0.04, vshale_spread=0.02, porosity=0.04, porosity_spread=0.008, compaction_m=20000,
           density=1.33, velocity=2550, neutron=0.46, gamma=24, thickness_m=0.9, thickness_spread=0.45, continuity=0.6,
           trend=0.02),
)  # fmt: skip


@dataclass(frozen=True)
class Formation:
    """A formation: thickness at the origin [m], shares of the facies, and the scale of its beds.

    Args:
        cycle_m: length of its coarsening- or fining-upward cycles [m].
        cycle: change of shale volume over a cycle [v/v]; negative coarsens upwards.
        bed_scale: factor on the facies' bed thickness (deep-water shales are massive).
        column_m: hydrocarbon column above the water contact [m]; 0 for none.
        gas_share: share of the column that is gas, above the oil.
    """

    name: str
    thickness_m: float
    shares: dict[str, float]
    cycle_m: float = 40.0
    cycle: float = 0.1
    bed_scale: float = 1.0
    column_m: float = 0.0
    gas_share: float = 0.0


OVERBURDEN_BASE_M = 940.0  # depth of the overburden's base at the origin
FORMATIONS: tuple[Formation, ...] = (
    Formation("overburden", 760, {"shale": 0.62, "siltstone": 0.3, "shaly sand": 0.08}, 120, 0.15, bed_scale=3.0),
    Formation("upper shale", 260, {"shale": 0.68, "siltstone": 0.22, "shaly sand": 0.05, "tight streak": 0.07},
              70, -0.12, bed_scale=1.5),
    Formation("turbidite", 190, {"shale": 0.34, "siltstone": 0.16, "shaly sand": 0.18, "sand": 0.26,
              "tight streak": 0.13}, 45, 0.16, column_m=16, gas_share=1.0),
    Formation("marl and lime", 130, {"marl": 0.46, "limestone": 0.32, "shale": 0.22}, 30, 0.14),
    Formation("hot shale", 26, {"hot shale": 0.85, "shale": 0.15}, 30, 0.03, bed_scale=1.2),
    Formation("delta", 230, {"sand": 0.36, "shaly sand": 0.2, "siltstone": 0.12, "shale": 0.16, "coal": 0.12,
              "tight streak": 0.16}, 42, -0.16, column_m=62, gas_share=0.55),
    Formation("lower shale", 120, {"shale": 0.62, "siltstone": 0.28, "tight streak": 0.08, "shaly sand": 0.04},
              55, -0.14, bed_scale=1.4),
    Formation("fluvial", 240, {"sand": 0.3, "shaly sand": 0.24, "siltstone": 0.2, "shale": 0.2, "tight streak": 0.14},
              34, 0.18),
    Formation("red beds", 2700, {"shale": 0.36, "siltstone": 0.3, "shaly sand": 0.24, "limestone": 0.1}, 80, 0.14,
              bed_scale=2.5),
)  # fmt: skip

# Walther's law: facies deposited side by side follow one another; sand grades into shale through silt, tight streaks
# and coals are thin beds within sand and shale. Pairs not listed have an affinity of 0.3.
_AFFINITY: dict[frozenset[str], float] = {
    frozenset({"shale", "siltstone"}): 1.5,
    frozenset({"siltstone", "shaly sand"}): 1.6,
    frozenset({"shaly sand", "sand"}): 1.8,
    frozenset({"sand", "shale"}): 0.6,
    frozenset({"sand", "tight streak"}): 1.2,
    frozenset({"shale", "tight streak"}): 0.8,
    frozenset({"shale", "coal"}): 1.2,
    frozenset({"siltstone", "coal"}): 0.8,
    frozenset({"marl", "limestone"}): 1.6,
    frozenset({"shale", "marl"}): 1.2,
    frozenset({"shale", "hot shale"}): 1.0,
}


def transition_matrix(formation: Formation, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the embedded Markov chain of a formation, float64[from, to]: rows sum to one, no facies follows itself.

    Args:
        formation: with the shares of its facies.
        names: facies names in the order of rows and columns; facies absent from the formation have probability 0.
    """
    share = np.array([formation.shares.get(name, 0.0) for name in names])
    affinity = np.array([[_AFFINITY.get(frozenset({a, b}), 0.3) for b in names] for a in names])
    weight = affinity * share
    np.fill_diagonal(weight, 0.0)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
