"""Seeded layered earth: one stratigraphic column with lateral variation, a fold and a normal fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import IntArray
from aemodels.synthetic.facies import FORMATIONS, OVERBURDEN_BASE_M, Facies, Formation, transition_matrix
from aemodels.synthetic.rockphysics import Array
from aemodels.synthetic.spec import FieldSpec, StructureSpec

WAVES = 3  # cosines that make up one lateral field
FAULT_DIP = np.deg2rad(60.0)
FAULT_TIP_M, FAULT_FULL_M = 800.0, 1250.0  # depths between which the throw grows from 0 to its full value


@dataclass(frozen=True, eq=False)
class Beds:
    """The stratigraphic column at the origin, one entry per bed from the sea bed down.

    Args:
        facies: int64[bed], index into the field's facies.
        formation: int64[bed], index into FORMATIONS.
        thickness: float64[bed] in m.
        vshale, porosity: float64[bed], shale volume of the bed and deviation of its porosity [v/v].
        slope: float64[bed], change of shale volume from base to top [v/v].
        waves: float64[field, bed, wave, 3], east and north wave numbers [rad/m] and phases of two lateral fields.
    """

    facies: IntArray
    formation: IntArray
    thickness: Array
    vshale: Array
    porosity: Array
    slope: Array
    waves: Array

    def lateral(self, field: int, east: float, north: float) -> Array:
        """Return a smooth random field at a location, float64[bed], of mean zero and standard deviation 1."""
        wave = self.waves[field]
        total = np.cos(wave[..., 0] * east + wave[..., 1] * north + wave[..., 2]).sum(axis=1)
        return np.asarray(total * np.sqrt(2.0 / WAVES))


@dataclass(frozen=True, eq=False)
class Earth:
    """The layered earth; locations are east and north in m, along and across the line.

    Args:
        spec: of the field.
        beds: the stratigraphic column.
        fold_east, fault_east: position of the anticline's crest and of the fault at 1500 m depth [m].
        contacts: float64[formation, 2], depth [m] of the gas and of the water contact, -inf if there is none.
    """

    spec: FieldSpec
    beds: Beds
    fold_east: float
    fault_east: float
    contacts: Array

    def tops(self, east: float, north: float) -> Array:
        """Return the depth [m] of the top of every bed before faulting, float64[bed]."""
        spread = np.array([facies.continuity for facies in self.spec.facies])[self.beds.facies]
        thickness = self.beds.thickness * np.maximum(0.0, 1.0 + spread * 0.6 * self.beds.lateral(0, east, north))
        thickness *= 1.0 + 0.1 * self.beds.lateral(0, east, north)[self._first_bed()][self.beds.formation]
        overburden = self.beds.formation == 0
        room = _overburden_base(self.spec.structure, self.fold_east, east, north) - self.spec.structure.seabed_m
        thickness[overburden] *= room / thickness[overburden].sum()
        return self.spec.structure.seabed_m + np.concatenate([[0.0], np.cumsum(thickness)[:-1]])

    def _first_bed(self) -> IntArray:
        """Return the first bed of every formation, whose lateral field is also that of the whole formation."""
        return np.searchsorted(self.beds.formation, np.arange(len(FORMATIONS))).astype(np.int64)

    def unfault(self, east: float, north: float, depth: Array) -> Array:
        """Return the depth before faulting of the rock at `depth`; the hanging wall is east of the fault plane."""
        plane = self.fault_east + 0.15 * north + (depth - 1500.0) / np.tan(FAULT_DIP)
        grown = np.clip((depth - FAULT_TIP_M) / (FAULT_FULL_M - FAULT_TIP_M), 0.0, 1.0)
        return np.asarray(depth - np.where(east > plane, self.spec.structure.throw_m * grown, 0.0))

    def locate(self, east: float, north: float, depth: Array) -> tuple[IntArray, Array]:
        """Return the bed index int64[depth] (-1 in the water) and the position in the bed, 0 at top .. 1 at base."""
        tops, source = self.tops(east, north), self.unfault(east, north, depth)
        bed = np.asarray(np.searchsorted(tops, source, side="right") - 1, dtype=np.int64)
        base = np.append(tops[1:], tops[-1] + 1000.0)
        position = (source - tops[bed]) / np.maximum(base[bed] - tops[bed], 1e-6)
        return bed, np.asarray(np.clip(position, 0.0, 1.0))


def build_earth(spec: FieldSpec, rng: np.random.Generator) -> Earth:
    """Draw the earth of a field: stratigraphic column, positions of fold and fault, and depths of the contacts."""
    length = spec.line.traces * spec.line.spacing_m
    beds = _draw_beds(spec.facies, rng)
    earth = Earth(
        spec=spec,
        beds=beds,
        fold_east=float(length * rng.uniform(0.33, 0.45)),
        fault_east=float(length * rng.uniform(0.66, 0.74)),
        contacts=np.full((len(FORMATIONS), 2), -np.inf),
    )
    return Earth(spec, beds, earth.fold_east, earth.fault_east, _contacts(earth, length))


def _overburden_base(structure: StructureSpec, crest: float, east: float, north: float) -> float:
    """Return the depth [m] of the base of the overburden: regional dip, gentle undulation and anticline."""
    distance = ((east - crest) / structure.fold_width_m) ** 2 + (north / (2.5 * structure.fold_width_m)) ** 2
    swell = 12.0 * np.sin(2.0 * np.pi * (east / 2900.0 + north / 5200.0))
    return float(OVERBURDEN_BASE_M + structure.dip * east + swell - structure.fold_m * (np.exp(-distance) - 0.4))


def _contacts(earth: Earth, length: float) -> Array:
    """Return gas and water contacts [m] of the formations with hydrocarbons, measured down from their crests."""
    contacts = earth.contacts.copy()
    tops = np.stack([earth.tops(east, 0.0) for east in np.linspace(0.0, length, 60)])
    for index, formation in enumerate(FORMATIONS):
        if formation.column_m > 0.0:
            crest = float(tops[:, np.argmax(earth.beds.formation == index)].min())
            contacts[index] = crest + formation.column_m * np.array([formation.gas_share, 1.0])
    return contacts


def _draw_beds(facies: tuple[Facies, ...], rng: np.random.Generator) -> Beds:
    chains = [_draw_formation(formation, facies, rng) for formation in FORMATIONS]
    kinds = np.concatenate([kind for kind, _ in chains])
    thickness = np.concatenate([thick for _, thick in chains])
    formation = np.repeat(np.arange(len(chains)), [len(kind) for kind, _ in chains])
    count = len(kinds)
    wave_length = rng.uniform(1500.0, 8000.0, (2, count, WAVES))
    azimuth = rng.uniform(0.0, 2.0 * np.pi, (2, count, WAVES))
    phase = rng.uniform(0.0, 2.0 * np.pi, (2, count, WAVES))
    number = 2.0 * np.pi / wave_length
    spread = np.array([[f.vshale, f.vshale_spread, f.porosity_spread, f.trend] for f in facies])[kinds]
    return Beds(
        facies=kinds,
        formation=formation.astype(np.int64),
        thickness=thickness,
        vshale=spread[:, 0] + spread[:, 1] * rng.standard_normal(count) + _cycles(thickness, formation, spread[:, 0]),
        porosity=spread[:, 2] * rng.standard_normal(count),
        slope=spread[:, 3] * rng.uniform(-1.0, 1.0, count),
        waves=np.stack([number * np.cos(azimuth), number * np.sin(azimuth), phase], axis=-1),
    )


def _draw_formation(
    formation: Formation, facies: tuple[Facies, ...], rng: np.random.Generator
) -> tuple[IntArray, Array]:
    """Draw facies and thickness of beds that fill a formation exactly."""
    names = tuple(kind.name for kind in facies)
    chain = transition_matrix(formation, names)
    share = np.array([formation.shares.get(name, 0.0) for name in names])
    state = int(rng.choice(len(names), p=share / share.sum()))
    kinds: list[int] = []
    thickness: list[float] = []
    while sum(thickness) < formation.thickness_m:
        bed = facies[state]
        scale = formation.bed_scale if bed.thickness_m > 1.0 else 1.0  # streaks and coals are thin in every formation
        kinds.append(state)
        thickness.append(
            max(0.2, scale * bed.thickness_m * float(np.exp(bed.thickness_spread * rng.standard_normal())))
        )
        state = int(rng.choice(len(names), p=chain[state]))
    thickness[-1] -= sum(thickness) - formation.thickness_m
    return np.array(kinds, dtype=np.int64), np.array(thickness)


def _cycles(thickness: Array, formation: NDArray[np.int_], vshale: Array) -> Array:
    """Return the saw-tooth change of shale volume [v/v] in the cycles of each formation; zero in clean rock."""
    depth = np.cumsum(thickness) - 0.5 * thickness
    length = np.array([item.cycle_m for item in FORMATIONS])[formation]
    height = np.array([item.cycle for item in FORMATIONS])[formation]
    return np.asarray(height * (0.5 - (depth / length) % 1.0) * np.clip(vshale / 0.3, 0.0, 1.0))
