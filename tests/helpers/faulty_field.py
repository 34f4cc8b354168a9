"""A generated field of scored wells with planted faults, most of them in a few wells, as an outbox."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.types import Recording, Source
from aemodels.faults import CycleSkip, DepthShift, LogSpike, Stuck, Unit, Washout, inject
from aemodels.faults.inject import row_label
from aemodels.synthetic.earth import build_earth
from aemodels.synthetic.field import well_locations
from aemodels.synthetic.spec import FieldSpec
from aemodels.synthetic.wells import log_well
from tasks.scoring.outbox import score_table, scores_folder
from tasks.scoring.places.staged import BundleLabel

SHORT = (CycleSkip(), Stuck(), LogSpike())  # of up to a few metres
ALL = (*SHORT, Washout(), DepthShift(), Unit())
BAD, SOME = 0.1, 0.3  # shares of the wells with many faults, and with a few
MANY, FEW = (0.08, 0.25), (0.005, 0.02)  # shares of faulty depths in them
LABEL = BundleLabel("logs", "1")


def write_faulty_field(outbox: Path, wells: int, seed: int = 0) -> dict[str, float]:
    """Score generated wells of which one in ten has many faults and three in ten have a few; return metres by name."""
    rng = np.random.default_rng(seed)
    bundle = Bundle.load(shipped_bundle("logs-v1").folder)
    kinds = rng.permutation(np.arange(wells))
    planted = {}
    for number in range(wells):
        rank = int(kinds[number])
        span = MANY if rank < BAD * wells else FEW if rank < (BAD + SOME) * wells else (0.0, 0.0)
        well, metres = _faulty(_generated(number, seed), float(rng.uniform(*span)), rng)
        planted[well.name] = metres
        _publish(outbox, well, bundle)
    return planted


def _generated(number: int, seed: int) -> Recording:
    """A well of a field of its own location; 60 wells share an earth."""
    spec = FieldSpec(wells=60, base_m=1400.0)
    earth = build_earth(spec, np.random.default_rng([seed, number // 60]))
    location = well_locations(spec, np.random.default_rng([seed, 1]))[number % 60]
    well = log_well(earth, location, np.random.default_rng([seed, 2, number]))
    return dataclasses.replace(
        well, name=f"well-{number:03d}", source=Source(f"well-{number:03d}.las", f"{number:064x}")
    )


def _faulty(well: Recording, fraction: float, rng: np.random.Generator) -> tuple[Recording, float]:
    if not fraction:
        return well, 0.0
    kinds = ALL if fraction >= MANY[0] else SHORT
    injection = inject(well, kinds, fraction=fraction, rng=rng)
    return injection.recording, float(row_label(injection).sum()) * float(np.median(np.diff(well.axis)))


def _publish(outbox: Path, well: Recording, bundle: Bundle) -> None:
    folder = scores_folder(outbox, "logs", LABEL)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(score_table(well, bundle.score(well)), folder / f"{well.source.sha256}.parquet")
